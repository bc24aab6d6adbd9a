//! What happens where something goes: it is there already, it is refused, the answer is lost, or it is not what was saved.

use std::fs;

use roundsman_simulators::Fault;
use roundsman_task::{Outcome, OutcomeStatus, TaskError};

use crate::stage::{Stage, lab, people};

const FIRST: &str = "/Users/s1@example.edu/first";
const FIRST_FILE: &str = "Users/s1@example.edu/first.py";

async fn saved() -> Stage {
    let stage = Stage::of(lab()).await;
    stage.save().await;
    stage
}

#[tokio::test]
async fn what_is_there_stays_unless_it_may_be_replaced() {
    let mut stage = saved().await.before(people().file(FIRST, Some("PYTHON"), "mine\n")).await;
    let report = stage.restore().await;
    assert_eq!((report.imported, report.was_there, report.failed), (5, 1, 0), "{report:?}");
    assert_eq!((report.verified, report.differing), (5, 1), "what is there is compared as well");
    assert_eq!(stage.there()[FIRST], "mine\n");
    let outcome = Outcome::from(report);
    assert_eq!(
        (outcome.status, outcome.print["rows"][0][1].as_str()),
        (OutcomeStatus::Partial, Some("differs"))
    );
    stage.again();
    stage.restoring.verify = false;
    let report = stage.restore().await;
    assert_eq!((report.was_there, report.differing, stage.exports()), (6, 0, 0), "{report:?}");
    assert_eq!(Outcome::from(report).status, OutcomeStatus::Success);
    stage.again();
    (stage.restoring.overwrite, stage.restoring.verify) = (true, true);
    let report = stage.restore().await;
    assert_eq!((report.imported, report.verified), (6, 6), "{report:?}");
    assert_eq!(stage.there()[FIRST], "# Databricks notebook source\nprint('ä')\n");
}

#[tokio::test]
async fn a_lost_answer_is_cleared_up() {
    let origin = saved().await;
    for (mine, imported) in [(None, 6), (Some("mine"), 5)] {
        let scenario = mine.map_or_else(people, |text| people().file(FIRST, Some("PYTHON"), text));
        let stage = origin.before(scenario).await;
        stage
            .sim
            .fault(Fault::on("POST */workspace/import").containing("first").times(1).cut().after_effect());
        stage.sim.fault(Fault::on("POST */workspace/import").containing("second").times(2).status(500));
        let report = stage.restore().await;
        assert_eq!(
            (report.imported, report.was_there, report.failed),
            (imported, 6 - imported, 0),
            "{report:?}"
        );
        if let Some(text) = mine {
            assert_eq!(stage.there()[FIRST], text, "nothing was replaced");
        }
    }
}

#[tokio::test]
async fn one_that_is_refused_harms_no_other() {
    let origin = saved().await;
    let mut stage = origin.before(people()).await;
    stage.sim.fault(Fault::on("POST */workspace/import").containing("query").status(400));
    stage.sim.fault(Fault::on("POST */workspace/mkdirs").containing("/Shared/all").status(403));
    let report = stage.restore().await;
    assert_eq!((report.imported, report.failed), (4, 2), "{report:?}");
    assert!(report.problems.told.iter().any(|problem| problem.why.contains("the folder cannot be made")));
    assert_eq!(Outcome::from(report).counts.failed, 2);
    stage.sim.clear_faults();
    stage.again();
    let report = stage.restore().await;
    assert_eq!((report.imported, report.was_there, report.verified), (2, 4, 6), "the next run does the rest");
    let small = origin.before(people().set(|settings| settings.export_limit_bytes = 45)).await;
    let report = small.restore().await;
    assert_eq!((report.too_large, report.failed), (1, 0), "{report:?}");
}

#[tokio::test]
async fn what_is_damaged_is_not_put_back() {
    let origin = saved().await;
    fs::write(origin.saving.out_dir.join(FIRST_FILE), "damaged").unwrap();
    fs::remove_file(origin.saving.out_dir.join("Shared/table.csv")).unwrap();
    let stage = origin.before(people()).await;
    let report = stage.restore().await;
    assert_eq!((report.imported, report.failed), (4, 2), "{report:?}");
    assert!(report.problems.told.iter().any(|problem| problem.why.contains("hash in the manifest")));
    assert!(!stage.there().contains_key(FIRST));
}

#[tokio::test]
async fn what_arrived_otherwise_is_told() {
    let stage = saved().await.before(people()).await;
    // Somebody else changes it between import and look.
    let other = r#"{"content": "b3RoZXI=", "file_type": "py"}"#;
    stage.sim.fault(Fault::on("GET */workspace/export").containing("first").page(other));
    let report = stage.restore().await;
    assert_eq!((report.imported, report.verified, report.differing), (6, 5, 1), "{report:?}");
    assert_eq!(report.problems.told[0].result, "differs");
}

#[tokio::test]
async fn what_was_never_saved_is_left_out() {
    let scenario = lab().file("/Shared/long", Some("PYTHON"), &"x".repeat(200));
    let mut stage = Stage::of(scenario.set(|settings| settings.export_limit_bytes = 100)).await;
    stage.saving.files = false;
    stage.save().await;
    let other = stage.before(people()).await;
    let report = other.restore().await;
    assert_eq!((report.imported, report.left_out, report.problems.told.len()), (4, 3, 1), "{report:?}");
}

#[tokio::test]
async fn a_folder_must_be_there() {
    let stage = Stage::of(people()).await;
    assert!(matches!(stage.try_restore().await, Err(TaskError::Config { .. })));
    fs::create_dir(&stage.restoring.dir).unwrap();
    assert_eq!(stage.restore().await.imported, 0);
}
