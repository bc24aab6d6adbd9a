//! New definitions while slots fire: all or nothing, and each slot by the definition in force at its time.

use std::{sync::Arc, time::Duration};

use roundsman_engine::{Engine, Firer, ReloadError, ReloadReport, Service as _};
use roundsman_model::{TaskDefinition, TaskName};
use roundsman_store::Store;

use crate::{
    fakes::{Scene, ledger, runs, task},
    faulty::{Fault, Faulty},
};

async fn reload(
    engine: &Arc<Engine>,
    firer: &mut Firer,
    tasks: &[TaskDefinition],
) -> Result<ReloadReport, ReloadError> {
    let asked = engine.reload(tasks.to_vec(), Vec::new(), Vec::new());
    tokio::pin!(asked);
    tokio::select! {
        biased;
        early = &mut asked => panic!("answered by nobody: {early:?}"),
        () = std::future::ready(()) => {}
    }
    firer.run_once().await;
    asked.await
}

fn names(names: &[&str]) -> Vec<TaskName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

#[tokio::test]
async fn slots_up_to_a_reload_belong_to_the_old_definitions() {
    let scene = Scene::at("2026-11-20T02:00:58Z");
    let store = scene.store().await;
    let (engine, mut firer) = scene
        .started(
            "a",
            &store,
            &[task("kept", "* * * * *"), task("moved", "* * * * *"), task("gone", "* * * * *")],
            None,
        )
        .await;
    scene.clock.advance(Duration::from_secs(2));
    let new = [task("kept", "* * * * *"), task("moved", "30 * * * *"), task("fresh", "2 * * * *")];
    let report = reload(&engine, &mut firer, &new).await.unwrap();
    assert_eq!(report.added, names(&["fresh"]));
    assert_eq!(report.removed, names(&["gone"]));
    assert_eq!(report.changed, names(&["moved"]));
    assert!(report.leads);
    assert_eq!(ledger(&store, "moved").await, ["02:01:00 fired"]);
    assert_eq!(ledger(&store, "gone").await, ["02:01:00 skipped(disabled)"], "its run was cancelled");
    for _ in 0..60 {
        scene.clock.advance(Duration::from_secs(1));
        firer.run_once().await;
    }
    assert_eq!(ledger(&store, "kept").await, ["02:01:00 fired", "02:02:00 skipped(overlap)"]);
    assert_eq!(ledger(&store, "moved").await, ["02:01:00 fired"]);
    assert_eq!(ledger(&store, "fresh").await, ["02:02:00 fired"]);
    assert_eq!(ledger(&store, "gone").await.len(), 1);
    assert_eq!(engine.next_slots().len(), 3);
}

#[tokio::test]
async fn a_task_that_is_switched_off_and_on_is_accounted_for() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = scene.store().await;
    let on = task("poll", "* * * * *");
    let off = TaskDefinition { enabled: false, ..on.clone() };
    let (engine, mut firer) = scene.started("a", &store, std::slice::from_ref(&off), None).await;
    for _ in 0..170 {
        scene.clock.advance(Duration::from_secs(1));
        firer.run_once().await;
    }
    reload(&engine, &mut firer, std::slice::from_ref(&on)).await.unwrap();
    for _ in 0..60 {
        scene.clock.advance(Duration::from_secs(1));
        firer.run_once().await;
    }
    assert_eq!(ledger(&store, "poll").await, ["02:01:00–02:03:00 ×3 skipped(disabled)", "02:04:00 fired"]);
}

#[tokio::test]
async fn a_reload_that_the_store_refuses_changes_nothing() {
    let scene = Scene::at("2026-11-20T02:00:58Z");
    let faulty = Faulty::around(scene.store().await);
    let store: Arc<dyn Store> = faulty.clone();
    let (engine, mut firer) = scene.started("a", &store, &[task("kept", "* * * * *")], None).await;
    faulty.fail_only("install", Fault::Away);
    let refused = reload(&engine, &mut firer, &[task("other", "* * * * *")]).await;
    assert!(matches!(refused, Err(ReloadError::Store(_))), "{refused:?}");
    faulty.heal();
    scene.clock.advance(Duration::from_secs(2));
    firer.run_once().await;
    firer.run_once().await;
    assert_eq!(ledger(&store, "kept").await, ["02:01:00 fired"]);
    assert!(ledger(&store, "other").await.is_empty());
}

