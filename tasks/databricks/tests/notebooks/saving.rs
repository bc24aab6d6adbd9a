//! What is saved, as what, and what is told of the rest.

use roundsman_databricks::notebooks::BackupFormat;
use roundsman_simulators::{Fault, FileSetup};
use roundsman_task::{Outcome, OutcomeStatus, TaskError};
use serde_json::{Value, json};

use crate::stage::{Stage, file, lab, people};

const FIRST: &str = "/Users/s1@example.edu/first";

#[tokio::test]
async fn every_language_is_saved_as_it_is_exported() {
    let stage = Stage::of(lab()).await;
    let report = stage.save().await;
    assert_eq!((report.exported, report.failed, report.folders), (6, 0, 8), "{report:?}");
    let saved = stage.saved();
    let expected = [
        ("Shared/all/notes.txt", "# Databricks\n"),
        ("Shared/table.csv", "a,b\n1,2\n"),
        ("Users/s1@example.edu/deep/er/second.scala", "// Databricks notebook source\nval a = 1"),
        ("Users/s1@example.edu/first.py", "# Databricks notebook source\nprint('ä')\n"),
        ("Users/s2@example.edu/plot.r", "# Databricks notebook source\nplot(1)\r\nplot(2)\r\n"),
        ("Users/s2@example.edu/query.sql", "-- Databricks notebook source\nselect 1\n"),
    ];
    assert_eq!(
        saved.into_iter().collect::<Vec<_>>(),
        expected.map(|(name, text)| (name.into(), text.into()))
    );
    let line = stage.line(FIRST);
    let told =
        ["type", "language", "format", "bytes", "local", "status", "error"].map(|key| line[key].clone());
    let local = "Users/s1@example.edu/first.py";
    assert_eq!(
        told,
        [
            json!("NOTEBOOK"),
            json!("PYTHON"),
            json!("SOURCE"),
            json!(41),
            json!(local),
            json!("ok"),
            Value::Null
        ]
    );
    assert_eq!(line["sha256"].as_str().map(str::len), Some(64));
    let download = &stage
        .sim
        .asked("GET */workspace/export")
        .into_iter()
        .filter(|entry| entry.query.contains("table.csv"))
        .collect::<Vec<_>>();
    assert!(download[0].query.contains("format=AUTO") && download[0].query.contains("direct_download=true"));
    assert!(!stage.test.progress().is_empty());
}

#[tokio::test]
async fn jupyter_notebooks_have_one_ending() {
    let mut stage = Stage::of(lab()).await;
    (stage.saving.format, stage.saving.files) = (BackupFormat::Jupyter, false);
    let report = stage.save().await;
    assert_eq!((report.exported, report.not_exported), (4, 2));
    let saved = stage.saved();
    assert!(
        saved.keys().all(|name| name.rsplit_once('.').is_some_and(|(_, ending)| ending == "ipynb")),
        "{:?}",
        saved.keys()
    );
    let notebook: Value = serde_json::from_str(&saved["Users/s2@example.edu/query.ipynb"]).unwrap();
    assert_eq!(notebook["metadata"]["language_info"]["name"], "sql");
    assert_eq!(stage.line("/Shared/table.csv")["status"], "not_exported");
}

#[tokio::test]
async fn other_things_are_only_written_down() {
    let of_type = |path: &str, object_type: &str| FileSetup {
        object_type: Some(object_type.to_owned()),
        ..file(path, None, "x")
    };
    let mut scenario = people();
    for (path, object_type) in
        [("repo", "REPO"), ("library", "LIBRARY"), ("board", "DASHBOARD"), ("new", "WHATEVER")]
    {
        scenario.files.push(of_type(&format!("/Shared/{path}"), object_type));
    }
    scenario
        .files
        .push(FileSetup { language: Some("COBOL".to_owned()), ..of_type("/Shared/old", "NOTEBOOK") });
    let stage = Stage::of(scenario).await;
    let report = stage.save().await;
    assert_eq!((report.not_exported, report.exported, report.failed), (4, 1, 0), "{report:?}");
    assert_eq!(
        (&stage.line("/Shared/repo")["type"], &stage.line("/Shared/repo")["local"]),
        (&json!("REPO"), &Value::Null)
    );
    assert_eq!(stage.saved_names(), ["Shared/old.txt"], "and no empty folder");
}

