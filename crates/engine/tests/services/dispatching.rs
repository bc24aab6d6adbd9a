//! The dispatcher's manners: no spinning when something is due and cannot start, no waiting when something can.

use roundsman_testkit::Installing as _;
use std::{sync::Arc, time::Duration};

use roundsman_engine::{EngineSettings, Service as _};
use roundsman_model::{AttemptEnd, RunState, TaskError};
use roundsman_store::Round;

use crate::{
    fakes::{Scene, holder, task},
    faulty::{Fault, Faulty},
    stage::Stage,
};

fn pooled(name: &str) -> roundsman_model::TaskDefinition {
    let mut task = task(name, "0 2 * * *");
    task.pool = Some("netbox".parse().unwrap());
    task
}

#[tokio::test]
async fn a_run_that_finds_its_pool_full_makes_the_dispatcher_rest_and_starts_when_a_place_is_free() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let store = scene.store().await;
    let tasks = [pooled("one"), pooled("two")];
    let mut stage =
        Stage::new(store.clone(), &scene.clock, holder("a"), &tasks, (4, EngineSettings::default())).await;
    store.install_limits(&[("netbox".parse().unwrap(), 1)], &[]).await.unwrap();
    stage.queue(&tasks[0], Round::Alone).await;
    let second = stage.queue(&tasks[1], Round::Alone).await;
    let first = stage.start(0).await;
    let mut rests = Vec::new();
    for _ in 0..8 {
        rests.push(stage.dispatcher.run_once().await);
    }
    assert!(rests.iter().all(|rest| *rest >= Duration::from_millis(75)), "it spins: {rests:?}");
    assert!(rests.last().unwrap() > &Duration::from_secs(1), "it polls ever more seldom: {rests:?}");
    assert!(rests.iter().all(|rest| *rest <= Duration::from_secs(2)), "it does not forget: {rests:?}");
    assert_eq!(stage.theatre.started(), 1);

    first.succeed();
    let wakeups = stage.dispatcher.wakeups();
    stage.settled().await;
    tokio::time::timeout(Duration::from_secs(5), wakeups.notified()).await.expect("an end wakes it");
    stage.start(1).await.succeed();
    stage.settled().await;
    assert_eq!(stage.run(second).await.state, RunState::Succeeded);
}

#[tokio::test]
async fn the_next_run_starts_while_the_result_before_is_still_being_written() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let faulty = Faulty::around(scene.store().await);
    let tasks = [task("one", "0 2 * * *"), task("two", "0 2 * * *")];
    let settings = EngineSettings::default();
    let mut stage = Stage::new(faulty.clone(), &scene.clock, holder("a"), &tasks, (1, settings)).await;
    let first = stage.queue(&tasks[0], Round::Alone).await;
    let second = stage.queue(&tasks[1], Round::Alone).await;
    let attempt = stage.start(0).await;
    faulty.fail_only("settle", Fault::Away);
    attempt.succeed();
    let wakeups = stage.dispatcher.wakeups();
    tokio::time::timeout(Duration::from_secs(5), wakeups.notified()).await.expect("a free seat wakes it");
    let attempt = stage.start(1).await;
    assert_eq!(stage.run(first).await.state, RunState::Running, "its result is not stored yet");
    faulty.heal();
    attempt.succeed();
    stage.settled().await;
    for run in [first, second] {
        assert_eq!(stage.run(run).await.state, RunState::Succeeded);
    }
}

#[tokio::test]
async fn a_retry_that_falls_due_soon_is_not_slept_through() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let mut hasty = task("hasty", "0 2 * * *");
    hasty.retry.backoff = roundsman_model::HumanDuration(Duration::ZERO);
    let tasks = [hasty];
    let settings = EngineSettings::default();
    let mut stage = Stage::new(scene.store().await, &scene.clock, holder("a"), &tasks, (1, settings)).await;
    let run = stage.queue(&tasks[0], Round::Alone).await;
    let attempt = stage.start(0).await;
    let wakeups = stage.dispatcher.wakeups();
    stage.dispatcher.run_once().await;
    attempt.end(AttemptEnd::Erred { error: TaskError::retry("no answer") });
    stage.settled().await;
    tokio::time::timeout(Duration::from_secs(5), wakeups.notified()).await.expect("a retry wakes it");
    stage.start(1).await.succeed();
    stage.settled().await;
    assert_eq!(stage.run(run).await.attempt, 2);
}

#[tokio::test]
async fn a_claim_whose_answer_gets_lost_costs_no_attempt() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let faulty = Faulty::around(scene.store().await);
    let tasks = [task("one", "0 2 * * *")];
    let settings = EngineSettings::default();
    let mut stage = Stage::new(faulty.clone(), &scene.clock, holder("a"), &tasks, (1, settings)).await;
    let run = stage.queue(&tasks[0], Round::Alone).await;
    faulty.fail_only("claim", Fault::AnswerLost);
    let rest = stage.dispatcher.run_once().await;
    assert!(rest >= Duration::from_millis(100), "{rest:?}");
    faulty.heal();
    assert_eq!(stage.run(run).await.state, RunState::Running, "nobody here knows");
    assert_eq!(stage.theatre.started(), 0);
    let _: Arc<_> = faulty;
}