#[tokio::test]
async fn a_run_under_way_keeps_its_definition() {
    let scene = Scene::at("2026-11-20T01:59:59Z");
    let store = scene.store().await;
    let old = task("nightly", "0 2 * * *");
    let (engine, mut firer) = scene.started("a", &store, std::slice::from_ref(&old), None).await;
    scene.clock.advance(Duration::from_secs(1));
    firer.run_once().await;
    let new = TaskDefinition { with: serde_json::json!({"argv": ["false"]}), ..old.clone() };
    reload(&engine, &mut firer, &[new]).await.unwrap();
    assert_eq!(runs(&store).await[0].definition, old.hash());
}

#[tokio::test]
async fn a_daemon_that_stops_takes_no_new_definitions() {
    let scene = Scene::at("2026-11-20T02:00:58Z");
    let store = scene.store().await;
    let (engine, _firer) = scene.started("a", &store, &[task("kept", "* * * * *")], None).await;
    engine.stop_claiming.cancel();
    let refused = engine.reload(Vec::new(), Vec::new(), Vec::new()).await;
    assert!(matches!(refused, Err(ReloadError::Stopping)), "{refused:?}");
}

/// A new schedule for one task and a new task, seen by a daemon that was away for an hour.
async fn comes_back_to_other_definitions(fault: Option<Fault>) -> (Vec<String>, Vec<String>) {
    let scene = Scene::at("2026-11-20T01:10:00Z");
    let faulty = Faulty::around(scene.store().await);
    let store: Arc<dyn Store> = faulty.clone();
    scene.started("a", &store, &[task("hourly", "0 * * * *")], None).await;
    scene.clock.set("2026-11-20T02:10:00Z".parse().unwrap());
    let first = TaskDefinition { run_at_first_start: true, ..task("fresh", "0 3 * * *") };
    let engine = scene.boot("b", &store, &[task("hourly", "30 * * * *"), first]).await;
    let mut firer = Firer::new(engine, Some("2026-11-20T01:10:10Z".parse().unwrap()));
    if let Some(fault) = fault {
        faulty.fail_only("install", fault);
        assert!(firer.begin().await.is_err());
        faulty.heal();
    }
    firer.begin().await.unwrap();
    let runs = runs(&store).await.into_iter().map(|run| format!("{} {}", run.task, run.origin.as_str()));
    (ledger(&store, "hourly").await, runs.collect())
}

#[tokio::test]
async fn definitions_and_what_they_begin_with_are_one() {
    let well = comes_back_to_other_definitions(None).await;
    assert_eq!(well.0, ["02:00:00 fired"], "by the old definition; the new one has no slot at 01:30");
    assert_eq!(well.1.len(), 2, "one for that slot, one at the first start: {:?}", well.1);
    for fault in [Fault::AnswerLost, Fault::Away] {
        assert_eq!(comes_back_to_other_definitions(Some(fault)).await, well, "{fault:?}");
    }
}

#[tokio::test]
async fn a_reload_that_nobody_waits_for_any_more_does_not_come() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = scene.store().await;
    let (engine, mut firer) = scene.started("a", &store, &[task("kept", "* * * * *")], None).await;
    tokio::time::pause();
    let slow = engine.reload(vec![task("fresh", "* * * * *")], Vec::new(), Vec::new()).await;
    assert!(matches!(slow, Err(ReloadError::Slow(_))), "{slow:?}");
    tokio::time::resume();
    firer.run_once().await;
    assert_eq!(engine.definitions()[0].name.as_str(), "kept");
}
