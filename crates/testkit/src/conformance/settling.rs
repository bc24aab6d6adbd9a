//! Settling: whole, fenced by the lease, and the same twice is one.

use roundsman_model::{AttemptEnd, MetricValue, Outcome, RunState, TaskError, Transition};
use roundsman_store::Claimer;
use roundsman_store::{RunLease, Settled, Settlement};

use super::{
    Stage, Verdict, at, holder,
    stage::{settlement, success},
};

/// Run, attempt, slot, counts and samples all say the same.
pub async fn an_end_is_recorded_whole(stage: Stage) -> Verdict {
    let (run, lease) = stage.running("end").await?;
    let sample =
        MetricValue { name: "m".to_owned(), labels: [("a".to_owned(), "b".to_owned())].into(), value: 0.1 };
    let settlement =
        Settlement { metrics: vec![sample.clone()], ..settlement(&lease, success("118 devices"), 75) };
    assert_eq!(stage.store.settle(settlement.clone()).await?, Settled::Done);
    let ended = stage.run(run.id).await?;
    assert_eq!((ended.state, ended.ended_at, ended.cause), (RunState::Succeeded, Some(at(75)), None));
    assert_eq!(ended.outcome, Some(Outcome::success("118 devices")));
    let [attempt] = &stage.store.attempts(run.id).await?[..] else { panic!("one attempt") };
    assert_eq!((attempt.number, attempt.started_at, attempt.ended_at), (1, at(60), Some(at(75))));
    assert_eq!((&attempt.end, attempt.late), (&Some(settlement.end), false));
    assert_eq!((attempt.cpu_ms, attempt.max_rss), (Some(12), Some(4096)));
    assert_eq!(stage.store.held().await?, []);
    let totals = stage.store.totals().await?;
    assert_eq!((totals[0].1.last_success, &totals[0].1.metrics), (Some(at(75)), &vec![sample]));
    assert_eq!(totals[0].1.runs, [(RunState::Succeeded, 1)]);
    Ok(())
}

/// A failed attempt waits, is claimed again as the second, and keeps its history.
pub async fn a_retry_waits_and_runs_again(stage: Stage) -> Verdict {
    let (run, lease) = stage.running("retry").await?;
    let wait = Transition::Wait { due_at: at(100), cause: "no answer".to_owned(), counted: true };
    stage.settle(&lease, wait, 70).await?;
    let waiting = stage.run(run.id).await?;
    assert_eq!((waiting.state, waiting.due_at, waiting.uncounted), (RunState::Waiting, at(100), 0));
    assert_eq!(waiting.cause.as_deref(), Some("no answer"));
    assert_eq!(stage.store.claim(&Claimer::of(holder("b")), 5, at(99)).await?.runs, []);
    let (again, lease) = stage.claim_one("b", 100).await?;
    assert_eq!((again.id, again.attempt, again.started_at, again.cause), (run.id, 2, Some(at(60)), None));
    let snooze = Transition::Wait { due_at: at(200), cause: "busy".to_owned(), counted: false };
    stage.settle(&lease, snooze, 110).await?;
    let (third, lease) = stage.claim_one("a", 200).await?;
    assert_eq!((third.attempt, third.counted_attempts()), (3, 2));
    let failed =
        Transition::End { state: RunState::Failed, cause: Some("gave up".to_owned()), outcome: None };
    stage.settle(&lease, failed, 210).await?;
    let attempts = stage.store.attempts(run.id).await?;
    assert_eq!(
        attempts.iter().map(|attempt| attempt.holder.node.as_str()).collect::<Vec<_>>(),
        ["a", "b", "a"]
    );
    assert_eq!(stage.run(run.id).await?.cause.as_deref(), Some("gave up"));
    assert_eq!(stage.store.totals().await?[0].1.last_success, None);
    Ok(())
}

/// A drain puts the run back as if the attempt had not been.
pub async fn an_interrupted_attempt_goes_back_and_does_not_count(stage: Stage) -> Verdict {
    let (run, lease) = stage.running("drain").await?;
    let end = AttemptEnd::Erred { error: TaskError::Interrupted };
    let release = Transition::Release { cause: "interrupted".to_owned() };
    let settlement = Settlement { end, ..settlement(&lease, release, 70) };
    assert_eq!(stage.store.settle(settlement).await?, Settled::Done);
    let queued = stage.run(run.id).await?;
    assert_eq!((queued.state, queued.attempt, queued.counted_attempts()), (RunState::Queued, 1, 0));
    let (again, _) = stage.claim_one("b", 70).await?;
    assert_eq!((again.id, again.attempt, again.counted_attempts()), (run.id, 2, 1));
    Ok(())
}

/// The run was declared lost and taken over; then the first worker's outcome arrives after all.
pub async fn a_late_outcome_is_kept_and_changes_nothing(stage: Stage) -> Verdict {
    let (run, first) = stage.running("late").await?;
    let lost = Transition::Wait { due_at: at(80), cause: "node vanished".to_owned(), counted: true };
    assert_eq!(stage.settle(&first, lost, 80).await?, Settled::Done);
    let (_, second) = stage.claim_one("b", 80).await?;
    assert_eq!(stage.succeed(&first, 85).await?, Settled::Late);
    assert_eq!(stage.succeed(&first, 86).await?, Settled::Late);
    let running = stage.run(run.id).await?;
    assert_eq!((running.state, running.attempt, &running.outcome), (RunState::Running, 2, &None));
    let attempts = stage.store.attempts(run.id).await?;
    assert!(attempts[0].late && matches!(attempts[0].end, Some(AttemptEnd::Finished { .. })), "{attempts:?}");
    assert!(!attempts[1].late && attempts[1].end.is_none(), "{attempts:?}");
    let stranger = RunLease { holder: holder("c"), ..second.clone() };
    assert_eq!(stage.succeed(&stranger, 87).await?, Settled::Late);
    assert_eq!(stage.succeed(&second, 90).await?, Settled::Done);
    assert_eq!(stage.store.totals().await?[0].1.runs, [(RunState::Succeeded, 1)]);
    Ok(())
}

/// The answer to a settlement got lost on the way, so it is sent again.
pub async fn the_same_settlement_twice_is_one(stage: Stage) -> Verdict {
    let (run, lease) = stage.running("twice").await?;
    for _ in 0..2 {
        assert_eq!(stage.succeed(&lease, 75).await?, Settled::Done);
    }
    assert_eq!(stage.store.totals().await?[0].1.runs, [(RunState::Succeeded, 1)]);
    assert!(!stage.store.attempts(run.id).await?[0].late);
    Ok(())
}
