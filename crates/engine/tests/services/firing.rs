//! Slots and time: fired when due, once, and accounted for after an outage.

use std::time::Duration;

use roundsman_engine::Service as _;
use roundsman_model::{HumanDuration, Misfire, Origin, Overlap, RunState};

use crate::fakes::{Scene, ledger, runs, task};

#[tokio::test]
async fn a_slot_fires_when_it_is_due_and_once() {
    let scene = Scene::at("2026-11-20T01:59:59.5Z");
    let store = scene.store().await;
    let (_engine, mut firer) = scene.started("a", &store, &[task("nightly", "0 2 * * *")], None).await;
    let rest = firer.run_once().await;
    assert!(runs(&store).await.is_empty(), "not due yet");
    assert!(rest <= Duration::from_millis(500), "it wakes for the slot: {rest:?}");
    scene.clock.advance(Duration::from_millis(500));
    firer.run_once().await;
    firer.run_once().await;
    let runs = runs(&store).await;
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].origin, runs[0].state), (Origin::Schedule, RunState::Queued));
    assert_eq!(ledger(&store, "nightly").await, ["02:00:00 fired"]);
}

#[tokio::test]
async fn an_active_run_lets_the_next_slot_be_skipped() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = scene.store().await;
    let (_engine, mut firer) = scene.started("a", &store, &[task("busy", "* * * * *")], None).await;
    for _ in 0..2 {
        scene.clock.advance(Duration::from_secs(60));
        firer.run_once().await;
    }
    assert_eq!(ledger(&store, "busy").await, ["02:01:00 fired", "02:02:00 skipped(overlap)"]);
    assert_eq!(runs(&store).await.len(), 1);
}

#[tokio::test]
async fn places_of_allow_are_all_used() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = scene.store().await;
    let mut busy = task("busy", "* * * * *");
    busy.overlap = Overlap::Allow(2);
    let (_engine, mut firer) = scene.started("a", &store, &[busy], None).await;
    for _ in 0..3 {
        scene.clock.advance(Duration::from_secs(60));
        firer.run_once().await;
    }
    assert_eq!(
        ledger(&store, "busy").await,
        ["02:01:00 fired", "02:02:00 fired", "02:03:00 skipped(overlap)"]
    );
}

#[tokio::test]
async fn six_hours_down_run_once_and_the_ledger_says_so() {
    let scene = Scene::at("2026-11-20T02:01:00Z");
    let store = scene.store().await;
    let tasks = [task("poll", "*/5 * * * *")];
    scene.started("a", &store, &tasks, None).await;
    let stopped = scene.clock.clone();
    let since = roundsman_model::Clock::now(&*stopped);
    scene.clock.advance(Duration::from_secs(6 * 3_600));
    let (_engine, mut firer) = scene.started("b", &store, &tasks, Some(since)).await;
    firer.run_once().await;
    assert_eq!(ledger(&store, "poll").await, ["02:05:00–07:55:00 ×71 missed(down)", "08:00:00 fired"]);
    let rows = store.slots(&"poll".parse().unwrap(), None, 10).await.unwrap();
    let detail = rows.iter().find_map(|row| row.detail.clone()).unwrap();
    assert!(
        detail.contains("daemon down from 2026-11-20 02:01:00 +00:00 to 2026-11-20 08:01:00"),
        "{detail}"
    );
}

#[tokio::test]
async fn years_of_downtime_are_one_row_and_cost_nothing() {
    let scene = Scene::at("2025-11-20T02:00:05Z");
    let store = scene.store().await;
    let mut tasks = vec![task("off", "*/10 * * * * *")];
    tasks[0].enabled = false;
    tasks.extend((0..20).map(|number| task(&format!("busy-{number}"), "*/10 * * * * *")));
    scene.started("a", &store, &tasks, None).await;
    scene.clock.set("2026-11-20T02:00:05Z".parse().unwrap());
    let begun = std::time::Instant::now();
    scene.started("b", &store, &tasks, None).await;
    assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
    let year = 365 * 8_640;
    let rows = ledger(&store, "busy-7").await;
    assert_eq!(rows, [format!("02:00:10–01:59:50 ×{} missed(down)", year - 1), "02:00:00 fired".to_owned()]);
    assert_eq!(ledger(&store, "off").await, [format!("02:00:10–02:00:00 ×{year} skipped(disabled)")]);
}

