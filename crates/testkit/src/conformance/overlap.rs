//! The overlap rule, as a rule of the database.

use roundsman_store::Claimer;
use std::slice::from_ref;

use roundsman_model::{Origin, Overlap, Reason, RunState, StopOrder, Transition, Verdict as SlotVerdict};
use roundsman_store::{Fired, NewRun, Requested, Round, SlotFate};

use super::{Stage, Verdict, at, definition, firing_of, holder, slot};

/// A slot that comes while a run is queued or running is skipped, and the ledger says because of which.
pub async fn skip_names_the_run_in_the_way(stage: Stage) -> Verdict {
    let task = definition("skip");
    stage.install(from_ref(&task)).await?;
    let run = stage.queue(&task, 60).await?;
    assert_eq!(stage.fire(&task, 120).await?, SlotFate::Overlap(run));
    let (_, lease) = stage.claim_one("a", 121).await?;
    assert_eq!(stage.fire(&task, 180).await?, SlotFate::Overlap(run));
    let skipped = stage.store.slot(&task.name, at(180)).await?.expect("the slot is accounted for");
    assert_eq!(
        (skipped.verdict, skipped.reason, skipped.run),
        (SlotVerdict::Skipped, Some(Reason::Overlap), Some(run))
    );
    assert_eq!(skipped.detail, Some(format!("run {run} was still active")));
    stage.succeed(&lease, 200).await?;
    assert!(stage.queue(&task, 240).await? > run);
    Ok(())
}

/// So many at once and no more; a place that becomes free is taken again.
pub async fn allow_fills_its_places(stage: Stage) -> Verdict {
    let task = roundsman_model::TaskDefinition { overlap: Overlap::Allow(2), ..definition("allow") };
    stage.install(from_ref(&task)).await?;
    let slots = vec![slot(60), slot(120), slot(180)];
    let fired = stage.store.fire(vec![firing_of(&task, Some(at(0)), 180, slots)], None, at(180)).await?;
    let [Fired::Done(fates)] = &fired[..] else { panic!("{fired:?}") };
    let [SlotFate::Queued(first), SlotFate::Queued(second), SlotFate::Overlap(by)] = fates[..] else {
        panic!("{fates:?}")
    };
    assert!(first < second && by == first);
    let (_, lease) = stage.claim_one("a", 181).await?;
    stage.succeed(&lease, 190).await?;
    stage.queue(&task, 240).await?;
    assert_eq!(stage.fire(&task, 300).await?, SlotFate::Overlap(second));
    Ok(())
}

/// A slot that comes while a run only waits for its retry ends it and takes its place.
pub async fn a_waiting_run_is_taken_over(stage: Stage) -> Verdict {
    let task = definition("retry");
    stage.install(from_ref(&task)).await?;
    let old = stage.queue(&task, 60).await?;
    let (_, lease) = stage.claim_one("a", 60).await?;
    let wait = Transition::Wait { due_at: at(900), cause: "no answer".to_owned(), counted: true };
    stage.settle(&lease, wait, 70).await?;
    let SlotFate::TookOver { run, ended } = stage.fire(&task, 120).await? else {
        panic!("expected a take-over")
    };
    assert_eq!(ended, old);
    let old = stage.run(old).await?;
    assert_eq!((old.state, old.ended_at), (RunState::Failed, Some(at(120))));
    assert_eq!(old.cause.as_deref(), Some("superseded by slot 2026-01-05T12:02:00Z"));
    let (claimed, _) = stage.claim_one("b", 901).await?;
    assert_eq!(claimed.id, run);
    assert_eq!(stage.store.claim(&Claimer::of(holder("b")), 5, at(901)).await?.runs, []);
    // Its own slot did run once.
    assert_eq!(stage.store.slot(&task.name, at(60)).await?.map(|slot| slot.verdict), Some(SlotVerdict::Ran));
    Ok(())
}

