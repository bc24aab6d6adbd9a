//! Tasks that follow others: who runs after whom, who is skipped, and when nothing is decided yet.

use roundsman_engine::{EngineSettings, Follower};
use roundsman_model::{
    AttemptEnd, Origin, Outcome, Pause, Reason, RunState, SlotRange, TaskDefinition, TaskError, Timestamp,
    Upstream, Verdict, after::round_of_slot,
};
use roundsman_store::{Extra, Fired, Firing, Round, SlotToRun};

use crate::{
    fakes::{Scene, holder, task},
    stage::Stage,
};

const ALL: [RunState; 2] = [RunState::Succeeded, RunState::Partial];

fn follower(name: &str, after: &[&str]) -> TaskDefinition {
    let mut follower = task(name, "0 2 * * *");
    follower.schedule = None;
    let upstream = |name: &&str| Upstream { task: name.parse().unwrap(), on: ALL.to_vec() };
    follower.after = after.iter().map(upstream).collect();
    follower
}

async fn stage(scene: &Scene, tasks: &[TaskDefinition]) -> Stage {
    let settings = EngineSettings::default();
    Stage::new(scene.store().await, &scene.clock, holder("a"), tasks, (4, settings)).await
}

/// A chain of three, and one that follows the first and the last.
fn diamond() -> Vec<TaskDefinition> {
    vec![task("a", "0 2 * * *"), follower("b", &["a"]), follower("c", &["b"]), follower("d", &["a", "c"])]
}

#[tokio::test]
async fn a_round_goes_from_task_to_task() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let tasks = diamond();
    let mut stage = stage(&scene, &tasks).await;
    let mut following = Follower::new(stage.engine.clone());
    let root = stage.queue(&tasks[0], Round::Own).await;
    for (index, next) in ["b", "c", "d"].into_iter().enumerate() {
        stage.start(index).await.succeed();
        stage.settled().await;
        assert_eq!(following.follow().await.unwrap(), 1);
        let run = stage.last_run(next).await.unwrap();
        assert_eq!((run.origin, run.state), (Origin::After, RunState::Queued), "{next}");
        assert_eq!(run.round, stage.run(root).await.round);
        assert_eq!(run.requested_by.as_deref(), Some("erika"));
        assert_eq!(following.follow().await.unwrap(), 0, "once");
    }
    stage.start(3).await.succeed();
    stage.settled().await;
    assert_eq!(following.follow().await.unwrap(), 0);
}

#[tokio::test]
async fn what_cannot_be_satisfied_is_skipped_down_the_chain() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let tasks = diamond();
    let mut stage = stage(&scene, &tasks).await;
    stage.queue(&tasks[0], Round::Own).await;
    let attempt = stage.start(0).await;
    attempt.end(AttemptEnd::Erred { error: TaskError::permanent("no such site") });
    stage.settled().await;
    assert_eq!(Follower::new(stage.engine.clone()).follow().await.unwrap(), 3);
    for (name, cause) in [("b", "upstream a failed"), ("c", "upstream b skipped"), ("d", "upstream a failed")]
    {
        let run = stage.last_run(name).await.unwrap();
        assert_eq!(run.state, RunState::Skipped, "{name}");
        assert!(run.cause.as_deref().unwrap_or_default().contains(cause), "{name}: {:?}", run.cause);
    }
}

#[tokio::test]
async fn a_partial_end_is_enough_where_the_follower_says_so() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let mut strict = follower("strict", &["a"]);
    strict.after[0].on = vec![RunState::Succeeded];
    let tasks = [task("a", "0 2 * * *"), follower("easy", &["a"]), strict];
    let mut stage = stage(&scene, &tasks).await;
    stage.queue(&tasks[0], Round::Own).await;
    stage.start(0).await.end(AttemptEnd::Finished { outcome: Outcome::partial("one of two") });
    stage.settled().await;
    Follower::new(stage.engine.clone()).follow().await.unwrap();
    assert_eq!(stage.last_run("easy").await.unwrap().state, RunState::Queued);
    assert_eq!(stage.last_run("strict").await.unwrap().state, RunState::Skipped);
}

#[tokio::test]
async fn a_paused_follower_is_skipped_and_says_why() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let tasks = [task("a", "0 2 * * *"), follower("b", &["a"])];
    let mut stage = stage(&scene, &tasks).await;
    let pause =
        Pause { from: stage.engine.now(), until: None, by: "otto".into(), reason: Some("audit".into()) };
    assert!(stage.engine.store().pause(&tasks[1].name, &pause).await.unwrap());
    stage.queue(&tasks[0], Round::Own).await;
    stage.start(0).await.succeed();
    stage.settled().await;
    assert_eq!(Follower::new(stage.engine.clone()).follow().await.unwrap(), 1);
    let run = stage.last_run("b").await.unwrap();
    assert_eq!(run.state, RunState::Skipped);
    assert!(run.cause.as_deref().unwrap().contains("paused by otto"), "{:?}", run.cause);
}

