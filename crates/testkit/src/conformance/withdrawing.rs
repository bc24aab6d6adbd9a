//! Slots of a clock that was ahead are taken back and nothing is lost. When a clock was wrong is not the store's matter.

use crate::Installing as _;
use std::slice::from_ref;

use chrono::TimeDelta;
use roundsman_model::{
    BudgetName, BudgetRule, Origin, Reason, RunState, Transition, Verdict as SlotVerdict,
    after::round_of_slot,
};
use roundsman_store::{Claimer, Fired, Firing, NewRun, Round, SlotFate};

use super::{Stage, Verdict, at, definition, holder, slot};

/// What ran stays; all else after the instant is taken back, fired again when its time comes, and counted once.
pub async fn slots_of_a_wrong_clock_are_taken_back(stage: Stage) -> Verdict {
    let (task, other) = (definition("ahead"), definition("other"));
    stage.install(&[task.clone(), other.clone()]).await?;
    stage.pass(&task, &[60], Reason::Paused).await?;
    stage.queue(&other, 3600).await?;
    let ran = stage.queue(&task, 3600).await?;
    for _ in 0..2 {
        let (_, lease) = stage.claim_one("a", 3600).await?;
        stage.succeed(&lease, 3610).await?;
    }
    stage.pass(&task, &[3660, 3720], Reason::Blackout).await?;
    let firing = stage.firing(&task, 3780, vec![slot(3780)]).await?;
    stage.store.fire(vec![Firing { followed: true, ..firing }], None, at(3780)).await?;
    let stale = stage.firing(&task, 3840, vec![slot(3840)]).await?;

    assert_eq!(stage.store.withdraw(&task.name, at(90), None).await?, Some(3));
    let row = stage.task(&task.name).await?;
    assert_eq!(row.ledger_until, Some(at(90)));
    let rows = stage.store.slots(&task.name, None, 9).await?;
    let left: Vec<_> = rows.iter().map(|row| (row.first, row.verdict)).collect();
    assert_eq!(left, [(at(3600), SlotVerdict::Ran), (at(60), SlotVerdict::Skipped)]);
    assert_eq!(stage.store.ran_ahead().await?, [(task.name.clone(), at(3600))]);
    assert_eq!(stage.store.slots(&other.name, None, 9).await?.len(), 1);
    let cancelled = stage.store.last_runs().await?.into_iter().find(|run| run.task == task.name);
    let cancelled = cancelled.expect("a run");
    assert_eq!((cancelled.state, cancelled.ended_at), (RunState::Cancelled, Some(at(90))));
    assert_eq!(cancelled.cause.as_deref(), Some("the clock was set back"));
    assert_eq!(stage.store.unfollowed(None, 9).await?, [], "nothing follows a run that was taken back");
    assert_eq!(stage.store.fire(vec![stale], None, at(3840)).await?, [Fired::Moved]);
    assert_eq!(
        stage.store.withdraw(&task.name, at(90), None).await?,
        Some(0),
        "the same again finds nothing"
    );

    stage.pass(&task, &[120], Reason::Paused).await?;
    assert_eq!(stage.fire(&task, 3600).await?, SlotFate::Recorded);
    assert_eq!(stage.store.slot(&task.name, at(3600)).await?.and_then(|row| row.run), Some(ran));
    let firing = stage.firing(&task, 3780, vec![slot(3780)]).await?;
    let fired = stage.store.fire(vec![Firing { followed: true, ..firing }], None, at(3780)).await?;
    let [Fired::Done(fates)] = &fired[..] else { panic!("{fired:?}") };
    let [SlotFate::Queued(again)] = fates[..] else { panic!("{fates:?}") };
    assert_eq!(stage.run(again).await?.round, Some(round_of_slot(at(3780))));
    let totals = stage.store.totals().await?.remove(0).1;
    let paused = (SlotVerdict::Skipped, Some(Reason::Paused), 2);
    assert_eq!(totals.slots, [(SlotVerdict::Fired, None, 1), (SlotVerdict::Ran, None, 1), paused]);
    assert_eq!(totals.runs, [(RunState::Cancelled, 1), (RunState::Succeeded, 1)]);
    Ok(())
}

/// The ledger then ends before the row, so that all of its slots are decided anew.
pub async fn a_row_that_spans_the_instant_goes_whole(stage: Stage) -> Verdict {
    let task = definition("spans");
    stage.install(from_ref(&task)).await?;
    stage.pass(&task, &[60], Reason::Blackout).await?;
    stage.pass(&task, &[120, 180, 240], Reason::Down).await?;
    assert_eq!(stage.store.withdraw(&task.name, at(240), None).await?, Some(0), "it does not go beyond");
    assert_eq!(stage.store.withdraw(&task.name, at(180), None).await?, Some(3));
    let until = stage.task(&task.name).await?.ledger_until.expect("a ledger");
    assert!(until >= at(60) && until < at(120), "{until}");
    let next = task.schedule.as_ref().and_then(|all| all.next_after(until, task.timezone));
    assert_eq!(next, Some(at(120)));
    assert_eq!(stage.store.slots(&task.name, None, 9).await?.len(), 1);
    stage.queue(&task, 120).await?;
    Ok(())
}

