//! Where exports on request go and what they are called: endings, folders, what cannot be written, what was left there. No
//! query runs for what could not be put anywhere.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use roundsman_metabase::kind::MetabaseExport;
use roundsman_simulators::{
    Fault,
    metabase::{CardSetup, MetabaseScenario, Release},
};
use roundsman_task::{FindingLevel, Kind as _, Outcome, OutcomeStatus, TaskError};
use serde_json::{Value, json};

use super::stage::*;

async fn stage() -> Stage {
    Stage::new(MetabaseScenario::sample(Release::V56, 40), json!([])).await
}

async fn ask(stage: &Stage, action: &str, params: Value) -> Result<Outcome, TaskError> {
    stage.run(&stage.builder().action(action, params).build()).await
}

fn refused(error: &TaskError, part: &str) {
    assert!(matches!(error, TaskError::Config { .. }) && error.to_string().contains(part), "{error:?}");
}

#[tokio::test]
async fn the_ending_says_the_form() {
    let stage = stage().await.set(json!({ "format": "json" }));
    let at = |name: &str| stage.dir.path().join(name);
    for (name, form) in
        [("a.xlsx", "xlsx"), ("b.CSV", "csv"), ("c.json", "json"), ("d.txt", "json"), ("e", "json")]
    {
        ask(&stage, "question", json!({ "id": 1, "output": at(name) })).await.unwrap();
        let expected = stage.sim.truth(1, form);
        // Workbooks of the server are never the same twice.
        let same = fs::read(at(name)).unwrap() == expected;
        assert!(same || (form == "xlsx" && fs::read(at(name)).unwrap().starts_with(b"PK")), "{name}");
    }
    ask(&stage, "question", json!({ "id": 1, "output": at("f.txt"), "format": "csv" })).await.unwrap();
    assert_eq!(fs::read(at("f.txt")).unwrap(), stage.sim.truth(1, "csv"));
    let before = stage.sim.journal().len();
    let error = ask(&stage, "question", json!({ "id": 1, "output": at("g.csv"), "format": "xlsx" }))
        .await
        .unwrap_err();
    refused(&error, "output ends with .csv and format is xlsx");
    let error = ask(&stage, "question", json!({ "id": 1, "output": at("g.csv.gz") })).await.unwrap_err();
    refused(&error, "not packed as .gz");
    let error = ask(&stage, "question", json!({ "id": 1, "output": at("-") })).await.unwrap_err();
    refused(&error, "standard output");
    assert_eq!(stage.sim.journal().len(), before, "nothing was asked");
    // The task's own kind of workbooks, and what it packs files with.
    let stage = stage.set(json!({ "format": "xlsx-local", "post": ["gzip"] }));
    let outcome =
        ask(&stage, "question", json!({ "id": 1, "output": stage.dir.path().join("h.xlsx.gz") })).await;
    let outcome = outcome.unwrap();
    assert_eq!(outcome.detail[0]["format"], "xlsx-local");
    assert_eq!(outcome.detail[0]["path"], stage.dir.path().join("h.xlsx.gz").to_str().unwrap());
}

#[tokio::test]
async fn a_folder_takes_the_file_in() {
    let stage = stage().await;
    let folder = stage.dir.path().join("there");
    fs::create_dir(&folder).unwrap();
    ask(&stage, "question", json!({ "id": 1, "output": folder })).await.unwrap();
    assert_eq!(fs::read(folder.join("question_1.csv")).unwrap(), stage.sim.truth(1, "csv"));
    // What a link leads to is written, and the link stays.
    let (file, link) = (folder.join("orders.csv"), stage.dir.path().join("link.csv"));
    fs::write(&file, "old").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    ask(&stage, "question", json!({ "id": 1, "output": link })).await.unwrap();
    assert_eq!((link.is_symlink(), fs::read(&file).unwrap()), (true, stage.sim.truth(1, "csv")));
    let absent = format!("{}/new/", stage.dir.path().display());
    ask(&stage, "question", json!({ "id": 1, "output": absent, "format": "json" })).await.unwrap();
    assert_eq!(fs::read(PathBuf::from(absent).join("question_1.json")).unwrap(), stage.sim.truth(1, "json"));
}

#[tokio::test]
async fn what_cannot_be_written_runs_no_query() {
    let stage = stage().await;
    // A folder where the file should be, a file where the folder should be.
    let folder = stage.dir.path().join("there");
    fs::create_dir_all(folder.join("question_1.csv")).unwrap();
    let error = ask(&stage, "question", json!({ "id": 1, "output": folder })).await.unwrap_err();
    assert!(error.to_string().contains("is a folder: an export cannot take its place"), "{error}");
    let pipe = stage.dir.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
    let error = ask(&stage, "question", json!({ "id": 1, "output": pipe })).await.unwrap_err();
    assert!(error.to_string().contains("is no plain file"), "{error}");
    fs::write(stage.dir.path().join("file"), "").unwrap();
    let below = stage.dir.path().join("file/below");
    ask(&stage, "questions", json!({ "ids": "1,2", "output_dir": below })).await.unwrap_err();
    ask(&stage, "dashboard", json!({ "id": 1, "output_dir": "/proc/sys" })).await.unwrap_err();
    assert_eq!(queries(&stage.sim), 0);
    // Folders that were made for files that did not come are not left behind.
    stage.sim.fault(Fault::on("POST *").status(404).times(10));
    ask(&stage, "questions", json!({ "ids": "1,2", "prefix": "mine" })).await.unwrap_err();
    assert!(!stage.out().exists(), "{:?}", stage.files());
}

