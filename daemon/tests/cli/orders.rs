//! What people ask of daemons, as rows in the store: pauses, cancellations, requests. No daemon runs here; the node that
//! the past tells of is taken for alive.

use roundsman_model::{RunId, RunState, TaskDefinition};
use roundsman_store::Store;
use roundsman_testkit::Installing as _;
use serde_json::Value;

use crate::{
    past::past,
    stage::{self, Stage, at},
};

fn says(told: &str, expected: &[&str]) {
    for expected in expected {
        assert!(told.contains(expected), "no {expected:?} in\n{told}");
    }
}

#[test]
fn a_pause_is_told_everywhere_and_ends() {
    let stage = Stage::with(past);
    let told = stage.told(&["pause", "backup", "--until", "tomorrow 06:00", "--reason", "moving house"]);
    says(
        &told,
        &[
            "Paused backup until 2026-11-22 06:00:00 +01:00 Europe/Berlin, in 16 h",
            "1 slot is skipped; the next that runs is 2026-11-23 02:00:00 +01:00",
        ],
    );
    let why = stage.told(&["why", "backup", "tomorrow", "02:00"]);
    says(&why, &["still to come", "it will be skipped: the task is paused by", "moving house"]);
    let why: Value = stage.json(&["why", "backup", "tomorrow", "02:00", "--json"]);
    assert_eq!(why["prospect"]["skipped"][0], "paused", "{why}");
    says(&stage.told(&["why", "backup", "2026-11-23", "02:00"]), &["It is due in 36 h"]);
    says(&stage.told(&["next", "backup"]), &["skipped: paused by", "moving house"]);
    says(&stage.told(&["show", "backup"]), &["paused", "moving house"]);
    says(&stage.told(&["tasks"]), &["paused; every day at 02:00"]);
    says(&stage.told(&["status"]), &["Paused tasks", "1 paused", "moving house"]);
    let status: Value = stage.json(&["status", "--json"]);
    assert_eq!(status["paused"][0]["task"], "backup");
    says(&stage.told(&["pause", "backup"]), &["until somebody resumes it", "it was paused by"]);
    says(&stage.told(&["resume", "backup"]), &["Resumed backup (it was paused by", "2026-11-22 02:00:00"]);
    assert_eq!(stage.told(&["resume", "backup"]), "backup was not paused.\n");
    says(&stage.told(&["why", "backup", "tomorrow", "02:00"]), &["It is due in 12 h"]);
}

#[test]
fn a_pause_names_what_goes_on() {
    let stage = Stage::with(past);
    let told = stage.told(&["pause", "five", "--until", "12m"]);
    says(
        &told,
        &[
            "2 slots are skipped; the next that runs is 2026-11-21 14:00:00",
            "Run 3 goes on: `roundsman cancel 3`",
        ],
    );
    let told: Value = stage.json(&["pause", "--all", "--reason", "stocktaking", "--json"]);
    let names: Vec<&str> =
        told.as_array().unwrap().iter().map(|task| task["task"].as_str().unwrap()).collect();
    assert_eq!(names, ["backup", "five"]);
    assert_eq!((&told[1]["was"]["reason"], &told[1]["active"]), (&Value::Null, &serde_json::json!([3])));
    assert!(told[0]["pause"]["by"].as_str().unwrap().contains('@'), "{told}");
    assert_eq!(stage.told(&["resume", "--all"]).matches("Resumed").count(), 2);
    assert_eq!(stage.told(&["resume", "--all"]), "No task is paused.\n");
}

#[test]
fn a_pause_that_cannot_be_is_refused_whole() {
    let stage = Stage::with(past);
    let (code, message) = stage.refused(&["pause", "backup", "bakcup"]);
    assert_eq!((code, message.as_str()), (2, "there is no task \"bakcup\"; did you mean \"backup\"?"));
    assert_eq!(stage.told(&["resume", "backup"]), "backup was not paused.\n");
    let (code, message) = stage.refused(&["pause", "backup", "--until", "yesterday 06:00"]);
    assert_eq!(code, 2);
    says(&message, &["2026-11-20 06:00:00 +01:00 Europe/Berlin", "a pause ends in the future"]);
    let (code, message) = stage.refused(&["pause", "backup", "--until", "someday"]);
    assert!(code == 2 && message.contains("is not a time"), "{code} {message}");
    stage.configure(&format!(
        "{}\n[tasks.fresh]\nuses = \"command\"\nwith = {{ argv = [\"true\"] }}\n",
        stage::CONFIG
    ));
    let (code, message) = stage.refused(&["pause", "fresh"]);
    assert!(code == 1 && message.contains("no daemon has read task fresh yet"), "{code} {message}");
}

