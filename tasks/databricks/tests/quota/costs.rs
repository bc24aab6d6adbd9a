//! What a poll of 500 clusters costs, in requests and in questions to documents: bounds that hold on any machine. How long it
//! takes is measured by `cargo xtask bench --only databricks`.

use roundsman_simulators::{RunSetup, Scenario};
use roundsman_testkit::DocumentTally;
use serde_json::json;

use crate::stage::{SPACE, Stage, instant};

const CLUSTERS: usize = 500;
/// Pages of the list, of a hundred each.
const PAGES: usize = 5;
/// Questions to documents that every poll asks, whatever the workspace is like.
const ALWAYS: u64 = 30;

/// So many clusters have run for a quarter of an hour, after two shorter runs; 500 in all.
fn fleet(used: usize) -> Scenario {
    let mut scenario = Scenario::at("2026-11-16 08:00");
    for number in 1..=CLUSTERS {
        let by = format!("s{number}@example.edu");
        let short = |from: &str, until: &str| RunSetup::between(from, until).by(&by);
        let runs = [short("08:05", "08:10"), short("08:20", "08:25"), RunSetup::from("08:45").by(&by)];
        let runs = if number <= used { runs.into() } else { Vec::new() };
        scenario = scenario.lab(u32::try_from(number).unwrap(), &[&by], runs);
    }
    // No more than a hundred can be pinned.
    scenario.clusters.iter_mut().skip(100).for_each(|cluster| cluster.pinned = false);
    scenario
}

/// A poll at that time: its requests, and what it asked of documents.
async fn cost(stage: &mut Stage, at: &str) -> (usize, DocumentTally) {
    stage.go_to(at);
    stage.sim.clear_journal();
    let outcome = stage.poll_well().await;
    assert_eq!(outcome.detail["warnings"], json!([]));
    (stage.sim.journal().len(), stage.test.document_tally())
}

#[tokio::test]
async fn a_poll_asks_for_the_list_and_once_for_each_cluster_in_use() {
    let mut stage = Stage::of(fleet(60)).await;
    let (first, first_tally) = cost(&mut stage, "09:00").await;
    // Each is looked at once a day; of those that ran, what was before is asked for too.
    assert!(first <= PAGES + CLUSTERS + 60, "{first}");
    // At ten a second these fit into the two minutes that a look may take.
    assert!(first_tally.asked <= ALWAYS + CLUSTERS as u64 + 60, "{first_tally:?}");
    let (requests, tally) = cost(&mut stage, "09:15").await;
    assert_eq!(requests, PAGES + 60);
    // Of each one the events of the day, which are six; of all of them their rows.
    assert!(tally.asked <= ALWAYS + 60, "{tally:?}");
    assert!(tally.read <= CLUSTERS as u64 + 60 * 12 + ALWAYS, "{tally:?}");
    assert!(tally.written <= 2 * 60 + ALWAYS, "a poll writes what changed: {tally:?}");
}

#[tokio::test]
async fn a_poll_of_all_clusters_in_use_asks_once_for_each() {
    let mut stage = Stage::of(fleet(CLUSTERS)).await;
    let (first, _) = cost(&mut stage, "09:00").await;
    assert!(first <= PAGES + 2 * CLUSTERS, "{first}");
    let (requests, tally) = cost(&mut stage, "09:15").await;
    assert_eq!(requests, PAGES + CLUSTERS);
    let clusters = CLUSTERS as u64;
    assert!(tally.asked <= ALWAYS + clusters, "{tally:?}");
    assert!(tally.read <= clusters + clusters * 12 + clusters + ALWAYS, "{tally:?}");
    assert!(tally.written <= 2 * clusters + ALWAYS, "{tally:?}");
}

#[tokio::test]
async fn events_of_earlier_days_cost_nothing() {
    let mut stage = Stage::of(fleet(60)).await;
    cost(&mut stage, "09:00").await;
    let (_, without) = cost(&mut stage, "09:15").await;
    let first_ms = instant("2026-08-01 00:00").timestamp_millis();
    let documents = stage.test.cx().documents_in(SPACE, "events");
    let mut stored = 0;
    for (id, _) in stage.documents("clusters") {
        let event = |number: i64| {
            let (at_ms, kind) =
                (first_ms + number * 3_600_000, if number % 2 == 0 { "RUNNING" } else { "TERMINATING" });
            let value = json!({ "at_ms": at_ms, "kind": kind, "user": null, "reason": null });
            roundsman_task::DocumentWrite::Put {
                key: format!("{id}/{at_ms:015}/{kind}"),
                value,
                if_version: None,
            }
        };
        if stored < 20_000 {
            documents.batch((0..400).map(event).collect()).await.unwrap();
            stored += 400;
        }
    }
    assert!(stage.documents("events").len() > 20_000);
    let (_, with) = cost(&mut stage, "09:30").await;
    assert_eq!(with, without);
}
