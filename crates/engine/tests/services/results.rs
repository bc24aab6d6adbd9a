//! From an attempt's end to its record: what follows it, and what becomes of it while the store is away.

use std::{sync::Arc, time::Duration};

use roundsman_engine::{EngineSettings, Heart, Rescuer, Service as _, replay};
use roundsman_model::{
    AttemptEnd, HumanDuration, Outcome, RetryCause, RunState, TaskDefinition, TaskError, Timestamp,
};
use roundsman_store::Round;
use roundsman_wire::{LogLine, LogStream};

use crate::{
    fakes::{Dead, Scene, holder, task},
    faulty::{Fault, Faulty},
    stage::Stage,
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn stage(scene: &Scene, task: &TaskDefinition) -> Stage {
    let settings = EngineSettings::default();
    Stage::new(scene.store().await, &scene.clock, holder("a"), std::slice::from_ref(task), (1, settings))
        .await
}

/// A task that is tried again at once.
fn hasty() -> TaskDefinition {
    let mut task = task("hasty", "0 2 * * *");
    task.retry.backoff = HumanDuration(Duration::ZERO);
    task
}

#[tokio::test]
async fn an_attempt_comes_not_before_the_other_side_wishes_and_waiting_survives_a_restart() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let task = hasty();
    let mut before = stage(&scene, &task).await;
    let run = before.queue(&task, Round::Alone).await;
    let wish = at("2026-11-20T01:10:00Z");
    let error = TaskError::Retry { cause: "429".into(), not_before: Some(wish) };
    before.start(0).await.end(AttemptEnd::Erred { error });
    before.settled().await;
    assert_eq!((before.run(run).await.state, before.run(run).await.due_at), (RunState::Waiting, wish));
    let store = before.engine.store().clone();
    let settings = EngineSettings::default();
    let tasks = [task];
    let mut after = Stage::new(store, &scene.clock, holder("b"), &tasks, (1, settings)).await;
    scene.clock.set(at("2026-11-20T01:09:59Z"));
    after.dispatcher.run_once().await;
    assert_eq!(after.theatre.started(), 0, "not before");
    scene.clock.set(wish);
    after.start(0).await.succeed();
    after.settled().await;
    assert_eq!((after.run(run).await.state, after.run(run).await.attempt), (RunState::Succeeded, 2));
}

#[tokio::test]
async fn the_deadline_holds_over_all_attempts_snoozed_ones_included() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let mut task = hasty();
    task.retry.deadline = Some(HumanDuration::from_secs(600));
    task.retry.attempts = 100;
    let mut stage = stage(&scene, &task).await;
    let run = stage.queue(&task, Round::Alone).await;
    let snooze = |until: &str| AttemptEnd::Erred {
        error: TaskError::Snooze { cause: "not yet".into(), until: at(until) },
    };
    stage.start(0).await.end(snooze("2026-11-20T01:05:00Z"));
    stage.settled().await;
    let waiting = stage.run(run).await;
    assert_eq!((waiting.state, waiting.uncounted), (RunState::Waiting, 1));
    scene.clock.set(at("2026-11-20T01:05:00Z"));
    stage.start(1).await.end(snooze("2026-11-20T01:10:01Z"));
    stage.settled().await;
    let run = stage.run(run).await;
    assert_eq!(run.state, RunState::Failed);
    assert!(run.cause.as_ref().unwrap().contains("deadline over all attempts"), "{run:?}");
}

#[tokio::test]
async fn only_what_the_policy_names_is_tried_again() {
    let crash = || AttemptEnd::Crashed {
        signal: Some(11),
        exit: None,
        message: String::new(),
        stderr: String::new(),
    };
    for (named, expected) in [(RetryCause::Crash, RunState::Waiting), (RetryCause::Timeout, RunState::Failed)]
    {
        let scene = Scene::at("2026-11-20T01:00:00Z");
        let mut task = hasty();
        task.retry.retry_on = vec![named];
        let mut stage = stage(&scene, &task).await;
        let run = stage.queue(&task, Round::Alone).await;
        stage.start(0).await.end(crash());
        stage.settled().await;
        assert_eq!(stage.run(run).await.state, expected, "{named:?}");
    }
}

