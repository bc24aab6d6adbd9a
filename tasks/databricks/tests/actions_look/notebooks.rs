//! Saving and putting back notebooks as actions; how either works has tests of its own.

use roundsman_databricks::actions::confirmation;
use roundsman_simulators::Scenario;
use serde_json::json;

use super::stage::Stage;

fn written() -> Scenario {
    Scenario::at("2026-11-16 08:00")
        .user("s1@example.edu")
        .file("/Users/s1@example.edu/first", Some("PYTHON"), "print(1)\n")
        .file("/Users/s1@example.edu/second", Some("SQL"), "select 1\n")
}

#[tokio::test]
async fn what_was_saved_is_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::of(written()).await;
    let saved = stage.ask("backup", json!({ "out": folder.path(), "root": "/Users" })).await.unwrap();
    assert_eq!(saved.counts.failed, 0, "{}", saved.summary);
    let text = std::fs::read_to_string(folder.path().join("Users/s1@example.edu/first.py")).unwrap();
    assert!(text.contains("print(1)"), "{text}");

    let fresh = Stage::of(Scenario::at("2026-11-16 08:00").user("s1@example.edu")).await;
    let planned = fresh.ask("restore-notebooks", json!({ "in": folder.path(), "plan": true })).await.unwrap();
    assert_eq!((planned.counts.planned, fresh.writes()), (2, 0));
    let restored = fresh.ask("restore-notebooks", json!({ "in": folder.path() })).await.unwrap();
    assert_eq!((restored.counts.changed, restored.counts.failed), (2, 0), "{}", restored.summary);
}

#[tokio::test]
async fn a_relative_folder_is_refused_before_anything_is_asked() {
    let stage = Stage::of(written()).await;
    for (action, param) in [("backup", "-p out=DIR"), ("restore-notebooks", "-p in=DIR")] {
        let error = stage.ask(action, json!({})).await.unwrap_err().to_string();
        assert!(error.contains(param) && error.contains("dbx-backup"), "{error}");
    }
    assert!(stage.sim.journal().is_empty());
}

#[tokio::test]
async fn only_replacing_is_asked_about() {
    let stage = Stage::of(written()).await;
    let asked = |params| confirmation("restore-notebooks", &stage.config(), &params);
    assert!(asked(json!({ "overwrite": true })).unwrap().text.contains("127.0.0.1"));
    assert!(asked(json!({})).is_none() && asked(json!({ "overwrite": true, "plan": true })).is_none());
}
