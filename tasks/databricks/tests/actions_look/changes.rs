//! Pins, libraries, autotermination, deletion: only managed clusters, each on its own, nothing in a dry run.

use roundsman_databricks::actions::confirmation;
use roundsman_simulators::{ClusterSetup, Fault, RunSetup, Scenario};
use roundsman_task::OutcomeStatus;
use serde_json::json;

use super::stage::{Stage, rows};

fn lab() -> Scenario {
    (1..=3)
        .fold(Scenario::at("2026-11-16 08:00"), |lab, number| {
            lab.lab(number, &[&format!("s{number}@example.edu")], Vec::new())
        })
        .cluster(ClusterSetup::new("cluster_4").id("unpinned"))
        .cluster(ClusterSetup::new("Staff shared compute").id("ui-1"))
}

#[tokio::test]
async fn only_what_lacks_a_pin_gets_one() {
    let stage = Stage::of(lab()).await;
    let outcome = stage.ask("pin-clusters", json!({})).await.unwrap();
    assert_eq!(rows(&outcome), ["cluster_4 | unpinned | pinned"]);
    assert_eq!((outcome.counts.changed, outcome.counts.unchanged), (1, 3));
    let again = stage.ask("pin-clusters", json!({})).await.unwrap();
    assert_eq!((again.counts.changed, again.counts.unchanged), (0, 4));
    assert_eq!(stage.sim.asked("POST /api/2.1/clusters/pin").len(), 1);
}

#[tokio::test]
async fn libraries_are_installed_where_they_are_missing() {
    let keys = json!({ "provision": { "python_packages": ["nltk==3.9.1", "spacy"] } });
    let stage = Stage::with(lab(), keys, |builder| builder).await;
    assert_eq!(stage.ask("install-libs", json!({})).await.unwrap().counts.changed, 4);
    assert_eq!(stage.ask("install-libs", json!({})).await.unwrap().counts.changed, 0);
    let none = Stage::of(lab()).await;
    let error = none.ask("install-libs", json!({})).await.unwrap_err().to_string();
    assert!(error.contains("python_packages"), "{error}");
}

#[tokio::test]
async fn autotermination_leaves_running_clusters_and_all_other_settings_alone() {
    let running = vec![RunSetup::between("07:30", "09:00")];
    let stage = Stage::of(lab().lab(9, &["s9@example.edu"], running)).await;
    let outcome = stage.ask("set-autotermination", json!({ "minutes": 22 })).await.unwrap();
    let told = rows(&outcome);
    assert!(told.iter().any(|row| row.starts_with("cluster_09") && row.contains("runs")), "{told:?}");
    assert_eq!(stage.sim.asked("POST /api/2.1/clusters/update").len(), 4);
    assert!(stage.sim.asked("POST /api/2.1/clusters/edit").is_empty());
    let refused = stage.ask("set-autotermination", json!({ "minutes": 3 })).await.unwrap_err();
    assert_eq!(refused.to_string(), "minutes = 3 is neither 0 (never) nor 10 to 10000");
}

#[tokio::test]
async fn a_purge_deletes_managed_clusters_and_tells_what_failed() {
    let stage = Stage::of(lab()).await;
    stage.sim.fault(Fault::on("POST /api/2.1/clusters/permanent-delete").nth(2).status(403));
    let outcome = stage.ask("purge-clusters", json!({})).await.unwrap();
    assert_eq!(
        (outcome.status, outcome.counts.changed, outcome.counts.failed),
        (OutcomeStatus::Partial, 3, 1)
    );
    stage.sim.clear_faults();
    assert_eq!(stage.ask("purge-clusters", json!({})).await.unwrap().counts.changed, 1);
    let left = stage.printed("clusters", json!({})).await;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(stage.ask("purge-clusters", json!({ "all": true })).await.unwrap().counts.changed, 1);
}

#[tokio::test]
async fn a_purge_names_the_host_and_what_goes() {
    let stage = Stage::of(lab()).await;
    let asked = confirmation("purge-clusters", &stage.config(), &json!({})).unwrap();
    assert!(asked.text.contains("127.0.0.1") && asked.text.contains("cluster_"), "{}", asked.text);
    assert!(asked.word.contains("127.0.0.1"), "{}", asked.word);
    let all = confirmation("purge-clusters", &stage.config(), &json!({ "all": true })).unwrap();
    assert!(all.text.contains("EVERY cluster"), "{}", all.text);
    assert!(confirmation("clusters", &stage.config(), &json!({})).is_none());
}

#[tokio::test]
async fn a_dry_run_only_tells() {
    let keys = json!({ "provision": { "python_packages": ["nltk"] } });
    let stage = Stage::with(lab(), keys, roundsman_testkit::TestContextBuilder::dry_run).await;
    let asks = [
        ("pin-clusters", json!({}), 1),
        ("install-libs", json!({}), 4),
        ("set-autotermination", json!({ "minutes": 33 }), 4),
        ("purge-clusters", json!({}), 4),
    ];
    for (action, params, planned) in asks {
        let outcome = stage.ask(action, params).await.unwrap();
        assert_eq!((outcome.counts.planned, outcome.counts.changed), (planned, 0), "{action}");
    }
    assert_eq!(stage.writes(), 0);
}
