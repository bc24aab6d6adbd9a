//! The commands on a real SQLite store with a known past, at a known time. Workers are not started here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "cli/doctor.rs"]
mod doctor;
#[path = "cli/house.rs"]
mod house;
#[path = "cli/orders.rs"]
mod orders;
#[path = "cli/past.rs"]
mod past;
#[path = "cli/stage.rs"]
mod stage;

use std::time::{Duration, Instant};

use past::past;
use roundsman_model::{AttemptEnd, Outcome, RunId};
use serde_json::Value;
use stage::{Buffer, Stage};

#[test]
fn tasks_and_next_without_a_store() {
    let stage = Stage::new();
    let told = stage.told(&["tasks"]);
    assert_eq!(told.lines().count(), 3, "{told}");
    assert!(told.contains("every day at 02:00"), "{told}");
    assert!(told.contains("2026-11-22 02:00:00 +01:00"), "{told}");
    let next: Value = stage.json(&["next", "five", "-n", "2", "--json"]);
    assert_eq!(next[0]["slot"], "2026-11-21T12:50:00Z");
    assert_eq!(next[1]["slot"], "2026-11-21T12:55:00Z");
    assert!(stage.told(&["status"]).contains("(not there yet)"));
    assert!(stage.told(&["show", "backup"]).contains("it has not run yet"));
    assert!(stage.told(&["why", "backup", "02:00"]).contains("No daemon has known this task yet"));
    assert!(!stage.database().exists(), "a listing made a store");
}

#[test]
fn commands_that_need_a_store_say_so() {
    let stage = Stage::new();
    for line in [&["runs"][..], &["run", "1"], &["logs", "1"], &["artifacts", "1"]] {
        let (code, message) = stage.refused(line);
        assert_eq!(code, 1, "{line:?}: {message}");
        assert!(message.contains("roundsman.db"), "{line:?}: {message}");
    }
    assert!(!stage.database().exists(), "a listing made a store");
}

#[test]
fn migrate_makes_a_store_and_says_what_it_did() {
    let stage = Stage::new();
    assert!(stage.told(&["db", "migrate"]).starts_with("Created the store"));
    assert!(stage.told(&["db", "migrate"]).contains("which is what this version needs"));
    assert_eq!(stage.told(&["runs"]), "Nothing has run yet.\n");
    let (_, message) = stage.refused(&["run", "7"]);
    assert_eq!(message, "there is no run 7: nothing has run yet");
}

#[test]
fn status_tells_what_is_wrong() {
    let stage = Stage::with(past);
    let told = stage.told(&["status"]);
    for expected in
        ["daemon  alive", "1 running", "host-a", "http://127.0.0.1:9464", "Active runs", "exit code 1"]
    {
        assert!(told.contains(expected), "no {expected:?} in\n{told}");
    }
    let status: Value = stage.json(&["status", "--json"]);
    assert_eq!(status["active_runs"]["running"], 1);
    assert_eq!(status["troubled"][0]["id"], 2);
    assert_eq!(status["overdue"], serde_json::json!([]));
    assert_eq!(status["nodes"][0]["state"], "alive");
}

#[test]
fn a_daemon_that_was_killed_is_known_to_be_dead() {
    let stage = Stage::with(past);
    assert!(stage.told(&["why", "five", "13:50"]).contains("It is due in 2 min (every 5 minutes)."));
    stage.daemon_dies();
    let told = stage.told(&["status"]);
    assert!(told.contains("none is alive") && told.contains("host-a has ended without leaving"), "{told}");
    let status: Value = stage.json(&["status", "--json"]);
    assert_eq!(status["nodes"][0]["state"], "dead");
    assert!(stage.told(&["why", "five", "13:50"]).contains("No daemon is alive"));
}

#[test]
fn an_import_makes_its_folder_and_waits_for_no_daemon() {
    let stage = Stage::with(past);
    let file = stage.path("all.jsonl.zst");
    let name = file.to_str().unwrap();
    stage.told(&["db", "export", name]);
    let (code, message) = stage.refused(&["db", "migrate"]);
    assert!(code == 1 && message.starts_with("a daemon (pid "), "{code} {message}");
    assert!(message.contains("stop it first"), "{message}");
    let fresh = Stage::new();
    std::fs::remove_dir(fresh.path("state")).unwrap();
    assert!(fresh.told(&["db", "import", name]).starts_with("Imported"));
    assert_eq!(fresh.json(&["runs", "--json"]).as_array().unwrap().len(), 3);
}