#[tokio::test]
async fn what_is_too_large_is_passed_over_and_written_down() {
    let long = "x".repeat(200);
    let scenario =
        lab().file("/Shared/long", Some("PYTHON"), &long).set(|settings| settings.export_limit_bytes = 100);
    let mut stage = Stage::of(scenario).await;
    stage.put("/Shared/huge.bin", None, &"x".repeat((10 << 20) + 1));
    let report = stage.save().await;
    assert_eq!((report.too_large, report.exported, report.failed), (2, 6, 0), "{report:?}");
    let line = stage.line("/Shared/long");
    assert_eq!((&line["status"], &line["local"]), (&json!("too_large"), &Value::Null));
    assert!(line["error"].as_str().unwrap().contains("MAX_NOTEBOOK_SIZE_EXCEEDED"), "{line}");
    let asked = stage.sim.asked("GET */workspace/export");
    assert!(!asked.iter().any(|entry| entry.query.contains("huge")), "its size was told");
    let outcome = Outcome::from(report);
    assert_eq!((outcome.status, outcome.counts.skipped), (OutcomeStatus::Success, 2));
    assert_eq!(outcome.print["rows"].as_array().unwrap().len(), 2, "{}", outcome.print);
    stage.again();
    let report = stage.save().await;
    assert_eq!((report.too_large, report.unchanged, stage.manifest().len()), (2, 6, 8));
}

#[tokio::test]
async fn one_failing_among_many_harms_no_other() {
    let scenario = (0..60).fold(lab(), |lab, nth| {
        lab.file(&format!("/Shared/many/n{nth:02}"), Some("PYTHON"), &format!("print({nth})"))
    });
    let mut stage = Stage::of(scenario).await;
    stage.sim.fault(Fault::on("GET */workspace/export").containing("n33").status(403));
    let report = stage.save().await;
    assert_eq!((report.exported, report.failed), (65, 1), "{report:?}");
    let line = stage.line("/Shared/many/n33");
    assert_eq!((&line["status"], &line["sha256"]), (&json!("failed"), &Value::Null));
    let outcome = Outcome::from(report);
    assert_eq!((outcome.status, outcome.counts.failed, outcome.counts.ok), (OutcomeStatus::Partial, 1, 65));
    assert_eq!(outcome.print["rows"][0][0], "/Shared/many/n33");
    assert_eq!(outcome.detail["problems"]["told"][0]["path"], "/Shared/many/n33");
    stage.sim.clear_faults();
    stage.again();
    let report = stage.save().await;
    assert_eq!((report.exported, report.unchanged, stage.exports()), (1, 65, 1));
    assert_eq!(stage.manifest().len(), 66, "one line each");
}

#[tokio::test]
async fn a_folder_that_cannot_be_listed_harms_no_other() {
    let stage = Stage::of(lab()).await;
    stage.sim.fault(Fault::on("GET */workspace/list").containing("s1").status(403));
    let report = stage.save().await;
    assert_eq!((report.exported, report.failed), (4, 1), "{report:?}");
    assert_eq!(report.problems.told[0].path, "/Users/s1@example.edu");
}

#[tokio::test]
async fn roots_must_be_there() {
    let mut stage = Stage::of(lab()).await;
    let fault = stage.sim.fault(Fault::on("GET */workspace/list").containing("Shared").status(403));
    assert!(matches!(stage.try_save().await, Err(TaskError::Permanent { .. })));
    assert_eq!(stage.exports(), 0, "nothing is begun");
    drop(fault);
    stage.sim.clear_faults();
    stage.saving.roots = vec!["/Users".to_owned(), "/Nowhere".to_owned()];
    let error = stage.try_save().await.unwrap_err().to_string();
    assert!(error.contains("Nowhere"), "{error}");
    stage.saving.roots = vec!["Users".to_owned()];
    assert!(matches!(stage.try_save().await, Err(TaskError::Config { .. })));
    stage.saving.roots = vec![FIRST.to_owned()];
    assert_eq!(stage.save().await.exported, 1, "a notebook may be one");
}

