//! Runs whose daemon is gone: taken back on proof, after what is left was ended, and never on suspicion.

use roundsman_store::Claimer;
use std::{sync::Arc, time::Duration};

use roundsman_engine::{Rescuer, Service as _};
use roundsman_model::{AttemptEnd, Outcome, RunState, Transition};
use roundsman_store::{RunLease, Settled, Settlement};

use crate::fakes::{Dead, Scene, holder, runs, task};

#[tokio::test]
async fn a_dead_boot_loses_its_run_and_the_policy_tries_again() {
    let scene = Scene::at("2026-11-20T01:59:30Z");
    let store = scene.store().await;
    let tasks = [task("nightly", "0 2 * * *")];
    let (_engine, mut firer) = scene.started("a", &store, &tasks, None).await;
    scene.clock.advance(Duration::from_secs(30));
    firer.run_once().await;
    let claimed = store
        .claim(&Claimer::of(holder("a")), 10, "2026-11-20T02:00:00Z".parse().unwrap())
        .await
        .unwrap()
        .runs;
    assert_eq!(claimed.len(), 1);

    let successor = scene.boot("b", &store, &tasks).await;
    let mut suspicious = Rescuer::new(successor.clone(), Arc::new(Dead(Vec::new())));
    assert_eq!(suspicious.rescue().await.unwrap(), 0, "suspicion is no proof");
    assert_eq!(runs(&store).await[0].state, RunState::Running);

    let mut rescuer = Rescuer::new(successor, Arc::new(Dead(vec![holder("a")])));
    assert_eq!(rescuer.rescue().await.unwrap(), 1);
    assert_eq!(*scene.script.sweeps.lock().unwrap(), 1, "leftovers are ended first");
    let run = runs(&store).await.remove(0);
    assert_eq!(run.state, RunState::Waiting);
    assert!(run.cause.unwrap().contains("ended without recording a result"));

    let late = Settlement {
        wake_at: None,
        lease: RunLease { run: run.id, attempt: 1, holder: holder("a") },
        end: AttemptEnd::Finished { outcome: Outcome::success("too late") },
        transition: Transition::End { state: RunState::Succeeded, cause: None, outcome: None },
        metrics: Vec::new(),
        cpu_ms: None,
        max_rss: None,
        at: "2026-11-20T02:05:00Z".parse().unwrap(),
    };
    assert_eq!(store.settle(late).await.unwrap(), Settled::Late);
    assert_eq!(runs(&store).await[0].state, RunState::Waiting, "a late result changes nothing else");
}

#[tokio::test]
async fn runs_of_this_boot_are_left_alone() {
    let scene = Scene::at("2026-11-20T01:59:30Z");
    let store = scene.store().await;
    let tasks = [task("nightly", "0 2 * * *")];
    let (engine, mut firer) = scene.started("a", &store, &tasks, None).await;
    scene.clock.advance(Duration::from_secs(30));
    firer.run_once().await;
    store.claim(&Claimer::of(holder("a")), 10, "2026-11-20T02:00:00Z".parse().unwrap()).await.unwrap();
    let mut rescuer = Rescuer::new(engine, Arc::new(Dead(vec![holder("a")])));
    assert_eq!(rescuer.rescue().await.unwrap(), 0);
}