#[tokio::test]
async fn again_with_no_attempt_left_ends_partial() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let mut task = hasty();
    task.retry.attempts = 2;
    let mut stage = stage(&scene, &task).await;
    let run = stage.queue(&task, Round::Alone).await;
    for (index, expected) in [RunState::Waiting, RunState::Partial].into_iter().enumerate() {
        let outcome = Outcome { again: true, ..Outcome::success("41 of 42") };
        stage.start(index).await.end(AttemptEnd::Finished { outcome });
        stage.settled().await;
        assert_eq!(stage.run(run).await.state, expected);
    }
}

#[tokio::test]
async fn an_extra_run_is_asked_for_at_least_a_minute_ahead() {
    for (wish, expected) in
        [("2026-11-20T01:00:05Z", "2026-11-20T01:01:00Z"), ("2026-11-20T03:00:00Z", "2026-11-20T03:00:00Z")]
    {
        let scene = Scene::at("2026-11-20T01:00:00Z");
        let task = hasty();
        let mut stage = stage(&scene, &task).await;
        let run = stage.queue(&task, Round::Alone).await;
        let outcome = Outcome { wake_at: Some(at(wish)), ..Outcome::success("license expires") };
        stage.start(0).await.end(AttemptEnd::Finished { outcome });
        stage.settled().await;
        let row = stage.engine.store().tasks().await.unwrap().pop().unwrap();
        let wake = row.wake.expect("it is kept in the store");
        assert_eq!((wake.at, wake.run), (at(expected), run));
    }
}

#[tokio::test]
async fn a_result_whose_answer_gets_lost_is_written_once() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let faulty = Faulty::around(scene.store().await);
    let task = hasty();
    let tasks = [task];
    let settings = EngineSettings::default();
    let mut stage = Stage::new(faulty.clone(), &scene.clock, holder("a"), &tasks, (1, settings)).await;
    let run = stage.queue(&tasks[0], Round::Alone).await;
    let attempt = stage.start(0).await;
    faulty.fail_only("settle", Fault::AnswerLost);
    attempt.succeed();
    while faulty.failed() == 0 {
        tokio::task::yield_now().await;
    }
    faulty.heal();
    Heart::new(stage.engine.clone()).run_once().await;
    stage.settled().await;
    assert_eq!(stage.run(run).await.state, RunState::Succeeded);
    assert!(!stage.engine.store().attempts(run).await.unwrap()[0].late);
}

/// A node that keeps results in a folder.
async fn spooling(scene: &Scene, faulty: &Arc<Faulty>, boot: &str, tasks: &[TaskDefinition]) -> Stage {
    let settings = EngineSettings { spool: Some(scene.path("spool")), ..EngineSettings::default() };
    Stage::new(faulty.clone(), &scene.clock, holder(boot), tasks, (4, settings)).await
}

fn files(scene: &Scene) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(scene.path("spool")) else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

async fn until(what: &str, done: impl Fn() -> bool) {
    let limit = tokio::time::Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(tokio::time::Instant::now() < limit, "{what} did not come about");
        tokio::time::sleep(Duration::from_millis(5)).await; // sleep: files are written by another thread
    }
}

#[tokio::test]
async fn results_are_kept_while_the_store_is_away_and_written_in_order_when_it_is_back() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let faulty = Faulty::around(scene.store().await);
    let tasks = [task("one", "0 2 * * *"), task("two", "0 2 * * *"), task("three", "0 2 * * *")];
    let mut stage = spooling(&scene, &faulty, "a", &tasks).await;
    let mut runs = Vec::new();
    for task in &tasks {
        runs.push(stage.queue(task, Round::Alone).await);
    }
    stage.start(0).await;
    faulty.fail(Fault::Away);
    for index in 0..3 {
        scene.clock.advance(Duration::from_secs(1));
        stage.theatre.attempt(index).await.succeed();
        until("a file", || files(&scene).len() == index + 1).await;
    }
    let failed = faulty.failed();
    tokio::time::sleep(Duration::from_millis(500)).await; // sleep: to see that little happens meanwhile
    assert!(faulty.failed() - failed < 10, "it is tried {} times in half a second", faulty.failed() - failed);
    faulty.heal();
    Heart::new(stage.engine.clone()).run_once().await;
    stage.settled().await;
    for run in runs {
        assert_eq!(stage.run(run).await.state, RunState::Succeeded);
    }
    let seconds: Vec<_> = faulty.settled().iter().map(|at| at.format("%S").to_string()).collect();
    assert_eq!(seconds, ["01", "02", "03"], "in order, and once");
    assert!(files(&scene).is_empty());
}

