//! Firing: whole or not at all, each slot once, however many nodes and tasks.

use crate::Installing as _;
use std::time::Instant;

use anyhow::Result;
use roundsman_model::{Origin, Reason, RunState, SlotRange, Verdict as SlotVerdict, after::round_of_slot};
use roundsman_store::{Extra, Fired, Firing, NewRun, Requested, Round, RunFilter, SlotFate, SlotToRun, Wake};

use super::{
    Stage, Verdict, at, definition, firing_of, slot,
    stage::{settlement, success},
};

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

/// A run asks for another; whoever fires it first takes it, and nobody fires it again.
pub async fn a_wake_up_is_fired_once(stage: Stage) -> Verdict {
    let (run, lease) = stage.running("wake").await?;
    let task = definition("wake");
    let mut end = settlement(&lease, success("look again"), 70);
    end.wake_at = Some(at(200));
    stage.store.settle(end).await?;
    assert_eq!(stage.task(&task.name).await?.wake, Some(Wake { at: at(200), run: run.id }));

    let wake = SlotToRun { slot: None, due_at: at(200), extra: Extra::Wake };
    let firing = Firing { ledger_until: at(60), ..stage.firing(&task, 60, vec![wake]).await? };
    let other = stage.other_node().await?;
    let (ours, theirs) = tokio::join!(
        stage.store.fire(vec![firing.clone()], None, at(200)),
        other.fire(vec![firing.clone()], None, at(200))
    );
    let fired = [ours?.remove(0), theirs?.remove(0)];
    let runs: Vec<_> = fired.iter().filter(|fired| **fired != Fired::Moved).collect();
    let [Fired::Done(fates)] = &runs[..] else { panic!("{fired:?}") };
    let [SlotFate::Queued(woken)] = fates[..] else { panic!("{fates:?}") };
    let woken = stage.run(woken).await?;
    assert_eq!((woken.slot, woken.origin, woken.due_at), (None, Origin::Wake, at(200)));
    let row = stage.task(&task.name).await?;
    assert_eq!((row.wake, row.ledger_until), (None, Some(at(60))));
    assert_eq!(stage.store.fire(vec![firing], None, at(201)).await?, [Fired::Moved]);

    let (_, lease) = stage.claim_one("a", 210).await?;
    let mut end = settlement(&lease, success("and again"), 220);
    end.wake_at = Some(at(300));
    stage.store.settle(end).await?;
    stage.store.install_tasks(&[], at(250)).await?;
    assert_eq!(stage.task(&task.name).await?.wake, None, "a removed task is not woken");
    other.close().await;
    Ok(())
}

/// A person ran the slot with its round before it was due: the scheduled run comes too, outside the round.
pub async fn a_round_has_one_run_of_a_task(stage: Stage) -> Verdict {
    let task = roundsman_model::TaskDefinition {
        overlap: roundsman_model::Overlap::Allow(2),
        ..definition("round")
    };
    stage.install(std::slice::from_ref(&task)).await?;
    let early = NewRun {
        definition: task.clone(),
        slot: Some(at(60)),
        origin: Origin::Manual,
        requested_by: None,
        action: None,
        params: serde_json::Value::Null,
        dry_run: false,
        exclusive: true,
        round: Round::Of(round_of_slot(at(60))),
        rerun_of: None,
        inputs: Vec::new(),
    };
    let Requested::Run(early) = stage.store.request(early, None, at(30)).await? else {
        panic!("nothing is in the way")
    };
    assert_eq!(early.round, Some(round_of_slot(at(60))));
    let firing = Firing { followed: true, ..stage.firing(&task, 60, vec![slot(60)]).await? };
    let fired = stage.store.fire(vec![firing], None, at(60)).await?;
    let [Fired::Done(fates)] = &fired[..] else { panic!("{fired:?}") };
    let [SlotFate::Queued(run)] = fates[..] else { panic!("{fates:?}") };
    assert_eq!(stage.run(run).await?.round, None);
    let firing = Firing { followed: true, ..stage.firing(&task, 120, vec![slot(120)]).await? };
    let fired = stage.store.fire(vec![firing], None, at(120)).await?;
    assert_eq!(fired, [Fired::Done(vec![SlotFate::Overlap(early.id)])]);
    Ok(())
}
