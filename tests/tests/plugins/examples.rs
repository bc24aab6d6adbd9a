//! The examples, as a reader of the manual would use them.

use std::time::SystemTime;

use roundsman_model::{Finding, FindingLevel, OutcomeStatus};
use roundsman_tests::plugins::{c_example, rust_example};
use serde_json::json;

use super::*;

/// A folder with one old and one new file.
fn files(bench: &Bench) -> PathBuf {
    let folder = bench.path().join("dumps");
    fs::create_dir_all(folder.join("below")).unwrap();
    let old = fs::File::create(folder.join("below/old.dump")).unwrap();
    old.set_len(1_000).unwrap();
    let forty_days = Duration::from_secs(40 * 86_400);
    old.set_modified(SystemTime::UNIX_EPOCH + forty_days).unwrap();
    fs::write(folder.join("new.dump"), "new").unwrap();
    folder
}

#[tokio::test]
async fn stale_files_are_described() {
    let description = Bench::new().describe(&rust_example()).await.unwrap();
    assert_eq!(description.name.as_str(), "stale-files");
    assert_eq!(description.category, "housekeeping");
    assert_eq!(description.timeout(), Duration::from_secs(900));
    assert_eq!(description.schema["properties"]["days"]["default"], 30);
    assert_eq!(description.actions[0].name, "list");
    assert!(!description.actions[0].writes);
    assert_eq!(description.metrics.len(), 2);
}

#[tokio::test]
async fn stale_files_are_counted_planned_and_removed() {
    let bench = Bench::new();
    let folder = files(&bench);
    let with = json!({ "folders": [folder], "days": 30, "remove": true });
    let mut order = plugin_order(&rust_example(), with.clone());
    order.request.dry_run = true;
    let (end, notes) = bench.carry_out(order).await;
    let planned = outcome(end);
    assert_eq!((planned.counts.processed, planned.counts.planned, planned.counts.changed), (2, 1, 1));
    let plan = String::from_utf8(notes.artifacts.lock().unwrap()["plan.txt"].clone()).unwrap();
    assert_eq!(plan, format!("remove {}\n", folder.join("below/old.dump").display()));
    assert!(folder.join("below/old.dump").exists() && notes.documents.lock().unwrap().is_empty());

    let (end, notes) = bench.run(&rust_example(), with.clone()).await;
    let removed = outcome(end);
    assert_eq!(removed.status, OutcomeStatus::Success);
    assert_eq!(removed.summary, "1 stale files, 1000 bytes; 1 removed, 0 failed");
    assert!(!folder.join("below/old.dump").exists() && folder.join("new.dump").exists());
    let metrics = notes.metrics.lock().unwrap();
    assert_eq!((metrics[1].name.as_str(), metrics[1].value), ("stale_files_bytes", 1_000.0));
    assert_eq!(notes.documents.lock().unwrap().len(), 1);
    assert_eq!(notes.progress.lock().unwrap().last().unwrap().0, 1);
}

#[tokio::test]
async fn stale_files_are_listed_by_an_action() {
    let bench = Bench::new();
    let folder = files(&bench);
    let mut order = plugin_order(&rust_example(), json!({ "folders": [folder] }));
    order.request.action = Some("list".parse().unwrap());
    let (end, _) = bench.carry_out(order).await;
    let print = outcome(end).print;
    assert_eq!(print[0]["file"], folder.join("below/old.dump").display().to_string());
    assert_eq!(print[0]["bytes"], 1_000);
}

#[tokio::test]
async fn folders_that_cannot_be_read_are_found_before_and_told_after() {
    let bench = Bench::new();
    let with = json!({ "folders": [bench.path().join("nowhere")] });
    let (end, _) = bench.carry_out(preflight_order(&rust_example(), with.clone())).await;
    let findings: Vec<Finding> = serde_json::from_value(outcome(end).detail).unwrap();
    assert_eq!(findings[0].level, FindingLevel::Failure);
    let (end, notes) = bench.run(&rust_example(), with).await;
    assert_eq!(outcome(end).status, OutcomeStatus::Partial);
    assert!(notes.texts().iter().any(|line| line.contains("nowhere cannot be read")), "{:?}", notes.texts());
}

#[tokio::test]
async fn the_room_of_file_systems_is_told() {
    let bench = Bench::new();
    let path = c_example(bench.path());
    let description = bench.describe(&path).await.unwrap();
    assert_eq!(description.name.as_str(), "disk-free");
    assert_eq!(description.schema["properties"]["paths"]["maxItems"], 64);

    let with = json!({ "paths": ["/", "/proc", "/no \"where\" \u{e4}\u{1f600}\n"], "min_free_percent": 0 });
    let (end, notes) = bench.run(&path, with.clone()).await;
    let told = outcome(end);
    assert_eq!(told.summary, "3 looked at, 0 with less than 0 % free, 1 failed");
    assert_eq!((told.status, told.counts.failed, told.counts.ok), (OutcomeStatus::Partial, 1, 2));
    assert_eq!(told.detail["file_systems"][1]["free_percent"], 100.0);
    assert_eq!(notes.metrics.lock().unwrap()[0].labels["path"], "/");
    assert!(
        notes.texts().iter().any(|line| line.starts_with("/no \"where\" \u{e4}\u{1f600}")),
        "{:?}",
        notes.texts()
    );

    let (end, _) = bench.carry_out(preflight_order(&path, with)).await;
    let findings: Vec<Finding> = serde_json::from_value(outcome(end).detail).unwrap();
    let levels: Vec<_> = findings.iter().map(|finding| finding.level).collect();
    assert_eq!(levels, [FindingLevel::Ok, FindingLevel::Ok, FindingLevel::Failure]);

    let (end, _) = bench.run(&path, json!({ "min_free_percent": 100 })).await;
    assert_eq!(outcome(end).counts.processed, 1);
}