#[tokio::test]
async fn the_whole_workspace_may_be_saved() {
    let mut stage =
        Stage::of(lab().file("/Repos/r/a", Some("PYTHON"), "1").file("/manifest.jsonl", None, "{}")).await;
    stage.saving.roots = vec!["/".to_owned()];
    assert_eq!(stage.save().await.exported, 8);
    let saved = stage.saved();
    assert_eq!((saved["%6Danifest.jsonl"].as_str(), saved.contains_key("Repos/r/a.py")), ("{}", true));
    assert_eq!(stage.manifest().len(), 8);
}

#[tokio::test]
async fn a_dry_run_writes_nothing_but_its_plan() {
    let mut stage = Stage::of(lab()).await;
    stage.dry();
    let report = stage.save().await;
    assert_eq!((report.planned, report.exported, stage.exports()), (6, 0, 0));
    assert!(!stage.saving.out_dir.exists());
    let plan = String::from_utf8(stage.test.artifact("backup-plan.jsonl").unwrap()).unwrap();
    assert_eq!(plan.lines().count(), 6);
    let first: Value = serde_json::from_str(plan.lines().next().unwrap()).unwrap();
    assert_eq!(first["local"], "Shared/table.csv", "breadth first");
    let outcome = Outcome::from(report);
    assert_eq!((outcome.counts.planned, outcome.print["rows"].as_array().unwrap().len()), (6, 6));
}

#[tokio::test]
async fn a_page_where_a_file_was_due_is_no_file() {
    let stage = Stage::of(lab().file("/Shared/page.html", None, "<html>mine</html>")).await;
    let login =
        Fault::on("GET */workspace/export").containing("table.csv").page("<html><body>Sign in</body></html>");
    stage.sim.fault(login);
    let error = stage.try_save().await.unwrap_err();
    assert!(matches!(error, TaskError::Config { .. }), "{error}");
    stage.settled().await;
    assert!(!stage.saved().values().any(|text| text.contains("Sign in")));
    stage.sim.clear_faults();
    assert_eq!(stage.save().await.failed, 0);
    assert_eq!(stage.saved()["Shared/page.html"], "<html>mine</html>");
}

#[tokio::test]
async fn what_stumbles_is_tried_again() {
    let stage = Stage::of(lab()).await;
    stage.sim.fault(Fault::on("GET */workspace/export").every(3).times(4).cut());
    stage.sim.fault(Fault::on("GET */workspace/list").nth(3).status(429).retry_after("7"));
    stage.sim.fault(Fault::on("GET */workspace/list").nth(5).status(503));
    let report = stage.save().await;
    assert_eq!((report.exported, report.failed), (6, 0), "{report:?}");
}

#[tokio::test]
async fn thousands_are_saved_and_found_again() {
    let scenario = (0..2_000).fold(people(), |lab, nth| {
        lab.file(&format!("/Shared/f{:02}/n{nth:04}", nth % 40), Some("PYTHON"), &format!("print({nth})"))
    });
    let mut stage = Stage::of(scenario).await;
    let report = stage.save().await;
    assert_eq!((report.exported, report.failed, stage.exports()), (2_000, 0, 2_000));
    assert_eq!((stage.manifest().len(), stage.saved().len()), (2_000, 2_000));
    stage.again();
    assert_eq!((stage.save().await.unchanged, stage.exports()), (2_000, 0));
    stage.again();
    stage.restoring.plan = true;
    let report = stage.restore().await;
    assert_eq!((report.was_there, report.planned), (2_000, 0));
    assert!(stage.asked("*") < 60, "a plan lists each folder once");
}
