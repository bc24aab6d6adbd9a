//! Clocks that are set, hosts that sleep: no slot is lost, none is repeated, and the ledger tells what happened.

use std::{sync::Arc, time::Duration};

use roundsman_engine::{Engine, Firer, Service as _};
use roundsman_model::{AttemptEnd, Overlap, Run, RunState, TaskDefinition, TaskError, Timestamp, Transition};
use roundsman_store::{Claimer, RunLease, Settlement, Store};

use crate::fakes::{Scene, holder, ledger, runs, task};

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn minutely() -> TaskDefinition {
    TaskDefinition { overlap: Overlap::Allow(1_000), ..task("minutely", "* * * * *") }
}

async fn seconds(scene: &Scene, firer: &mut Firer, count: u64) {
    for _ in 0..count {
        scene.clock.advance(Duration::from_secs(1));
        firer.run_once().await;
    }
}

async fn detail(store: &Arc<dyn Store>, slot: &str) -> String {
    store.slot(&"minutely".parse().unwrap(), at(slot)).await.unwrap().unwrap().detail.unwrap()
}

fn clock_part(engine: &Engine) -> (bool, String) {
    let parts = engine.health().readiness().parts;
    let (_, well, words) = parts.into_iter().find(|(name, ..)| *name == "clock").unwrap();
    (well, words)
}

#[tokio::test]
async fn a_step_forward_misses_what_it_passes_over() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = scene.store().await;
    let (_engine, mut firer) = scene.started("a", &store, &[minutely()], None).await;
    firer.run_once().await;
    scene.clock.set(at("2026-11-20T02:05:30Z"));
    firer.run_once().await;
    assert_eq!(ledger(&store, "minutely").await, ["02:01:00–02:04:00 ×4 missed(down)", "02:05:00 fired"]);
    let detail = detail(&store, "2026-11-20T02:02:00Z").await;
    assert!(detail.starts_with("the clock was set forward by 5 min:"), "{detail}");
}

#[tokio::test]
async fn a_step_back_waits_for_the_ledger() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = scene.store().await;
    let (_engine, mut firer) = scene.started("a", &store, &[minutely()], None).await;
    seconds(&scene, &mut firer, 90).await;
    assert_eq!(ledger(&store, "minutely").await, ["02:01:00 fired", "02:02:00 fired"]);
    scene.clock.set(at("2026-11-20T01:50:00Z"));
    seconds(&scene, &mut firer, 13 * 60).await;
    assert_eq!(ledger(&store, "minutely").await, ["02:01:00 fired", "02:02:00 fired", "02:03:00 fired"]);
}

#[tokio::test]
async fn a_suspended_host_misses_what_it_slept_through() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = scene.store().await;
    let (_engine, mut firer) = scene.started("a", &store, &[minutely()], None).await;
    firer.run_once().await;
    scene.clock.suspend(Duration::from_secs(5 * 3_600));
    firer.run_once().await;
    assert_eq!(
        ledger(&store, "minutely").await,
        ["02:01:00–06:59:00 ×299 missed(down)", "07:00:00 fired"],
        "time that passed is no jump, however long"
    );
    let detail = detail(&store, "2026-11-20T03:00:00Z").await;
    assert!(detail.starts_with("the host slept from 2026-11-20 02:00:30"), "{detail}");
}

#[tokio::test]
async fn a_jump_that_is_corrected_in_time_costs_nothing() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = scene.store().await;
    let (engine, mut firer) = scene.started("a", &store, &[minutely()], None).await;
    firer.run_once().await;
    scene.clock.set(at("2036-01-01T00:00:00Z"));
    seconds(&scene, &mut firer, 5).await;
    let (well, words) = clock_part(&engine);
    assert!(!well && words.contains("2036"), "{words}");
    assert!(!engine.health().readiness().ready);
    scene.clock.set(at("2026-11-20T02:00:35Z"));
    seconds(&scene, &mut firer, 30).await;
    assert_eq!(ledger(&store, "minutely").await, ["02:01:00 fired"]);
    assert!(clock_part(&engine).0);
}

/// The run of a slot, if it has one that did not end before it began.
fn run_for<'r>(runs: &'r [Run], slot: &str) -> Vec<&'r Run> {
    runs.iter().filter(|run| run.slot == Some(at(slot)) && run.state != RunState::Cancelled).collect()
}

