//! Many clusters, late events, and how many requests a poll costs.

use roundsman_simulators::{RunSetup, Scenario};
use serde_json::json;

use crate::stage::Stage;

const EVENTS: &str = "POST /api/2.1/clusters/events";

#[tokio::test]
async fn five_hundred_clusters_cost_one_request_each_at_most_and_later_only_those_in_use() {
    let mut stage = Stage::of(Scenario::named("large").unwrap()).await;
    let outcome = stage.poll_well().await;
    assert_eq!(outcome.detail["managed"], 500);
    let first = stage.sim.journal().len();
    stage.go_to("08:15");
    stage.sim.clear_journal();
    stage.poll_well().await;
    let (all, events) = (stage.sim.journal().len(), stage.sim.asked(EVENTS).len());
    assert!(events <= 60, "{events} clusters are in use");
    assert_eq!(all, events + 5, "one request for each of these, and five pages of the list");
    // At ten requests a second this is a hundred seconds, within the two minutes that a look may take.
    assert!(first <= 1_000, "{first} requests of the first look of all");
}

#[tokio::test]
async fn late_events_are_waited_for_and_change_no_total() {
    let runs = vec![RunSetup::between("08:31", "09:10"), RunSetup::between("09:20", "09:44")];
    let scenario = Scenario::at("2026-11-16 08:00")
        .lab(7, &["s1@example.edu"], runs)
        .set(|settings| settings.events_lag_secs = 420);
    let mut stage = Stage::of(scenario).await;
    stage.poll_every_15_min_until("09:45").await;
    assert!((3600..3900).contains(&stage.used_secs("cluster_07")), "{}", stage.used_secs("cluster_07"));
    stage.poll_every_15_min_until("10:15").await;
    let usage = stage.usage("2026-11-16", "cluster_07").unwrap()["usage"].clone();
    assert_eq!((stage.used_secs("cluster_07"), &usage["certainty"]), (63 * 60, &json!("exact")));
}

#[tokio::test]
async fn old_intervals_are_put_away_and_the_document_of_a_cluster_stays_small() {
    let day = |day: u32| {
        let at = |time: &str| format!("2026-11-{day} {time}");
        RunSetup::between(at("09:00").as_str(), at("09:30").as_str())
    };
    let scenario = Scenario::at("2026-11-16 08:00").lab(7, &[], (16..=24).map(day).collect());
    let mut stage = Stage::of(scenario).await;
    for day in 16..=24 {
        stage.go_to(&format!("{day} 12:00"));
        stage.poll_well().await;
    }
    let row = &stage.documents("clusters")[0].1;
    assert_eq!(row["recent"].as_array().unwrap().len(), 4, "since the day before the last closed one");
    assert_eq!(stage.documents("intervals").len(), 5);
    for day in 16..=24 {
        let row = stage.usage(&format!("2026-11-{day}"), "cluster_07").unwrap();
        assert_eq!(row["usage"]["used_ms"], 30 * 60_000, "{day}");
    }
}
