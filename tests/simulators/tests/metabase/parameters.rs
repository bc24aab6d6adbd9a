//! Values of parameters: which are found, which are refused and how, and that they change what a query gives.

use roundsman_simulators::{
    MetabaseScenario,
    metabase::{CardSetup, DashboardSetup, DashcardSetup, Release, Rows, TagKind, TagSetup},
};
use serde_json::{Value, json};

use crate::caller::Caller;

async fn sales() -> Caller {
    let card = CardSetup::native(12, "Sales").rows(Rows::plain(10));
    let card = card.tag(TagSetup::new("region", TagKind::Text).required());
    let card = card.tag(TagSetup::new("min_total", TagKind::Number));
    let card = card.given("region", "EMEA", Rows::plain(4)).given("region", "APAC", Rows::plain(6));
    let board = DashboardSetup::new(1, "Board").parameter("p1", "region", "string/=");
    let board = board.with(DashcardSetup::of(31, 12).mapping("p1", "region").series(13));
    let other = CardSetup::native(13, "Other");
    Caller::new(MetabaseScenario::new(Release::V56).card(card).card(other).dashboard(board)).await
}

/// Status and number of rows, or the error and its type.
async fn csv(caller: &Caller, target: &str, parameters: Value) -> (u16, Value, Value) {
    let (status, body) = caller.form(target, &[("parameters", &parameters.to_string())]).await;
    match body {
        Value::String(text) => (status, (text.lines().count() - 1).into(), Value::Null),
        body => (status, body["error"].clone(), body["error_type"].clone()),
    }
}

fn region(value: Value) -> Value {
    json!([{ "type": "category", "target": ["variable", ["template-tag", "region"]], "value": value }])
}

#[tokio::test]
async fn values_choose_rows() {
    let caller = sales().await;
    let card = "/api/card/12/query/csv";
    assert_eq!(csv(&caller, card, region(json!(["EMEA"]))).await, (200, 4.into(), Value::Null));
    assert_eq!(csv(&caller, card, region(json!("APAC"))).await, (200, 6.into(), Value::Null));
    assert_eq!(csv(&caller, card, region(json!("LATAM"))).await, (200, 10.into(), Value::Null));
    let (_, described) = caller.get("/api/card/12").await;
    let by_id = json!([{ "id": described["parameters"][0]["id"], "value": "EMEA" }]);
    assert_eq!(csv(&caller, card, by_id).await.1, 4);
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let caller = sales().await;
    let card = "/api/card/12/query/csv";
    let (status, error, kind) = csv(&caller, card, json!([])).await;
    assert_eq!((status, kind), (500, "missing-required-parameter".into()));
    assert_eq!(error, "You'll need to pick a value for 'region' before this query can run.");
    let unknown = json!([{ "type": "category", "target": ["variable", ["template-tag", "x"]], "value": 1 }]);
    let (_, error, kind) = csv(&caller, card, unknown).await;
    assert_eq!(kind, "invalid-parameter");
    assert_eq!(error, "Invalid parameter: Card 12 does not have a template tag named \"x\".");
    let wrong =
        json!([{ "type": "date/single", "target": ["variable", ["template-tag", "min_total"]], "value": 1 }]);
    let (_, error, _) = csv(&caller, card, wrong).await;
    assert_eq!(
        error,
        "Invalid parameter type :date/single for parameter \"min_total\". Parameter type must be one of: \
         :category, :id, :number, :number/="
    );
}

#[tokio::test]
async fn dashboards_give_theirs_to_their_cards() {
    let caller = sales().await;
    let place = "/api/dashboard/1/dashcard/31/card/12/query/csv";
    let value = json!([{ "id": "p1", "value": ["EMEA"] }]);
    assert_eq!(csv(&caller, place, value.clone()).await, (200, 4.into(), Value::Null));
    let (_, result) =
        caller.post("/api/dashboard/1/dashcard/31/card/12/query", json!({ "parameters": value })).await;
    assert_eq!(result["row_count"], 4);
    let unknown = json!([{ "id": "p2", "value": 1 }]);
    assert_eq!(csv(&caller, place, unknown).await.2, "invalid-parameter");
    let series = "/api/dashboard/1/dashcard/31/card/13/query/csv";
    assert_eq!(csv(&caller, series, json!([])).await.1, 10);
    let elsewhere = "/api/dashboard/1/dashcard/32/card/12/query/csv";
    assert_eq!(caller.form(elsewhere, &[]).await.0, 404);
}
