//! What clusters used, from what polls kept: today as it stands, days, sums.

use roundsman_databricks::{
    state::{ClusterRow, SPACE, UsageRow},
    uptime::DayUsage,
};
use roundsman_simulators::Scenario;
use roundsman_task::Outcome;
use roundsman_testkit::TestContextBuilder;
use serde_json::json;

use super::stage::{Stage, rows};

const HOUR: i64 = 3_600_000;
/// Midnight of 16 November 2026 in Jerusalem.
const MIDNIGHT: i64 = 1_794_780_000_000;

fn kept(builder: TestContextBuilder) -> TestContextBuilder {
    let row = |name: &str, number: Option<u32>, hours: i64| UsageRow {
        name: name.to_owned(),
        number,
        usage: DayUsage { used_ms: hours * HOUR, ..DayUsage::default() },
        ..UsageRow::default()
    };
    let runs = json!({
        "name": "cluster_07", "number": 7,
        "recent": [{ "start_ms": MIDNIGHT - HOUR, "end_ms": null, "source": "events", "start_exact": true, "end_exact": false, "provisional": false }],
    });
    let mut warned = row("cluster_10", Some(10), 0);
    warned.warned_ms = Some(MIDNIGHT + HOUR);
    builder
        .document_in(SPACE, "usage", "2026-11-14/c7", json!(row("old name", Some(7), 30)))
        .document_in(SPACE, "usage", "2026-11-15/c7", json!(row("cluster_07", Some(7), 2)))
        .document_in(SPACE, "usage", "2026-11-15/ui", json!(row("Staff", None, 3)))
        .document_in(SPACE, "usage", "2026-11-16/c10", json!(warned))
        .document_in(SPACE, "clusters", "c7", runs)
        .document_in(
            SPACE,
            "clusters",
            "c10",
            json!(ClusterRow { name: "cluster_10".to_owned(), number: Some(10), ..ClusterRow::default() }),
        )
}

async fn asked(action: &str, params: serde_json::Value) -> Outcome {
    let stage = Stage::with(Scenario::at("2026-11-16 08:00"), json!({}), kept).await;
    let outcome = stage.ask(action, params).await.unwrap();
    assert!(stage.sim.journal().is_empty(), "the workspace is not asked");
    outcome
}

#[tokio::test]
async fn today_counts_what_runs_up_to_now() {
    let outcome = asked("cluster-usage", json!({})).await;
    // On since an hour before midnight; it is eight in the morning.
    assert_eq!(
        rows(&outcome),
        ["c7 | cluster_07 | 08:00 | null | null", "c10 | cluster_10 | 00:00 | 01:00:00 | null"]
    );
    assert_eq!(outcome.summary, "2026-11-16: Total time 8.0 hours");
}

#[tokio::test]
async fn days_are_a_matrix_in_seconds() {
    let outcome = asked("usage", json!({ "days": 2 })).await;
    assert_eq!(outcome.print["columns"], json!(["date", "cluster_07", "cluster_10", "Staff"]));
    assert_eq!(rows(&outcome), ["2026-11-15 | 7200 | 0 | 10800", "2026-11-16 | 28800 | 0 | 0"]);
}

#[tokio::test]
async fn sums_have_the_latest_name_and_the_most_comes_first() {
    let outcome = asked("cumulative", json!({})).await;
    assert_eq!(rows(&outcome), ["cluster_07 | c7 | 40:00", "Staff | ui | 03:00", "cluster_10 | c10 | 00:00"]);
    assert_eq!(outcome.summary, "43:00 in all");
    assert_eq!(
        rows(&asked("cumulative", json!({ "days": 1 })).await),
        ["cluster_07 | c7 | 08:00", "cluster_10 | c10 | 00:00"]
    );
}
