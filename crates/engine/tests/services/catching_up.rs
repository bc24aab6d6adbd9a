//! Missed slots that are all caught up: one after the other, in order, over restarts, with new slots behind them.

use std::{sync::Arc, time::Duration};

use roundsman_engine::{Firer, Service as _};
use roundsman_model::{Misfire, Outcome, RunState, TaskDefinition, Timestamp, Transition};
use roundsman_store::{Claimer, RunLease, Settlement, Store};

use crate::fakes::{Scene, holder, ledger, runs, task};

fn thorough() -> TaskDefinition {
    TaskDefinition { misfire: Misfire::All, ..task("thorough", "0 * * * *") }
}

/// Starts and ends whatever is queued.
async fn work_off(store: &Arc<dyn Store>, now: Timestamp) {
    let me = holder("worker");
    for run in store.claim(&Claimer::of(me.clone()), 10, now).await.unwrap().runs {
        let outcome = Outcome::success("done");
        let settlement = Settlement {
            wake_at: None,
            lease: RunLease { run: run.id, attempt: run.attempt, holder: me.clone() },
            end: roundsman_model::AttemptEnd::Finished { outcome: outcome.clone() },
            transition: Transition::End { state: RunState::Succeeded, cause: None, outcome: Some(outcome) },
            metrics: Vec::new(),
            cpu_ms: None,
            max_rss: None,
            at: now,
        };
        store.settle(settlement).await.unwrap();
    }
}

async fn pass_second(scene: &Scene, firer: &mut Firer) {
    scene.clock.advance(Duration::from_secs(1));
    firer.run_once().await;
}

#[tokio::test]
async fn each_missed_slot_comes_when_the_run_before_it_has_ended() {
    let scene = Scene::at("2026-11-20T02:10:00Z");
    let store = scene.store().await;
    scene.started("a", &store, &[thorough()], None).await;
    scene.clock.advance(Duration::from_secs(3 * 3_600));
    let (engine, mut firer) = scene.started("b", &store, &[thorough()], None).await;
    assert_eq!(ledger(&store, "thorough").await, ["03:00:00 fired"]);
    pass_second(&scene, &mut firer).await;
    assert_eq!(ledger(&store, "thorough").await, ["03:00:00 fired"], "its run is still queued");
    work_off(&store, engine.now()).await;
    pass_second(&scene, &mut firer).await;
    assert_eq!(ledger(&store, "thorough").await, ["03:00:00 ran", "04:00:00 fired"]);
    for _ in 0..2 {
        work_off(&store, engine.now()).await;
        pass_second(&scene, &mut firer).await;
    }
    assert_eq!(ledger(&store, "thorough").await, ["03:00:00 ran", "04:00:00 ran", "05:00:00 ran"]);
    assert_eq!(runs(&store).await.len(), 3);
}

#[tokio::test]
async fn what_is_left_survives_a_restart() {
    let scene = Scene::at("2026-11-20T02:10:00Z");
    let store = scene.store().await;
    scene.started("a", &store, &[thorough()], None).await;
    scene.clock.advance(Duration::from_secs(3 * 3_600));
    scene.started("b", &store, &[thorough()], None).await;
    work_off(&store, "2026-11-20T05:10:00Z".parse().unwrap()).await;
    let (engine, mut firer) = scene.started("c", &store, &[thorough()], None).await;
    for _ in 0..2 {
        work_off(&store, engine.now()).await;
        pass_second(&scene, &mut firer).await;
    }
    work_off(&store, engine.now()).await;
    assert_eq!(ledger(&store, "thorough").await, ["03:00:00 ran", "04:00:00 ran", "05:00:00 ran"]);
}