#[test]
fn what_is_refused_as_usage() {
    let stage = Stage::with(past);
    for line in [&["logs", "9"][..], &["artifacts", "9"], &["run", "9"], &["rerun", "9"]] {
        let (code, message) = stage.refused(line);
        assert_eq!((code, message.as_str()), (2, "there is no run 9: the newest is 3"), "{line:?}");
    }
    let (code, message) = stage.refused(&["trigger", "backup", "-p", "a=b"]);
    assert!(code == 2 && message.contains("takes parameters with its actions only"), "{message}");
}

#[test]
fn runs_come_in_pages_newest_first() {
    let stage = Stage::with(past);
    let ids = |line: &[&str]| -> Vec<i64> {
        let runs: Value = stage.json(line);
        runs.as_array().unwrap().iter().map(|run| run["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids(&["runs", "--json"]), [3, 2, 1]);
    assert_eq!(ids(&["runs", "-n", "2", "--json"]), [3, 2]);
    assert_eq!(ids(&["runs", "--before", "2", "--json"]), [1]);
    assert_eq!(ids(&["runs", "five", "--json"]), [3, 2]);
    assert_eq!(ids(&["runs", "--state", "failed", "--json"]), [2]);
    assert_eq!(ids(&["runs", "--state", "ended", "--json"]), [2, 1]);
    assert_eq!(ids(&["runs", "--since", "5m", "--json"]), [3]);
    let (told, notes) = stage.told_and_noted(&["runs", "-n", "1"]);
    assert!(told.lines().nth(1).unwrap().trim_start().starts_with('3'), "{told}");
    assert_eq!(notes, "note: there are older ones: add `--before 3`\n");
}

#[test]
fn a_run_with_its_log_and_artifact() {
    let stage = Stage::with(past);
    let told = stage.told(&["run", "1"]);
    for expected in
        ["Run 1 of backup: succeeded", "40 ms after its slot", "3 ok", "dump.txt", "roundsman logs 1"]
    {
        assert!(told.contains(expected), "no {expected:?} in\n{told}");
    }
    let run: Value = stage.json(&["run", "2", "--json"]);
    assert_eq!(run["attempts"][0]["ended"], "error");
    let log = stage.told(&["logs", "1"]);
    assert!(log.contains("02:00:00.100 INFO  begins\n02:00:00.200 out   hello"), "{log}");
    let lines = stage.told(&["logs", "1", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(lines.lines().next().unwrap()).unwrap()["attempt"], 1);
    assert!(stage.told(&["artifacts", "1"]).contains("text/plain"));
    assert_eq!(stage.told(&["artifacts", "1", "dump.txt"]), "dumped\n");
    let file = stage.path("fetched.txt");
    stage.told(&["artifacts", "1", "dump.txt", "-o", file.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "dumped\n");
    let (_, message) = stage.refused(&["artifacts", "1", "dmp.txt"]);
    assert_eq!(message, "run 1 left no artifact \"dmp.txt\"; did you mean \"dump.txt\"?");
    let (_, message) = stage.refused(&["run", "9"]);
    assert_eq!(message, "there is no run 9: the newest is 3");
}

#[test]
fn a_log_is_followed_until_the_run_ends() {
    let stage = Stage::with(past);
    let seen = Buffer::default();
    let wait_for = |text: &str| {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !seen.text().contains(text) {
            assert!(Instant::now() < deadline, "{text:?} was not printed:\n{}", seen.text());
            std::thread::yield_now();
        }
    };
    let (result, notes) = std::thread::scope(|scope| {
        let follower = scope.spawn(|| stage.ask_into(&["logs", "3", "--follow"], &seen));
        stage.happens(async |store, _| {
            let run = store.run(RunId(3)).await.unwrap().unwrap();
            past::log(store, &run, 1, "2026-11-21T12:45:01Z", "log", "half done").await;
        });
        wait_for("half done");
        assert!(!follower.is_finished(), "it stopped before the run ended");
        stage.happens(async |store, _| {
            let run = store.run(RunId(3)).await.unwrap().unwrap();
            past::log(store, &run, 2, "2026-11-21T12:45:02Z", "log", "all done").await;
            past::end(store, &run, AttemptEnd::Finished { outcome: Outcome::success("done") }).await;
        });
        follower.join().unwrap()
    });
    result.unwrap();
    assert!(
        seen.text().ends_with("13:45:01.000 INFO  half done\n13:45:02.000 INFO  all done\n"),
        "{}",
        seen.text()
    );
    assert_eq!(notes, "note: run 3 succeeded\n");
}

#[test]
fn why_answers_for_every_kind_of_time() {
    let stage = Stage::with(past);
    let check = |time: &str, expected: &str| {
        let told = stage.told(&["why", "five", time]);
        assert!(told.contains(expected), "no {expected:?} in\n{told}");
    };
    check("13:40", "Run 2 began at 13:40:00");
    check("2026-11-21T12:40:00Z", "ended failed");
    check("05:00", "missed because no daemon was up to fire it (daemon down from");
    check("05:00", "It is one of 84 slots");
    check("13:42", "The slots beside it are 2026-11-21 13:40:00 +01:00 (ran, run 2)");
    check("13:50", "It is due in 2 min");
    check("yesterday 12:00", "A daemon first knew the task at 2026-11-20 21:00:00 +01:00");
    check("-8m", "ended failed");
    let told = stage.told(&["why", "backup", "today", "02:00"]);
    assert!(told.contains("Run 1 began at 02:00:00, 40 ms after its slot"), "{told}");
    let why: Value = stage.json(&["why", "backup", "02:00", "--json"]);
    assert_eq!((&why["verdict"], &why["run"]["id"]), (&"ran".into(), &1.into()));
    let (code, message) = stage.refused(&["why", "backup", "sometime"]);
    assert!(code == 2 && message.starts_with("\"sometime\" is not a time"), "{code} {message}");
}

#[test]
fn unknown_names_get_suggestions() {
    let stage = Stage::with(past);
    for line in
        [&["show", "bakcup"][..], &["runs", "bakcup"], &["next", "bakcup"], &["why", "bakcup", "02:00"]]
    {
        let (code, message) = stage.refused(line);
        assert_eq!(
            (code, message.as_str()),
            (2, "there is no task \"bakcup\"; did you mean \"backup\"?"),
            "{line:?}"
        );
    }
    let (code, message) = stage.refused(&["kinds", "comand"]);
    assert_eq!((code, message.as_str()), (2, "there is no kind \"comand\"; did you mean \"command\"?"));
}

#[test]
fn a_changed_file_shows_what_is_in_force() {
    let stage = Stage::with(past);
    stage.configure(&stage::CONFIG.replace("0 2 * * *", "0 4 * * *"));
    let (told, notes) = stage.told_and_noted(&["tasks"]);
    assert!(told.contains("every day at 02:00"), "{told}");
    assert!(notes.contains("changed: backup"), "{notes}");
}

#[test]
fn config_commands() {
    let stage = Stage::new();
    let check = stage.told(&["config", "check"]);
    assert!(
        check.contains("is in order: 2 tasks") && check.contains("backup (command): every day at 02:00"),
        "{check}"
    );
    let show = stage.told(&["config", "show", "daemon"]);
    assert!(show.contains("Europe/Berlin") && show.contains("roundsman.toml:"), "{show}");
    let schema: Value = stage.json(&["config", "schema"]);
    assert!(schema.is_object());
    assert!(stage.told(&["config", "reference"]).contains("## "));
    let (code, message) = stage.refused(&["config", "show", "nothing"]);
    assert!(code == 2 && message.contains("no key begins with \"nothing\""), "{message}");
    stage.configure("[tasks.backup]\nuse = \"command\"\nschedule = \"0 0 30 2 *\"\n");
    let (code, message) = stage.refused(&["config", "check"]);
    assert_eq!(code, 2);
    assert!(message.contains("uses") && message.contains("never fires"), "{message}");
}

#[test]
fn config_init_prints_what_config_check_accepts() {
    let stage = Stage::new();
    let file = stage.path("new.toml");
    let name = file.to_str().unwrap();
    stage.told(&["config", "init", "-o", name]);
    let (_, message) = stage.refused(&["config", "init", "-o", name]);
    assert!(message.contains("exists already"), "{message}");
    stage.configure(&std::fs::read_to_string(&file).unwrap());
    stage.told(&["config", "check"]);
}

#[test]
fn kinds_and_completions() {
    let stage = Stage::new();
    assert!(stage.told(&["kinds"]).contains("command"));
    assert!(stage.told(&["kinds", "command"]).contains("argv"));
    let kind: Value = stage.json(&["kinds", "command", "--json"]);
    assert!(kind["config_schema"]["properties"]["argv"].is_object());
    for shell in ["bash", "zsh", "fish"] {
        assert!(stage.told(&["completions", shell]).contains("roundsman"), "{shell}");
    }
}