#[test]
fn cancel_says_what_happened() {
    let stage = Stage::with(past);
    let told = stage.told(&["cancel", "3", "--no-wait", "--reason", "stuck"]);
    assert_eq!(told, "Run 3 of five runs on host-a: asked it to stop.\n");
    says(&stage.told(&["run", "3"]), &["cancelled by", "stuck", "it has not ended yet", "host-a"]);
    let (code, message) = stage.refused(&["cancel", "1"]);
    assert_eq!(
        (code, message.as_str()),
        (1, "run 1 of backup was over already: it ended succeeded 12 h ago")
    );
    let (code, message) = stage.refused(&["cancel", "1", "9"]);
    assert_eq!(code, 2);
    says(&message, &["there is no run 9: the newest is 3", "run 1 of backup was over already"]);
    stage.told(&["trigger", "backup"]);
    let told: Value = stage.json(&["cancel", "4", "--json"]);
    assert_eq!((&told[0]["result"], &told[0]["state"]), (&"ended".into(), &"cancelled".into()));
    says(&stage.told(&["cancel", "4"]), &["Run 4 of backup was over already: it ended cancelled"]);
    says(&stage.told(&["run", "4"]), &["Run 4 of backup: cancelled", "cancelled by"]);
}

#[test]
fn a_run_that_does_not_end_is_told_as_such() {
    let stage = Stage::with(past);
    let begun = std::time::Instant::now();
    let (code, message) = stage.refused(&["cancel", "3"]);
    assert_eq!(code, 1);
    says(&message, &["run 3 of five is still running after 15 s: the order stands", "host-a"]);
    assert!(begun.elapsed() < std::time::Duration::from_secs(25));
}

#[test]
fn trigger_queues_a_run_or_names_what_is_in_the_way() {
    let stage = Stage::with(past);
    assert_eq!(stage.told(&["trigger", "backup"]), "Queued run 4 of backup.\n");
    let run: Value = stage.json(&["run", "4", "--json"]);
    assert_eq!(run["run"]["origin"], "trigger");
    assert_eq!(run["run"]["round"], Value::Null, "nothing follows it");
    says(&stage.told(&["run", "4"]), &["with trigger", "queued"]);
    let (code, message) = stage.refused(&["trigger", "five"]);
    assert_eq!(code, 4);
    says(&message, &["run 3 of task five is still running", "roundsman run 3"]);
    let (code, message) = stage.refused(&["trigger", "fiev"]);
    assert_eq!((code, message.as_str()), (2, "there is no task \"fiev\"; did you mean \"five\"?"));
    let (code, message) = stage.refused(&["trigger", "backup", "restore"]);
    assert!(code == 2 && message.contains("kind command has no action \"restore\""), "{message}");
    let (code, message) = stage.refused(&["trigger", "backup", "-p", "since"]);
    assert!(code == 2 && message.contains("has no \"=\""), "{message}");
    stage.happens(async |store, _| {
        let noted = store.controls(Some(&"backup".parse().unwrap()), 10).await.unwrap();
        assert_eq!((noted[0].what.as_str(), noted[0].run), ("trigger", Some(RunId(4))));
        assert!(noted[0].by.contains('@'), "{noted:?}");
    });
}

#[test]
fn what_bears_on_a_request_is_told() {
    let stage = Stage::with(async |store: &dyn Store, tasks: &[TaskDefinition]| {
        store.install_tasks(tasks, at("2026-11-20T20:00:00Z")).await.unwrap();
    });
    stage.told(&["pause", "backup", "--reason", "moving house"]);
    let (told, notes) = stage.told_and_noted(&["trigger", "backup"]);
    assert_eq!(told, "Queued run 1 of backup. No daemon is alive: it starts when one does.\n");
    says(&notes, &["backup is paused by", "moving house; it runs because you asked for it"]);
    let told: Value = stage.json(&["trigger", "five", "--dry-run", "--json"]);
    assert_eq!((&told["daemon_alive"], &told["run"]["dry_run"]), (&false.into(), &true.into()));
}