#[tokio::test]
async fn a_slot_that_comes_meanwhile_waits_for_its_turn() {
    let scene = Scene::at("2026-11-20T02:10:00Z");
    let store = scene.store().await;
    scene.started("a", &store, &[thorough()], None).await;
    scene.clock.advance(Duration::from_secs(2 * 3_600 + 49 * 60 + 59));
    let (engine, mut firer) = scene.started("b", &store, &[thorough()], None).await;
    assert_eq!(ledger(&store, "thorough").await, ["03:00:00 fired"]);
    for _ in 0..2 {
        pass_second(&scene, &mut firer).await;
    }
    assert_eq!(ledger(&store, "thorough").await, ["03:00:00 fired"], "05:00 is no reason to overtake 04:00");
    for _ in 0..2 {
        work_off(&store, engine.now()).await;
        pass_second(&scene, &mut firer).await;
    }
    assert_eq!(ledger(&store, "thorough").await, ["03:00:00 ran", "04:00:00 ran", "05:00:00 fired"]);
    // From now on slots come at their time again, and the overlap rule is for them.
    scene.clock.advance(Duration::from_secs(3_600));
    firer.run_once().await;
    assert_eq!(ledger(&store, "thorough").await.last().unwrap(), "06:00:00 skipped(overlap)");
}

#[tokio::test]
async fn no_more_than_a_hundred_are_caught_up() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = scene.store().await;
    let many = TaskDefinition { misfire: Misfire::All, ..task("many", "* * * * *") };
    scene.started("a", &store, std::slice::from_ref(&many), None).await;
    scene.clock.advance(Duration::from_secs(3 * 3_600));
    scene.started("b", &store, &[many], None).await;
    assert_eq!(ledger(&store, "many").await, ["02:01:00–03:20:00 ×80 missed(down)", "03:21:00 fired"]);
}

#[tokio::test]
async fn a_wake_up_waits_until_all_is_caught_up() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = scene.store().await;
    let task = TaskDefinition { misfire: Misfire::All, ..task("minutely", "* * * * *") };
    let (engine, mut firer) = scene.started("a", &store, std::slice::from_ref(&task), None).await;
    for _ in 0..40 {
        pass_second(&scene, &mut firer).await;
    }
    let me = holder("worker");
    let run = store.claim(&Claimer::of(me.clone()), 1, engine.now()).await.unwrap().runs.remove(0);
    let settlement = Settlement {
        wake_at: Some("2026-11-20T02:02:30Z".parse().unwrap()),
        lease: RunLease { run: run.id, attempt: 1, holder: me },
        end: roundsman_model::AttemptEnd::Finished { outcome: Outcome::success("done") },
        transition: Transition::End { state: RunState::Succeeded, cause: None, outcome: None },
        metrics: Vec::new(),
        cpu_ms: None,
        max_rss: None,
        at: engine.now(),
    };
    store.settle(settlement).await.unwrap();
    scene.clock.set("2026-11-20T02:05:30Z".parse().unwrap());
    let engine = scene.boot("b", &store, &[task]).await;
    let mut firer = Firer::new(engine.clone(), Some("2026-11-20T02:01:10Z".parse().unwrap()));
    firer.begin().await.unwrap();
    scene.clock.advance(Duration::from_millis(1));
    let rest = firer.run_once().await;
    assert!(rest >= Duration::from_millis(100), "{rest:?}");
    for _ in 0..60 {
        scene.clock.advance(Duration::from_millis(10));
        firer.run_once().await;
    }
    let ready = engine.health().readiness();
    assert!(ready.parts.iter().all(|(name, well, _)| *name != "slots" || *well), "{:?}", ready.parts);
    for _ in 0..8 {
        work_off(&store, engine.now()).await;
        pass_second(&scene, &mut firer).await;
    }
    // Its turn comes with the last slot, whose run is in its way then, as the overlap rule has it.
    assert_eq!(store.tasks().await.unwrap().remove(0).wake, None);
    let ran: Vec<_> = (1..=5).map(|minute| format!("02:0{minute}:00 ran")).collect();
    assert_eq!(ledger(&store, "minutely").await, ran);
}
