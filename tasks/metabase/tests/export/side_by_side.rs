//! Files of one run beside each other: none waits for another one without need, and none takes a name outside the folder.

use std::time::Duration;

use roundsman_simulators::{
    At, Damage, Fault, Stall,
    metabase::{CardSetup, MetabaseScenario, Release, Rows},
};
use roundsman_task::OutcomeStatus;
use serde_json::json;

use super::stage::*;

/// While one question takes long, the other place is never empty.
#[tokio::test]
async fn a_slow_file_keeps_no_other_waiting() {
    let ids = [12, 13, 14, 15, 16];
    let cards = ids.map(|id| CardSetup::native(id, &format!("Question {id}")));
    let scenario = cards.into_iter().fold(MetabaseScenario::new(Release::V56), MetabaseScenario::card);
    let items = json!([{ "name": "all", "cards": ids, "template": "{id}.{ext}" }]);
    let stage = Stage::new(scenario, items).await.set(json!({ "max_concurrent_exports": 2 }));
    let stall = Damage::Stall(At::Row(5), Stall::UntilReleased);
    let held = stage.sim.fault(Fault::on("POST /api/card/12/query/csv").body(stall));
    let test = stage.builder().build();
    let others = async {
        held.stalled(1).await;
        let all = async {
            while !ids[1..].iter().all(|id| stage.folder().join(format!("{id}.csv")).exists()) {
                tokio::task::yield_now().await;
            }
        };
        let came = tokio::time::timeout(Duration::from_secs(20), all).await;
        held.release();
        assert!(came.is_ok(), "they waited for the slow one: {:?}", stage.files());
    };
    let (ended, ()) = tokio::join!(stage.run(&test), others);
    let outcome = ended.unwrap();
    assert_eq!(outcome.status, OutcomeStatus::Success, "{}", outcome.summary);
    let told: Vec<_> =
        outcome.detail["units"].as_array().unwrap().iter().map(|unit| &unit["card_id"]).collect();
    assert_eq!(told, ids.map(|id| json!(id)).iter().collect::<Vec<_>>(), "they are told in their order");
}

/// Queries have no number; what stands for it in names is as fit for files as names are, and as short as it must be.
#[tokio::test]
async fn names_of_queries_lead_nowhere_either() {
    let long = "n".repeat(220);
    let names = [
        "x/../../../escaped/evil".to_owned(),
        "x_.._.._.._escaped_evil".to_owned(),
        "Sales/EU".to_owned(),
        "Sales:EU".to_owned(),
        format!("{long}eu"),
        format!("{long}us"),
    ];
    let items: Vec<_> = names
        .iter()
        .map(|name| json!({ "name": name, "sql": { "database": 1, "query": "select 1" } }))
        .collect();
    let scenario = MetabaseScenario::new(Release::V56).query("select 1", Rows::plain(3));
    let stage = Stage::new(scenario, json!(items)).await;
    let outcome = stage.run(&stage.builder().build()).await.unwrap();
    assert_eq!((outcome.status, outcome.counts.changed), (OutcomeStatus::Success, 6), "{}", outcome.summary);
    for unit in outcome.detail["units"].as_array().unwrap() {
        let path = std::path::Path::new(unit["path"].as_str().unwrap());
        assert_eq!(path.parent(), Some(stage.folder().as_path()), "{}", path.display());
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name.len() <= 200 && !name.contains(':'), "{name}");
    }
}
