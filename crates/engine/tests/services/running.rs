//! From a queued run to its end: claimed, attempted, settled, tried again.

use std::time::Duration;

use roundsman_engine::{Dispatcher, Service as _};
use roundsman_model::{AttemptEnd, RunState, TaskError};
use tokio_util::task::TaskTracker;

use crate::fakes::{Scene, ledger, runs, task};

/// Lets all attempts end that are due now.
async fn dispatch(dispatcher: &mut Dispatcher, attempts: &TaskTracker) {
    dispatcher.run_once().await;
    attempts.close();
    attempts.wait().await;
    attempts.reopen();
}

#[tokio::test]
async fn a_run_succeeds_and_its_slot_ran() {
    let scene = Scene::at("2026-11-20T01:59:30Z");
    let store = scene.store().await;
    let (engine, mut firer) = scene.started("a", &store, &[task("nightly", "0 2 * * *")], None).await;
    let attempts = TaskTracker::new();
    let mut dispatcher = Dispatcher::new(engine, 4, attempts.clone());
    scene.clock.advance(Duration::from_secs(30));
    firer.run_once().await;
    dispatch(&mut dispatcher, &attempts).await;
    let run = runs(&store).await.remove(0);
    assert_eq!((run.state, run.attempt), (RunState::Succeeded, 1));
    assert_eq!(run.outcome.unwrap().summary, "done");
    assert_eq!(ledger(&store, "nightly").await, ["02:00:00 ran"]);
    let order = scene.script.orders.lock().unwrap().remove(0);
    assert_eq!(order.mark, format!("{}:{}:1", store.id(), run.id));
    assert_eq!(order.request.slot, run.slot);
    assert!(store.log(run.id, None, 10).await.unwrap().is_empty(), "a report is no line of the log");
}

#[tokio::test]
async fn a_failure_waits_and_is_tried_again_until_attempts_are_used_up() {
    let scene = Scene::at("2026-11-20T01:59:30Z");
    let store = scene.store().await;
    let (engine, mut firer) = scene.started("a", &store, &[task("moody", "0 2 * * *")], None).await;
    let failure = AttemptEnd::Erred { error: TaskError::retry("no answer from 192.0.2.1") };
    scene.script.ends.lock().unwrap().extend([failure.clone(), failure.clone(), failure]);
    let attempts = TaskTracker::new();
    let mut dispatcher = Dispatcher::new(engine, 4, attempts.clone());
    scene.clock.advance(Duration::from_secs(30));
    firer.run_once().await;
    for attempt in 1..=3 {
        dispatch(&mut dispatcher, &attempts).await;
        let run = runs(&store).await.remove(0);
        let expected = if attempt < 3 { RunState::Waiting } else { RunState::Failed };
        assert_eq!((run.state, run.attempt), (expected, attempt));
        scene.clock.advance(Duration::from_secs(120));
    }
    let ended = store.attempts(runs(&store).await[0].id).await.unwrap();
    assert_eq!(ended.len(), 3);
    assert!(ended.iter().all(|attempt| attempt.ended_at.is_some() && !attempt.late));
    let log = store.log(ended[0].run, None, 10).await.unwrap();
    assert_eq!(log.len(), 3, "each attempt has a piece of its own");
    assert!(log[0].lines.contains("attempt ended (error): no answer from 192.0.2.1"), "{log:?}");
}

#[tokio::test]
async fn no_time_limit_is_too_long() {
    let scene = Scene::at("2026-11-20T01:59:30Z");
    let store = scene.store().await;
    let mut patient = task("patient", "0 2 * * *");
    patient.timeout = Duration::from_millis(u64::MAX).into();
    let (engine, mut firer) = scene.started("a", &store, &[patient], None).await;
    let attempts = TaskTracker::new();
    let mut dispatcher = Dispatcher::new(engine, 4, attempts.clone());
    scene.clock.advance(Duration::from_secs(30));
    firer.run_once().await;
    dispatch(&mut dispatcher, &attempts).await;
    assert_eq!(runs(&store).await[0].state, RunState::Succeeded);
    let order = scene.script.orders.lock().unwrap().remove(0);
    assert_eq!(order.request.deadline.to_rfc3339(), "9999-12-31T23:59:59+00:00");
}

