//! The action `restore-permissions`: what it raises, what it leaves alone, and what it says of each cluster.

use roundsman_databricks::{actions, lab::Lab};
use roundsman_simulators::{ClusterSetup, Fault, Level};
use roundsman_task::{Outcome, OutcomeStatus};
use serde_json::{Value, json};

use crate::stage::{Stage, group, id, lab, stop};

async fn ask(stage: &Stage) -> (Outcome, Vec<String>) {
    let test = stage.test.next_action("restore-permissions", Value::Null);
    let lab = Lab::open(test.cx(), stage.config()).unwrap();
    let outcome = Box::pin(actions::run(&lab, "restore-permissions")).await.unwrap();
    let rows = outcome.print["rows"].as_array().cloned().unwrap_or_default();
    let text = |row: &Value| {
        let cells = row.as_array().unwrap().iter().map(|cell| cell.as_str().unwrap().to_owned());
        cells.filter(|cell| !cell.starts_with("1116-")).collect::<Vec<_>>().join(" | ")
    };
    (outcome, rows.iter().map(text).collect())
}

#[tokio::test]
async fn groups_get_what_is_missing_and_blocks_stay() {
    let stage = Stage::of(lab(4).cluster(ClusterSetup::new("Staff shared compute").id("ui-1"))).await;
    stage.grant(1, group(1), Some(Level::CanAttachTo));
    stage.carry_out(stop(3)).await;
    stage.sim.fault(Fault::on(&format!("* */permissions/clusters/{}", id(4))).status(403));
    let (outcome, rows) = ask(&stage).await;
    assert_eq!(
        rows[..3],
        [
            "cluster_01 | group_01 | raised",
            "cluster_02 | group_02 | as it was",
            "cluster_03 | group_03 | blocked: left as it is",
        ]
    );
    assert!(rows[3].starts_with("cluster_04 | group_04 | failed: "), "{rows:?}");
    assert_eq!(outcome.status, OutcomeStatus::Partial);
    let counts = outcome.counts;
    assert_eq!((counts.processed, counts.changed, counts.unchanged, counts.failed), (4, 1, 2, 1));
    assert_eq!(stage.granted(1, &group(1)), Some(Level::CanRestart));
    assert_eq!(stage.granted(3, &group(3)), Some(Level::CanAttachTo));
    assert_eq!(stage.asked("* */permissions/clusters/ui-1"), 0);
}

#[tokio::test]
async fn a_dry_run_tells_what_it_would_raise() {
    let mut stage = Stage::of(lab(2)).await;
    stage.grant(1, group(1), None);
    stage.config["dry_run"] = json!(true);
    let (outcome, rows) = ask(&stage).await;
    assert_eq!(rows, ["cluster_01 | group_01 | would be raised", "cluster_02 | group_02 | as it was"]);
    assert_eq!((outcome.counts.planned, outcome.counts.changed), (1, 0));
    assert_eq!(outcome.detail["plan"], json!(["cluster_01: group_01 nothing → CAN_RESTART"]));
    assert_eq!(stage.granted(1, &group(1)), None);
    assert!(stage.writes().is_empty());
}

#[tokio::test]
async fn nothing_is_raised_while_a_poll_is_at_work() {
    let stage = Stage::of(lab(1)).await;
    stage.grant(1, group(1), None);
    assert!(stage.lab().hold().await.unwrap());
    let lease = stage.test.leases().remove(0);
    let stage = Stage { test: stage.test.next_run(), ..stage };
    stage.test.take_lease_for(&lease, "the-poll");
    let (outcome, _) = ask(&stage).await;
    assert_eq!(outcome.status, OutcomeStatus::Skipped);
    assert_eq!(stage.granted(1, &group(1)), None);
}
