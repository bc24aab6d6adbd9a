//! How exports must be asked for, which differs between versions.

use reqwest::Method;
use roundsman_simulators::{
    MetabaseScenario,
    metabase::{CardSetup, Cell, Column, ColumnType, Metabase, Release, Rows},
};
use serde_json::json;

use crate::caller::Caller;

const CSV: &str = "/api/card/1/query/csv";

async fn orders(release: Release) -> Caller {
    Caller::new(MetabaseScenario::new(release).card(CardSetup::native(1, "Orders"))).await
}

#[tokio::test]
async fn old_versions_read_forms_queries_and_texts_in_json() {
    let caller = orders(Release::V46).await;
    assert_eq!(caller.form(CSV, &[("parameters", "[]"), ("format_rows", "false")]).await.0, 200);
    let (status, body) = caller.post(CSV, json!({ "parameters": [] })).await;
    assert_eq!(status, 400);
    assert!(body["errors"]["parameters"].as_str().unwrap().contains("valid JSON string"));
    assert_eq!(caller.post(CSV, json!({ "parameters": "[]" })).await.0, 200);
    let target = format!("{CSV}?parameters=[]&format_rows=true");
    assert_eq!(caller.send(Method::POST, &target, None).await.unwrap().status(), 200);
    assert_eq!(caller.form(CSV, &[("parameters", "[")]).await.0, 400);
}

#[tokio::test]
async fn new_versions_refuse_what_they_do_not_know() {
    let (old, new, newest) =
        (orders(Release::V53).await, orders(Release::V56).await, orders(Release::V57).await);
    let form = [("parameters", "[]"), ("csv_include_bom", "true")];
    assert_eq!(old.form(CSV, &form).await.0, 200);
    let (status, body) = new.form(CSV, &form).await;
    assert_eq!((status, &body["errors"]["csv_include_bom"]), (400, &"disallowed key".into()));
    let (status, csv) = newest.form(CSV, &form).await;
    assert!(status == 200 && csv.as_str().unwrap().starts_with('\u{feff}'));
    assert_eq!(new.post(CSV, json!({ "parameters": [], "format_rows": false })).await.0, 200);
    assert_eq!(new.form(CSV, &[("format_rows", "maybe")]).await.0, 400);
    new.sim.set(|settings| settings.refuses_forms = true);
    assert_eq!(new.form(CSV, &[("parameters", "[]")]).await.0, 400);
    assert_eq!(new.post(CSV, json!({ "parameters": [], "pivot_results": false })).await.0, 200);
}

#[tokio::test]
async fn the_journal_has_bodies_decoded() {
    let caller = orders(Release::V56).await;
    caller.form(CSV, &[("parameters", "[{\"id\":\"a\"}]"), ("format_rows", "false")]).await;
    caller.post(CSV, json!({ "parameters": [{ "id": "a" }], "format_rows": false })).await;
    let asked = caller.sim.asked("POST /api/card/*/query/csv");
    let wanted = json!({ "parameters": [{ "id": "a" }], "format_rows": false });
    assert_eq!(Metabase::fields(&asked[0]), wanted);
    assert_eq!(Metabase::fields(&asked[1]), wanted);
    assert_eq!(asked[0].header("x-api-key"), Some(caller.sim.api_key()));
}

#[tokio::test]
async fn formats_are_those_of_questions_if_asked_for() {
    let columns = vec![Column::new("n", ColumnType::Integer), Column::new("day", ColumnType::Date)];
    let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 3).unwrap();
    let rows = Rows::table(columns, vec![vec![Cell::Integer(-1_234_567), Cell::Date(day)]]);
    let card = CardSetup::native(1, "Orders").rows(rows);
    for (release, unsaid) in [(Release::V46, true), (Release::V56, false)] {
        let caller = Caller::new(MetabaseScenario::new(release).card(card.clone())).await;
        let export = async |fields: &[(&str, &str)]| caller.form(CSV, fields).await.1;
        let formatted = "n,day\n\"-1,234,567\",\"November 3, 2026\"\n";
        let raw = "n,day\n-1234567,2026-11-03\n";
        assert_eq!(export(&[("format_rows", "true")]).await, formatted);
        assert_eq!(export(&[("format_rows", "false")]).await, raw);
        assert_eq!(export(&[]).await, if unsaid { formatted } else { raw });
    }
}
