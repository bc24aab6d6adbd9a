//! Items and the files they come to: which, in which order, under which names, with which parameters.

use std::collections::BTreeSet;

use roundsman_simulators::metabase::{
    CardKind, CardSetup, CollectionSetup, DashboardSetup, DashcardSetup, MetabaseScenario, Release, Rows,
    TagKind, TagSetup,
};
use roundsman_task::{OutcomeStatus, TaskError};
use serde_json::{Value, json};

use super::stage::*;

fn dashboards(release: Release) -> MetabaseScenario {
    let dashboard = DashboardSetup::new(42, "Ops/Night").tab(1, "Today").tab(2, "Trends");
    let dashboard = dashboard
        .with(DashcardSetup::of(13, 3).on_tab(2).at(0, 0))
        .with(DashcardSetup::text(11, "## Words").on_tab(1).at(0, 0))
        .with(DashcardSetup::of(14, 1).on_tab(1).at(2, 0))
        .with(DashcardSetup::of(12, 2).on_tab(1).at(1, 4).series(4));
    MetabaseScenario::new(release)
        .card(CardSetup::native(1, "One"))
        .card(CardSetup::native(2, "Two"))
        .card(CardSetup::native(3, "Three"))
        .card(CardSetup::native(4, "Four"))
        .dashboard(dashboard)
}

/// M-31.
#[tokio::test]
async fn dashboards_of_both_shapes() {
    for (release, names) in [
        (Release::V56, ["01_Two", "02_Four", "03_One", "04_Three"]),
        (Release::V46, ["01_Three", "02_Two", "03_Four", "04_One"]),
    ] {
        let stage = Stage::new(dashboards(release), json!([{ "name": "ops", "dashboard": 42 }])).await;
        stage.good().await;
        let mut expected: Vec<_> =
            names.iter().map(|name| format!("{TS}/Ops_Night/{name}_{TS}.csv")).collect();
        expected.extend([format!("{TS}/manifest.json"), format!("latest -> {TS}")]);
        assert_eq!(stage.files(), expected);
        assert_eq!(stage.sim.asked("POST /api/dashboard/42/dashcard/12/card/4/query/csv").len(), 1);
    }
    let items = json!([{ "name": "ops", "dashboard": 42, "include_series": false }]);
    let stage = Stage::new(dashboards(Release::V56), items).await.set(json!({ "include_timestamp": false }));
    stage.good().await;
    assert_eq!(stage.files()[1], format!("{TS}/Ops_Night/02_One.csv"));
}

/// M-33.
#[tokio::test]
async fn names_that_no_file_should_have() {
    let names = [
        "Sales/Report",
        "Sales/Report",
        "CON",
        "..",
        &"ü".repeat(300),
        &format!("{}😀", "a".repeat(197)),
        "   ",
    ];
    let mut scenario = MetabaseScenario::new(Release::V56);
    for (id, name) in (1..).zip(names) {
        scenario = scenario.card(CardSetup::native(id, name));
    }
    let items = json!([{ "name": "all", "cards": [1, 2, 3, 4, 5, 6, 7] }]);
    let stage = Stage::new(scenario, items).await;
    stage.good().await;
    let files = stage.files();
    let own = |name: &str| files.contains(&format!("{TS}/scheduled_{TS}/{name}.csv"));
    for name in [
        "Sales_Report_1",
        "Sales_Report_2",
        "_CON",
        "question_4",
        &"ü".repeat(98),
        &"a".repeat(196),
        "question_7",
    ] {
        assert!(own(name), "{name}: {files:?}");
    }
    assert_eq!(files.iter().collect::<BTreeSet<_>>().len(), 9);
    assert!(!stage.dir.path().join("etc").exists());
}

#[tokio::test]
async fn collections_with_globs() {
    let scenario = || {
        MetabaseScenario::new(Release::V56)
            .collection(CollectionSetup::new(1, "Company"))
            .collection(CollectionSetup::new(2, "Fin/ance").within(1))
            .card(CardSetup::native(1, "Daily sales").within(1))
            .card(CardSetup::native(2, "Daily costs").within(2))
            .card(CardSetup::native(3, "Weekly").within(2).kind(CardKind::Model))
            .card(CardSetup::native(4, "Elsewhere"))
    };
    let names = async |item: Value| {
        let stage = Stage::new(scenario(), json!([item])).await;
        stage.good().await;
        let files = stage.files().into_iter().filter(|file| file.strip_suffix(".csv").is_some());
        files.map(|file| file[TS.len() + 1..].to_owned()).collect::<Vec<_>>()
    };
    let flat = names(json!({ "name": "company", "collection": 1 })).await;
    assert_eq!(flat, ["company/Daily sales.csv"]);
    let all = names(json!({ "name": "company", "collection": 1, "recursive": true })).await;
    assert_eq!(all, ["Fin_ance/Daily costs.csv", "Fin_ance/Weekly.csv", "company/Daily sales.csv"]);
    let some = names(
        json!({ "name": "company", "collection": 1, "recursive": true, "include": ["Daily *"], "exclude": ["*costs"] }),
    );
    assert_eq!(some.await, ["company/Daily sales.csv"]);
}

