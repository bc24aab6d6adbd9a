//! Settling: whole, fenced by the lease, and the same twice is one.

use std::collections::BTreeMap;

use anyhow::Context as _;
use roundsman_model::{
    AttemptEnd, MetricValue, Outcome, Reason, Run, RunState, SlotRange, StopOrder, TaskError, Transition,
    Verdict as SlotVerdict,
};
use roundsman_store::Claimer;
use roundsman_store::{RunLease, Settled, Settlement, Wake};

use super::{
    Stage, Verdict, at, definition, holder,
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

/// Two nodes miss the same attempt, each for its own reason; the second changes nothing, and knows that it need not be
/// counted. Nor does anybody who missed an attempt outrank what it said itself.
pub async fn an_attempt_is_lost_once(stage: Stage) -> Verdict {
    let (run, first) = stage.running("missed").await?;
    let lost = |cause: &str, now| {
        let wait = Transition::Wait { due_at: at(80), cause: cause.to_owned(), counted: true };
        Settlement { end: AttemptEnd::Lost { cause: cause.to_owned() }, ..settlement(&first, wait, now) }
    };
    assert_eq!(stage.store.settle(lost("its daemon ended", 70)).await?, Settled::Done);
    for cause in ["its daemon ended", "no sign of life"] {
        assert_eq!(stage.store.settle(lost(cause, 71)).await?, Settled::Known, "{cause}");
    }
    let attempts = stage.store.attempts(run.id).await?;
    assert!(!attempts[0].late, "{attempts:?}");
    assert_eq!(attempts[0].end, Some(AttemptEnd::Lost { cause: "its daemon ended".to_owned() }));
    assert_eq!(stage.run(run.id).await?.cause.as_deref(), Some("its daemon ended"));
    let (_, second) = stage.claim_one("b", 80).await?;
    assert_eq!(stage.succeed(&second, 90).await?, Settled::Done);
    let missed = Settlement { lease: second, ..lost("no sign of life", 91) };
    assert_eq!(stage.store.settle(missed).await?, Settled::Known);
    let attempts = stage.store.attempts(run.id).await?;
    assert!(
        !attempts[1].late && matches!(attempts[1].end, Some(AttemptEnd::Finished { .. })),
        "{attempts:?}"
    );
    Ok(())
}

/// Infinity has no form in what is stored. The samples of that task are gone, those of all others are read.
pub async fn samples_that_cannot_be_read_are_none(stage: Stage) -> Verdict {
    let tasks = [definition("broken"), definition("whole")];
    stage.install(&tasks).await?;
    for (task, value) in tasks.iter().zip([f64::INFINITY, 3.0]) {
        stage.queue(task, 60).await?;
        let (_, lease) = stage.claim_one("a", 60).await?;
        let sample = MetricValue { name: "asked_total".to_owned(), labels: BTreeMap::new(), value };
        let settled = Settlement { metrics: vec![sample], ..settlement(&lease, success("done"), 70) };
        assert_eq!(stage.store.settle(settled).await?, Settled::Done);
    }
    let totals = stage.store.totals().await?;
    let samples: Vec<_> = totals.iter().map(|(task, totals)| (task.as_str(), totals.metrics.len())).collect();
    assert_eq!(samples, [("broken", 0), ("whole", 1)]);
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

/// A person wanted it to end: neither a retry nor the end of a drain starts it again, and the cause says who it was. What
/// it did in time, it did.
pub async fn a_stop_order_outranks_what_would_follow(stage: Stage) -> Verdict {
    let cause = || "interrupted".to_owned();
    let wait = Transition::Wait { due_at: at(900), cause: cause(), counted: true };
    let told =
        Transition::End { state: RunState::Cancelled, cause: Some("cancelled".to_owned()), outcome: None };
    let by_alice = (RunState::Cancelled, Some("cancelled by alice: wrong host".to_owned()));
    let cases = [
        ("wait", wait, by_alice.clone()),
        ("release", Transition::Release { cause: cause() }, by_alice.clone()),
        ("told", told, by_alice),
        ("in-time", success("done"), (RunState::Succeeded, None)),
    ];
    let order = StopOrder {
        by: "alice".to_owned(),
        reason: Some("wrong host".to_owned()),
        at: at(70),
        replaced_by: None,
    };
    let tasks: Vec<_> = cases.iter().map(|(name, _, _)| definition(name)).collect();
    stage.install(&tasks).await?;
    for (task, (name, transition, expected)) in tasks.iter().zip(cases) {
        let run = stage.queue(task, 60).await?;
        let (_, lease) = stage.claim_one("a", 60).await?;
        stage.store.stop(run, &order).await?;
        for _ in 0..2 {
            assert_eq!(stage.settle(&lease, transition.clone(), 80).await?, Settled::Done, "{name}");
        }
        let ended = stage.run(run).await?;
        assert_eq!((ended.state, ended.cause), expected, "{name}");
        assert_eq!((ended.ended_at, ended.stop), (Some(at(80)), None), "{name}");
        let totals = stage.store.totals().await?;
        let (_, totals) = totals.iter().find(|(of, _)| *of == task.name).expect("it is counted");
        assert_eq!((&totals.runs, &totals.active), (&vec![(expected.0, 1)], &Vec::new()), "{name}");
    }
    assert_eq!(stage.store.claim(&Claimer::of(holder("b")), 9, at(999)).await?.runs, []);
    Ok(())
}

/// A task has at most one wake-up; the run that ended last knows best. Only an end leaves one.
pub async fn a_wake_up_is_kept_once(stage: Stage) -> Verdict {
    let (run, lease) = stage.running("wakes").await?;
    let before = stage.task(&run.task).await?;
    assert_eq!(before.wake, None);
    let wait = Transition::Wait { due_at: at(80), cause: "again".to_owned(), counted: true };
    let waits = Settlement { wake_at: Some(at(500)), ..settlement(&lease, wait, 70) };
    stage.store.settle(waits).await?;
    assert_eq!(stage.task(&run.task).await?.wake, None);
    let (_, lease) = stage.claim_one("a", 80).await?;
    let ends = Settlement { wake_at: Some(at(600)), ..settlement(&lease, success("done"), 90) };
    for _ in 0..2 {
        stage.store.settle(ends.clone()).await?;
    }
    let after = stage.task(&run.task).await?;
    assert_eq!(after.wake, Some(Wake { at: at(600), run: run.id }));
    assert!(after.revision > before.revision, "firing learns of it");
    let second = stage.queue(&after.definition, 120).await?;
    let (_, lease) = stage.claim_one("a", 120).await?;
    let ends = Settlement { wake_at: Some(at(550)), ..settlement(&lease, success("done"), 130) };
    stage.store.settle(ends).await?;
    assert_eq!(stage.task(&run.task).await?.wake, Some(Wake { at: at(550), run: second }));
    Ok(())
}

async fn slot_of(stage: &Stage, run: &Run) -> anyhow::Result<SlotRange> {
    let at = run.slot.context("it has a slot")?;
    stage.store.slot(&run.task, at).await?.context("its slot is in the ledger")
}

/// The attempt had begun, but the kind's code had not: then the slot is skipped and says why. If an attempt before it ran,
/// so did the slot; of a run on request there is none to judge.
pub async fn a_slot_whose_code_never_ran_is_skipped(stage: Stage) -> Verdict {
    let unstarted = || Transition::End {
        state: RunState::Skipped,
        cause: None,
        outcome: Some(Outcome::unstarted("script changed: it has another hash")),
    };
    let (run, lease) = stage.running("changed").await?;
    let before = slot_of(&stage, &run).await?;
    assert_eq!((before.verdict, before.reason), (SlotVerdict::Ran, None));
    assert_eq!(stage.settle(&lease, unstarted(), 61).await?, Settled::Done);
    assert_eq!(stage.settle(&lease, unstarted(), 61).await?, Settled::Done, "the same again is one");
    let slot = slot_of(&stage, &run).await?;
    assert_eq!((slot.verdict, slot.reason), (SlotVerdict::Skipped, Some(Reason::Changed)));
    assert_eq!(slot.detail.as_deref(), Some("script changed: it has another hash"));
    assert_eq!((slot.run, slot.decided_at), (Some(run.id), at(61)));
    let totals = stage.store.totals().await?;
    assert_eq!(totals[0].1.slots, [(SlotVerdict::Skipped, Some(Reason::Changed), 1)]);

    let (run, lease) = stage.running("changed-later").await?;
    let again = Transition::Wait { due_at: at(70), cause: "no answer".to_owned(), counted: true };
    stage.settle(&lease, again, 61).await?;
    let (_, lease) = stage.claim_one("a", 70).await?;
    stage.settle(&lease, unstarted(), 71).await?;
    let slot = slot_of(&stage, &run).await?;
    assert_eq!((slot.verdict, slot.reason), (SlotVerdict::Ran, None));
    Ok(())
}
