//! What people and runs ask for between slots: pauses, wake-ups, tasks that are switched off, blackouts.

use std::{sync::Arc, time::Duration};

use roundsman_engine::Service as _;
use roundsman_model::{
    AfterBlackout, AttemptEnd, Blackout, HumanDuration, Origin, Outcome, Pause, RunState, Schedule,
    TaskDefinition, Timestamp, Transition,
};
use roundsman_store::{Claimer, RunLease, Settlement, Store};

use crate::fakes::{Scene, holder, ledger, runs, task};

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn pause(from: &str, until: Option<&str>) -> Pause {
    Pause {
        from: at(from),
        until: until.map(at),
        by: "ada@bastion".into(),
        reason: Some("the switch is replaced".into()),
    }
}

async fn ask_for_wake(store: &Arc<dyn Store>, now: Timestamp, wake_at: Timestamp) {
    let me = holder("worker");
    let run = store.claim(&Claimer::of(me.clone()), 1, now).await.unwrap().runs.remove(0);
    let outcome = Outcome::success("come again");
    let settlement = Settlement {
        wake_at: Some(wake_at),
        lease: RunLease { run: run.id, attempt: run.attempt, holder: me },
        end: AttemptEnd::Finished { outcome: outcome.clone() },
        transition: Transition::End { state: RunState::Succeeded, cause: None, outcome: Some(outcome) },
        metrics: Vec::new(),
        cpu_ms: None,
        max_rss: None,
        at: now,
    };
    store.settle(settlement).await.unwrap();
}

#[tokio::test]
async fn a_pause_written_by_somebody_else_holds_at_once() {
    let scene = Scene::at("2026-11-20T02:00:58Z");
    let store = scene.store().await;
    let (_engine, mut firer) = scene.started("a", &store, &[task("minutely", "* * * * *")], None).await;
    let name = "minutely".parse().unwrap();
    assert!(store.pause(&name, &pause("2026-11-20T02:00:59Z", None)).await.unwrap());
    scene.clock.advance(Duration::from_secs(2));
    firer.run_once().await;
    assert_eq!(ledger(&store, "minutely").await, ["02:01:00 skipped(paused)"]);
    let slot = store.slot(&name, at("2026-11-20T02:01:00Z")).await.unwrap().unwrap();
    assert_eq!(
        slot.detail.unwrap(),
        "paused by ada@bastion since 2026-11-20T02:00:59Z: the switch is replaced"
    );
    store.resume(&name, "ada@bastion", at("2026-11-20T02:01:30Z")).await.unwrap();
    for _ in 0..60 {
        scene.clock.advance(Duration::from_secs(1));
        firer.run_once().await;
    }
    assert_eq!(ledger(&store, "minutely").await, ["02:01:00 skipped(paused)", "02:02:00 fired"]);
}

#[tokio::test]
async fn paused_and_blacked_out_slots_are_skipped_while_the_daemon_is_down() {
    let scene = Scene::at("2026-11-20T02:30:00Z");
    let store = scene.store().await;
    let mut hourly = task("hourly", "0 * * * *");
    hourly.blackouts = vec![Blackout {
        schedule: Schedule::parse("30 5 * * *").unwrap(),
        duration: HumanDuration::from_secs(3_600),
        timezone: None,
        reason: Some("backup".into()),
    }];
    let tasks = [hourly];
    scene.started("a", &store, &tasks, None).await;
    let name = "hourly".parse().unwrap();
    store.pause(&name, &pause("2026-11-20T02:40:00Z", Some("2026-11-20T04:30:00Z"))).await.unwrap();
    scene.clock.set(at("2026-11-20T07:30:00Z"));
    scene.started("b", &store, &tasks, Some(at("2026-11-20T02:50:00Z"))).await;
    assert_eq!(
        ledger(&store, "hourly").await,
        [
            "03:00:00–04:00:00 ×2 skipped(paused)",
            "05:00:00 missed(down)",
            "06:00:00 skipped(blackout)",
            "07:00:00 fired"
        ]
    );
}

