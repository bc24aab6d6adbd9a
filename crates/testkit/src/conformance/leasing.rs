//! Named leases: exclusive, all together or not at all, and never longer than the attempt.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use anyhow::{Context as _, Result};
use roundsman_model::{LeaseName, RunState, TaskDefinition, Transition};
use roundsman_store::{Claimer, LeaseReply, RunLease, Store};

use super::{
    Stage, Verdict, at, definition, firing_of, holder, slot,
    stage::{settlement, success},
};

fn leases(names: &[&str]) -> Vec<LeaseName> {
    names.iter().map(|name| name.parse().expect("a lease name")).collect()
}

fn task(name: &str, wants: &[&str]) -> TaskDefinition {
    TaskDefinition { leases: leases(wants), ..definition(name) }
}

async fn claim(stage: &Stage, limit: u32, now: i64) -> Result<Vec<(String, RunLease)>> {
    let me = holder("a");
    let runs = stage.store.claim(&Claimer::of(me.clone()), limit, at(now)).await?.runs;
    let lease =
        |run: &roundsman_model::Run| RunLease { run: run.id, attempt: run.attempt, holder: me.clone() };
    Ok(runs.iter().map(|run| (run.task.to_string(), lease(run))).collect())
}

fn names(claimed: &[(String, RunLease)]) -> Vec<&str> {
    claimed.iter().map(|(name, _)| name.as_str()).collect()
}

/// Of two runs that share one lease the older starts, and the other has none of its own meanwhile: a third that wants
/// only that starts at once, and so do runs that want nothing.
pub async fn leases_are_taken_together_or_not_at_all(stage: Stage) -> Verdict {
    let tasks = [task("ab", &["a", "b"]), task("bc", &["b", "c"]), task("c", &["c"]), definition("free")];
    stage.install(&tasks).await?;
    for (n, task) in tasks.iter().enumerate() {
        stage.queue(task, 60 + n as i64).await?;
    }
    let first = claim(&stage, 3, 100).await?;
    assert_eq!(names(&first), ["ab", "c", "free"]);
    assert_eq!(names(&claim(&stage, 9, 100).await?), [""; 0]);
    stage.succeed(&first[0].1, 101).await?;
    assert_eq!(names(&claim(&stage, 9, 101).await?), [""; 0], "c is still taken");
    stage.succeed(&first[1].1, 102).await?;
    assert_eq!(names(&claim(&stage, 9, 102).await?), ["bc"]);
    Ok(())
}

/// Many that wait for one lease, first in line, let everybody else pass.
pub async fn a_busy_lease_holds_up_nobody_else(stage: Stage) -> Verdict {
    let tasks: Vec<_> = (0..200).map(|n| task(&format!("vm-{n:03}"), &["vm"])).collect();
    let free: Vec<_> = (0..5).map(|n| definition(&format!("free-{n}"))).collect();
    let all: Vec<_> = tasks.iter().chain(&free).cloned().collect();
    stage.install(&all).await?;
    let firing = |(n, task): (i64, _)| firing_of(task, Some(at(0)), 60 + n, vec![slot(60 + n)]);
    stage.store.fire((0..).zip(&all).map(firing).collect(), None, at(300)).await?;
    let claimed = claim(&stage, 4, 300).await?;
    assert_eq!(names(&claimed), ["vm-000", "free-0", "free-1", "free-2"]);
    assert_eq!(names(&claim(&stage, 4, 300).await?), ["free-3", "free-4"]);
    assert_eq!(names(&claim(&stage, 4, 300).await?), [""; 0]);
    stage.succeed(&claimed[0].1, 301).await?;
    assert_eq!(names(&claim(&stage, 4, 301).await?), ["vm-001"]);
    Ok(())
}

/// Eight claimers on two nodes, runs that want two or three of five leases each: no lease is ever had twice.
pub async fn no_lease_is_ever_had_twice(stage: Stage) -> Verdict {
    const RUNS: usize = 40;
    let pool = ["v", "w", "x", "y", "z"];
    let wants = |n: usize| [pool[n % 5], pool[(n * 3 + 1) % 5], pool[(n / 5) % 5]];
    let tasks: Vec<_> = (0..RUNS).map(|n| task(&format!("t{n}"), &wants(n))).collect();
    stage.install(&tasks).await?;
    let batch = tasks.iter().map(|task| firing_of(task, Some(at(0)), 60, vec![slot(60)])).collect();
    stage.store.fire(batch, None, at(60)).await?;
    let other = stage.other_node().await?;
    let had = Arc::new(Mutex::new((BTreeSet::new(), 0)));
    let mut claimers = tokio::task::JoinSet::new();
    for n in 0..8 {
        let store = if n % 2 == 0 { stage.store.clone() } else { other.clone() };
        let had = had.clone();
        claimers.spawn(async move { work_with_leases(&store, n, &had, RUNS).await });
    }
    let all_done = async {
        while let Some(claimer) = claimers.join_next().await {
            claimer??;
        }
        anyhow::Ok(())
    };
    let in_time = tokio::time::timeout(std::time::Duration::from_secs(60), all_done).await;
    in_time.context("some run never started")??;
    let totals = stage.store.totals().await?;
    assert!(totals.iter().all(|(_, totals)| totals.runs == [(RunState::Succeeded, 1)]));
    other.close().await;
    Ok(())
}

