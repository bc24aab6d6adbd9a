//! Pools, labels and kinds: who may start, and that nobody is held up by those who may not.

use crate::Installing as _;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use anyhow::{Context as _, Result};
use roundsman_model::{NodeLabel, Overlap, PoolName, RunId, RunState, TaskDefinition};
use roundsman_store::{Claimed, Claimer, NewRun, NodeEntry, Requested, RunLease, Store};

use super::{
    Stage, Verdict, at, definition, firing_of, holder, slot,
    stage::{settlement, success},
};

fn pool(name: &str) -> PoolName {
    name.parse().expect("a pool name")
}

/// So many tasks in a pool; their runs fall due a second apart, the first at this instant.
async fn queue_in_pool(stage: &Stage, name: &str, count: i64, first: i64) -> Result<Vec<TaskDefinition>> {
    let tasks: Vec<_> = (0..count)
        .map(|n| TaskDefinition { pool: Some(pool(name)), ..definition(&format!("{name}-{n:05}")) })
        .collect();
    stage.install_too(&tasks).await?;
    let firing = |(n, task)| firing_of(task, Some(at(0)), first + n, vec![slot(first + n)]);
    stage.store.fire((0..).zip(&tasks).map(firing).collect(), None, at(first + count)).await?;
    Ok(tasks)
}

async fn claim(stage: &Stage, limit: u32, now: i64) -> Result<Claimed> {
    Ok(stage.store.claim(&Claimer::of(holder("a")), limit, at(now)).await?)
}

fn names(claimed: &Claimed) -> Vec<&str> {
    claimed.runs.iter().map(|run| run.task.as_str()).collect()
}

fn lease_of(run: RunId, attempt: u32) -> RunLease {
    RunLease { run, attempt, holder: holder("a") }
}