#[tokio::test]
async fn a_store_that_keeps_us_out_is_waited_for() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let faulty = Faulty::around(scene.store().await);
    let tasks = [task("one", "0 2 * * *")];
    let mut stage = spooling(&scene, &faulty, "a", &tasks).await;
    let run = stage.queue(&tasks[0], Round::Alone).await;
    let attempt = stage.start(0).await;
    faulty.fail(Fault::Denied);
    attempt.succeed();
    until("the file", || files(&scene).len() == 1).await;
    until("a second try", || faulty.failed() > 2).await;
    faulty.heal();
    Heart::new(stage.engine.clone()).run_once().await;
    stage.settled().await;
    assert_eq!(stage.run(run).await.state, RunState::Succeeded);
    assert!(files(&scene).is_empty());
}

#[tokio::test]
async fn a_result_that_the_store_refuses_ends_its_run_and_is_set_aside() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let faulty = Faulty::around(scene.store().await);
    let tasks = [task("one", "0 2 * * *")];
    let mut stage = spooling(&scene, &faulty, "a", &tasks).await;
    let run = stage.queue(&tasks[0], Round::Alone).await;
    let attempt = stage.start(0).await;
    faulty.fail_only("settle an outcome", Fault::Refused);
    attempt.succeed();
    stage.settled().await;
    let ended = stage.run(run).await;
    assert_eq!((ended.state, ended.outcome), (RunState::Failed, None));
    let cause = ended.cause.unwrap();
    assert!(
        cause.starts_with("the result could not be stored: ") && cause.contains("told to fail"),
        "{cause}"
    );
    assert_eq!(files(&scene).len(), 1);
    assert!(files(&scene)[0].ends_with(".json.refused"), "{:?}", files(&scene));

    // The same at a start, of a result that waited in a file.
    let run = stage.queue(&tasks[0], Round::Alone).await;
    scene.clock.advance(Duration::from_secs(1));
    let attempt = stage.start(1).await;
    faulty.fail(Fault::Away);
    attempt.succeed();
    until("the file", || files(&scene).len() == 2).await;
    stage.engine.stop_now.cancel();
    stage.settled().await;
    faulty.heal();
    let next = spooling(&scene, &faulty, "b", &tasks).await;
    faulty.fail(Fault::Denied);
    assert!(replay(&next.engine).await.is_err(), "the start fails, and the file stays");
    assert!(!files(&scene)[1].ends_with(".refused"));
    faulty.fail_only("settle an outcome", Fault::Refused);
    assert_eq!(replay(&next.engine).await.unwrap(), 0);
    assert_eq!(next.run(run).await.state, RunState::Failed);
    assert!(files(&scene)[1].ends_with(".json.refused"), "{:?}", files(&scene));
}

#[tokio::test]
async fn a_daemon_that_stops_while_the_store_is_away_loses_no_result() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let faulty = Faulty::around(scene.store().await);
    let tasks = [task("one", "0 2 * * *")];
    let mut stage = spooling(&scene, &faulty, "a", &tasks).await;
    let run = stage.queue(&tasks[0], Round::Alone).await;
    let attempt = stage.start(0).await;
    faulty.fail(Fault::Away);
    attempt.succeed();
    until("the file", || files(&scene).len() == 1).await;
    stage.engine.stop_now.cancel();
    stage.settled().await;
    assert_eq!(files(&scene).len(), 1);

    faulty.heal();
    std::fs::write(scene.path("spool").join("00000000000000000001-7-1.json"), "{\"store\":").unwrap();
    let kept = std::fs::read_to_string(scene.path("spool").join(&files(&scene)[1])).unwrap();
    let foreign = kept.replace(stage.engine.store().id().as_str(), "another-store");
    std::fs::write(scene.path("spool").join("00000000000000000002-7-1.json"), foreign).unwrap();
    let next = spooling(&scene, &faulty, "b", &tasks).await;
    assert_eq!(replay(&next.engine).await.unwrap(), 1);
    assert_eq!(
        files(&scene),
        ["00000000000000000001-7-1.json.damaged", "00000000000000000002-7-1.json"],
        "what cannot be read is set aside, what is another store's stays"
    );
    let mut rescuer = Rescuer::new(next.engine.clone(), Arc::new(Dead(vec![holder("a")])));
    assert_eq!(rescuer.rescue().await.unwrap(), 0, "a run whose result is known is not lost");
    assert_eq!(next.run(run).await.state, RunState::Succeeded);
}

