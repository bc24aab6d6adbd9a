//! Queries that are answered as JSON: limits, failures by version, counts, one's own queries.

use roundsman_simulators::{
    MetabaseScenario,
    metabase::{CardSetup, Failure, Metabase, PersonSetup, Release, Rows},
};
use serde_json::{Value, json};

use crate::caller::Caller;

async fn with(release: Release, card: CardSetup) -> Caller {
    Caller::new(MetabaseScenario::new(release).card(card)).await
}

#[tokio::test]
async fn results_are_cut_and_say_so() {
    let card = CardSetup::native(1, "Orders").rows(Rows::awkward(2_001));
    let caller = with(Release::V56, card).await;
    let (status, body) = caller.post("/api/card/1/query", json!({ "parameters": [] })).await;
    assert_eq!((status, &body["status"], &body["row_count"]), (202, &"completed".into(), &2_000.into()));
    assert_eq!(body["data"]["rows_truncated"], 2_000);
    assert_eq!(body["data"]["rows"].as_array().unwrap().len(), 2_000);
    caller.sim.set_rows(1, Rows::awkward(2_000));
    let (_, body) = caller.post("/api/card/1/query/api", json!({})).await;
    assert_eq!(body["data"].get("rows_truncated"), None);
    assert_eq!(body["data"]["cols"][3]["base_type"], "type/Float");
    let aggregated = CardSetup::built(2, "Sums").aggregated().rows(Rows::plain(2_001));
    let caller = with(Release::V56, aggregated).await;
    assert_eq!(caller.post("/api/card/2/query", json!({})).await.1["row_count"], 2_001);
}

#[tokio::test]
async fn failures_have_statuses_by_version() {
    let failure = Failure::new("ERROR: relation \"x\" does not exist").typed("invalid-query");
    let card = CardSetup::native(1, "Orders").failing(failure);
    for (release, status, export) in [(Release::V46, 202, 200), (Release::V56, 500, 500)] {
        let caller = with(release, card.clone()).await;
        let (own, body) = caller.post("/api/card/1/query", json!({})).await;
        assert_eq!((own, &body["error_type"]), (status, &"invalid-query".into()));
        let response = caller.send(reqwest::Method::POST, "/api/card/1/query/csv", None).await.unwrap();
        assert_eq!(response.status(), export);
        let json = response.headers()["content-type"].to_str().unwrap().starts_with("application/json");
        assert_eq!(json, release == Release::V56);
        assert!(response.text().await.unwrap().contains("\"status\":\"failed\""));
        caller.sim.set_failure(1, None);
        assert_eq!(caller.post("/api/card/1/query", json!({})).await.0, 202);
    }
}

#[tokio::test]
async fn what_cannot_run_says_why() {
    let caller = with(Release::V56, CardSetup::native(1, "Old").archived()).await;
    let archived = json!({ "message": "The object has been archived.", "error_code": "archived" });
    assert_eq!(caller.form("/api/card/1/query/csv", &[]).await, (404, archived));
    assert_eq!(caller.get("/api/card/1").await.1["archived"], true);
    let caller = with(Release::V56, CardSetup::native(1, "Premium").paid()).await;
    assert_eq!(caller.form("/api/card/1/query/csv", &[]).await.0, 402);
    assert_eq!(caller.form("/api/card/2/query/csv", &[]).await, (404, "Not found.".into()));
    assert_eq!(caller.form("/api/card/1/query/pdf", &[]).await.0, 404);
}

fn count(card: u64) -> Value {
    let query = json!({ "source-table": format!("card__{card}"), "aggregation": [["count"]] });
    json!({ "database": 1, "type": "query", "query": query })
}

#[tokio::test]
async fn counts_tell_the_truth_of_a_table_that_grows() {
    let caller = with(Release::V56, CardSetup::native(1, "Live").rows(Rows::plain(5_000).growing(3))).await;
    let counted = async || caller.post("/api/dataset", count(1)).await.1["data"]["rows"][0][0].clone();
    assert_eq!(counted().await, 5_000);
    let (_, csv) = caller.form("/api/card/1/query/csv", &[]).await;
    assert_eq!(csv.as_str().unwrap().lines().count(), 5_003 + 1);
    assert_eq!(counted().await, 5_006);
}

#[tokio::test]
async fn own_queries_are_known_or_refused_by_the_database() {
    let person = PersonSetup::new("guest@example.com", "x").with_key("mb_guest").without_queries();
    let scenario = MetabaseScenario::new(Release::V56).person(person);
    let mut caller = Caller::new(scenario.query("select 1", Rows::plain(3))).await;
    let query = |sql: &str| json!({ "database": 1, "type": "native", "native": { "query": sql } });
    assert_eq!(caller.post("/api/dataset", query("select 1")).await.1["row_count"], 3);
    let (status, body) = caller.post("/api/dataset", query("select * from x")).await;
    assert_eq!((status, &body["error"]), (500, &"ERROR: relation \"x\" does not exist".into()));
    let text = query("select 1").to_string();
    let (status, csv) = caller.form("/api/dataset/csv", &[("query", &text), ("format_rows", "false")]).await;
    assert_eq!((status, csv.as_str().unwrap().lines().count()), (200, 4));
    let said = caller.sim.asked("POST /api/dataset/csv");
    assert_eq!(Metabase::fields(&said[0])["query"]["native"]["query"], "select 1");
    assert_eq!(caller.form("/api/dataset/csv", &[("query", &text), ("sql", "x")]).await.0, 400);
    caller.identify("x-api-key", "mb_guest");
    assert_eq!(caller.post("/api/dataset", query("select 1")).await.0, 403);
}