#[tokio::test]
async fn a_run_alone_has_no_followers() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let tasks = [task("a", "0 2 * * *"), follower("b", &["a"])];
    let mut stage = stage(&scene, &tasks).await;
    stage.queue(&tasks[0], Round::Alone).await;
    stage.start(0).await.succeed();
    stage.settled().await;
    assert_eq!(Follower::new(stage.engine.clone()).follow().await.unwrap(), 0);
    assert_eq!(stage.last_run("b").await, None);
}

/// Fires a slot of a root, or lets it be skipped.
pub(crate) async fn fire(stage: &Stage, task: &TaskDefinition, slot: Timestamp, runs: bool) {
    let rows = stage.engine.store().tasks().await.unwrap();
    let row = rows.into_iter().find(|row| row.definition.name == task.name).unwrap();
    let skipped = SlotRange {
        task: task.name.clone(),
        first: slot,
        last: slot,
        count: 1,
        verdict: Verdict::Skipped,
        reason: Some(Reason::Paused),
        detail: None,
        run: None,
        decided_at: stage.engine.now(),
    };
    let due = SlotToRun { slot: Some(slot), due_at: slot, extra: Extra::default() };
    let firing = Firing {
        task: task.name.clone(),
        kind: task.kind.clone(),
        definition: row.hash,
        overlap: task.overlap,
        terms: task.terms(),
        followed: true,
        revision: row.revision,
        ledger_was: row.ledger_until,
        ledger_until: slot,
        passed: if runs { Vec::new() } else { vec![skipped] },
        run: if runs { vec![due] } else { Vec::new() },
    };
    let fired = stage.engine.store().fire(vec![firing], None, stage.engine.now()).await.unwrap();
    assert!(matches!(fired[0], Fired::Done(_)), "{fired:?}");
}

#[tokio::test]
async fn roots_with_one_schedule_share_the_round_of_their_slot() {
    let scene = Scene::at("2026-11-20T01:59:00Z");
    let tasks = [task("a", "0 2 * * *"), task("x", "0 2 * * *"), follower("c", &["a", "x"])];
    let mut stage = stage(&scene, &tasks).await;
    let slot: Timestamp = "2026-11-20T02:00:00Z".parse().unwrap();
    scene.clock.set(slot);
    let mut following = Follower::new(stage.engine.clone());
    for (index, root) in tasks[..2].iter().enumerate() {
        fire(&stage, root, slot, true).await;
        stage.start(index).await.succeed();
        stage.settled().await;
        assert_eq!(following.follow().await.unwrap(), index, "the last of them decides");
    }
    let run = stage.last_run("c").await.unwrap();
    assert_eq!(run.round, Some(round_of_slot(slot)));
}

#[tokio::test]
async fn a_root_whose_slot_is_skipped_later_still_decides() {
    let scene = Scene::at("2026-11-20T01:59:00Z");
    let tasks =
        [task("a", "0 2 * * *"), task("x", "0 2 * * *"), follower("c", &["a", "x"]), follower("d", &["a"])];
    let mut stage = stage(&scene, &tasks).await;
    let slot: Timestamp = "2026-11-20T02:00:00Z".parse().unwrap();
    scene.clock.set(slot);
    fire(&stage, &tasks[0], slot, true).await;
    stage.start(0).await.succeed();
    stage.settled().await;
    let mut following = Follower::new(stage.engine.clone());
    assert_eq!(following.follow().await.unwrap(), 1, "the other slot has no verdict yet");
    assert_eq!(stage.last_run("d").await.unwrap().state, RunState::Queued, "that is no matter of this one");
    assert_eq!(following.follow().await.unwrap(), 0);
    fire(&stage, &tasks[1], slot, false).await;
    assert_eq!(following.follow().await.unwrap(), 1);
    let run = stage.last_run("c").await.unwrap();
    assert_eq!(run.state, RunState::Skipped);
    assert!(run.cause.as_deref().unwrap().contains("upstream x did not run"), "{:?}", run.cause);
}

#[tokio::test]
async fn runs_that_wait_for_others_keep_none_behind_them_waiting() {
    let scene = Scene::at("2026-11-19T22:00:00Z");
    let tasks = [
        task("a", "* * * * *"),
        task("x", "* * * * *"),
        follower("c", &["a", "x"]),
        task("z", "0 2 * * *"),
        follower("e", &["z"]),
    ];
    let mut stage = stage(&scene, &tasks).await;
    let mut slot: Timestamp = "2026-11-19T22:00:00Z".parse().unwrap();
    // More than are read in one go; none of them can be decided before the slots of `x` are.
    for index in 0..201 {
        slot += chrono::TimeDelta::minutes(1);
        scene.clock.set(slot);
        fire(&stage, &tasks[0], slot, true).await;
        stage.start(index).await.succeed();
        stage.settled().await;
    }
    stage.queue(&tasks[3], Round::Own).await;
    stage.start(201).await.succeed();
    stage.settled().await;
    let mut following = Follower::new(stage.engine.clone());
    assert_eq!(following.follow().await.unwrap(), 1);
    assert_eq!(stage.last_run("e").await.unwrap().state, RunState::Queued);
    assert_eq!(stage.last_run("c").await, None);
    fire(&stage, &tasks[1], "2026-11-19T22:01:00Z".parse().unwrap(), false).await;
    assert_eq!(following.follow().await.unwrap(), 1, "the first of them is decided as ever");
}
