//! Keeping house: what is taken out, and stores that leave and come back as files. No daemon runs here.

use roundsman_testkit::Installing as _;
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use roundsman_model::TaskDefinition;
use roundsman_store::{Role, Store};
use serde_json::{Value, json};

use crate::{
    past::past,
    stage::{CONFIG, Stage},
};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn pruning_is_told_before_it_is_done() {
    let stage = Stage::with(past);
    assert_eq!(stage.told(&["db", "prune", "--dry-run"]), "There is nothing to take out.\n");
    stage.configure(&format!("{CONFIG}\n[retention]\nkeep = \"1h\"\nruns_per_task = 1\n"));
    stage.happens(async |store: &dyn Store, tasks: &[TaskDefinition]| {
        crate::past::another(store, &tasks[0], "2026-11-21T11:00:00Z").await;
    });
    let foretold: Value = stage.json(&["db", "prune", "--dry-run", "--json"]);
    assert_eq!((&foretold["runs"], &foretold["dry_run"]), (&json!(1), &json!(true)), "{foretold}");
    assert!(foretold["bytes"].as_u64().unwrap() > 0, "the run left a log and an artifact: {foretold}");
    let told = stage.told(&["db", "prune", "--dry-run"]);
    assert!(told.starts_with("Would take out 1 run, with "), "{told}");
    stage.told(&["run", "1"]);
    let told = stage.told(&["db", "prune"]);
    assert!(told.starts_with("Took out 1 run, with "), "{told}");
    assert!(stage.refused(&["run", "1"]).1.starts_with("there is no run 1"));
    let why = stage.told(&["why", "backup", "02:00"]);
    assert!(why.contains("It ran; what is kept of its run is this row of the ledger"), "{why}");
    assert!(stage.told(&["why", "five", "yesterday", "23:00"]).len() > 1);
    assert_eq!(stage.told(&["db", "prune"]), "There is nothing to take out.\n");
}

#[test]
fn a_monitor_keeps_changes_and_hourly_sums() {
    let stage = Stage::new();
    stage.configure(&CONFIG.replace("[tasks.five]", "[tasks.five]\nhistory = \"changes\""));
    stage.happens(async |store: &dyn Store, tasks: &[TaskDefinition]| {
        store.install_tasks(tasks, crate::stage::at("2026-11-21T07:59:00Z")).await.unwrap();
        for minute in ["00", "05", "10", "15"] {
            let slot = format!("2026-11-21T08:{minute}:00Z");
            crate::past::another(store, &tasks[1], &slot).await;
        }
    });
    assert!(!stage.told(&["show", "five"]).contains("Hours of repeated successes"));
    let told = stage.told(&["db", "prune"]);
    assert!(told.starts_with("Took out 2 runs (2 of them into hourly sums)"), "{told}");
    let shown = stage.told(&["show", "five"]);
    let (_, sums) = shown.split_once("Hours of repeated successes\n").unwrap();
    assert!(sums.contains("2026-11-21 09:00:00 +01:00          2    1.2 s    1.2 s"), "{shown}");
    assert_eq!(stage.json(&["show", "five", "--json"])["hourly_sums"][0]["runs"], 2);
}

#[test]
fn a_store_leaves_as_a_file_and_comes_back() {
    let (stage, other) = (Stage::with(past), Stage::new());
    let (packed, plain) = (stage.path("out.jsonl.zst"), stage.path("out.jsonl"));
    let told = stage.told(&["db", "export", text(&packed)]);
    assert!(told.starts_with("Exported ") && told.contains("out.jsonl.zst ("), "{told}");
    stage.told(&["db", "export", text(&plain), "--plain"]);
    let lines = fs::read_to_string(&plain).unwrap();
    assert!(lines.starts_with("{\"roundsman_export\":1,"), "{lines:.80}");
    assert!(fs::metadata(&packed).unwrap().len() * 2 < lines.len() as u64, "it is compressed");
    assert_eq!(fs::metadata(&packed).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(parts(&stage).is_empty(), "nothing is left beside the export");
    let told = other.told(&["db", "import", text(&packed)]);
    assert!(told.contains("They were read again and are what was exported."), "{told}");
    for line in [&["logs", "1"][..], &["artifacts", "1"], &["runs", "backup"]] {
        assert_eq!(other.told(line), stage.told(line));
    }
    assert_eq!(other.told(&["why", "five", "09:00"]), stage.told(&["why", "five", "09:00"]));
    let again = other.path("again.jsonl");
    other.told(&["db", "export", text(&again), "--plain"]);
    let body = |text: String| text.split_once('\n').unwrap().1.to_owned();
    assert_eq!(body(fs::read_to_string(&again).unwrap()), body(lines));
    let (code, message) = other.refused(&["db", "import", text(&packed)]);
    assert_eq!(code, 1);
    assert!(message.contains("is not empty: import into a new one"), "{message}");
}

#[test]
fn damage_is_refused_and_the_import_repeated() {
    let (stage, other) = (Stage::with(past), Stage::new());
    let (good, bad) = (stage.path("good"), stage.path("bad"));
    stage.told(&["db", "export", text(&good)]);
    let bytes = fs::read(&good).unwrap();
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 0x20;
    for damaged in [&flipped[..], &bytes[..bytes.len() - 9]] {
        fs::write(&bad, damaged).unwrap();
        let (code, message) = other.refused(&["db", "import", text(&bad)]);
        assert_eq!(code, 1, "{message}");
        assert!(message.contains("export"), "{message}");
    }
    stage.told(&["db", "export", text(&bad), "--plain"]);
    let lines = fs::read(&bad).unwrap();
    fs::write(&bad, &lines[..lines.len() / 2]).unwrap();
    let (_, message) = other.refused(&["db", "import", text(&bad)]);
    assert!(message.contains("the export is damaged at line"), "{message}");
    let (_, message) = other.refused(&["runs"]);
    assert!(message.contains("run `roundsman db import FILE` again"), "{message}");
    other.told(&["db", "import", text(&good)]);
    assert_eq!(other.told(&["logs", "1"]), stage.told(&["logs", "1"]));
    let (_, message) = other.refused(&["db", "import", text(&stage.path("nowhere"))]);
    assert!(message.contains("cannot read the export"), "{message}");
    let (_, message) = stage.refused(&["db", "export", text(&stage.path("no/where"))]);
    assert!(message.contains("cannot write the export to"), "{message}");
    assert!(parts(&stage).is_empty());
}

#[test]
fn no_import_beside_a_daemon() {
    let (stage, other) = (Stage::with(past), Stage::new());
    let file = stage.path("out");
    stage.told(&["db", "export", text(&file)]);
    other.told(&["db", "migrate"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = format!("sqlite:{}", other.database().display());
    let options = roundsman_store::OpenOptions::for_role(Role::Daemon);
    let daemon = runtime.block_on(roundsman_store::open(&url, options)).unwrap();
    let (code, message) = other.refused(&["db", "import", text(&file)]);
    assert!(
        code == 1 && message.starts_with("a daemon (pid") && message.contains("stop it first"),
        "{message}"
    );
    runtime.block_on(daemon.close());
    other.told(&["db", "import", text(&file)]);
}

/// Files that an export left unfinished.
fn parts(stage: &Stage) -> Vec<String> {
    let names = fs::read_dir(stage.path(".")).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter_map(|name| name.into_string().ok()).filter(|name| name.contains(".part")).collect()
}
