//! `doctor` on configurations and stores in every state. Tasks are switched off here, so that no worker is started; the
//! looks of kinds are tested with the real binary.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::Value;

use crate::{
    past::past,
    stage::{CONFIG, Stage},
};

/// The usual configuration, in which nothing runs.
fn idle() -> String {
    CONFIG.replace("uses = \"command\"", "uses = \"command\"\nenabled = false")
}

fn idle_stage() -> Stage {
    let stage = Stage::new();
    fs::set_permissions(stage.path("state"), fs::Permissions::from_mode(0o700)).unwrap();
    stage.configure(&idle());
    stage
}

/// The findings of a group, as JSON.
fn group<'a>(groups: &'a Value, name: &str) -> &'a Vec<Value> {
    let groups = groups.as_array().unwrap();
    let group = groups.iter().find(|group| group["group"] == name);
    group.unwrap_or_else(|| panic!("no group {name:?} in {groups:#?}"))["findings"].as_array().unwrap()
}

/// The finding about a subject.
fn about<'a>(findings: &'a [Value], what: &str) -> &'a Value {
    let found = findings.iter().find(|finding| finding["what"].as_str().unwrap().starts_with(what));
    found.unwrap_or_else(|| panic!("nothing about {what:?} in {findings:#?}"))
}

#[test]
fn without_a_store_and_a_daemon_there_are_warnings_and_nothing_is_made() {
    let stage = idle_stage();
    let (code, told) = stage.ended(&["doctor"]);
    assert_eq!(code, 0, "{told}");
    for expected in [
        "host\n  ok       kernel: Linux ",
        "warning  daemon: no daemon listens at ",
        "there is no store yet",
        "warning  ",
        "task backup\n  ok       schedule: switched off\n  ok       ask the kind: not looked at",
        "0 failures, ",
    ] {
        assert!(told.contains(expected), "no {expected:?} in\n{told}");
    }
    assert!(!stage.database().exists(), "a look made a store");
    assert_eq!(fs::read_dir(stage.path("state")).unwrap().count(), 0, "a look left something behind");
}

#[test]
fn groups_come_in_their_order_as_json() {
    let stage = idle_stage();
    let groups = stage.json(&["doctor", "--json"]);
    let names: Vec<&str> =
        groups.as_array().unwrap().iter().map(|group| group["group"].as_str().unwrap()).collect();
    let expected = [
        "host",
        "state directory",
        "store",
        "configuration",
        "vault",
        "scripts and plugins",
        "backup",
        "five",
    ];
    assert_eq!(names, expected);
    for group in groups.as_array().unwrap() {
        let keys: Vec<&String> = group.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["findings", "group", "level", "task"]);
        assert_eq!(
            group["task"],
            serde_json::json!(["backup", "five"].contains(&group["group"].as_str().unwrap()))
        );
        for finding in group["findings"].as_array().unwrap() {
            let level = finding["level"].as_str().unwrap();
            assert!(["ok", "warning", "failure"].contains(&level), "{finding}");
            assert!(finding["what"].is_string() && finding["found"].is_string(), "{finding}");
            assert!(level == "ok" || finding["advice"].is_string(), "what is not well has advice: {finding}");
        }
    }
}

#[test]
fn an_unknown_task_is_a_mistake() {
    let stage = idle_stage();
    let (code, message) = stage.refused(&["doctor", "bakcup"]);
    assert_eq!((code, &*message), (2, "there is no task \"bakcup\"; did you mean \"backup\"?"));
}

/// The clock of these tests stands; that of the database goes.
#[test]
fn clocks_apart_are_a_failure() {
    let stage = Stage::with(past);
    stage.configure(&idle());
    let (code, told) = stage.ended(&["doctor", "--json"]);
    assert_eq!(code, 1, "{told}");
    let groups: Value = serde_json::from_str(&told).unwrap();
    let store = group(&groups, "store");
    let clocks = about(store, "clocks");
    assert_eq!(clocks["level"], "failure");
    assert!(clocks["found"].as_str().unwrap().contains("this host's"), "{clocks}");
    assert_eq!(about(store, "integrity")["found"], "the file is whole");
    assert_eq!(about(store, "reach sqlite:")["level"], "ok");
    assert!(about(store, "nodes")["found"].as_str().unwrap().contains("host-a"), "{store:#?}");
}

