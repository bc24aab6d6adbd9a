//! Runs that wait: what for, and for how long at most.

use crate::Installing as _;
use roundsman_model::{
    HumanDuration, LeaseName, NodeLabel, Overlap, PoolName, Reason, RunState, TaskDefinition, Transition,
    Verdict as SlotVerdict,
};
use roundsman_store::{Claimer, HeldBy, Unstarted};

use super::{Stage, Verdict, at, definition, holder, pooling::node};

fn pool() -> PoolName {
    "netbox".parse().expect("a pool name")
}

fn vm() -> Vec<LeaseName> {
    vec!["vm".parse().expect("a lease name")]
}

fn dmz() -> Vec<NodeLabel> {
    vec!["dmz".parse().expect("a label")]
}

/// Each waits for something else, and is told so with who is in the way.
pub async fn it_is_known_what_runs_wait_for(stage: Stage) -> Verdict {
    let mut entry = node("a");
    entry.kinds = vec!["test".parse()?];
    stage.store.enter(&entry, at(0)).await?;
    stage.store.beat(&holder("a"), &[], at(90)).await?;
    stage.store.install_limits(&[("netbox".parse()?, 1)], &[]).await?;
    let (inside, pooled) = (
        TaskDefinition { pool: Some(pool()), ..definition("inside") },
        TaskDefinition { pool: Some(pool()), ..definition("pooled") },
    );
    let (has, wants) = (
        TaskDefinition { leases: vm(), ..definition("has") },
        TaskDefinition { leases: vm(), ..definition("wants") },
    );
    let queue = TaskDefinition { overlap: Overlap::Queue, ..definition("queue") };
    let label = TaskDefinition { runs_on: dmz(), ..definition("label") };
    let kind = TaskDefinition { kind: "speedtest".parse()?, ..definition("kind") };
    let tasks =
        [inside.clone(), has.clone(), queue.clone(), pooled, wants, label, kind, definition("worker")];
    stage.install(&tasks).await?;
    let mut running = Vec::new();
    for task in [&inside, &has, &queue] {
        running.push(stage.queue(task, 60).await?);
        stage.claim_one("a", 60).await?;
    }
    for (n, task) in (0..).zip(&tasks[2..]) {
        stage.queue(task, 100 + n).await?;
    }
    let running = [stage.run(running[0]).await?, stage.run(running[1]).await?, stage.run(running[2]).await?];
    let [in_pool, with_lease, in_front] = running;
    let held = stage.store.waiting(99, at(110)).await?;
    let found: Vec<_> = held.iter().map(|held| (held.run.task.as_str(), held.by.clone())).collect();
    let expected = [
        ("queue", HeldBy::Run(Box::new(in_front))),
        ("pooled", HeldBy::Pool("netbox".parse()?, vec![in_pool.clone()])),
        ("wants", HeldBy::Lease("vm".parse()?, Box::new(with_lease))),
        ("label", HeldBy::Node("a node with label dmz".to_owned())),
        ("kind", HeldBy::Node("a node with kind speedtest".to_owned())),
        ("worker", HeldBy::Worker),
    ];
    assert_eq!(found, expected);
    assert_eq!(stage.store.waiting(2, at(110)).await?.len(), 2);
    assert_eq!(stage.store.waiting(9, at(99)).await?, []);
    // Nobody has given a sign of life for half a minute.
    let held = stage.store.waiting(99, at(121)).await?;
    assert_eq!(held[1].by, HeldBy::Node("a daemon".to_owned()));
    let words: Vec<_> = expected.iter().map(|(_, by)| by.to_string()).collect();
    assert_eq!(
        words[1..3],
        ["a place in pool netbox".to_owned(), format!("lease vm, which run {} of has has", in_pool.id.0 + 1)]
    );
    Ok(())
}

