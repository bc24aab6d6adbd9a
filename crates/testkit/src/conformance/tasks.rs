//! Tasks come, change, go and return.

use crate::Installing as _;
use roundsman_store::{Claimer, Extra, Firing, Installation, Installed, SlotToRun};
use std::slice::from_ref;

use roundsman_model::{HumanDuration, Reason, RunState, TaskDefinition, Verdict as SlotVerdict};

use super::{Stage, Verdict, at, definition, holder};

/// A changed definition has a new version and the same ledger; what the old one said is still known.
pub async fn definitions_have_versions(stage: Stage) -> Verdict {
    let old = definition("versions");
    let new = TaskDefinition { timeout: HumanDuration::from_secs(99), ..old.clone() };
    stage.store.install_tasks(from_ref(&old), at(0)).await?;
    stage.queue(&old, 60).await?;
    stage.store.install_tasks(from_ref(&new), at(100)).await?;
    stage.store.install_tasks(from_ref(&new), at(200)).await?;
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
    stage.store.install_tasks(from_ref(&staying), at(100)).await?;
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

    stage.store.install_tasks(&[going.clone(), staying], at(500)).await?;
    let back = stage.store.tasks().await?.into_iter().find(|row| row.definition.name == going.name);
    let back = back.expect("the task is back");
    assert_eq!((back.removed_at, back.first_seen, back.ledger_until), (None, Some(at(0)), Some(at(500))));
    stage.queue(&going, 560).await?;
    assert_eq!(stage.store.claim(&Claimer::of(holder("a")), 9, at(560)).await?.runs.len(), 2);
    Ok(())
}

/// Verdicts under the old definitions, the new ones, pools and first runs are one: who does not lead, or decided over what
/// somebody changed, writes nothing of it.
pub async fn an_installation_is_whole_or_not_at_all(stage: Stage) -> Verdict {
    let (going, old) = (definition("going"), definition("kept"));
    let new = TaskDefinition { pool: Some("netbox".parse()?), ..old.clone() };
    let fresh = TaskDefinition { pool: Some("netbox".parse()?), ..definition("fresh") };
    stage.install(&[going.clone(), old.clone()]).await?;
    let mut passed = stage.firing(&going, 60, Vec::new()).await?;
    passed.passed.push(super::passed(&going, 60, 60, 1, Reason::Down));
    let ran = stage.firing(&old, 60, vec![super::slot(60)]).await?;
    let ran = Firing { definition: new.hash(), terms: new.terms(), ..ran };
    let first = SlotToRun { slot: None, due_at: at(61), extra: Extra::FirstStart };
    // The ledger of `kept` is no matter: it was in force before, so it has no first run.
    let first = [&fresh, &new].map(|task| super::firing_of(task, None, 61, vec![first.clone()]));
    let whole = Installation {
        definitions: vec![new.clone(), fresh.clone()],
        limits: Some((vec![("netbox".parse()?, 1)], Vec::new())),
        closing: vec![passed, ran],
        first: first.to_vec(),
    };
    let before = stage.store.tasks().await?;
    let epoch = stage.store.take_lead(&holder("a"), None, at(0)).await?.expect("nobody leads");
    let deposed = stage.store.install(whole.clone(), Some(epoch + 1), at(61)).await?;
    assert_eq!(deposed, Installed::Deposed);
    let mut stale = whole.clone();
    stale.closing[1].revision += 1;
    let moved = stage.store.install(stale, Some(epoch), at(61)).await?;
    assert_eq!(moved, Installed::Moved(vec![old.name.clone()]));
    assert_eq!(stage.store.tasks().await?, before);
    assert_eq!(stage.store.last_runs().await?, []);

    assert_eq!(stage.store.install(whole.clone(), Some(epoch), at(61)).await?, Installed::Done);
    let slot = stage.store.slot(&going.name, at(60)).await?.expect("the slot is accounted for");
    assert_eq!((slot.verdict, slot.reason), (SlotVerdict::Skipped, Some(Reason::Down)));
    assert!(stage.task(&going.name).await?.removed_at.is_some());
    let runs = stage.store.last_runs().await?;
    let runs: Vec<_> = runs.iter().map(|run| (&run.task, run.slot, &run.definition)).collect();
    assert_eq!(runs.len(), 2, "{runs:?}");
    assert!(runs.contains(&(&new.name, Some(at(60)), &new.hash())));
    assert!(runs.contains(&(&fresh.name, None, &fresh.hash())));
    let claimed = stage.store.claim(&Claimer::of(holder("a")), 9, at(61)).await?.runs;
    assert_eq!(claimed.len(), 1, "the pool has one place");
    let again = Installation { closing: Vec::new(), ..whole };
    assert_eq!(stage.store.install(again, Some(epoch), at(70)).await?, Installed::Done);
    assert_eq!(stage.store.last_runs().await?.len(), 2, "a first start is a first start once");
    Ok(())
}
