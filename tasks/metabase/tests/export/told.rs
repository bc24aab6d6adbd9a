//! What people read of a run: whose failure it is, why no further file is begun, which words there are. What is published is
//! seen elsewhere.

use roundsman_metabase::kind::MetabaseExport;
use roundsman_simulators::{
    Fault,
    metabase::{MetabaseScenario, Release},
};
use roundsman_task::{Entry, TaskError};
use serde_json::{Value, json};

use super::stage::*;

async fn stage(items: Value) -> Stage {
    Stage::new(MetabaseScenario::sample(Release::V56, 40), items).await
}

#[tokio::test]
async fn a_summary_names_what_failed() {
    let stage = stage(json!([{ "name": "some", "cards": [1, 99] }])).await;
    let outcome = stage.run(&stage.builder().build()).await.unwrap();
    let whose = "1 failed, the first: \"99\" (question 99, item \"some\"): ";
    assert!(outcome.summary.contains(whose), "{}", outcome.summary);
    stage.sim.fault(Fault::on("POST *").cut());
    let again = stage.builder().action("export", json!({ "force": true })).build();
    let error = stage.run(&again).await.unwrap_err().to_string();
    assert!(error.contains("none of 2 files was exported; the first: \"Orders\" (question 1, "), "{error}");
}

#[tokio::test]
async fn a_pause_of_the_server_is_no_matter_of_logins() {
    let stage = stage(json!([{ "name": "one", "card": 1 }])).await;
    stage.sim.fault(Fault::on("POST *").status(429));
    let error = stage.run(&stage.builder().build()).await.unwrap_err().to_string();
    assert!(!error.contains("log in"), "{error}");
}

#[tokio::test]
async fn the_items_that_there_are() {
    let stage = stage(json!([{ "name": "one", "card": 1 }])).await;
    let test = stage.builder().action("export", json!({ "item": "ones" })).build();
    let error = stage.run(&test).await.unwrap_err();
    assert!(
        matches!(&error, TaskError::Config { cause } if cause.contains("there are \"one\"")),
        "{error:?}"
    );
}

#[tokio::test]
async fn workbooks_as_the_old_script_called_them() {
    let stage = stage(json!([])).await;
    let target = stage.dir.path().join("orders.excel");
    let ask = async |params: Value| stage.run(&stage.builder().action("question", params).build()).await;
    ask(json!({ "id": 1, "output": target })).await.unwrap();
    assert!(std::fs::read(&target).unwrap().starts_with(b"PK"));
    ask(json!({ "id": 1, "output": target, "format": "csv" })).await.unwrap_err();
}

#[test]
fn defaults_are_told() {
    let schema = Entry::of::<MetabaseExport>("test").schema();
    let of = |key: &str| schema["properties"][key]["default"].clone();
    for (key, default) in [
        ("fail_run_if", "any"),
        ("unchanged", "keep"),
        ("on_cap", "fail"),
        ("verify", "structural"),
        ("body_encoding", "auto"),
    ] {
        assert_eq!(of(key), default, "{key}");
    }
}
