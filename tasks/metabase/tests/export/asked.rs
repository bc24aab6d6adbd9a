//! Actions, as the old script's commands were, and the look whether exports could be made.

use roundsman_metabase::kind::MetabaseExport;
use roundsman_simulators::{
    Fault,
    metabase::{Health, MetabaseScenario, Release},
};
use roundsman_task::{FindingLevel, Kind, Outcome, OutcomeStatus, TaskError};
use serde_json::{Value, json};

use super::stage::*;

async fn stage() -> Stage {
    Stage::new(MetabaseScenario::sample(Release::V56, 40), json!([])).await
}

async fn ask(stage: &Stage, action: &str, params: Value) -> Result<Outcome, TaskError> {
    stage.run(&stage.builder().action(action, params).build()).await
}

#[tokio::test]
async fn one_question_to_a_file() {
    let stage = stage().await;
    let target = stage.dir.path().join("here/orders.csv");
    let outcome = ask(&stage, "question", json!({ "id": 1, "output": target })).await.unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), stage.sim.truth(1, "csv"));
    assert_eq!(outcome.print["rows"][0][5], target.to_str().unwrap());
    assert_eq!(outcome.detail[0]["rows"], 40);
    assert!(!stage.out().exists());
    // Once more, over the old one, in a form that its ending does not tell; and to the output folder where nothing is said.
    let target = stage.dir.path().join("here/orders");
    std::fs::write(&target, "old").unwrap();
    ask(&stage, "question", json!({ "id": 1, "output": target, "format": "json" })).await.unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), stage.sim.truth(1, "json"));
    ask(&stage, "question", json!({ "id": 1, "format": "xlsx" })).await.unwrap();
    assert_eq!(stage.files(), ["question_1.xlsx"]);
}

#[tokio::test]
async fn a_bad_question_leaves_the_old_file() {
    let stage = stage().await;
    let target = stage.dir.path().join("orders.csv");
    std::fs::write(&target, "old").unwrap();
    stage.sim.fault(Fault::on("POST *").status(500));
    ask(&stage, "question", json!({ "id": 1, "output": target })).await.unwrap_err();
    assert_eq!(std::fs::read(&target).unwrap(), b"old");
    assert_eq!(std::fs::read_dir(stage.dir.path()).unwrap().count(), 1);
    let error = ask(&stage, "question", json!({ "id": 1, "output": "orders.csv" })).await.unwrap_err();
    assert!(matches!(error, TaskError::Config { .. }), "{error:?}");
}

#[tokio::test]
async fn questions_dashboards_and_collections() {
    let stage = stage().await;
    let outcome = ask(&stage, "questions", json!({ "ids": "1, 3", "prefix": "mine" })).await.unwrap();
    assert_eq!(outcome.counts.ok, 2);
    ask(&stage, "dashboard", json!({ "id": 1, "no_timestamp": true })).await.unwrap();
    ask(&stage, "collection", json!({ "id": 1, "recursive": true, "output_dir": stage.out().join("c") }))
        .await
        .unwrap();
    assert_eq!(
        stage.files(),
        [
            "Operations/01_Orders of a region.csv",
            "Operations/02_Orders.csv",
            "Operations/03_Orders per month.csv",
            "Operations/04_Customers.csv",
            "c/Finance/Customers.csv",
            "c/Finance/Orders of a region.csv",
            "c/Finance/Orders per month.csv",
            "c/collection_1/Orders.csv",
            &format!("mine_{TS}/Orders per month.csv"),
            &format!("mine_{TS}/Orders.csv"),
        ]
    );
    let outcome = ask(&stage, "questions", json!({ "ids": "1,99" })).await.unwrap();
    assert_eq!((outcome.status, outcome.counts.failed), (OutcomeStatus::Partial, 1));
    ask(&stage, "questions", json!({ "ids": " " })).await.unwrap_err();
}

#[tokio::test]
async fn looks() {
    let stage = stage().await;
    let recent = ask(&stage, "recent", json!({ "limit": 2 })).await.unwrap();
    assert_eq!(recent.print["rows"].as_array().unwrap().len(), 2);
    assert_eq!(recent.detail[0]["id"], 1);
    let list = ask(&stage, "list", json!({ "name": "ORDERS" })).await.unwrap();
    let names: Vec<_> = list.detail.as_array().unwrap().iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, ["Orders", "Orders of a region", "Orders per month"]);
    let ping = ask(&stage, "ping", Value::Null).await.unwrap();
    assert!(ping.summary.contains("v0.56.4"), "{}", ping.summary);
    assert!(!stage.out().exists());
    ask(&stage, "pong", Value::Null).await.unwrap_err();
}

#[tokio::test]
async fn a_dry_action_lists_and_writes_nothing() {
    let stage = stage().await;
    let test = stage.builder().action("dashboard", json!({ "id": 1 })).dry_run().build();
    let outcome = stage.run(&test).await.unwrap();
    assert_eq!((outcome.counts.planned, queries(&stage.sim)), (4, 0));
    assert!(!stage.out().exists());
}

#[tokio::test]
async fn no_items_and_no_credentials() {
    let stage = stage().await;
    let outcome = stage.run(&stage.builder().build()).await.unwrap();
    assert_eq!(outcome.status, OutcomeStatus::Skipped);
    assert!(MetabaseExport::confirmation("question", &stage.config(), &Value::Null).is_none());
    let nobody = roundsman_testkit::TestContext::builder()
        .virtual_time(&stage.clock)
        .action("ping", Value::Null)
        .build();
    let error = stage.run(&nobody).await.unwrap_err();
    assert!(matches!(error, TaskError::Config { .. }), "{error:?}");
}

#[tokio::test]
async fn a_look_beforehand() {
    let stage = stage().await;
    let look = async |stage: &Stage| {
        let test = stage.builder().build();
        MetabaseExport::preflight(test.cx(), stage.config()).await
    };
    let findings = look(&stage).await;
    assert_eq!(findings.len(), 5, "{findings:?}");
    assert!(findings.iter().all(|finding| finding.level == FindingLevel::Ok), "{findings:?}");
    assert!(!stage.out().exists() && queries(&stage.sim) == 0);
    stage.sim.set(|settings| settings.health = Health::NoAppDb);
    assert_eq!(look(&stage).await[0].level, FindingLevel::Failure);
    stage.sim.set(|settings| settings.health = Health::Ok);
    let file = stage.dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let stage = stage.set(json!({ "output_dir": file.join("below"), "min_free_bytes": "1000P" }));
    let findings = look(&stage).await;
    assert_eq!(
        findings.iter().filter(|finding| finding.level == FindingLevel::Failure).count(),
        2,
        "{findings:?}"
    );
    stage.sim.fault(Fault::on("GET /api/user/current").status(401));
    let findings = look(&stage).await;
    assert_eq!(
        (findings[1].level, findings[1].credential.as_deref()),
        (FindingLevel::Failure, Some("metabase"))
    );
}