#[tokio::test]
async fn entity_ids_templates_and_queries_of_ones_own() {
    let id = CardSetup::entity_id(12);
    let scenario = MetabaseScenario::new(Release::V56)
        .card(CardSetup::native(12, "Orders"))
        .query("select 1", Rows::plain(3));
    let items = json!([
        { "name": "by id", "card": id, "template": "{item}/{entity_id}-{date}.{ext}" },
        { "name": "own", "sql": { "database": 1, "query": "select 1" } },
    ]);
    let stage = Stage::new(scenario, items).await;
    stage.good().await;
    assert_eq!(
        stage.files()[..3],
        [format!("{TS}/by id/{id}-20261120.csv"), format!("{TS}/manifest.json"), format!("{TS}/own.csv"),]
    );
    assert_eq!(stage.manifest()["units"][1]["rows"], 3);
}

fn with_tags() -> MetabaseScenario {
    let card = CardSetup::native(12, "Orders")
        .tag(TagSetup::new("region", TagKind::Text).required())
        .tag(TagSetup::new("created_at", TagKind::DateField))
        .given("region", "APAC", Rows::plain(4));
    MetabaseScenario::new(Release::V56).card(card)
}

#[tokio::test]
async fn parameters_by_slug() {
    let items = json!([{ "name": "orders", "card": 12, "template": "{param.region}.{ext}",
                         "params": { "region": "APAC", "created_at": "{{yesterday}}" } }]);
    let stage = Stage::new(with_tags(), items).await;
    stage.good().await;
    assert_eq!(stage.manifest()["units"][0]["rows"], 4);
    assert!(stage.files()[0].ends_with("/APAC.csv"));
    let export = &stage.sim.asked("POST /api/card/12/query/csv")[0];
    assert!(export.body.contains("2026-11-19"), "{}", export.body);
}

/// M-27.
#[tokio::test]
async fn wrong_parameters_run_no_query() {
    // Words that stand for no day are refused with the configuration.
    for params in [json!({ "regoin": "APAC" }), json!({}), json!({ "region": "APAC", "created_at": 7 })] {
        let items = json!([{ "name": "a", "card": 12, "params": params.clone() }]);
        let stage = Stage::new(with_tags(), items).await;
        let error = stage.run(&stage.builder().build()).await.unwrap_err();
        assert!(matches!(error, TaskError::Config { .. }), "{params}: {error:?}");
        assert_eq!(queries(&stage.sim), 0);
        assert!(!stage.out().exists(), "nothing was made");
    }
}

#[tokio::test]
async fn more_files_than_a_run_may_have() {
    let items = json!([{ "name": "ops", "dashboard": 42 }, { "name": "one", "card": 1 }]);
    let stage = Stage::new(dashboards(Release::V56), items).await.set(json!({ "max_units": 4 }));
    let error = stage.run(&stage.builder().build()).await.unwrap_err();
    assert!(error.to_string().contains("max_units = 4"), "{error}");
    assert_eq!(queries(&stage.sim), 0);
    let stage = stage.set(json!({ "max_units": 5 }));
    stage.good().await;
}

#[tokio::test]
async fn what_is_not_there_stops_no_other() {
    let items = json!([
        { "name": "gone", "card": 99 },
        { "name": "no board", "dashboard": 98 },
        { "name": "no folder", "collection": 97 },
        { "name": "one", "card": 1 },
    ]);
    let stage = Stage::new(dashboards(Release::V56), items).await;
    let outcome = stage.run(&stage.builder().build()).await.unwrap();
    assert_eq!((outcome.status, outcome.counts.ok, outcome.counts.failed), (OutcomeStatus::Partial, 1, 3));
    assert!(!outcome.again, "none of them will be there the next time");
    let classes: Vec<_> = stage.manifest()["units"]
        .as_array()
        .unwrap()
        .iter()
        .map(|unit| unit["error"]["class"].clone())
        .collect();
    assert_eq!(classes, [json!("not_found"), json!("not_found"), json!("not_found"), Value::Null]);
}

#[tokio::test]
async fn columns_that_json_would_lose() {
    let mut rows = Rows::plain(3);
    let titles: Vec<&str> = rows.columns().iter().map(|_| "same").collect();
    rows = Rows::plain(3).titled(&titles);
    let scenario = MetabaseScenario::new(Release::V56).card(CardSetup::native(12, "Orders").rows(rows));
    let stage = Stage::new(scenario, json!([{ "name": "a", "card": 12, "format": "json" }])).await;
    let error = stage.run(&stage.builder().build()).await.unwrap_err();
    assert!(error.to_string().contains("of which JSON keeps only one"), "{error}");
    assert_eq!(queries(&stage.sim), 0);
}
