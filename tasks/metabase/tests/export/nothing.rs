//! Items that come to nothing, questions in the trash, days in names, and what JSON cannot show.

use roundsman_simulators::metabase::{
    CardSetup, CollectionSetup, DashboardSetup, DashcardSetup, MetabaseScenario, Release, Rows, TagKind,
    TagSetup,
};
use roundsman_task::{OutcomeStatus, TaskError};
use serde_json::{Value, json};

use super::stage::*;

fn company() -> MetabaseScenario {
    MetabaseScenario::new(Release::V56)
        .collection(CollectionSetup::new(1, "Company"))
        .collection(CollectionSetup::new(2, "Empty"))
        .card(CardSetup::native(1, "Daily sales").within(1))
        .card(CardSetup::native(2, "Old sales").within(1).archived())
        .dashboard(DashboardSetup::new(7, "Words").with(DashcardSetup::text(1, "## Words")))
}

#[tokio::test]
async fn what_matches_nothing_is_told() {
    for (item, expected) in [
        (json!({ "collection": 2 }), "there is no question in collection 2 itself"),
        (json!({ "collection": 2, "recursive": true }), "there is no question in collection 2"),
        (json!({ "collection": 1, "include": ["Weekly *"] }), "let no question of collection 1 through"),
        (
            json!({ "collection": 1, "include": ["Weekly *", "Daily *"] }),
            "include = \"Weekly *\" lets no question",
        ),
        (json!({ "collection": 1, "exclude": ["*"] }), "let no question of collection 1 through"),
        (json!({ "dashboard": 7 }), "dashboard 7 shows no question"),
        (json!({ "dashboard": 7, "allow_empty": true }), "dashboard 7 shows no question"),
    ] {
        let mut item = item;
        item["name"] = "x".into();
        let stage = Stage::new(company(), json!([item, { "name": "one", "card": 1 }])).await;
        let (_, outcome) = stage.good().await;
        assert!(outcome.summary.contains(expected), "{}", outcome.summary);
        assert!(outcome.summary.contains("item \"x\""), "{}", outcome.summary);
        assert!(outcome.detail["notes"][0].as_str().unwrap().contains(expected), "{}", outcome.detail);
        let dry = stage.run(&stage.builder().dry_run().build()).await.unwrap();
        assert!(dry.summary.contains(expected), "{}", dry.summary);
    }
}

#[tokio::test]
async fn what_must_not_be_empty_fails_when_it_comes_to_nothing() {
    for expectation in [json!({ "allow_empty": false }), json!({ "min_rows": 1 })] {
        let mut item = json!({ "name": "x", "collection": 2 });
        item.as_object_mut().unwrap().extend(expectation.as_object().unwrap().clone());
        let stage = Stage::new(company(), json!([item, { "name": "one", "card": 1 }])).await;
        let outcome = stage.run(&stage.builder().build()).await.unwrap();
        assert_eq!((outcome.status, outcome.counts.failed), (OutcomeStatus::Partial, 1));
        assert_eq!(stage.manifest()["units"][0]["error"]["class"], "check_failed");
    }
}

#[tokio::test]
async fn an_action_tells_that_there_is_nothing() {
    let stage = Stage::new(company(), json!([])).await;
    let test = stage.builder().action("collection", json!({ "id": 2 })).build();
    let error = stage.run(&test).await.unwrap_err();
    assert!(error.to_string().contains("no question in collection 2"), "{error}");
    assert!(!stage.out().exists());
}

#[tokio::test]
async fn questions_in_the_trash() {
    let items = json!([{ "name": "old", "card": 2 }, { "name": "all", "collection": 1 }]);
    let stage = Stage::new(company(), items).await;
    let outcome = stage.run(&stage.builder().build()).await.unwrap();
    assert_eq!((outcome.counts.ok, outcome.counts.failed), (1, 1), "{}", outcome.summary);
    assert!(!outcome.again, "it stays there");
    let error = &stage.manifest()["units"][0]["error"];
    assert_eq!((&error["class"], &error["error_type"]), (&json!("not_found"), &json!("archived")));
    assert!(error["message"].as_str().unwrap().contains("question 2 (Old sales) is in the trash"), "{error}");
    assert_eq!(stage.sim.asked("POST /api/card/2/query/csv").len(), 0);
}

#[tokio::test]
async fn days_in_names_are_days() {
    let card = CardSetup::native(12, "Orders").tag(TagSetup::new("created_at", TagKind::DateField));
    let items = json!([{ "name": "orders", "card": 12, "template": "{param.created_at}.{ext}",
                         "params": { "created_at": "{{slot.date-1d}}~{{slot.date}}" } }]);
    let stage = Stage::new(MetabaseScenario::new(Release::V56).card(card), items).await;
    stage.good().await;
    assert_eq!(stage.files()[0], format!("{TS}/2026-11-19~2026-11-20.csv"));
    let export = &stage.sim.asked("POST /api/card/12/query/csv")[0];
    assert!(export.body.contains("2026-11-19~2026-11-20") || export.body.contains("2026-11-19%7E2026-11-20"));
    // The hash is one of these days, not of the words for them.
    let hash = stage.manifest()["units"][0]["params_sha256"].clone();
    let same = stage.set_item(json!({ "params": { "created_at": "2026-11-19~2026-11-20" } }));
    let test = same.builder().action("export", json!({ "force": true })).build();
    same.run(&test).await.unwrap();
    assert_eq!(same.manifest()["units"][0]["params_sha256"], hash);
}

#[tokio::test]
async fn titles_that_nobody_knew_leave_a_doubt() {
    let scenario = MetabaseScenario::new(Release::V56)
        .card(CardSetup::native(1, "Known"))
        .card(CardSetup::native(2, "Unknown").without_metadata())
        .query("select 1", Rows::plain(3));
    let items = json!([
        { "name": "known", "card": 1 },
        { "name": "unknown", "card": 2 },
        { "name": "own", "sql": { "database": 1, "query": "select 1" } },
        { "name": "table", "card": 2, "format": "csv" },
    ]);
    let stage = Stage::new(scenario, items).await.set(json!({ "format": "json" }));
    stage.good().await;
    let manifest = stage.manifest();
    let doubts: Vec<Value> =
        (0..4).map(|at| manifest["units"][at]["verification"]["weak_title_check"].clone()).collect();
    assert_eq!(doubts, [Value::Null, json!(true), json!(true), Value::Null]);
}

#[tokio::test]
async fn a_run_of_nothing_but_the_trash_fails_for_good() {
    let stage = Stage::new(company(), json!([{ "name": "old", "card": 2 }])).await;
    let error = stage.run(&stage.builder().build()).await.unwrap_err();
    assert!(matches!(error, TaskError::Permanent { .. }) && error.to_string().contains("trash"), "{error:?}");
    assert_eq!(queries(&stage.sim), 0);
}