/// A run that did not start in time ends unstarted, its slot is missed, and both say why; a retry waits on.
pub async fn a_run_that_does_not_start_in_time_is_given_up(stage: Stage) -> Verdict {
    stage.store.enter(&node("a"), at(0)).await?;
    stage.store.beat(&holder("a"), &[], at(120)).await?;
    stage.store.install_limits(&[("netbox".parse()?, 1)], &[]).await?;
    let within = |secs| Some(HumanDuration::from_secs(secs));
    let first = TaskDefinition { pool: Some(pool()), start_within: within(60), ..definition("first") };
    let late = TaskDefinition { pool: Some(pool()), start_within: within(60), ..definition("late") };
    let patient = TaskDefinition { pool: Some(pool()), start_within: within(600), ..definition("patient") };
    stage.install(&[first.clone(), late.clone(), patient.clone()]).await?;
    let begun = stage.queue(&first, 60).await?;
    let (_, lease) = stage.claim_one("a", 60).await?;
    let never = stage.queue(&late, 61).await?;
    let waits = stage.queue(&patient, 62).await?;
    assert_eq!(stage.run(never).await?.start_by, Some(at(121)));
    assert_eq!(stage.store.overdue(at(121), None, 9).await?, []);
    let overdue = stage.store.overdue(at(122), None, 9).await?;
    let expected = Unstarted { run: never, queued_at: at(61), due_at: at(61), start_by: at(121) };
    assert_eq!(overdue, [expected]);
    assert_eq!(stage.store.overdue(at(122), Some(expected), 9).await?, [], "those after it");
    // The one that has begun is left alone whoever names it.
    let ended = stage.store.expire(&[begun, never], None, at(122)).await?.expect("no epoch is over");
    assert_eq!(ended.iter().map(|run| (run.id, run.state)).collect::<Vec<_>>(), [(never, RunState::Failed)]);
    assert_eq!(
        ended[0].cause.as_deref(),
        Some("not started within 1m: it waited for a place in pool netbox")
    );
    assert_eq!(ended[0].ended_at, Some(at(122)));
    assert_eq!(stage.store.overdue(at(122), None, 9).await?, []);
    assert_eq!(stage.store.expire(&[never], None, at(122)).await?, Some(vec![]));
    let slot = stage.store.slot(&late.name, at(61)).await?.expect("the slot is accounted for");
    assert_eq!((slot.verdict, slot.reason), (SlotVerdict::Missed, Some(Reason::NotStarted)));
    let totals = stage.store.totals().await?;
    assert_eq!(totals[1].1.runs, [(RunState::Failed, 1)]);
    assert_eq!(totals[1].1.slots, [(SlotVerdict::Missed, Some(Reason::NotStarted), 1)]);
    // It has begun once: from then on its retry policy counts.
    let wait = Transition::Wait { due_at: at(500), cause: "no answer".to_owned(), counted: true };
    stage.settle(&lease, wait, 130).await?;
    assert_eq!(stage.store.overdue(at(600), None, 9).await?, []);
    assert_eq!(stage.store.expire(&[begun], None, at(600)).await?, Some(vec![]));
    let claimed = stage.store.claim(&Claimer::of(holder("a")), 9, at(600)).await?.runs;
    assert_eq!(claimed.iter().map(|run| run.id).collect::<Vec<_>>(), [begun]);
    assert_eq!(stage.run(waits).await?.state, RunState::Queued);
    Ok(())
}

/// Nobody starts a run late, even before it was given up.
pub async fn nobody_starts_a_run_too_late(stage: Stage) -> Verdict {
    let task = TaskDefinition { start_within: Some(HumanDuration::from_secs(60)), ..definition("late") };
    stage.install(std::slice::from_ref(&task)).await?;
    let run = stage.queue(&task, 60).await?;
    let me = Claimer::of(holder("a"));
    let claimed = stage.store.claim(&me, 9, at(121)).await?;
    assert_eq!((claimed.runs, claimed.next_due), (Vec::new(), None));
    assert_eq!(stage.store.claim_run(&me, run, at(121)).await?, None);
    assert!(stage.store.claim_run(&me, run, at(120)).await?.is_some());
    Ok(())
}
