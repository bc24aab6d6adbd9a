//! Dry runs: only reads, and nothing made.

use roundsman_simulators::metabase::{CardSetup, MetabaseScenario, Release, TagKind, TagSetup};
use roundsman_task::TaskError;
use serde_json::json;

use super::stage::*;

async fn stage() -> Stage {
    let card = CardSetup::native(12, "Orders").tag(TagSetup::new("region", TagKind::Text));
    let scenario = MetabaseScenario::new(Release::V56).card(card);
    Stage::new(scenario, json!([{ "name": "orders", "card": 12, "params": { "region": "APAC" } }])).await
}

/// M-43.
#[tokio::test]
async fn files_and_requests_are_listed() {
    let stage = stage().await.set(json!({ "post": ["gzip"] }));
    let test = stage.builder().dry_run().build();
    let outcome = stage.run(&test).await.unwrap();
    assert!(stage.sim.journal().iter().all(|asked| asked.method == "GET"));
    assert!(!stage.out().exists());
    assert!(test.documents("runs").is_empty() && test.documents("units").is_empty());
    let plan = test.artifact_json("plan.json");
    assert_eq!(plan, outcome.detail);
    let file = &plan["files"][0];
    assert_eq!(file["path"], stage.folder().join("question_12.csv.gz").to_str().unwrap());
    assert_eq!(file["request"], "POST /api/card/12/query/csv");
    assert!(file["parameters"].to_string().contains("APAC"), "{file}");
    assert_eq!((outcome.counts.planned, outcome.counts.changed), (1, 0));
}

#[tokio::test]
async fn wrong_parameters_and_missing_space_show() {
    let stage = stage().await.set_item(json!({ "params": { "regoin": "APAC" } }));
    let error = stage.run(&stage.builder().dry_run().build()).await.unwrap_err();
    assert!(matches!(error, TaskError::Config { .. }), "{error:?}");
    let stage = self::stage().await.set(json!({ "min_free_bytes": "1000P" }));
    stage.run(&stage.builder().dry_run().build()).await.unwrap_err();
}

#[tokio::test]
async fn without_a_probe_nobody_is_asked() {
    let stage = stage().await.set(json!({ "dry_run_probe": false }));
    let test = stage.builder().dry_run().build();
    let outcome = stage.run(&test).await.unwrap();
    assert!(stage.sim.journal().is_empty());
    assert_eq!(outcome.detail["items"][0]["of"], 12);
    assert!(!stage.out().exists());
}
