//! Orders to stop.

use std::time::Duration;

use roundsman_engine::{EngineSettings, Heart, Stopper, WithoutStore};
use roundsman_model::{RunState, StopOrder};
use roundsman_store::{Round, Stopped};
use roundsman_wire::CancelReason;

use crate::{
    fakes::{Scene, holder, task},
    stage::Stage,
};

#[tokio::test]
async fn an_order_ends_the_run_here_and_says_who_gave_it() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let tasks = [task("one", "0 2 * * *"), task("two", "0 2 * * *")];
    let settings = EngineSettings::default();
    let mut stage = Stage::new(scene.store().await, &scene.clock, holder("a"), &tasks, (2, settings)).await;
    let stopped = stage.queue(&tasks[0], Round::Alone).await;
    let other = stage.queue(&tasks[1], Round::Alone).await;
    let first = stage.start(0).await;
    let second = stage.theatre.attempt(1).await;
    let mut stopper = Stopper::new(stage.engine.clone());
    assert_eq!(stopper.look().await.unwrap(), 0);
    let order = StopOrder {
        by: "erika".into(),
        reason: Some("wrong site".into()),
        at: stage.engine.now(),
        replaced_by: None,
    };
    let asked = stage.engine.store().stop(stopped, &order).await.unwrap();
    assert_eq!(asked, Stopped::Asked(holder("a")));
    assert_eq!(stopper.look().await.unwrap(), 1);
    second.succeed();
    stage.settled().await;
    assert_eq!(*first.cancels.lock().unwrap(), [CancelReason::Person]);
    assert!(second.cancels.lock().unwrap().is_empty());
    let run = stage.run(stopped).await;
    assert_eq!(run.state, RunState::Cancelled);
    assert_eq!(run.cause.as_deref(), Some("cancelled by erika: wrong site"));
    assert_eq!(stage.run(other).await.state, RunState::Succeeded);
    assert_eq!(stopper.look().await.unwrap(), 0, "it is over");
}

#[tokio::test]
async fn an_attempt_that_does_not_stop_for_a_drain_is_killed_in_time_however_often_its_lease_is_renewed() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let tasks = [task("one", "0 2 * * *")];
    let settings = EngineSettings { without_store: WithoutStore::Stop, ..EngineSettings::default() };
    let mut stage = Stage::new(scene.store().await, &scene.clock, holder("a"), &tasks, (1, settings)).await;
    let run = stage.queue(&tasks[0], Round::Alone).await;
    let deaf = stage.start(0).await;
    deaf.deafen();
    let mut heart = Heart::new(stage.engine.clone());
    stage.engine.stop_working.cancel();
    for _ in 0..13 {
        heart.beat().await;
        tokio::time::sleep(Duration::from_millis(500)).await; // sleep: the last five seconds of a drain are real ones
    }
    assert!(deaf.renewals.lock().unwrap().len() > 5);
    stage.settled().await;
    assert_eq!(*deaf.cancels.lock().unwrap(), [CancelReason::Drain], "once; then it was killed");
    assert_eq!(stage.run(run).await.state, RunState::Queued);
}
