//! What people ask of closed days, and what a dry run only tells.

use roundsman_simulators::{Level, RunSetup, Scenario};
use roundsman_task::{Registry, TaskError};
use serde_json::{Value, json};

use crate::{
    night::{blocked, id, lab},
    stage::Stage,
};

/// One cluster that ran an hour; the day is closed.
async fn closed() -> Stage {
    let run = RunSetup::between("09:00", "10:00").requested("08:57");
    let scenario = Scenario::at("2026-11-16 08:00").lab(7, &["s7@example.edu"], vec![run]);
    let mut stage = lab(scenario).await;
    stage.poll_well().await;
    stage.go_to("17 00:07");
    stage.night().await;
    stage
}

/// Another number of minutes in the row of the day.
async fn falsify(stage: &Stage, minutes: i64) {
    let usage = stage.test.cx().documents_in("databricks", "usage");
    let key = format!("2026-11-16/{}", id(7));
    let mut row = usage.get(&key).await.unwrap().unwrap().value;
    row["usage"]["used_ms"] = json!(minutes * 60_000);
    usage.put(&key, row, None).await.unwrap();
}

#[tokio::test]
async fn a_day_closed_again_never_shrinks_unless_it_is_asked_for() {
    let stage = closed().await;
    let day = |recompute: bool| json!({ "day": "2026-11-16", "recompute": recompute });
    falsify(&stage, 40).await;
    stage.ask("close-day", day(false)).await.unwrap();
    assert_eq!(stage.day("2026-11-16"), [("cluster_07".to_owned(), 60)], "it may grow");
    falsify(&stage, 90).await;
    let outcome = stage.ask("close-day", day(false)).await.unwrap();
    assert_eq!(stage.day("2026-11-16"), [("cluster_07".to_owned(), 90)]);
    assert!(outcome.detail["problems"][0].as_str().unwrap().contains("it stays"), "{}", outcome.detail);
    let outcome = stage.ask("close-day", day(true)).await.unwrap();
    assert_eq!(stage.day("2026-11-16"), [("cluster_07".to_owned(), 60)]);
    assert_eq!(outcome.print["rows"][0][1], "01:00");
    assert_eq!(stage.reports().len(), 1, "a report is mailed once");
    assert_eq!(stage.last_closed(), "2026-11-16");
}

#[tokio::test]
async fn what_is_put_away_long_since_still_counts_when_a_day_is_closed_again() {
    let mut stage = closed().await;
    for day in ["20", "24", "28"] {
        stage.go_to(&format!("{day} 00:07"));
        stage.night().await;
    }
    falsify(&stage, 90).await;
    stage.ask("close-day", json!({ "day": "2026-11-16", "recompute": true })).await.unwrap();
    assert_eq!(stage.day("2026-11-16"), [("cluster_07".to_owned(), 60)]);
}

#[tokio::test]
async fn only_what_is_lost_for_good_is_asked_about() {
    let registry = Registry::collect().unwrap();
    let entry = registry.get("databricks-end-of-day").unwrap();
    let with = json!({ "host": "adb-1.azuredatabricks.net", "mail_enabled": false });
    let asked = |action: &str, params: Value| entry.confirmation(action, &with, &params).unwrap();
    let confirmation = asked("close-day", json!({ "day": "2026-11-16", "recompute": true })).unwrap();
    assert_eq!(confirmation.word, "2026-11-16");
    assert!(confirmation.text.contains("adb-1.azuredatabricks.net"), "{}", confirmation.text);
    assert!(asked("close-day", json!({ "day": "2026-11-16" })).is_none());
    assert!(asked("report", json!({ "day": "2026-11-16" })).is_none());
}

#[tokio::test]
async fn the_report_of_a_closed_day_is_a_table_and_an_open_one_has_none() {
    let mut stage = closed().await;
    let outcome = stage.ask("report", json!({})).await.unwrap();
    assert_eq!(outcome.summary, "2026-11-16: total daily recorded uptime 01:00 on 1 clusters");
    assert_eq!(outcome.print["columns"][0], "Cluster Name");
    let row = &outcome.print["rows"][0];
    assert_eq!(
        (&row[0], &row[1], &row[4]),
        (&json!("cluster_07"), &json!("01:00"), &json!("2026-11-16T09:00:00+02:00"))
    );
    for day in ["2026-11-17", "2027-01-01"] {
        let error = stage.ask("report", json!({ "day": day })).await.unwrap_err();
        assert!(matches!(&error, TaskError::Config { cause } if cause.contains("is not over")), "{error:?}");
    }
    stage.go_to("18 00:05");
    let error = stage.ask("report", json!({ "day": "2026-11-17" })).await.unwrap_err();
    assert!(error.to_string().contains("is not closed yet"), "{error}");
    stage.night().await;
    let outcome = stage.ask("report", json!({ "day": "2026-11-17" })).await.unwrap();
    assert_eq!(outcome.summary, "2026-11-17: nothing was recorded, 00:00");
}

#[tokio::test]
async fn a_dry_night_tells_what_it_would_do_and_does_nothing() {
    let mut stage = blocked().await;
    stage.go_to("17 00:07");
    stage.sim.clear_journal();
    let before = ["usage", "closing", "blocks", "workspace", "mail"].map(|name| stage.documents(name));
    let (outcome, dry) = stage.dry_night().await;
    assert_eq!(stage.writes(), Vec::<String>::new());
    let after = ["usage", "closing", "blocks", "workspace", "mail"].map(|name| stage.documents(name));
    assert_eq!(before, after);
    let plan = dry.artifact_json("plan.json");
    let planned: Vec<_> = plan["planned"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(planned.iter().filter(|line| line.contains("release group_")).count(), 3, "{planned:?}");
    assert!(planned.iter().any(|line| line.starts_with("2026-11-16: make final")), "{planned:?}");
    assert!(planned.contains(&"2026-11-16: report 3 clusters"), "{planned:?}");
    assert_eq!(outcome.counts.planned, planned.len() as u64);
    stage.night().await;
    assert_eq!(stage.levels(), [Some(Level::CanRestart); 3], "the night after it does everything");
}