/// Eight claimers on two nodes at once, a pool with two places, forty runs: never three at a time, and all are done.
pub async fn eight_claimers_never_overfill_a_pool(stage: Stage) -> Verdict {
    const RUNS: usize = 40;
    stage.store.install_limits(&[(pool("netbox"), 2)], &[]).await?;
    queue_in_pool(&stage, "netbox", RUNS as i64, 60).await?;
    let other = stage.other_node().await?;
    let (inside, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut claimers = tokio::task::JoinSet::new();
    for n in 0..8 {
        let store = if n % 2 == 0 { stage.store.clone() } else { other.clone() };
        let (inside, done) = (inside.clone(), done.clone());
        claimers.spawn(async move { work_in_pool(&store, n, &inside, &done, RUNS).await });
    }
    let all_done = async {
        while let Some(claimer) = claimers.join_next().await {
            claimer??;
        }
        anyhow::Ok(())
    };
    let in_time = tokio::time::timeout(std::time::Duration::from_secs(60), all_done).await;
    in_time.context("some run never started")??;
    assert_eq!(done.load(Ordering::SeqCst), RUNS);
    let totals = stage.store.totals().await?;
    assert!(totals.iter().all(|(_, totals)| totals.runs == [(RunState::Succeeded, 1)]));
    other.close().await;
    Ok(())
}

async fn work_in_pool(
    store: &Arc<dyn Store>,
    n: usize,
    inside: &AtomicUsize,
    done: &AtomicUsize,
    all: usize,
) -> Result<()> {
    let me = holder(&format!("node-{n}"));
    while done.load(Ordering::SeqCst) < all {
        let runs = store.claim(&Claimer::of(me.clone()), 3, at(200)).await?.runs;
        let now_inside = inside.fetch_add(runs.len(), Ordering::SeqCst) + runs.len();
        anyhow::ensure!(now_inside <= 2, "{now_inside} runs in a pool with two places");
        tokio::task::yield_now().await;
        for run in runs {
            let lease = RunLease { run: run.id, attempt: run.attempt, holder: me.clone() };
            inside.fetch_sub(1, Ordering::SeqCst);
            store.settle(settlement(&lease, success("done"), 210)).await?;
            done.fetch_add(1, Ordering::SeqCst);
        }
    }
    Ok(())
}

/// Three hundred wait longer than anybody else, for a place that is taken. The others start as if those were not there.
pub async fn a_full_pool_holds_up_nobody_else(stage: Stage) -> Verdict {
    stage.store.install_limits(&[(pool("full"), 1), (pool("open"), 2)], &[]).await?;
    queue_in_pool(&stage, "full", 300, 60).await?;
    queue_in_pool(&stage, "open", 3, 500).await?;
    let free = definition("free");
    stage.install_too(std::slice::from_ref(&free)).await?;
    stage.queue(&free, 502).await?;
    let claimed = claim(&stage, 9, 600).await?;
    // Oldest slot first, over all of them.
    assert_eq!(names(&claimed), ["full-00000", "open-00000", "open-00001", "free"]);
    assert_eq!(claimed.next_due, Some(at(61)));
    assert_eq!(names(&claim(&stage, 9, 600).await?), [""; 0]);
    stage.succeed(&lease_of(claimed.runs[1].id, 1), 601).await?;
    assert_eq!(names(&claim(&stage, 9, 601).await?), ["open-00002"]);
    stage.succeed(&lease_of(claimed.runs[0].id, 1), 602).await?;
    assert_eq!(names(&claim(&stage, 1, 602).await?), ["full-00001"]);
    Ok(())
}

/// A place is free again while a run waits for its next attempt, and it needs one for that.
pub async fn a_retry_needs_a_place_again(stage: Stage) -> Verdict {
    stage.store.install_limits(&[(pool("p"), 1)], &[]).await?;
    queue_in_pool(&stage, "p", 2, 60).await?;
    let first = claim(&stage, 9, 100).await?.runs.remove(0);
    let wait =
        roundsman_model::Transition::Wait { due_at: at(110), cause: "no answer".to_owned(), counted: true };
    stage.settle(&lease_of(first.id, 1), wait, 101).await?;
    let second = claim(&stage, 9, 110).await?.runs;
    assert_eq!(second.iter().map(|run| run.id).collect::<Vec<_>>(), [first.id], "its slot is older");
    stage.succeed(&lease_of(first.id, 2), 120).await?;
    assert_eq!(names(&claim(&stage, 9, 121).await?), ["p-00001"]);
    Ok(())
}

/// Whoever asks for a run by hand waits for a place as well: the run is queued, and taken when there is one.
pub async fn a_request_waits_for_a_place(stage: Stage) -> Verdict {
    stage.store.install_limits(&[(pool("p"), 1)], &[]).await?;
    queue_in_pool(&stage, "p", 1, 60).await?;
    let first = claim(&stage, 9, 60).await?.runs.remove(0);
    let task = TaskDefinition { pool: Some(pool("p")), ..definition("by-hand") };
    let me = Claimer::of(holder("a"));
    let request = NewRun {
        definition: task,
        slot: None,
        origin: roundsman_model::Origin::Manual,
        requested_by: None,
        action: None,
        params: serde_json::Value::Null,
        dry_run: false,
        exclusive: true,
        round: roundsman_store::Round::Alone,
        rerun_of: None,
        inputs: Vec::new(),
    };
    let Requested::Run(run) = stage.store.request(request, Some(&me), at(61)).await? else {
        panic!("nothing is in the way")
    };
    assert_eq!((run.state, run.attempt), (RunState::Queued, 0));
    assert_eq!(stage.store.claim_run(&me, run.id, at(62)).await?, None);
    stage.succeed(&lease_of(first.id, 1), 63).await?;
    let run = stage.store.claim_run(&me, run.id, at(64)).await?.expect("there is a place");
    assert_eq!((run.state, run.attempt), (RunState::Running, 1));
    Ok(())
}

/// A node takes only runs of kinds and for labels it has; the others wait and hold up nobody, not even as the next due.
pub async fn a_node_takes_what_suits_it(stage: Stage) -> Verdict {
    let labels = |names: &[&str]| -> Vec<NodeLabel> {
        names.iter().map(|name| name.parse().expect("a label")).collect()
    };
    let tasks = [
        TaskDefinition { runs_on: labels(&["dmz", "lab"]), ..definition("both") },
        TaskDefinition { runs_on: labels(&["dmz"]), ..definition("dmz") },
        TaskDefinition { kind: "speedtest".parse()?, ..definition("speed") },
        definition("any"),
    ];
    stage.install(&tasks).await?;
    for (n, task) in tasks.iter().enumerate() {
        stage.queue(task, 60 + n as i64).await?;
    }
    let plain = Claimer { kinds: vec!["test".parse()?], ..Claimer::of(holder("plain")) };
    let claimed = stage.store.claim(&plain, 1, at(100)).await?;
    assert_eq!((names(&claimed), claimed.next_due), (vec!["any"], None));
    let both = stage.store.runs(&roundsman_store::RunFilter { limit: 9, ..Default::default() }).await?;
    let both = both.iter().find(|run| run.task.as_str() == "both").expect("it is there").id;
    assert_eq!(stage.store.claim_run(&plain, both, at(100)).await?, None);
    let dmz = Claimer { labels: labels(&["x", "dmz"]), ..plain.clone() };
    assert_eq!(names(&stage.store.claim(&dmz, 9, at(100)).await?), ["dmz"]);
    let all = Claimer { labels: labels(&["lab", "dmz"]), ..Claimer::of(holder("all")) };
    let claimed = stage.store.claim(&all, 9, at(100)).await?;
    assert_eq!((names(&claimed), claimed.next_due), (vec!["both", "speed"], None));
    Ok(())
}

/// Workers of a node that says so end with their lease, except where attempts may overlap.
pub async fn it_is_known_which_workers_end_by_themselves(stage: Stage) -> Verdict {
    let tasks = [
        definition("alone"),
        TaskDefinition { overlap: Overlap::Allow(2), ..definition("many") },
        definition("other"),
    ];
    stage.install(&tasks).await?;
    for task in &tasks[..2] {
        stage.queue(task, 60).await?;
    }
    let strict = Claimer { stops_workers: true, ..Claimer::of(holder("strict")) };
    assert_eq!(stage.store.claim(&strict, 9, at(60)).await?.runs.len(), 2);
    stage.queue(&tasks[2], 61).await?;
    claim(&stage, 9, 61).await?;
    let held = stage.store.held().await?;
    let stops: Vec<_> = held.iter().map(|held| (held.run.task.as_str(), held.stops_itself)).collect();
    assert_eq!(stops, [("alone", true), ("many", false), ("other", false)]);
    Ok(())
}

/// A node as daemons enter.
pub(super) fn node(name: &str) -> NodeEntry {
    NodeEntry {
        holder: holder(name),
        name: name.to_owned(),
        one_shot: false,
        pid: 4711,
        version: "0.1.0".to_owned(),
        listen: None,
        kinds: Vec::new(),
        labels: Vec::new(),
        configuration: None,
    }
}
