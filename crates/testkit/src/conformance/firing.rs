//! Firing: whole or not at all, each slot once, however many nodes and tasks.

use std::time::Instant;

use anyhow::Result;
use roundsman_model::{Origin, Reason, RunState, SlotRange, Verdict as SlotVerdict};
use roundsman_store::{Fired, RunFilter, SlotFate, SlotToRun};

use super::{Stage, Verdict, at, definition, firing_of, slot};

/// A refused firing writes nothing; its neighbours in the batch do.
pub async fn each_firing_is_whole_or_not_at_all(stage: Stage) -> Verdict {
    let (good, stale) = (definition("good"), definition("stale"));
    stage.install(&[good.clone(), stale.clone()]).await?;
    let passed = SlotRange {
        task: stale.name.clone(),
        first: at(60),
        last: at(180),
        count: 3,
        verdict: SlotVerdict::Missed,
        reason: Some(Reason::Down),
        detail: Some("no daemon".to_owned()),
        run: None,
        decided_at: at(240),
    };
    let mut refused = firing_of(&stale, Some(at(30)), 240, vec![slot(240)]);
    refused.passed.push(passed);
    let unknown = firing_of(&definition("unknown"), None, 240, vec![slot(240)]);
    let batch = vec![refused.clone(), firing_of(&good, Some(at(0)), 240, vec![slot(240)]), unknown];
    let fired = stage.store.fire(batch, None, at(240)).await?;
    assert_eq!(fired[0], Fired::Moved);
    assert!(
        matches!(&fired[1], Fired::Done(fates) if matches!(fates[..], [SlotFate::Queued(_)])),
        "{fired:?}"
    );
    assert_eq!(fired[2], Fired::Moved);
    assert_eq!(stage.store.slots(&stale.name, None, 9).await?, []);

    refused.ledger_was = Some(at(0));
    let fired = stage.store.fire(vec![refused], None, at(240)).await?;
    assert!(matches!(&fired[0], Fired::Done(fates) if fates.len() == 1), "{fired:?}");
    let ledger = stage.store.slots(&stale.name, None, 9).await?;
    assert_eq!(
        ledger.iter().map(|row| (row.first, row.count)).collect::<Vec<_>>(),
        [(at(240), 1), (at(60), 3)]
    );
    assert_eq!(ledger[1].reason, Some(Reason::Down));
    assert_eq!(ledger[0].verdict, SlotVerdict::Fired);
    Ok(())
}

/// Two nodes that believe to be alone fire the same slots; each is fired once.
pub async fn two_nodes_fire_each_slot_once(stage: Stage) -> Verdict {
    let tasks: Vec<_> = (0..20).map(|n| definition(&format!("t{n}"))).collect();
    stage.install(&tasks).await?;
    let other = stage.other_node().await?;
    for round in 0..10_i64 {
        let batch = |reverse: bool| {
            let mut batch: Vec<_> = tasks
                .iter()
                .map(|task| {
                    firing_of(task, Some(at(round * 60)), (round + 1) * 60, vec![slot((round + 1) * 60)])
                })
                .collect();
            if reverse {
                batch.reverse();
            }
            batch
        };
        let now = at((round + 1) * 60);
        let (ours, theirs) =
            tokio::join!(stage.store.fire(batch(false), None, now), other.fire(batch(true), None, now));
        let done = |fired: &[Fired]| fired.iter().filter(|fired| matches!(fired, Fired::Done(_))).count();
        assert_eq!(done(&ours?) + done(&theirs?), tasks.len(), "round {round}");
    }
    for task in &tasks {
        assert_eq!(stage.store.slots(&task.name, None, 99).await?.len(), 10);
    }
    // Each first slot ran; the rule skipped the other nine behind it.
    assert_eq!(
        stage.store.runs(&RunFilter { limit: 1000, ..RunFilter::default() }).await?.len(),
        tasks.len()
    );
    other.close().await;
    Ok(())
}

/// The run at the first start obeys the overlap rule and leaves no ledger row.
pub async fn a_run_at_the_first_start_has_no_slot(stage: Stage) -> Verdict {
    let task = definition("first");
    stage.install(std::slice::from_ref(&task)).await?;
    let first = SlotToRun { slot: None, due_at: at(5), extra: roundsman_store::Extra::FirstStart };
    let fired = stage
        .store
        .fire(vec![firing_of(&task, Some(at(0)), 5, vec![first.clone(), first])], None, at(5))
        .await?;
    let [Fired::Done(fates)] = &fired[..] else { panic!("{fired:?}") };
    let [SlotFate::Queued(run), SlotFate::Overlap(by)] = fates[..] else { panic!("{fates:?}") };
    assert_eq!(run, by);
    let run = stage.run(run).await?;
    assert_eq!((run.slot, run.origin, run.state), (None, Origin::FirstStart, RunState::Queued));
    assert_eq!(stage.store.slots(&task.name, None, 9).await?, []);
    Ok(())
}

/// A big site: all schedules fall on one second. The time is far below what a release build allows itself, and here
/// only keeps the batch from becoming ten thousand statements again.
pub async fn ten_thousand_tasks_fire_in_one_batch(stage: Stage) -> Verdict {
    let tasks: Vec<_> = (0..10_000).map(|n| definition(&format!("task-{n}"))).collect();
    stage.install(&tasks).await?;
    let begun = Instant::now();
    for minute in [60, 120] {
        let was = Some(at(minute - 60));
        let batch = tasks.iter().map(|task| firing_of(task, was, minute, vec![slot(minute)])).collect();
        let fired = stage.store.fire(batch, None, at(minute)).await?;
        assert!(fired.iter().all(|fired| matches!(fired, Fired::Done(_))));
    }
    let took = begun.elapsed();
    assert!(took.as_secs() < 8, "20,000 slots of 10,000 tasks took {took:?}");
    let totals = stage.store.totals().await?;
    assert_eq!(totals.len(), tasks.len());
    assert!(totals.iter().all(|(_, totals)| totals.active == [(RunState::Queued, 1)]));
    Ok(())
}

/// The ledger was moved back by hand: what it holds already is not fired a second time.
pub async fn a_slot_in_the_ledger_is_not_fired_again(stage: Stage) -> Verdict {
    let task = definition("again");
    stage.install(std::slice::from_ref(&task)).await?;
    let run = stage.queue(&task, 60).await?;
    let repeated = vec![slot(60), slot(60), slot(120)];
    let fired = stage.store.fire(vec![firing_of(&task, Some(at(60)), 120, repeated)], None, at(120)).await?;
    assert_eq!(fired, [Fired::Done(vec![SlotFate::Recorded, SlotFate::Recorded, SlotFate::Overlap(run)])]);
    Result::Ok(())
}
