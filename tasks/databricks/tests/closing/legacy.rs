//! History of the predecessor: read once, never over what is known here.

use std::path::{Path, PathBuf};

use roundsman_simulators::Scenario;
use serde_json::json;
use sqlx::{ConnectOptions, Executor, sqlite::SqliteConnectOptions};

use crate::night::{id, lab};

/// A file as the predecessor left it.
const SCHEMA: &str = "
    CREATE TABLE clusterinfo (cluster_id VARCHAR(255) PRIMARY KEY, cluster_name VARCHAR(255));
    CREATE TABLE cluster_uptimes (
        cluster_id VARCHAR(255) PRIMARY KEY, start_time DATETIME, uptime_seconds REAL, cumulative_seconds REAL,
        warning_sent INTEGER, force_terminated INTEGER, last_poll_time DATETIME);
    CREATE TABLE clustercumulativeuptime (
        id INTEGER PRIMARY KEY, cluster_id VARCHAR(255), date DATE, daily_use_seconds REAL);
    INSERT INTO clusterinfo VALUES ('1116-060000-lab00001', 'cluster_01'), ('0301-101010-gone0001', 'cluster_44');
    INSERT INTO clustercumulativeuptime (cluster_id, date, daily_use_seconds) VALUES
        ('1116-060000-lab00001', '2026-11-10', 5400.25),
        ('0301-101010-gone0001', '2026-11-10', 60),
        ('nobody-knows', '2026-11-11', 120),
        ('1116-060000-lab00001', '2026-11-12', 0.0),
        ('1116-060000-lab00001', 'yesterday', 10.0),
        ('1116-060000-lab00001', '2026-11-13', 990000.0);
    INSERT INTO cluster_uptimes VALUES
        ('1116-060000-lab00001', NULL, 60.0, 540.0, 0, 0, '2026-11-14 23:45:01.123456'),
        ('0301-101010-gone0001', NULL, 60.0, 540.0, 0, 0, '2026-11-16 07:45:01'),
        ('nobody-knows', NULL, 0.0, 0.0, 0, 0, NULL);
";

async fn file(folder: &Path, sql: &'static str) -> PathBuf {
    let path = folder.join("cluster_uptimes.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut file = options.connect().await.unwrap();
    file.execute(sql).await.unwrap();
    path
}

#[tokio::test]
async fn history_is_taken_over_once_and_changes_nothing_that_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), SCHEMA).await;
    let stage = lab(Scenario::at("2026-11-16 08:00").lab(1, &["s1@example.edu"], Vec::new())).await;
    let known = json!({ "name": "cluster_44", "usage": { "used_ms": 1, "sessions": 1 }, "finalized_ms": 1 });
    let usage = stage.test.cx().documents_in("databricks", "usage");
    usage.put("2026-11-10/0301-101010-gone0001", known, None).await.unwrap();

    let outcome = stage.ask("import-history", json!({ "file": path })).await.unwrap();
    assert_eq!(
        outcome.summary,
        "3 rows of 3 days taken over, 1 known already, 1 without any time, 3 mean nothing"
    );
    let problems = outcome.detail["problems"].to_string();
    for told in ["yesterday", "990000", "2026-11-16, 0301-101010-gone0001: the day is not over"] {
        assert!(problems.contains(told), "{problems}");
    }
    let row = stage.usage("2026-11-10", "cluster_01").unwrap();
    assert_eq!(
        (&row["origin"], &row["group"], &row["number"]),
        (&json!("legacy"), &json!("group_01"), &json!(1))
    );
    assert_eq!((&row["usage"]["used_ms"], row["finalized_ms"].is_i64()), (&json!(5_400_250), true));
    assert_eq!(stage.usage("2026-11-10", "cluster_44").unwrap()["usage"]["used_ms"], 1);
    assert_eq!(stage.usage("2026-11-11", "nobody-knows").unwrap()["number"], json!(null));
    assert_eq!(stage.usage("2026-11-14", "cluster_01").unwrap()["usage"]["used_ms"], 600_000);
    let all = stage.documents("usage");
    assert_eq!(all.len(), 4);

    let again = stage.ask("import-history", json!({ "file": path })).await.unwrap();
    assert!(again.summary.starts_with("0 rows of 0 days taken over, 4 known already"), "{}", again.summary);
    assert_eq!(stage.documents("usage"), all);
    let report = stage.ask("report", json!({ "day": "2026-11-10" })).await.unwrap();
    assert_eq!(report.print["rows"][0][10], "legacy");
    assert_eq!(report.print["rows"][0][1], "01:30");
    assert!(id(1).ends_with("lab00001"));
}

#[tokio::test]
async fn another_file_or_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let stage = lab(Scenario::at("2026-11-16 08:00")).await;
    let missing = folder.path().join("missing.db");
    let error = stage.ask("import-history", json!({ "file": missing })).await.unwrap_err();
    assert!(error.to_string().contains("missing.db cannot be read"), "{error}");
    assert!(!missing.exists());
    let other = file(folder.path(), "CREATE TABLE other (a INTEGER)").await;
    let error = stage.ask("import-history", json!({ "file": other })).await.unwrap_err();
    assert!(error.to_string().contains("no such table"), "{error}");
}