#[tokio::test]
async fn what_nobody_finishes_is_swept_where_files_go() {
    let stage = stage().await;
    let (own, within) = (stage.dir.path().join("here"), stage.dir.path().join("here/within"));
    fs::create_dir_all(&within).unwrap();
    for folder in [&own, &within] {
        fs::write(folder.join(".orders.csv.17.1-2.part"), "half").unwrap();
        fs::write(folder.join(".other.part"), "not ours").unwrap();
    }
    let held = fs::File::create(own.join(".held.csv.18.1-1.part")).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
    ask(&stage, "question", json!({ "id": 1, "output": own.join("orders.csv") })).await.unwrap();
    let mut names: Vec<_> = fs::read_dir(&own).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".held.csv.18.1-1.part", ".other.part", "orders.csv", "within"]);
    assert!(within.join(".orders.csv.17.1-2.part").exists(), "nothing goes there");
}

#[tokio::test]
async fn dry_actions_tell_what_would_fail() {
    let scenario = MetabaseScenario::sample(Release::V56, 40).card(CardSetup::native(9, "Gone").archived());
    let stage = Stage::new(scenario, json!([])).await;
    let dry = async |action: &str, params: Value| {
        stage.run(&stage.builder().action(action, params).dry_run().build()).await.unwrap()
    };
    let outcome = dry("questions", json!({ "ids": "1,9,99" })).await;
    assert_eq!((outcome.counts.planned, outcome.counts.failed), (1, 2));
    assert!(outcome.summary.contains("2 would fail"), "{}", outcome.summary);
    let notes: Vec<&str> = outcome.print["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row[4].as_str().unwrap_or_default())
        .collect();
    assert!(
        notes[0].is_empty() && notes[1].contains("trash") && notes[2].contains("it would fail"),
        "{notes:?}"
    );
    assert_eq!(outcome.detail[1]["refused"]["error_type"], "archived");
    fs::create_dir_all(stage.out().join("question_1.csv")).unwrap();
    let outcome = dry("question", json!({ "id": 1 })).await;
    assert_eq!(outcome.counts.failed, 1, "{}", outcome.summary);
    assert_eq!(queries(&stage.sim), 0);
    let stage = stage.set(json!({ "dry_run_probe": false }));
    let before = stage.sim.journal().len();
    let test = stage.builder().action("question", json!({ "id": 1 })).dry_run().build();
    let outcome = stage.run(&test).await.unwrap();
    assert_eq!((outcome.counts.planned, stage.sim.journal().len()), (1, before), "{}", outcome.summary);
}

#[tokio::test]
async fn a_look_beforehand_writes_for_real() {
    let stage = stage().await;
    let look = async |output_dir: &str| {
        let stage_with = { json!({ "output_dir": output_dir }) };
        let mut with = stage.with.clone();
        with["output_dir"] = stage_with["output_dir"].clone();
        let test = stage.builder().build();
        let findings = MetabaseExport::preflight(test.cx(), serde_json::from_value(with).unwrap()).await;
        findings.into_iter().find(|finding| finding.what.starts_with("write to")).unwrap()
    };
    // Rights say yes to root here; only a try shows the truth.
    let finding = look("/proc/sys").await;
    assert_eq!(finding.level, FindingLevel::Failure, "{finding:?}");
    assert_eq!(look("/proc/exports").await.level, FindingLevel::Failure);
    fs::create_dir(stage.out()).unwrap();
    fs::set_permissions(stage.out(), fs::Permissions::from_mode(0o700)).unwrap();
    let finding = look(stage.out().to_str().unwrap()).await;
    assert_eq!(finding.level, FindingLevel::Ok, "{finding:?}");
    assert_eq!(fs::read_dir(stage.out()).unwrap().count(), 0);
    let deeper = stage.out().join("a/b");
    assert_eq!(look(deeper.to_str().unwrap()).await.level, FindingLevel::Ok);
    assert_eq!(fs::read_dir(stage.out()).unwrap().count(), 0, "nothing stays");
}

#[tokio::test]
async fn the_rest_is_not_tried_when_nothing_can_succeed() {
    let stage = stage().await.set(json!({ "max_concurrent_exports": 1 }));
    stage.sim.fault(Fault::on("POST *").status(401).times(10));
    let error = ask(&stage, "questions", json!({ "ids": "1,3,4" })).await.unwrap_err();
    assert!(matches!(error, TaskError::Permanent { .. } | TaskError::Config { .. }), "{error:?}");
    assert_eq!(queries(&stage.sim), 1, "the others would be refused too");
}

#[tokio::test]
async fn a_prefix_goes_before_the_task_s_template() {
    let stage = stage().await.set(json!({ "template": "{id}.{ext}" }));
    ask(&stage, "questions", json!({ "ids": "1", "prefix": "mine" })).await.unwrap();
    assert_eq!(stage.files(), [format!("mine_{TS}/Orders.csv")]);
    let outcome = ask(&stage, "questions", json!({ "ids": "1" })).await.unwrap();
    assert_eq!((outcome.status, stage.files().len()), (OutcomeStatus::Success, 2));
}
