//! Claiming and giving up.

use roundsman_store::Claimer;
use std::{collections::HashSet, slice::from_ref};

use roundsman_model::{Reason, RunState, Transition, Verdict as SlotVerdict};

use super::{Stage, Verdict, at, definition, firing_of, holder, slot};

/// Whoever waits longest is first, whatever the names.
pub async fn oldest_slots_are_claimed_first(stage: Stage) -> Verdict {
    let tasks = [definition("c"), definition("a"), definition("b")];
    stage.install(&tasks).await?;
    for (task, slot_at) in tasks.iter().zip([180, 60, 120]) {
        stage.queue(task, slot_at).await?;
    }
    let claimed = stage.store.claim(&Claimer::of(holder("a")), 2, at(200)).await?.runs;
    let names: Vec<_> = claimed.iter().map(|run| run.task.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    let run = &claimed[0];
    assert_eq!((run.state, run.attempt, run.started_at), (RunState::Running, 1, Some(at(200))));
    let slot = stage.store.slot(&run.task, at(60)).await?.expect("the slot is accounted for");
    assert_eq!((slot.verdict, slot.run), (SlotVerdict::Ran, Some(run.id)));
    Ok(())
}

/// Fifty claims from two nodes share out a hundred runs.
pub async fn fifty_claims_at_once_never_share_a_run(stage: Stage) -> Verdict {
    let tasks: Vec<_> = (0..100).map(|n| definition(&format!("t{n}"))).collect();
    stage.install(&tasks).await?;
    let batch = tasks.iter().map(|task| firing_of(task, Some(at(0)), 60, vec![slot(60)])).collect();
    stage.store.fire(batch, None, at(60)).await?;
    let other = stage.other_node().await?;
    let claims = (0..50).map(|n| {
        let store = if n % 2 == 0 { stage.store.clone() } else { other.clone() };
        async move { store.claim(&Claimer::of(holder(&format!("node-{n}"))), 3, at(61)).await }
    });
    let mut seen = HashSet::new();
    for claimed in futures::future::join_all(claims).await {
        for run in claimed?.runs {
            assert!(seen.insert(run.id), "run {} was claimed twice", run.id);
        }
    }
    for run in stage.store.claim(&Claimer::of(holder("last")), 100, at(61)).await?.runs {
        assert!(seen.insert(run.id));
    }
    assert_eq!(seen.len(), 100);
    let held = stage.store.held().await?;
    assert_eq!(held.len(), 100);
    assert!(held.iter().all(|held| held.lease.attempt == 1));
    other.close().await;
    Ok(())
}

/// Jitter and retries: not before the instant, and the store knows which is next.
pub async fn a_run_is_claimed_when_it_is_due(stage: Stage) -> Verdict {
    let task = definition("jittered");
    stage.install(from_ref(&task)).await?;
    let mut late = slot(60);
    late.due_at = at(90);
    stage.store.fire(vec![firing_of(&task, Some(at(0)), 60, vec![late])], None, at(60)).await?;
    assert_eq!(stage.store.claim(&Claimer::of(holder("a")), 5, at(89)).await?.runs, []);
    assert_eq!(stage.next_due().await?, Some(at(90)));
    let (_, lease) = stage.claim_one("a", 90).await?;
    assert_eq!(stage.next_due().await?, None);
    let wait = Transition::Wait { due_at: at(150), cause: "later".to_owned(), counted: true };
    stage.settle(&lease, wait, 100).await?;
    assert_eq!(stage.next_due().await?, Some(at(150)));
    Ok(())
}

/// A node that just queued a run may take that one, by the same rules as any.
pub async fn one_run_is_claimed_by_its_number(stage: Stage) -> Verdict {
    let tasks = [definition("a"), definition("b")];
    stage.install(&tasks).await?;
    stage.queue(&tasks[0], 60).await?;
    let wanted = stage.queue(&tasks[1], 120).await?;
    let me = holder("a");
    assert_eq!(stage.store.claim_run(&Claimer::of(me.clone()), wanted, at(119)).await?, None);
    let run =
        stage.store.claim_run(&Claimer::of(me.clone()), wanted, at(120)).await?.expect("the run is due");
    assert_eq!((run.id, run.state, run.attempt), (wanted, RunState::Running, 1));
    assert_eq!(stage.store.claim_run(&Claimer::of(holder("b")), wanted, at(121)).await?, None);
    assert_eq!(stage.store.attempts(wanted).await?.len(), 1);
    Ok(())
}

/// A run that waited too long for a worker ends, and its slot is missed; one that started is left alone.
pub async fn giving_up_ends_a_run_that_never_started(stage: Stage) -> Verdict {
    let task = definition("late");
    stage.install(from_ref(&task)).await?;
    let run = stage.queue(&task, 60).await?;
    assert!(stage.store.give_up(run, RunState::Failed, "not started within 1h", at(4000)).await?);
    assert!(!stage.store.give_up(run, RunState::Failed, "not started within 1h", at(4000)).await?);
    let ended = stage.run(run).await?;
    assert_eq!((ended.state, ended.cause.as_deref()), (RunState::Failed, Some("not started within 1h")));
    let slot = stage.store.slot(&task.name, at(60)).await?.expect("the slot is accounted for");
    assert_eq!((slot.verdict, slot.reason), (SlotVerdict::Missed, Some(Reason::NotStarted)));
    let second = stage.queue(&task, 120).await?;
    stage.claim_one("a", 4001).await?;
    assert!(!stage.store.give_up(second, RunState::Cancelled, "too late", at(4002)).await?);
    assert_eq!(stage.run(second).await?.state, RunState::Running);
    Ok(())
}
