//! Runs that could not start in time, and clocks that only say so.

use std::{sync::Arc, time::Duration};

use roundsman_engine::{Engine, Expirer, Firer, Service as _};
use roundsman_model::{HumanDuration, Run, RunState, TaskDefinition, Timestamp};
use roundsman_store::Store;

use crate::fakes::{Scene, ledger, runs, task};

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// A daemon that ticks and starts nothing.
struct Daemon<'s> {
    scene: &'s Scene,
    store: Arc<dyn Store>,
    firer: Firer,
    expirer: Expirer,
    given_up: usize,
}

impl<'s> Daemon<'s> {
    async fn start(scene: &'s Scene, boot: &str, down_since: Option<&str>) -> Self {
        let store = scene.store().await;
        let engine = scene.boot(boot, &store, &[hourly()]).await;
        let mut firer = Firer::new(engine.clone(), down_since.map(at));
        firer.begin().await.unwrap();
        Self { scene, store, firer, expirer: Expirer::new(engine), given_up: 0 }
    }

    async fn tick(&mut self, secs: u64) {
        for second in 1..=secs {
            self.scene.clock.advance(Duration::from_secs(1));
            self.firer.run_once().await;
            if second % 5 == 0 || second == secs {
                self.given_up += self.expirer.expire().await.unwrap();
            }
        }
    }

    async fn first(&self) -> Run {
        runs(&self.store).await.pop().unwrap()
    }
}

/// A task whose runs may wait for ten minutes.
fn hourly() -> TaskDefinition {
    TaskDefinition { start_within: Some(HumanDuration::from_secs(600)), ..task("hourly", "0 * * * *") }
}

#[tokio::test]
async fn a_run_that_cannot_start_in_time_is_given_up() {
    let scene = Scene::at("2026-11-20T01:59:30Z");
    let mut daemon = Daemon::start(&scene, "a", None).await;
    daemon.tick(30 + 600).await;
    assert_eq!(daemon.given_up, 0);
    daemon.tick(5).await;
    assert_eq!((daemon.given_up, daemon.first().await.state), (1, RunState::Failed));
    assert_eq!(ledger(&daemon.store, "hourly").await, ["02:00:00 missed(not_started)"]);
}

#[tokio::test]
async fn a_clock_that_is_ahead_for_a_while_gives_no_run_up() {
    for ahead in ["2036-05-01T12:10:00Z", "2026-11-22T02:10:00Z", "2026-11-20T02:55:00Z"] {
        let scene = Scene::at("2026-11-20T01:59:30Z");
        let mut daemon = Daemon::start(&scene, "a", None).await;
        daemon.tick(60).await;
        scene.clock.set(at(ahead));
        // Before the firer sees it, while it waits, and when it believes it.
        assert_eq!(daemon.expirer.expire().await.unwrap(), 0);
        daemon.tick(60).await;
        scene.clock.set(at("2026-11-20T02:01:40Z"));
        daemon.tick(60).await;
        let run = daemon.first().await;
        assert_eq!(
            (daemon.given_up, run.state, run.slot),
            (0, RunState::Queued, Some(at("2026-11-20T02:00:00Z")))
        );
        // The time that it really waited counts.
        daemon.tick(9 * 60).await;
        assert_eq!(daemon.given_up, 1, "{ahead}");
    }
}

#[tokio::test]
async fn after_an_outage_what_is_too_late_is_given_up_at_once() {
    let scene = Scene::at("2026-11-20T01:59:30Z");
    let mut daemon = Daemon::start(&scene, "a", None).await;
    daemon.tick(60).await;
    drop(daemon);
    scene.clock.advance(Duration::from_secs(3_000));
    let mut daemon = Daemon::start(&scene, "b", Some("2026-11-20T02:00:30Z")).await;
    daemon.tick(1).await;
    assert_eq!((daemon.given_up, daemon.first().await.state), (1, RunState::Failed));
}

#[tokio::test]
async fn a_start_years_later_gives_nothing_up_before_it_is_certain() {
    let scene = Scene::at("2026-11-20T01:59:30Z");
    let mut daemon = Daemon::start(&scene, "a", None).await;
    daemon.tick(60).await;
    drop(daemon);
    scene.clock.set(at("2036-05-01T12:10:00Z"));
    let mut daemon = Daemon::start(&scene, "b", Some("2026-11-20T02:00:30Z")).await;
    daemon.tick(9 * 60).await;
    assert_eq!((daemon.given_up, daemon.first().await.state), (0, RunState::Queued));
    daemon.tick(2 * 60).await;
    assert_eq!(daemon.given_up, 1, "the clock was right after all");
}

#[tokio::test]
async fn only_a_node_that_fires_gives_runs_up() {
    let scene = Scene::at("2026-11-20T01:59:30Z");
    let mut daemon = Daemon::start(&scene, "a", None).await;
    daemon.tick(60).await;
    let bystander: Arc<Engine> = scene.boot("b", &daemon.store, &[hourly()]).await;
    let mut expirer = Expirer::new(bystander);
    assert_eq!(expirer.expire().await.unwrap(), 0);
    scene.clock.advance(Duration::from_secs(700));
    assert_eq!(expirer.expire().await.unwrap(), 0);
    daemon.tick(1).await;
    assert_eq!(daemon.given_up, 1);
}
