//! Runs on request.

use crate::Installing as _;
use std::slice::from_ref;

use anyhow::{Result, bail};
use roundsman_model::{Origin, Run, RunState, TaskDefinition, Transition};
use roundsman_store::{Claimer, NewRun, Requested, RunLease, SlotFate};
use serde_json::json;

use super::{Stage, Verdict, at, definition, holder};

pub(super) fn request(definition: &TaskDefinition) -> NewRun {
    NewRun {
        definition: definition.clone(),
        slot: None,
        origin: Origin::Manual,
        requested_by: Some("alice".to_owned()),
        action: Some("usage".parse().expect("an action name")),
        params: json!({"days": 3}),
        dry_run: true,
        exclusive: true,
        round: roundsman_store::Round::Alone,
        rerun_of: None,
        inputs: Vec::new(),
    }
}

fn recorded(requested: Requested) -> Result<Run> {
    match requested {
        Requested::Run(run) => Ok(*run),
        Requested::Overlap(run) => bail!("run {} is in the way", run.id),
        Requested::Removed(at) => bail!("the task was removed at {at}"),
    }
}

/// A one-shot run on a store no daemon has ever opened: known at once, running at once, no ledger.
pub async fn a_request_is_claimed_at_once(stage: Stage) -> Verdict {
    let task = definition("manual");
    let run =
        recorded(stage.store.request(request(&task), Some(&Claimer::of(holder("one-shot"))), at(5)).await?)?;
    assert_eq!((run.state, run.attempt, run.started_at), (RunState::Running, 1, Some(at(5))));
    assert_eq!((run.action.as_ref().map(AsRef::as_ref), &run.params), (Some("usage"), &json!({"days": 3})));
    assert_eq!((run.dry_run, run.requested_by.as_deref(), run.slot), (true, Some("alice"), None));
    assert_eq!(stage.store.definition(&task.name, &run.definition).await?.as_ref(), Some(&task));
    let row = stage.store.tasks().await?.remove(0);
    assert_eq!((row.first_seen, row.ledger_until), (None, None));
    let lease = RunLease { run: run.id, attempt: 1, holder: holder("one-shot") };
    stage.succeed(&lease, 10).await?;
    stage.store.install_tasks(from_ref(&task), at(20)).await?;
    let row = stage.store.tasks().await?.remove(0);
    assert_eq!((row.first_seen, row.ledger_until), (Some(at(20)), Some(at(20))));
    Ok(())
}

/// Whoever asks while the task is active is told by which run; one that only waits for a retry gives way.
pub async fn a_request_obeys_the_overlap_rule(stage: Stage) -> Verdict {
    let (run, lease) = stage.running("busy").await?;
    let task = definition("busy");
    let me = Claimer::of(holder("one-shot"));
    match stage.store.request(request(&task), Some(&me), at(61)).await? {
        Requested::Overlap(by) => assert_eq!((by.id, by.state), (run.id, RunState::Running)),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        stage.store.runs(&roundsman_store::RunFilter { limit: 9, ..Default::default() }).await?.len(),
        1
    );
    let wait = Transition::Wait { due_at: at(900), cause: "no answer".to_owned(), counted: true };
    stage.settle(&lease, wait, 70).await?;
    let manual = recorded(stage.store.request(request(&task), Some(&me), at(80)).await?)?;
    let old = stage.run(run.id).await?;
    assert_eq!(old.state, RunState::Failed);
    assert_eq!(old.cause, Some(format!("superseded by run {}", manual.id)));
    assert_eq!(stage.fire(&task, 120).await?, SlotFate::Overlap(manual.id));
    Ok(())
}

/// A concurrent action neither waits for the task nor holds it up, and is claimed by whoever is free.
pub async fn a_request_beside_the_rule_leaves_places_alone(stage: Stage) -> Verdict {
    let (_, lease) = stage.running("busy").await?;
    let task = definition("busy");
    let beside = NewRun { exclusive: false, slot: Some(at(60)), ..request(&task) };
    let run = recorded(stage.store.request(beside, None, at(61)).await?)?;
    assert_eq!((run.state, run.slot), (RunState::Queued, Some(at(60))));
    stage.succeed(&lease, 70).await?;
    stage.queue(&task, 120).await?;
    let (claimed, lease) = stage.claim_one("b", 130).await?;
    assert_eq!(claimed.id, run.id);
    stage.succeed(&lease, 140).await?;
    Ok(())
}