#[tokio::test]
async fn a_panic_in_the_daemon_ends_the_attempt_and_not_the_run() {
    let scene = Scene::at("2026-11-20T01:59:30Z");
    let store = scene.store().await;
    let (engine, mut firer) = scene.started("a", &store, &[task("nightly", "0 2 * * *")], None).await;
    *scene.script.panics.lock().unwrap() = 3;
    let attempts = TaskTracker::new();
    let mut dispatcher = Dispatcher::new(engine.clone(), 1, attempts.clone());
    scene.clock.advance(Duration::from_secs(30));
    firer.run_once().await;
    for attempt in 1..=3 {
        dispatch(&mut dispatcher, &attempts).await;
        let run = runs(&store).await.remove(0);
        let expected = if attempt < 3 { RunState::Waiting } else { RunState::Lost };
        assert_eq!((run.state, run.attempt), (expected, attempt));
        assert!(engine.live().leases().is_empty());
        scene.clock.advance(Duration::from_secs(120));
    }
    let ended = store.attempts(runs(&store).await[0].id).await.unwrap();
    assert!(ended.iter().all(|attempt| attempt.ended_at.is_some()), "{ended:?}");
    assert!(format!("{:?}", ended[0]).contains("a panic in the daemon"), "{:?}", ended[0]);
}

#[tokio::test]
async fn no_more_runs_are_taken_than_there_are_workers() {
    let scene = Scene::at("2026-11-20T01:59:30Z");
    let store = scene.store().await;
    let tasks: Vec<_> = (0..5).map(|n| task(&format!("task-{n}"), "0 2 * * *")).collect();
    let (engine, mut firer) = scene.started("a", &store, &tasks, None).await;
    let attempts = TaskTracker::new();
    let mut dispatcher = Dispatcher::new(engine.clone(), 2, attempts.clone());
    scene.clock.advance(Duration::from_secs(30));
    firer.run_once().await;
    dispatch(&mut dispatcher, &attempts).await;
    let ended = runs(&store).await.iter().filter(|run| run.state == RunState::Succeeded).count();
    assert_eq!(ended, 2);
    engine.stop_claiming.cancel();
    dispatch(&mut dispatcher, &attempts).await;
    let ended = runs(&store).await.iter().filter(|run| run.state == RunState::Succeeded).count();
    assert_eq!(ended, 2, "a drain claims nothing");
}

#[tokio::test]
async fn a_waiting_run_gives_way_to_the_next_slot() {
    let scene = Scene::at("2026-11-20T02:00:30Z");
    let store = scene.store().await;
    let mut poll = task("poll", "* * * * *");
    poll.retry.backoff = roundsman_model::HumanDuration::from_secs(3_600);
    poll.retry.backoff_max = poll.retry.backoff;
    let (engine, mut firer) = scene.started("a", &store, &[poll], None).await;
    let not_before = Some("2026-11-20T03:00:00Z".parse().unwrap());
    let error = TaskError::Retry { cause: "429".into(), not_before };
    scene.script.ends.lock().unwrap().push_back(AttemptEnd::Erred { error });
    let attempts = TaskTracker::new();
    let mut dispatcher = Dispatcher::new(engine, 4, attempts.clone());
    for _ in 0..2 {
        scene.clock.advance(Duration::from_secs(60));
        firer.run_once().await;
        dispatch(&mut dispatcher, &attempts).await;
    }
    let states: Vec<_> = runs(&store).await.iter().map(|run| run.state).collect();
    assert_eq!(states, [RunState::Succeeded, RunState::Failed]);
    assert!(
        runs(&store).await[1].cause.as_ref().unwrap().contains("superseded"),
        "{:?}",
        runs(&store).await[1]
    );
}