#[tokio::test]
async fn a_start_in_2036_followed_by_the_correction_loses_nothing() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = scene.store().await;
    let tasks = [minutely()];
    let (_engine, mut firer) = scene.started("a", &store, &tasks, None).await;
    seconds(&scene, &mut firer, 60).await;
    assert_eq!(ledger(&store, "minutely").await, ["02:01:00 fired"]);
    store.claim(&Claimer::of(holder("a")), 10, at("2026-11-20T02:01:30Z")).await.unwrap();

    // The host comes up without its clock's battery.
    scene.clock.set(at("2036-05-01T12:00:10Z"));
    let (engine, mut firer) = scene.started("b", &store, &tasks, Some(at("2026-11-20T02:01:30Z"))).await;
    seconds(&scene, &mut firer, 5).await;
    assert_eq!(ledger(&store, "minutely").await, ["02:01:00 ran"], "firing waits");
    assert!(!clock_part(&engine).0);
    seconds(&scene, &mut firer, 10).await;
    let wrong = ledger(&store, "minutely").await;
    assert_eq!(wrong.len(), 3, "{wrong:?}");
    assert!(wrong[1].starts_with("02:02:00–11:59:00 ×"), "{wrong:?}");
    assert_eq!(wrong[2], "12:00:00 fired", "one run for all of it");

    // NTP has an answer.
    scene.clock.set(at("2026-11-20T02:03:30Z"));
    seconds(&scene, &mut firer, 9).await;
    assert_eq!(ledger(&store, "minutely").await, wrong, "firing waits");
    seconds(&scene, &mut firer, 60).await;
    assert_eq!(
        ledger(&store, "minutely").await,
        ["02:01:00 ran", "02:02:00 missed(down)", "02:03:00 fired", "02:04:00 fired"]
    );
    let runs = runs(&store).await;
    assert!(run_for(&runs, "2036-05-01T12:00:00Z").is_empty(), "it never started, and starts no more");
    assert_eq!(run_for(&runs, "2026-11-20T02:03:00Z").len(), 1);
    let detail = detail(&store, "2026-11-20T02:02:00Z").await;
    assert!(detail.starts_with("the clock was set back by"), "{detail}");
}

#[tokio::test]
async fn a_slot_that_ran_under_a_clock_that_was_ahead_does_not_run_again() {
    let scene = Scene::at("2026-11-20T05:00:30Z");
    let store = scene.store().await;
    let tasks = [TaskDefinition { overlap: Overlap::Allow(1_000), ..task("minutely", "*/10 * * * *") }];
    let (_engine, mut firer) = scene.started("a", &store, &tasks, None).await;
    seconds(&scene, &mut firer, 600).await;
    let claimed = store.claim(&Claimer::of(holder("a")), 10, at("2026-11-20T05:10:30Z")).await.unwrap();
    assert_eq!(claimed.runs.len(), 1, "05:10 ran, says the wrong clock");
    scene.clock.set(at("2026-11-20T02:55:00Z"));
    seconds(&scene, &mut firer, 20).await;
    assert_eq!(ledger(&store, "minutely").await, ["05:10:00 ran"]);
    // Two hours and a half later the daemon is down for a while around that slot.
    seconds(&scene, &mut firer, 8 * 60).await;
    scene.clock.set(at("2026-11-20T05:35:00Z"));
    scene.started("b", &store, &tasks, Some(at("2026-11-20T03:05:00Z"))).await;
    assert_eq!(
        ledger(&store, "minutely").await,
        [
            "03:00:00 fired",
            "03:10:00–05:00:00 ×12 missed(down)",
            "05:10:00 ran",
            "05:20:00 missed(down)",
            "05:30:00 fired"
        ]
    );
}

#[tokio::test]
async fn a_start_with_records_from_the_future_takes_them_back() {
    let scene = Scene::at("2036-05-01T12:00:30Z");
    let store = scene.store().await;
    let tasks = [minutely()];
    let (_engine, mut firer) = scene.started("a", &store, &tasks, None).await;
    seconds(&scene, &mut firer, 60).await;
    assert_eq!(ledger(&store, "minutely").await, ["12:01:00 fired"]);
    scene.clock.set(at("2026-11-20T02:00:30Z"));
    let (_engine, mut firer) = scene.started("b", &store, &tasks, Some(at("2036-05-01T12:01:30Z"))).await;
    assert_eq!(ledger(&store, "minutely").await, ["12:01:00 fired"], "firing waits");
    seconds(&scene, &mut firer, 100).await;
    assert_eq!(ledger(&store, "minutely").await, ["02:01:00 fired", "02:02:00 fired"]);
}

#[tokio::test]
async fn a_retry_under_a_clock_that_was_ahead_does_not_wait_for_it() {
    let scene = Scene::at("2036-05-01T11:59:30Z");
    let store = scene.store().await;
    let (_engine, mut firer) = scene.started("a", &store, &[task("daily", "0 12 * * *")], None).await;
    seconds(&scene, &mut firer, 40).await;
    let claimed = store.claim(&Claimer::of(holder("a")), 10, at("2036-05-01T12:00:10Z")).await.unwrap();
    let run = claimed.runs[0].id;
    let settlement = Settlement {
        lease: RunLease { run, attempt: 1, holder: holder("a") },
        end: AttemptEnd::Erred { error: TaskError::retry("no answer") },
        transition: Transition::Wait {
            due_at: at("2036-05-01T12:00:40Z"),
            cause: "no answer".into(),
            counted: true,
        },
        metrics: Vec::new(),
        cpu_ms: None,
        max_rss: None,
        wake_at: None,
        at: at("2036-05-01T12:00:11Z"),
    };
    store.settle(settlement).await.unwrap();
    scene.clock.set(at("2026-11-20T02:03:30Z"));
    seconds(&scene, &mut firer, 60).await;
    let again = store.claim(&Claimer::of(holder("a")), 10, at("2026-11-20T02:04:30Z")).await.unwrap();
    assert_eq!(again.runs.iter().map(|run| run.id).collect::<Vec<_>>(), [run]);
}