/// A start in 2036, corrected: the task and its definition are in force from the correction on.
pub async fn a_task_first_seen_in_the_future_begins_now(stage: Stage) -> Verdict {
    let (task, wrong) = (definition("future"), at(0) + TimeDelta::days(3653));
    stage.store.install_tasks(from_ref(&task), wrong).await?;
    assert_eq!(stage.store.withdraw(&task.name, at(30), None).await?, Some(0));
    let row = stage.task(&task.name).await?;
    let begins = Some(at(30));
    assert_eq!((row.first_seen, row.ledger_until, row.valid_from), (begins, begins, at(30)));
    stage.queue(&task, 60).await?;
    let unknown = definition("unknown").name;
    assert_eq!(stage.store.withdraw(&unknown, at(0), None).await?, Some(0));
    Ok(())
}

/// While one claims a run its slot is taken back: either it runs and its slot stays, or both are gone.
pub async fn taking_back_and_claiming_exclude_each_other(stage: Stage) -> Verdict {
    let other = stage.other_node().await?;
    for round in 0..20 {
        let task = definition(&format!("race-{round}"));
        stage.install(from_ref(&task)).await?;
        let run = stage.queue(&task, 60).await?;
        let me = Claimer::of(holder("a"));
        let (claimed, withdrawn) =
            tokio::join!(stage.store.claim(&me, 9, at(60)), other.withdraw(&task.name, at(30), None));
        let (claimed, now) = (claimed?.runs, stage.run(run).await?);
        let verdict = stage.store.slot(&task.name, at(60)).await?.map(|slot| slot.verdict);
        let expected = match withdrawn?.expect("no epoch is over") {
            0 => (1, RunState::Running, Some(SlotVerdict::Ran)),
            _ => (0, RunState::Cancelled, None),
        };
        assert_eq!((claimed.len(), now.state, verdict), expected, "round {round}");
        let totals = stage.store.totals().await?;
        let of_task = totals.iter().find(|(name, _)| *name == task.name).map(|(_, totals)| &totals.slots);
        let counted: u64 = of_task.into_iter().flatten().map(|slot| slot.2).sum();
        assert_eq!(counted, u64::from(verdict.is_some()), "round {round}");
    }
    other.close().await;
    Ok(())
}

/// Retries, wake-ups, runs on request and budgets are as far from the right time as they were from the wrong one; what was
/// asked for before the clock went wrong stays.
pub async fn what_a_wrong_clock_put_off_comes_near(stage: Stage) -> Verdict {
    let [retried, early, woken, asked] = ["retried", "early", "woken", "asked"].map(definition);
    stage.install(&[retried.clone(), early.clone(), woken.clone(), asked.clone()]).await?;
    let wait = |due| Transition::Wait { due_at: at(due), cause: "no answer".to_owned(), counted: true };
    for (task, due, now) in [(&early, 5_000, 70), (&retried, 90_030, 90_000)] {
        stage.queue(task, 60).await?;
        let (_, lease) = stage.claim_one("a", 60).await?;
        stage.settle(&lease, wait(due), now).await?;
    }
    stage.queue(&woken, 60).await?;
    let (_, lease) = stage.claim_one("a", 60).await?;
    let settlement = super::stage::settlement(&lease, super::stage::success("done"), 90_000);
    stage.store.settle(roundsman_store::Settlement { wake_at: Some(at(90_600)), ..settlement }).await?;
    let request = NewRun {
        definition: asked.clone(),
        slot: None,
        origin: Origin::Trigger,
        requested_by: None,
        action: None,
        params: serde_json::Value::Null,
        dry_run: false,
        exclusive: true,
        round: Round::Alone,
        rerun_of: None,
        inputs: Vec::new(),
    };
    stage.store.request(request, None, at(90_010)).await?;
    let (drawn, held): (BudgetName, BudgetName) = ("drawn".parse()?, "held".parse()?);
    let rule = BudgetRule { interval_us: 1_000_000, burst: 5 };
    assert_eq!(stage.store.draw(&drawn, &rule, 5, at(90_000)).await?.granted, 5);
    stage.store.hold_budget(&held, &rule, at(90_060)).await?;

    let deposed = stage.store.set_back(at(100), Some(7)).await?;
    assert_eq!(deposed, None, "nobody leads under that epoch");
    assert_eq!(stage.store.set_back(at(100), None).await?, Some(5));
    assert_eq!(stage.store.set_back(at(100), None).await?, Some(0), "twice is once");
    let mut due: Vec<_> =
        stage.store.last_runs().await?.into_iter().map(|run| (run.task, run.due_at)).collect();
    due.sort();
    let expected = [(early.name, 5_000), (retried.name, 130), (asked.name, 100), (woken.name.clone(), 60)];
    let mut expected = expected.map(|(task, due)| (task, at(due)));
    expected.sort();
    assert_eq!(due, expected);
    let wake = stage.task(&woken.name).await?.wake.expect("a wake-up");
    assert_eq!(wake.at, at(700));
    assert_eq!(stage.store.draw(&drawn, &rule, 5, at(103)).await?.granted, 3);
    assert_eq!(stage.store.draw(&held, &rule, 1, at(101)).await?.granted, 1);
    assert_eq!(stage.store.claim(&Claimer::of(holder("a")), 9, at(130)).await?.runs.len(), 2);
    Ok(())
}
