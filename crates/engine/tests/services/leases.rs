//! Workers that end with their lease: who they are, what they are told, and when their runs are taken back.

use std::{sync::Arc, time::Duration};

use roundsman_engine::{EngineSettings, Heart, Rescuer, WithoutStore};
use roundsman_model::{Overlap, RunState};
use roundsman_store::{Holder, Round};
use roundsman_wire::{CancelReason, boot_time};

use crate::{
    fakes::{Dead, Scene, holder, task},
    faulty::{Fault, Faulty},
    stage::Stage,
};

const LEASE: Duration = Duration::from_millis(600);

fn settings(without_store: WithoutStore) -> EngineSettings {
    let node_gone_after = LEASE * 4;
    EngineSettings { without_store, lease: LEASE, node_gone_after, ..EngineSettings::default() }
}

fn other() -> Holder {
    Holder { node: roundsman_model::NodeId::new("node-2"), boot: roundsman_model::BootId::new("b") }
}

#[tokio::test]
async fn a_worker_that_ends_with_its_lease_is_told_of_each_renewal() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let store = scene.store().await;
    let tasks = [task("one", "0 2 * * *")];
    let settings = settings(WithoutStore::Stop);
    let before = boot_time();
    let mut stage = Stage::new(store.clone(), &scene.clock, holder("a"), &tasks, (1, settings)).await;
    stage.queue(&tasks[0], Round::Alone).await;
    let attempt = stage.start(0).await;
    let lease = attempt.order.request.lease.expect("it ends with its lease");
    assert_eq!(u128::from(lease.lasts_ms), LEASE.as_millis());
    assert!(u128::from(lease.since_ms) >= before.as_millis(), "it counts from the claim");
    assert!(store.held().await.unwrap()[0].stops_itself, "and the store knows");

    let mut heart = Heart::new(stage.engine.clone());
    assert!(heart.beat().await);
    while attempt.renewals.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(attempt.renewals.lock().unwrap()[0].since_ms >= lease.since_ms);
    attempt.succeed();
    stage.settled().await;
}