/// One run stands behind the active one, does not start before its end, and makes room for a later slot.
pub async fn queue_keeps_one_waiting_and_supersedes_it(stage: Stage) -> Verdict {
    let task = roundsman_model::TaskDefinition { overlap: Overlap::Queue, ..definition("queue") };
    stage.install(from_ref(&task)).await?;
    let slots = vec![slot(60), slot(120), slot(180)];
    let fired = stage.store.fire(vec![firing_of(&task, Some(at(0)), 180, slots)], None, at(180)).await?;
    let [Fired::Done(fates)] = &fired[..] else { panic!("{fired:?}") };
    let [SlotFate::Queued(first), SlotFate::Queued(second), SlotFate::TookOver { run: third, ended }] =
        fates[..]
    else {
        panic!("{fates:?}")
    };
    assert_eq!(ended, second);
    let superseded = stage.store.slot(&task.name, at(120)).await?.expect("the slot is accounted for");
    assert_eq!((superseded.verdict, superseded.reason), (SlotVerdict::Skipped, Some(Reason::Superseded)));
    let claimed = stage.store.claim(&Claimer::of(holder("a")), 5, at(181)).await?.runs;
    assert_eq!(claimed.iter().map(|run| run.id).collect::<Vec<_>>(), [first]);
    assert_eq!(stage.next_due().await?, None, "nothing may start before the first run ends");
    let SlotFate::TookOver { run: fourth, ended } = stage.fire(&task, 240).await? else {
        panic!("a take-over")
    };
    assert_eq!(ended, third);
    let lease = roundsman_store::RunLease { run: first, attempt: 1, holder: holder("a") };
    stage.succeed(&lease, 250).await?;
    let (claimed, _) = stage.claim_one("b", 251).await?;
    assert_eq!(claimed.id, fourth);
    assert_eq!(stage.store.totals().await?[0].1.runs, [(RunState::Failed, 2), (RunState::Succeeded, 1)]);
    Ok(())
}

fn replacing(name: &str) -> roundsman_model::TaskDefinition {
    roundsman_model::TaskDefinition { overlap: Overlap::Replace, ..definition(name) }
}

/// The newcomer waits until the old run has ended; the old one is asked to, once, and is told which run comes next.
pub async fn replace_asks_the_running_run_to_stop(stage: Stage) -> Verdict {
    let task = replacing("replace");
    stage.install(from_ref(&task)).await?;
    let old = stage.queue(&task, 60).await?;
    let (_, lease) = stage.claim_one("a", 60).await?;
    let SlotFate::Queued(new) = stage.fire(&task, 120).await? else { panic!("a queued run") };
    let order = StopOrder { by: "schedule".to_owned(), reason: None, at: at(120), replaced_by: Some(new) };
    assert_eq!(stage.run(old).await?.stop, Some(order.clone()));
    assert_eq!(stage.store.stop_orders(&holder("a")).await?, [(old, order.clone())]);
    assert_eq!(stage.store.stop_orders(&holder("b")).await?, []);
    assert_eq!(stage.store.claim(&Claimer::of(holder("b")), 5, at(121)).await?.runs, []);

    // A third slot supersedes the second, which has not started; the order stays as it was given.
    let SlotFate::TookOver { run: third, ended } = stage.fire(&task, 180).await? else {
        panic!("a take-over")
    };
    assert_eq!(ended, new);
    assert_eq!(stage.run(old).await?.stop, Some(order));
    let cancelled = Transition::End { state: RunState::Cancelled, cause: None, outcome: None };
    stage.settle(&lease, cancelled, 190).await?;
    assert_eq!(stage.claim_one("b", 191).await?.0.id, third);
    assert_eq!(stage.store.stop_orders(&holder("a")).await?, []);
    Ok(())
}

/// Nothing of it runs: it is not waited for, and not run first.
pub async fn replace_takes_the_place_of_a_run_that_never_started(stage: Stage) -> Verdict {
    let task = replacing("unstarted");
    stage.install(from_ref(&task)).await?;
    let old = stage.queue(&task, 60).await?;
    let SlotFate::TookOver { run: new, ended } = stage.fire(&task, 120).await? else { panic!("a take-over") };
    assert_eq!(ended, old);
    let slot = stage.store.slot(&task.name, at(60)).await?.expect("the slot is accounted for");
    assert_eq!((slot.verdict, slot.reason), (SlotVerdict::Skipped, Some(Reason::Superseded)));
    assert_eq!((stage.run(old).await?.state, stage.run(old).await?.stop), (RunState::Failed, None));
    assert_eq!(stage.claim_one("a", 121).await?.0.id, new);
    Ok(())
}

/// A run that a person triggers replaces the running one as a slot does.
pub async fn a_request_replaces_too(stage: Stage) -> Verdict {
    let task = replacing("trigger");
    stage.install(from_ref(&task)).await?;
    let old = stage.queue(&task, 60).await?;
    stage.claim_one("a", 60).await?;
    let trigger = NewRun {
        definition: task.clone(),
        slot: None,
        origin: Origin::Trigger,
        requested_by: Some("alice".to_owned()),
        action: None,
        params: serde_json::Value::Null,
        dry_run: false,
        exclusive: true,
        round: Round::Alone,
        rerun_of: None,
        inputs: Vec::new(),
    };
    let Requested::Run(new) = stage.store.request(trigger, None, at(70)).await? else { panic!("a run") };
    let order = StopOrder { by: "alice".to_owned(), reason: None, at: at(70), replaced_by: Some(new.id) };
    assert_eq!(stage.run(old).await?.stop, Some(order));
    Ok(())
}