#[test]
fn a_trigger_carries_those_who_follow() {
    let follower = "\n[tasks.report]\nuses = \"command\"\nafter = [{ task = \"backup\", on = [\"succeeded\"] }]\nwith = { argv = [\"true\"] }\n";
    let stage = Stage::new();
    stage.configure(&format!("{}{follower}", stage::CONFIG));
    stage.happens(async |store, tasks| store.install_tasks(tasks, at("2026-11-20T20:00:00Z")).await.unwrap());
    stage.told(&["trigger", "backup"]);
    let run: Value = stage.json(&["run", "1", "--json"]);
    assert_eq!(run["run"]["round"], "run:1", "{run}");
    says(&stage.told(&["runs", "--round", "1"]), &["Round of run 1", "backup"]);
    stage.told(&["cancel", "1"]);
    stage.told(&["trigger", "backup", "--alone"]);
    let run: Value = stage.json(&["run", "2", "--json"]);
    assert_eq!(run["run"]["round"], Value::Null, "{run}");
    let (_, message) = stage.refused(&["runs", "--round", "2"]);
    says(&message, &["run 2 of backup belongs to no round"]);
    says(&stage.told(&["show", "backup"]), &["by report"]);
    says(&stage.told(&["tasks"]), &["after backup (succeeded)"]);
    let why = stage.told(&["why", "report", "today", "02:00"]);
    says(
        &why,
        &["report follows others: it runs after backup (succeeded)", "backup's slot 2026-11-21 02:00:00"],
    );
}

#[test]
fn rerun_does_again_what_a_run_did() {
    let stage = Stage::with(past);
    assert_eq!(stage.told(&["rerun", "1"]), "Queued run 4 of backup.\n");
    let run: Value = stage.json(&["run", "4", "--json"]);
    assert_eq!((&run["run"]["origin"], &run["run"]["rerun_of"]), (&"rerun".into(), &1.into()));
    assert_eq!(run["run"]["slot"], "2026-11-21T01:00:00Z");
    says(&stage.told(&["run", "4"]), &["repeats", "run 1", "with rerun"]);
    let (code, message) = stage.refused(&["rerun", "3"]);
    assert!(code == 4 && message.contains("run 3 of five is still running"), "{code} {message}");
    let (code, message) = stage.refused(&["rerun", "9"]);
    assert!(code == 2 && message.contains("there is no run 9"), "{code} {message}");
}

#[test]
fn rerun_says_that_the_definition_has_changed() {
    let stage = Stage::with(past);
    let hash = |stage: &Stage, id: &str| stage.json(&["run", id, "--json"])["run"]["definition"].clone();
    let then = hash(&stage, "1");
    stage.configure(&stage::CONFIG.replace("0 2 * * *", "0 4 * * *"));
    stage.happens(async |store, tasks| store.install_tasks(tasks, at("2026-11-21T12:40:00Z")).await.unwrap());
    let (_, notes) = stage.told_and_noted(&["rerun", "1"]);
    says(&notes, &["the definition of backup has changed since run 1", "--as-then"]);
    assert_ne!(hash(&stage, "4"), then);
    stage.told(&["cancel", "4"]);
    let (_, notes) = stage.told_and_noted(&["rerun", "1", "--as-then"]);
    assert_eq!(notes, "");
    assert_eq!(hash(&stage, "5"), then);
    stage.configure(&stage::CONFIG.replace("tasks.backup", "tasks.other"));
    stage.happens(async |store, tasks| store.install_tasks(tasks, at("2026-11-21T12:41:00Z")).await.unwrap());
    let (code, message) = stage.refused(&["rerun", "1"]);
    assert!(code == 2 && message.contains("--as-then"), "{code} {message}");
    stage.happens(async |store, _| {
        let run = store.run(RunId(5)).await.unwrap().unwrap();
        assert_eq!(run.state, RunState::Cancelled, "what was queued goes with its task");
    });
}

#[test]
fn reload_without_a_daemon() {
    let stage = Stage::with(past);
    let (code, message) = stage.refused(&["reload"]);
    assert!(code == 1 && message.contains("no daemon listens at"), "{code} {message}");
}

#[test]
fn a_check_against_what_is_in_force() {
    let stage = Stage::with(past);
    says(&stage.told(&["config", "check", "--against-running"]), &["2 tasks", "Nothing would change"]);
    let changed = stage::CONFIG.replace("0 2 * * *", "0 4 * * *").replace("tasks.five", "tasks.six");
    stage.configure(&changed);
    let told = stage.told(&["config", "check", "--against-running"]);
    says(
        &told,
        &[
            "added    six: every 5 minutes; next ",
            "removed  five: what is queued or waits is cancelled",
            "changed  backup",
            "schedule.cron: \"0 2 * * *\" -> \"0 4 * * *\"",
            "next before: ",
            "next after:  ",
        ],
    );
    let told: Value = stage.json(&["config", "check", "--against-running", "--json"]);
    assert_eq!(told["changes"]["changed"][0]["rescheduled"], true, "{told}");
    assert_eq!(told["changes"]["removed"][0]["name"], "five", "{told}");
    says(&Stage::new().told(&["config", "check", "--against-running"]), &["There is no store yet"]);
}
