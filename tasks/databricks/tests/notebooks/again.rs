//! The second time: what is saved already is passed over, what is not as it was is saved again, and nothing that was saved is
//! lost by a failure.

use std::fs;

use roundsman_databricks::notebooks::BackupFormat;
use roundsman_simulators::Fault;
use serde_json::json;

use crate::stage::{Stage, lab};

const FIRST: &str = "/Users/s1@example.edu/first";
const FIRST_FILE: &str = "Users/s1@example.edu/first.py";

async fn saved() -> Stage {
    let mut stage = Stage::of(lab()).await;
    assert_eq!(stage.save().await.exported, 6);
    stage.again();
    stage
}

#[tokio::test]
async fn what_is_saved_is_passed_over_unless_everything_is_wanted_again() {
    let mut stage = saved().await;
    let before = fs::read(stage.saving.out_dir.join("manifest.jsonl")).unwrap();
    let report = stage.save().await;
    assert_eq!((report.unchanged, report.exported, stage.exports()), (6, 0, 0));
    assert_eq!(fs::read(stage.saving.out_dir.join("manifest.jsonl")).unwrap(), before);
    stage.again();
    stage.saving.overwrite = true;
    let report = stage.save().await;
    assert_eq!((report.unchanged, report.exported, stage.exports()), (0, 6, 6));
    assert_eq!((stage.manifest().len(), stage.saved().len()), (6, 6));
}

#[tokio::test]
async fn what_is_not_as_it_was_is_saved_again() {
    let mut stage = saved().await;
    let file = stage.saving.out_dir.join(FIRST_FILE);
    let saved = stage.saved();
    fs::write(&file, "changed").unwrap();
    fs::remove_file(stage.saving.out_dir.join("Shared/table.csv")).unwrap();
    let report = stage.save().await;
    assert_eq!((report.unchanged, report.exported, stage.exports()), (4, 2, 2));
    assert_eq!(stage.saved(), saved);
    // A file that changed in the workspace is told by its time; a notebook made anew has another number.
    stage.again();
    stage.put("/Shared/table.csv", None, "a,c\n1,3\n");
    let report = stage.save().await;
    assert_eq!((report.unchanged, report.exported), (5, 1), "{report:?}");
    assert_eq!(stage.saved()["Shared/table.csv"], "a,c\n1,3\n");
}

#[tokio::test]
async fn a_failure_loses_nothing_that_was_saved() {
    let mut stage = saved().await;
    let saved = stage.saved();
    stage.saving.overwrite = true;
    stage.sim.fault(Fault::on("GET */workspace/export").containing("first").status(400));
    let report = stage.save().await;
    assert_eq!((report.exported, report.failed), (5, 1));
    assert_eq!(stage.saved(), saved);
    let line = stage.line(FIRST);
    assert_eq!(
        (&line["status"], &line["local"], line["sha256"].is_string()),
        (&json!("failed"), &json!(FIRST_FILE), true)
    );
    stage.sim.clear_faults();
    stage.again();
    stage.saving.overwrite = false;
    let report = stage.save().await;
    assert_eq!((report.unchanged, report.exported), (5, 1), "what failed is tried again");
    // Files that are not asked for this time were saved another time.
    stage.again();
    stage.saving.files = false;
    stage.save().await;
    assert_eq!(stage.line("/Shared/table.csv")["status"], "ok");
    // What is deleted in the workspace remains here.
    stage.again();
    stage.sim.world(|world| world.delete_principal("s2@example.edu"));
    stage.workspace.files().delete_all("/Users/s2@example.edu").await.unwrap();
    assert_eq!(stage.save().await.failed, 0);
    assert_eq!((stage.saved(), stage.manifest().len()), (saved, 6));
}

#[tokio::test]
async fn another_format_has_other_files() {
    let mut stage = saved().await;
    (stage.saving.format, stage.saving.files) = (BackupFormat::Jupyter, false);
    let report = stage.save().await;
    assert_eq!((report.exported, report.unchanged), (4, 0));
    assert_eq!(stage.line(FIRST)["local"], "Users/s1@example.edu/first.ipynb");
    assert_eq!(stage.manifest().len(), 6);
}

#[tokio::test]
async fn a_torn_manifest_costs_what_its_last_line_told() {
    let mut stage = saved().await;
    let path = stage.saving.out_dir.join("manifest.jsonl");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    let report = stage.save().await;
    assert_eq!((report.unchanged, report.exported), (5, 1));
    stage.again();
    assert_eq!(stage.save().await.unchanged, 6);
    assert_eq!(stage.manifest().len(), 6);
}

#[tokio::test]
async fn a_dry_run_tells_what_is_missing() {
    let mut stage = saved().await;
    fs::remove_file(stage.saving.out_dir.join(FIRST_FILE)).unwrap();
    let before = stage.saved();
    stage.dry();
    let report = stage.save().await;
    assert_eq!((report.unchanged, report.planned), (5, 1));
    assert_eq!(report.plan[0].path, FIRST);
    assert_eq!(stage.saved(), before);
}
