//! Tasks come, change, go and return.

use roundsman_store::Claimer;
use std::slice::from_ref;

use roundsman_model::{HumanDuration, Reason, RunState, TaskDefinition, Verdict as SlotVerdict};

use super::{Stage, Verdict, at, definition, holder};

/// A changed definition has a new version and the same ledger; what the old one said is still known.
pub async fn definitions_have_versions(stage: Stage) -> Verdict {
    let old = definition("versions");
    let new = TaskDefinition { timeout: HumanDuration::from_secs(99), ..old.clone() };
    stage.store.install(from_ref(&old), at(0)).await?;
    stage.queue(&old, 60).await?;
    stage.store.install(from_ref(&new), at(100)).await?;
    stage.store.install(from_ref(&new), at(200)).await?;
    let [row] = &stage.store.tasks().await?[..] else { panic!("one task") };
    assert_eq!((&row.definition, &row.hash, row.valid_from), (&new, &new.hash(), at(100)));
    assert_eq!((row.first_seen, row.ledger_until, row.removed_at), (Some(at(0)), Some(at(60)), None));
    assert_eq!(stage.store.definition(&old.name, &old.hash()).await?.as_ref(), Some(&old));
    assert_eq!(stage.store.definition(&old.name, "0123456789abcdef").await?, None);
    Ok(())
}

/// A task that is no longer named keeps its history; a running run finishes; when it returns, its ledger begins anew.
pub async fn a_removed_task_ends_what_has_not_started(stage: Stage) -> Verdict {
    let (going, busy, staying) = (definition("going"), definition("busy"), definition("staying"));
    stage.install(&[going.clone(), busy.clone(), staying.clone()]).await?;
    let running = stage.queue(&busy, 60).await?;
    let (_, lease) = stage.claim_one("a", 60).await?;
    let queued = stage.queue(&going, 70).await?;
    let kept = stage.queue(&staying, 80).await?;
    stage.store.install(from_ref(&staying), at(100)).await?;
    let ended = stage.run(queued).await?;
    assert_eq!((ended.state, ended.ended_at), (RunState::Cancelled, Some(at(100))));
    let slot = stage.store.slot(&going.name, at(70)).await?.expect("the slot is accounted for");
    assert_eq!((slot.verdict, slot.reason), (SlotVerdict::Skipped, Some(Reason::Disabled)));
    assert_eq!(stage.run(running).await?.state, RunState::Running);
    stage.succeed(&lease, 110).await?;
    assert_eq!(stage.run(kept).await?.state, RunState::Queued);
    let removed: Vec<_> = stage.store.tasks().await?.iter().map(|row| row.removed_at).collect();
    assert_eq!(removed, [Some(at(100)), Some(at(100)), None]);
    let refused = super::firing_of(&going, Some(at(70)), 120, vec![super::slot(120)]);
    let moved = roundsman_store::Fired::Moved;
    assert_eq!(stage.store.fire(vec![refused], None, at(120)).await?, [moved]);

    stage.store.install(&[going.clone(), staying], at(500)).await?;
    let back = stage.store.tasks().await?.into_iter().find(|row| row.definition.name == going.name);
    let back = back.expect("the task is back");
    assert_eq!((back.removed_at, back.first_seen, back.ledger_until), (None, Some(at(0)), Some(at(500))));
    stage.queue(&going, 560).await?;
    assert_eq!(stage.store.claim(&Claimer::of(holder("a")), 9, at(560)).await?.runs.len(), 2);
    Ok(())
}