#[tokio::test]
async fn other_workers_have_no_lease_to_end_with() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let store = scene.store().await;
    let mut many = task("many", "0 2 * * *");
    many.overlap = Overlap::Allow(2);
    let tasks = [many, task("one", "0 2 * * *")];
    for (index, (task, policy)) in [
        (&tasks[0], WithoutStore::Stop),
        (&tasks[1], WithoutStore::Finish),
        (&tasks[1], WithoutStore::ByNodes),
    ]
    .into_iter()
    .enumerate()
    {
        let me = holder(&format!("boot-{index}"));
        let mut stage = Stage::new(store.clone(), &scene.clock, me, &tasks, (1, settings(policy))).await;
        stage.queue(task, Round::Alone).await;
        let attempt = stage.start(0).await;
        assert_eq!(attempt.order.request.lease, None, "{policy:?}");
        assert!(!store.held().await.unwrap()[0].stops_itself);
        let mut heart = Heart::new(stage.engine.clone());
        assert!(heart.beat().await);
        attempt.succeed();
        stage.settled().await;
        assert!(attempt.renewals.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_attempt_whose_run_was_taken_over_is_ended() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let store = scene.store().await;
    let tasks = [task("one", "0 2 * * *")];
    let mut stage =
        Stage::new(store.clone(), &scene.clock, holder("a"), &tasks, (1, settings(WithoutStore::Stop))).await;
    let run = stage.queue(&tasks[0], Round::Alone).await;
    let attempt = stage.start(0).await;
    let elsewhere =
        Stage::new(store.clone(), &scene.clock, other(), &tasks, (1, settings(WithoutStore::Stop))).await;
    let mut rescuer = Rescuer::new(elsewhere.engine.clone(), Arc::new(Dead(vec![holder("a")])));
    assert_eq!(rescuer.rescue().await.unwrap(), 1);
    let mut heart = Heart::new(stage.engine.clone());
    heart.beat().await;
    stage.settled().await;
    assert_eq!(*attempt.cancels.lock().unwrap(), [CancelReason::Lease]);
    assert_eq!(stage.run(run).await.state, RunState::Waiting, "what it said afterwards changed nothing");
}

/// A rescuer on another node than the run's, and the run.
async fn watched(scene: &Scene, without_store: WithoutStore) -> (Stage, Stage, Rescuer, Arc<Faulty>) {
    let store = scene.store().await;
    let tasks = [task("one", "0 2 * * *")];
    let mut runs_it =
        Stage::new(store.clone(), &scene.clock, holder("a"), &tasks, (1, settings(without_store))).await;
    runs_it.queue(&tasks[0], Round::Alone).await;
    runs_it.start(0).await;
    let faulty = Faulty::around(store);
    let watches =
        Stage::new(faulty.clone(), &scene.clock, other(), &tasks, (1, settings(without_store))).await;
    let rescuer = Rescuer::new(watches.engine.clone(), Arc::new(Dead(Vec::new())));
    (runs_it, watches, rescuer, faulty)
}

/// Watches for a time as the service does. Returns how many runs were taken back.
async fn watch(rescuer: &mut Rescuer, time: Duration) -> usize {
    let until = tokio::time::Instant::now() + time;
    let mut lost = 0;
    while tokio::time::Instant::now() < until {
        lost += rescuer.rescue().await.unwrap_or_default();
        tokio::time::sleep(LEASE / 12).await; // sleep: leases run out in real time, on the clock of the kernel
    }
    lost
}

#[tokio::test]
async fn a_run_whose_worker_ends_with_its_lease_is_lost_when_the_lease_was_seen_to_run_out() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let (runs_it, _watches, mut rescuer, _) = watched(&scene, WithoutStore::Stop).await;
    let mut heart = Heart::new(runs_it.engine.clone());
    for _ in 0..3 {
        assert_eq!(watch(&mut rescuer, LEASE / 2).await, 0, "it is renewed");
        heart.beat().await;
    }
    assert_eq!(watch(&mut rescuer, LEASE * 2).await, 1);
    let run = runs_it.last_run("one").await.unwrap();
    assert_eq!(run.state, RunState::Waiting);
    assert!(run.cause.as_ref().unwrap().contains("did not renew its lease for 600ms"), "{run:?}");
}

#[tokio::test]
async fn a_lease_counts_as_unchanged_only_while_the_store_could_be_read() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let (_runs_it, _watches, mut rescuer, faulty) = watched(&scene, WithoutStore::Stop).await;
    for _ in 0..3 {
        assert_eq!(watch(&mut rescuer, LEASE / 2).await, 0);
        faulty.fail(Fault::Away);
        assert!(rescuer.rescue().await.is_err());
        faulty.heal();
    }
    assert_eq!(watch(&mut rescuer, LEASE * 2).await, 1);
}

#[tokio::test]
async fn a_run_whose_worker_may_finish_is_unconfirmed_for_long_before_it_is_lost() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let (_runs_it, _watches, mut rescuer, _) = watched(&scene, WithoutStore::Finish).await;
    assert_eq!(watch(&mut rescuer, LEASE / 2).await, 0);
    assert_eq!(rescuer.unconfirmed(), 0);
    assert_eq!(watch(&mut rescuer, LEASE).await, 0);
    assert_eq!(rescuer.unconfirmed(), 1);
    assert_eq!(watch(&mut rescuer, LEASE * 4).await, 1);
}

#[tokio::test]
async fn what_a_node_left_behind_is_taken_back_soon() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let (runs_it, _watches, mut rescuer, _) = watched(&scene, WithoutStore::Finish).await;
    let store = runs_it.engine.store();
    assert_eq!(watch(&mut rescuer, LEASE / 2).await, 0);
    assert!(!store.held().await.unwrap()[0].left);
    store.leave(&holder("a"), runs_it.engine.now()).await.unwrap();
    assert!(store.held().await.unwrap()[0].left);
    assert_eq!(watch(&mut rescuer, LEASE / 2).await, 1, "long before its lease is over");
    let run = runs_it.last_run("one").await.unwrap();
    assert!(run.cause.as_ref().unwrap().contains("node-1 left without recording a result"), "{run:?}");
}