#[tokio::test]
async fn a_policy_that_catches_up_nothing_misses_all() {
    let scene = Scene::at("2026-11-20T02:10:00Z");
    let store = scene.store().await;
    let mut never = task("never", "0 * * * *");
    never.misfire = Misfire::None;
    scene.started("a", &store, std::slice::from_ref(&never), None).await;
    scene.clock.advance(Duration::from_secs(3 * 3_600));
    scene.started("b", &store, &[never], None).await;
    assert_eq!(ledger(&store, "never").await, ["03:00:00–05:00:00 ×3 missed(down)"]);
}

#[tokio::test]
async fn slots_of_an_outage_belong_to_the_definition_then_in_force() {
    let scene = Scene::at("2026-11-20T02:01:00Z");
    let store = scene.store().await;
    scene.started("a", &store, &[task("poll", "*/30 * * * *"), task("gone", "0 * * * *")], None).await;
    scene.clock.advance(Duration::from_secs(3_600));
    let (_engine, mut firer) = scene.started("b", &store, &[task("poll", "10 * * * *")], None).await;
    scene.clock.advance(Duration::from_secs(600));
    firer.run_once().await;
    assert_eq!(
        ledger(&store, "poll").await,
        ["02:30:00 missed(down)", "03:00:00 fired", "03:10:00 skipped(overlap)"]
    );
    assert_eq!(ledger(&store, "gone").await, ["03:00:00 missed(down)"]);
}

#[tokio::test]
async fn a_task_seen_for_the_first_time_runs_at_once_if_it_wants() {
    let scene = Scene::at("2026-11-20T02:01:00Z");
    let store = scene.store().await;
    let mut eager = task("eager", "0 2 * * *");
    eager.run_at_first_start = true;
    scene.started("a", &store, &[eager.clone()], None).await;
    let first = runs(&store).await;
    assert_eq!((first.len(), first[0].origin, first[0].slot), (1, Origin::FirstStart, None));
    scene.started("b", &store, &[eager], None).await;
    assert_eq!(runs(&store).await.len(), 1, "once, not at every start");
}

#[tokio::test]
async fn jitter_moves_the_run_and_not_the_slot() {
    let scene = Scene::at("2026-11-20T01:59:00Z");
    let store = scene.store().await;
    let mut spread = task("spread", "0 2 * * *");
    spread.jitter = HumanDuration::from_secs(600);
    let offset = spread.jitter_offset();
    assert!(offset > Duration::ZERO);
    let (_engine, mut firer) = scene.started("a", &store, &[spread], None).await;
    scene.clock.advance(Duration::from_millis(59_999) + offset);
    firer.run_once().await;
    assert!(runs(&store).await.is_empty());
    scene.clock.advance(Duration::from_millis(1));
    firer.run_once().await;
    assert_eq!(runs(&store).await[0].slot, Some("2026-11-20T02:00:00Z".parse().unwrap()));
}

#[tokio::test]
async fn a_clock_set_back_repeats_nothing() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = scene.store().await;
    let mut minutely = task("minutely", "* * * * *");
    minutely.overlap = Overlap::Allow(100);
    let (_engine, mut firer) = scene.started("a", &store, &[minutely], None).await;
    scene.clock.set("2026-11-20T02:01:00Z".parse().unwrap());
    firer.run_once().await;
    scene.clock.set("2026-11-20T02:00:10Z".parse().unwrap());
    firer.run_once().await;
    scene.clock.set("2026-11-20T02:01:05Z".parse().unwrap());
    firer.run_once().await;
    scene.clock.set("2026-11-20T02:02:00Z".parse().unwrap());
    firer.run_once().await;
    assert_eq!(ledger(&store, "minutely").await, ["02:01:00 fired", "02:02:00 fired"]);
}

#[tokio::test]
async fn what_another_node_fired_is_not_fired_again() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = scene.store().await;
    let tasks = [task("minutely", "* * * * *")];
    let (_one, mut first) = scene.started("a", &store, &tasks, None).await;
    let (_two, mut second) = scene.started("b", &store, &tasks, None).await;
    scene.clock.advance(Duration::from_secs(60));
    first.run_once().await;
    second.run_once().await;
    assert_eq!(runs(&store).await.len(), 1);
    assert_eq!(ledger(&store, "minutely").await, ["02:01:00 fired"]);
}