#[test]
fn a_node_that_ended_without_leaving_is_told() {
    let stage = Stage::with(past);
    stage.configure(&idle());
    stage.daemon_dies();
    let (_, told) = stage.ended(&["doctor", "--json"]);
    let groups: Value = serde_json::from_str(&told).unwrap();
    let nodes = about(group(&groups, "store"), "nodes");
    assert_eq!(nodes["level"], "warning");
    assert!(nodes["found"].as_str().unwrap().contains("has ended without leaving"), "{nodes}");
}

#[test]
fn a_file_that_is_no_toml_stops_nobody_from_looking() {
    let stage = idle_stage();
    stage.configure("[daemon\nstore = ");
    let (code, told) = stage.ended(&["doctor"]);
    assert_eq!(code, 1);
    for expected in [
        "ok       kernel",
        "failure  read the file",
        "state directory\n  warning  look: nothing can be said",
        "store\n  warning  look: nothing can be said",
    ] {
        assert!(told.contains(expected), "no {expected:?} in\n{told}");
    }
    // It may well be in that file.
    let (code, told) = stage.ended(&["doctor", "anything"]);
    assert!(code == 1 && told.contains("task anything\n  failure  definition: it cannot be read"), "{told}");
}

#[test]
fn a_mistake_in_one_task_leaves_the_rest_to_be_looked_at() {
    let stage = idle_stage();
    stage.configure(&idle().replace("*/5 * * * *", "0 0 30 2 *"));
    let (code, told) = stage.ended(&["doctor"]);
    assert_eq!(code, 1);
    assert!(told.contains("failure  tasks.five.schedule: ") && told.contains("never fires"), "{told}");
    assert!(told.contains("task backup\n") && !told.contains("task five\n"), "{told}");
    assert!(told.contains("there is no store yet"), "{told}");
    let (code, told) = stage.ended(&["doctor", "five"]);
    assert!(code == 1 && told.contains("task five\n  failure  definition: it cannot be read"), "{told}");
}

#[test]
fn a_store_that_cannot_be_named_is_not_guessed_at() {
    let stage = idle_stage();
    stage.configure(&idle().replace("sqlite:roundsman.db", "mysql://example.com/x"));
    let (code, told) = stage.ended(&["doctor"]);
    assert_eq!(code, 1);
    assert!(told.contains("failure  daemon.store: "), "{told}");
    assert!(
        told.contains("store\n  warning  look: nothing can be said: daemon.store cannot be read"),
        "{told}"
    );
    assert!(told.contains("state directory\n  ok       directory: "), "{told}");
}

#[test]
fn a_store_that_is_none_is_a_failure() {
    let stage = idle_stage();
    fs::write(stage.database(), "this is no database, whatever its name may say".repeat(50)).unwrap();
    let (code, told) = stage.ended(&["doctor"]);
    assert!(code == 1 && told.contains("is not a readable SQLite database"), "{told}");
}

#[test]
fn a_state_directory_that_others_may_write_to_is_a_failure() {
    let stage = idle_stage();
    fs::set_permissions(stage.path("state"), fs::Permissions::from_mode(0o777)).unwrap();
    let (code, told) = stage.ended(&["doctor"]);
    assert!(code == 1 && told.contains("may be written by others (mode 0777)"), "{told}");
    assert!(told.contains("-> run `chmod 700 "), "{told}");
}

#[test]
fn what_is_probably_not_meant_is_told() {
    let stage = idle_stage();
    let text = idle().replace("[daemon]", "[daemon]\nlisten = \"0.0.0.0:9464\"")
        + "\n[tasks.idle]\nuses = \"command\"\nruns_on = [\"dmz\"]\nenv = [\"NOT_SET_ANYWHERE\"]\nwith = { argv = [\"true\"] }\n";
    stage.configure(&text);
    fs::set_permissions(stage.path("roundsman.toml"), fs::Permissions::from_mode(0o664)).unwrap();
    let groups = stage.json(&["doctor", "--json"]);
    let configuration = group(&groups, "configuration");
    assert_eq!(about(configuration, "listen")["level"], "warning");
    assert_eq!(about(configuration, "file")["level"], "warning");
    assert!(about(configuration, "tasks.idle")["found"].as_str().unwrap().contains("on request only"));
    assert!(about(configuration, "tasks.idle.env")["found"].as_str().unwrap().contains("NOT_SET_ANYWHERE"));
    let asked = about(group(&groups, "idle"), "ask the kind");
    assert!(asked["found"].as_str().unwrap().contains("label dmz"), "{asked}");
}