#[tokio::test]
async fn replaying_waits_for_the_store() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let faulty = Faulty::around(scene.store().await);
    let tasks = [task("one", "0 2 * * *")];
    let mut stage = spooling(&scene, &faulty, "a", &tasks).await;
    stage.queue(&tasks[0], Round::Alone).await;
    let attempt = stage.start(0).await;
    faulty.fail(Fault::Away);
    attempt.succeed();
    until("the file", || files(&scene).len() == 1).await;
    stage.engine.stop_now.cancel();
    stage.settled().await;
    faulty.heal();
    let next = spooling(&scene, &faulty, "b", &tasks).await;
    faulty.fail(Fault::Away);
    assert!(replay(&next.engine).await.unwrap_err().is_passing());
    faulty.fail(Fault::AnswerLost);
    assert!(replay(&next.engine).await.unwrap_err().is_passing());
    assert_eq!(files(&scene).len(), 1, "it goes only when the store has said so");
    faulty.heal();
    assert_eq!(replay(&next.engine).await.unwrap(), 1);
    assert!(files(&scene).is_empty());
}

#[tokio::test]
async fn a_run_that_takes_longer_than_its_interval_shows() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let tasks = [task("poll", "*/5 * * * *"), task("other", "*/5 * * * *")];
    let settings = EngineSettings::default();
    let mut stage = Stage::new(scene.store().await, &scene.clock, holder("a"), &tasks, (1, settings)).await;
    let slot = at("2026-11-20T01:05:00Z");
    scene.clock.set(slot);
    crate::following::fire(&stage, &tasks[0], slot, true).await;
    let attempt = stage.start(0).await;
    let mut rescuer = Rescuer::new(stage.engine.clone(), Arc::new(Dead(Vec::new())));
    for (time, expected) in [("01:05:00", 0), ("01:10:00", 0), ("01:10:01", 1), ("01:11:00", 1)] {
        scene.clock.set(at(&format!("2026-11-20T{time}Z")));
        rescuer.rescue().await.unwrap();
        assert_eq!(rescuer.overrun().len(), expected, "{time}");
    }
    attempt.succeed();
    stage.settled().await;
    rescuer.rescue().await.unwrap();
    assert!(rescuer.overrun().is_empty());
}

#[tokio::test]
async fn an_endless_log_is_kept_by_its_head_and_tail() {
    let scene = Scene::at("2026-11-20T01:00:00Z");
    let task = hasty();
    let mut stage = stage(&scene, &task).await;
    let run = stage.queue(&task, Round::Alone).await;
    let attempt = stage.start(0).await;
    for number in 0..40_000 {
        let text = format!("line {number} {}", "x".repeat(100));
        let (at, stream, level) = (stage.engine.now(), LogStream::Stdout, "info".to_owned());
        attempt.host.log(LogLine { at, stream, level, text });
    }
    attempt.succeed();
    stage.settled().await;
    let chunks = stage.engine.store().log(run, None, 1_000).await.unwrap();
    let lines: Vec<LogLine> = chunks
        .iter()
        .flat_map(|chunk| chunk.lines.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let bytes: usize = chunks.iter().map(|chunk| chunk.lines.len()).sum();
    assert!(bytes < 1_100_000, "{bytes} bytes");
    assert!(lines[0].text.starts_with("line 0 ") && lines.last().unwrap().text.starts_with("line 39999 "));
    let cuts: Vec<_> = lines.iter().filter(|line| line.stream == LogStream::Roundsman).collect();
    assert_eq!(cuts.len(), 1);
    assert!(cuts[0].text.contains(&format!("{} lines", 40_000 - (lines.len() - 1))), "{}", cuts[0].text);
}