type Had = Mutex<(BTreeSet<LeaseName>, usize)>;

async fn work_with_leases(store: &Arc<dyn Store>, n: usize, had: &Had, all: usize) -> Result<()> {
    let me = holder(&format!("node-{n}"));
    while had.lock().expect("nobody panicked").1 < all {
        let runs = store.claim(&Claimer::of(me.clone()), 2, at(70)).await?.runs;
        for run in &runs {
            let wanted: BTreeSet<_> = run.terms.leases.iter().cloned().collect();
            let mut had = had.lock().expect("nobody panicked");
            anyhow::ensure!(had.0.is_disjoint(&wanted), "{wanted:?} while {:?} are taken", had.0);
            had.0.extend(wanted);
        }
        tokio::task::yield_now().await;
        for run in runs {
            {
                let mut had = had.lock().expect("nobody panicked");
                had.0.retain(|name| !run.terms.leases.contains(name));
                had.1 += 1;
            }
            let lease = RunLease { run: run.id, attempt: run.attempt, holder: me.clone() };
            store.settle(settlement(&lease, success("done"), 71)).await?;
        }
    }
    Ok(())
}

/// Whatever ends an attempt frees its leases in the same moment, those taken on the way included; a run that waits has
/// none.
pub async fn a_lease_ends_with_its_attempt(stage: Stage) -> Verdict {
    let (first, second) = (task("first", &["vm"]), task("second", &["vm", "lab"]));
    stage.install(&[first.clone(), second.clone()]).await?;
    let cause = || "gone".to_owned();
    let ends = [
        success("done"),
        Transition::End { state: RunState::Lost, cause: Some(cause()), outcome: None },
        Transition::End { state: RunState::Failed, cause: Some(cause()), outcome: None },
        Transition::Wait { due_at: at(90_000), cause: cause(), counted: true },
        Transition::Release { cause: cause() },
    ];
    for (n, end) in (1..).zip(ends) {
        let now = n * 600;
        stage.queue(&first, now).await?;
        let mut claimed = claim(&stage, 9, now).await?;
        let (_, lease) = claimed.pop().expect("the first run starts");
        let lab = &leases(&["lab"])[0];
        assert_eq!(stage.store.try_lease(&lease, lab, at(now + 1)).await?, LeaseReply::Taken);
        stage.queue(&second, now + 2).await?;
        assert_eq!(names(&claim(&stage, 9, now + 2).await?), [""; 0]);
        stage.settle(&lease, end.clone(), now + 3).await?;
        if let Transition::Release { .. } = end {
            assert!(stage.store.give_up(lease.run, RunState::Cancelled, "enough", at(now + 3)).await?);
        }
        let claimed = claim(&stage, 9, now + 3).await?;
        assert_eq!(names(&claimed), ["second"], "after {end:?}");
        stage.succeed(&claimed[0].1, now + 4).await?;
    }
    Ok(())
}

/// A kind that asks on its way gets a lease or learns who has it; the lease keeps runs from starting that want it.
pub async fn a_kind_may_try_for_a_lease(stage: Stage) -> Verdict {
    let tasks = [definition("one"), definition("two"), task("three", &["vm"])];
    stage.install(&tasks).await?;
    for task in &tasks[..2] {
        stage.queue(task, 60).await?;
    }
    let claimed = claim(&stage, 9, 60).await?;
    let (one, two) = (&claimed[0].1, &claimed[1].1);
    let vm = &leases(&["vm"])[0];
    for _ in 0..2 {
        assert_eq!(stage.store.try_lease(one, vm, at(61)).await?, LeaseReply::Taken);
    }
    let busy = LeaseReply::Busy { task: tasks[0].name.clone(), run: one.run };
    assert_eq!(stage.store.try_lease(two, vm, at(62)).await?, busy);
    // Who does not have it frees nothing; who has it makes room for others before its end.
    stage.store.free_lease(two, vm).await?;
    assert_eq!(stage.store.try_lease(two, vm, at(63)).await?, busy);
    stage.store.free_lease(one, vm).await?;
    assert_eq!(stage.store.try_lease(two, vm, at(64)).await?, LeaseReply::Taken);
    stage.store.free_lease(two, vm).await?;
    assert_eq!(stage.store.try_lease(one, vm, at(65)).await?, LeaseReply::Taken);
    stage.queue(&tasks[2], 70).await?;
    assert_eq!(names(&claim(&stage, 9, 70).await?), [""; 0]);
    let stranger = RunLease { holder: holder("b"), ..two.clone() };
    assert_eq!(stage.store.try_lease(&stranger, vm, at(71)).await?, LeaseReply::NotOurs);
    stage.succeed(one, 72).await?;
    assert_eq!(stage.store.try_lease(one, vm, at(73)).await?, LeaseReply::NotOurs);
    let claimed = claim(&stage, 9, 73).await?;
    assert_eq!(names(&claimed), ["three"]);
    let busy = LeaseReply::Busy { task: tasks[2].name.clone(), run: claimed[0].1.run };
    assert_eq!(stage.store.try_lease(two, vm, at(74)).await?, busy);
    Ok(())
}