#[tokio::test]
async fn the_last_slot_of_a_blackout_may_run_after_it() {
    let scene = Scene::at("2026-11-20T01:59:30Z");
    let store = scene.store().await;
    let mut often = task("often", "*/10 * * * *");
    often.after_blackout = AfterBlackout::Once;
    often.blackouts = vec![Blackout {
        schedule: Schedule::parse("0 2 * * *").unwrap(),
        duration: HumanDuration::from_secs(1_500),
        timezone: None,
        reason: None,
    }];
    let (_engine, mut firer) = scene.started("a", &store, &[often], None).await;
    for _ in 0..21 {
        scene.clock.advance(Duration::from_secs(60));
        firer.run_once().await;
    }
    assert_eq!(ledger(&store, "often").await, ["02:00:00–02:10:00 ×2 skipped(blackout)", "02:20:00 fired"]);
    assert_eq!(runs(&store).await[0].due_at, at("2026-11-20T02:25:00Z"));
}

#[tokio::test]
async fn an_extra_run_comes_when_it_was_asked_for() {
    let scene = Scene::at("2026-11-20T01:59:59Z");
    let store = scene.store().await;
    let (engine, mut firer) = scene.started("a", &store, &[task("nightly", "0 2 * * *")], None).await;
    scene.clock.advance(Duration::from_secs(1));
    firer.run_once().await;
    ask_for_wake(&store, engine.now(), at("2026-11-20T02:30:00Z")).await;
    engine.task_changed(&"nightly".parse().unwrap());
    let rest = firer.run_once().await;
    assert!(rest <= Duration::from_secs(1));
    scene.clock.set(at("2026-11-20T02:29:59Z"));
    firer.run_once().await;
    assert_eq!(runs(&store).await.len(), 1);
    scene.clock.advance(Duration::from_secs(1));
    firer.run_once().await;
    firer.run_once().await;
    let runs = runs(&store).await;
    assert_eq!(runs.len(), 2);
    assert_eq!((runs[0].origin, runs[0].slot), (Origin::Wake, None));
    let row = store.tasks().await.unwrap().remove(0);
    assert_eq!(row.wake, None, "it is taken out");
}

#[tokio::test]
async fn an_extra_run_waits_for_the_end_of_a_pause_and_survives_a_restart() {
    let scene = Scene::at("2026-11-20T01:59:59Z");
    let store = scene.store().await;
    let tasks = [task("nightly", "0 2 * * *")];
    let (engine, mut firer) = scene.started("a", &store, &tasks, None).await;
    scene.clock.advance(Duration::from_secs(1));
    firer.run_once().await;
    ask_for_wake(&store, engine.now(), at("2026-11-20T02:30:00Z")).await;
    let name = "nightly".parse().unwrap();
    store.pause(&name, &pause("2026-11-20T02:10:00Z", Some("2026-11-20T03:00:00Z"))).await.unwrap();
    scene.clock.set(at("2026-11-20T02:45:00Z"));
    let (_engine, mut firer) = scene.started("b", &store, &tasks, Some(at("2026-11-20T02:11:00Z"))).await;
    firer.run_once().await;
    assert_eq!(runs(&store).await.len(), 1, "paused");
    scene.clock.set(at("2026-11-20T03:00:00Z"));
    firer.run_once().await;
    assert_eq!(runs(&store).await.len(), 2);
}

#[tokio::test]
async fn slots_of_a_task_that_is_switched_off_are_written_down_seldom() {
    let scene = Scene::at("2026-11-20T02:00:00.5Z");
    let store = scene.store().await;
    let off = TaskDefinition { enabled: false, ..task("off", "*/10 * * * * *") };
    let (engine, mut firer) = scene.started("a", &store, &[off], None).await;
    let mut writes = 0;
    let mut before = ledger(&store, "off").await;
    for _ in 0..180 {
        scene.clock.advance(Duration::from_secs(1));
        firer.run_once().await;
        let now = ledger(&store, "off").await;
        writes += usize::from(now != before);
        before = now;
    }
    assert!((2..=3).contains(&writes), "written {writes} times");
    engine.stop_claiming.cancel();
    firer.run_once().await;
    assert_eq!(ledger(&store, "off").await, ["02:00:10–02:03:00 ×18 skipped(disabled)"]);
}
