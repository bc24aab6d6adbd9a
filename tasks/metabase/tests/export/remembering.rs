//! What runs leave to later ones: which one the link leads to, which folders stay for whom, what is forgotten. How a run ends
//! is looked at beside this.

use std::time::Duration;

use roundsman_simulators::metabase::{
    CardSetup, CollectionSetup, DashboardSetup, DashcardSetup, Failure, MetabaseScenario, Release, Rows,
};
use roundsman_task::{Outcome, OutcomeStatus};
use roundsman_testkit::TestContext;
use serde_json::{Value, json};

use super::stage::*;

const DAY: Duration = Duration::from_hours(24);

/// The run of another slot of the same task.
fn of_slot(stage: &Stage, before: &TestContext, slot: &str) -> TestContext {
    let mut builder = stage.builder().slot(slot.parse().unwrap());
    for collection in ["units", "last", "runs"] {
        for document in before.documents(collection) {
            builder = builder.document(collection, &document.key, document.value);
        }
    }
    builder.build()
}

/// Runs of the whole on so many days in a row.
async fn days(stage: &Stage, count: u32, mut change: impl FnMut(&Stage, u32)) -> (Vec<Outcome>, TestContext) {
    let mut outcomes = Vec::new();
    let mut test = stage.builder().build();
    for day in 0..count {
        if day > 0 {
            stage.clock.advance(DAY);
            test = of_slot(stage, &test, &format!("2026-11-{}T08:00:00Z", 20 + day));
        }
        change(stage, day);
        outcomes.push(stage.run(&test).await.unwrap());
    }
    (outcomes, test)
}

fn folders(stage: &Stage) -> Vec<String> {
    let mut folders: Vec<String> =
        stage.files().iter().filter_map(|file| Some(file.split_once('/')?.0.to_owned())).collect();
    folders.dedup();
    folders
}

fn link(stage: &Stage) -> String {
    std::fs::read_link(stage.out().join("latest")).unwrap().to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_link_never_goes_back() {
    let scenario = MetabaseScenario::new(Release::V56)
        .card(CardSetup::native(12, "Orders").rows(Rows::plain(10)))
        .card(CardSetup::native(13, "Costs").rows(Rows::plain(10)));
    let stage = Stage::new(scenario, json!([{ "name": "both", "cards": [12, 13] }])).await;
    stage.sim.set_failure(12, Some(Failure::new("connection reset").typed("invalid-query")));
    let first = stage.builder().build();
    assert_eq!(stage.run(&first).await.unwrap().status, OutcomeStatus::Partial);
    stage.sim.set_failure(12, None);
    stage.clock.advance(DAY);
    let second = of_slot(&stage, &first, "2026-11-21T08:00:00Z");
    stage.run(&second).await.unwrap();
    assert_eq!(link(&stage), "20261121_080000");
    // The old slot becomes good late, and one that is older still is made now.
    let late = of_slot(&stage, &second, SLOT);
    assert_eq!(stage.run(&late).await.unwrap().status, OutcomeStatus::Success);
    assert_eq!(link(&stage), "20261121_080000");
    stage.clock.advance(DAY);
    let backfill = of_slot(&stage, &late, "2026-11-01T08:00:00Z");
    stage.run(&backfill).await.unwrap();
    assert_eq!(link(&stage), "20261121_080000");
    // Where the newer one is gone, or a still newer one comes, it moves.
    std::fs::remove_dir_all(stage.out().join("20261121_080000")).unwrap();
    let late = of_slot(&stage, &backfill, SLOT);
    stage.run(&late).await.unwrap();
    assert_eq!(link(&stage), TS);
    stage.clock.advance(DAY);
    let newer = of_slot(&stage, &late, "2026-11-22T08:00:00Z");
    stage.run(&newer).await.unwrap();
    assert_eq!(link(&stage), "20261123_080000", "called after its beginning");
}

#[tokio::test]
async fn a_newer_slot_that_is_not_good_does_not_hold_the_link() {
    let stage = Stage::of_rows(10).await.set_item(json!({ "card": null, "cards": [12, 99] }));
    let newer = stage.builder().slot("2026-11-21T08:00:00Z".parse().unwrap()).build();
    assert_eq!(stage.run(&newer).await.unwrap().status, OutcomeStatus::Partial);
    let stage = stage.set_item(json!({ "cards": [12] }));
    stage.clock.advance(DAY);
    stage.run(&of_slot(&stage, &newer, SLOT)).await.unwrap();
    assert_eq!(link(&stage), "20261121_080000", "the folder is called after its beginning");
    assert_eq!(folders(&stage).len(), 2);
}

#[tokio::test]
async fn runs_of_one_item_push_out_no_others() {
    let stage = Stage::of_rows(10).await.set(json!({ "keep_runs": 2, "latest": false }));
    let stage = stage.set_item(json!({ "name": "orders" }));
    let (_, mut test) = days(&stage, 2, |_, _| ()).await;
    for _ in 0..4 {
        stage.clock.advance(DAY);
        test = test.next_action("export", json!({ "item": "orders" }));
        stage.run(&test).await.unwrap();
    }
    assert_eq!(folders(&stage), [TS, "20261121_080000", "20261124_080000", "20261125_080000"]);
}

/// Nothing changed: the run has its folder and its manifest nevertheless, and what it refers to stays.
#[tokio::test]
async fn a_run_in_which_nothing_changed() {
    let stage = Stage::of_rows(10).await.set(json!({ "unchanged": "skip", "keep_runs": 1 }));
    let (outcomes, test) = days(&stage, 2, |_, _| ()).await;
    let detail = &outcomes[1].detail;
    assert_eq!((outcomes[1].counts.unchanged, outcomes[1].counts.changed), (1, 0));
    assert_eq!(detail["folder"], stage.out().join("20261121_080000").to_str().unwrap());
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(detail["manifest"].as_str().unwrap()).unwrap()).unwrap();
    assert_eq!(manifest["units"][0]["path"], format!("{TS}/question_12.csv"));
    assert_eq!(link(&stage), "20261121_080000");
    assert_eq!(folders(&stage), [TS, "20261121_080000"], "its file is in the first one");
    // When it changes nobody needs the old ones.
    stage.sim.set_rows(12, Rows::plain(11));
    stage.clock.advance(DAY);
    let next = of_slot(&stage, &test, "2026-11-22T08:00:00Z");
    stage.run(&next).await.unwrap();
    assert_eq!(folders(&stage), ["20261122_080000"]);
    assert_eq!((next.documents("runs").len(), next.documents("units").len()), (1, 1));
}

/// Not only what the latest run refers to stays: every manifest that is kept names files that are there.
#[tokio::test]
async fn what_kept_runs_refer_to_is_kept() {
    let stage = Stage::of_rows(10).await.set(json!({ "unchanged": "skip", "keep_runs": 2 }));
    let (_, test) = days(&stage, 3, |stage, day| {
        if day == 2 {
            stage.sim.set_rows(12, Rows::plain(11));
        }
    })
    .await;
    assert_eq!(folders(&stage), [TS, "20261121_080000", "20261122_080000"], "the second one needs the first");
    stage.sim.set_rows(12, Rows::plain(12));
    stage.clock.advance(DAY);
    stage.run(&of_slot(&stage, &test, "2026-11-23T08:00:00Z")).await.unwrap();
    assert_eq!(folders(&stage), ["20261122_080000", "20261123_080000"]);
}

/// A late run of an old slot takes nothing from a newer one.
#[tokio::test]
async fn replacing_leaves_newer_slots_alone() {
    let stage = Stage::of_rows(10).await.set(json!({ "unchanged": "replace", "latest": false }));
    let newer = stage.builder().slot("2026-11-21T08:00:00Z".parse().unwrap()).build();
    stage.run(&newer).await.unwrap();
    stage.clock.advance(DAY);
    stage.run(&of_slot(&stage, &newer, SLOT)).await.unwrap();
    assert_eq!(stage.files().iter().filter(|file| file.contains(".csv")).count(), 2, "{:?}", stage.files());
}

#[tokio::test]
async fn what_nobody_configures_any_more_is_forgotten() {
    let scenario = MetabaseScenario::new(Release::V56)
        .card(CardSetup::native(12, "Orders").rows(Rows::plain(10)))
        .card(CardSetup::native(13, "Costs").rows(Rows::plain(10)));
    let both = json!([{ "name": "orders", "card": 12 }, { "name": "costs", "card": 13 }]);
    for (keys, after, left) in [
        (json!({ "keep_days": 3 }), 2, 2),
        (json!({ "keep_days": 3 }), 5, 1),
        (json!({ "keep_days": 0, "keep_runs": 1 }), 80, 2),
        (json!({ "keep_days": 0, "keep_runs": 1 }), 100, 1),
        // The run that made it is kept: it may be compared with.
        (json!({ "keep_days": 0, "keep_runs": 0 }), 100, 2),
    ] {
        let mut stage = Stage::new(scenario.clone(), both.clone()).await.set(keys.clone());
        let (test, _) = stage.good().await;
        assert_eq!(test.documents("last").len(), 2);
        stage.change(json!({ "item": [{ "name": "orders", "card": 12 }] }));
        stage.clock.advance(DAY * after);
        // A run of one item knows nothing of the others.
        let alone = test.next_action("export", json!({ "item": "orders" }));
        stage.run(&alone).await.unwrap();
        assert_eq!(alone.documents("last").len(), 2);
        let next = of_slot(&stage, &alone, "2027-03-01T08:00:00Z");
        stage.run(&next).await.unwrap();
        assert_eq!(next.documents("last").len(), left, "{keys}, {after} days");
    }
}

/// Names that mean something here are nobody's: not the manifest's, not the link's, not that of another run.
#[tokio::test]
async fn names_that_are_taken() {
    let mut scenario = MetabaseScenario::new(Release::V56)
        .collection(CollectionSetup::new(1, "Company"))
        .card(CardSetup::native(1, "manifest.json").rows(Rows::plain(5)))
        .card(CardSetup::native(2, "latest").rows(Rows::plain(5)));
    for (id, name) in (3..).zip(["manifest.json", "latest", "Manifest.JSON", TS, "20261121_080000"]) {
        scenario = scenario
            .collection(CollectionSetup::new(id, name).within(1))
            .card(CardSetup::native(id, "Inside").within(id).rows(Rows::plain(5)))
            .dashboard(DashboardSetup::new(id, name).with(DashcardSetup::of(id, id)));
    }
    let items = json!([
        { "name": "files", "cards": [1, 2], "template": "{name}", "format": "json" },
        { "name": "whole", "cards": [1], "template": "{name}.{ext}", "format": "json" },
        { "name": "company", "collection": 1, "recursive": true },
        { "name": "board", "dashboard": 3 },
        { "name": "board 2", "dashboard": 4 },
    ]);
    let stage = Stage::new(scenario, items).await.set(json!({ "keep_runs": 1 }));
    let (test, outcome) = stage.good().await;
    assert_eq!(outcome.counts.ok, 10);
    let manifest = stage.manifest();
    assert_eq!((&manifest["schema"], manifest["units"].as_array().unwrap().len()), (&json!(1), 10));
    for unit in outcome.detail["units"].as_array().unwrap() {
        let bytes = std::fs::read(unit["path"].as_str().unwrap()).unwrap();
        assert_eq!(unit["sha256"], sha256(&bytes), "{unit}");
    }
    assert_eq!(link(&stage), TS);
    // Only its own folder goes with a run.
    stage.clock.advance(DAY);
    let next = of_slot(&stage, &test, "2026-11-21T08:00:00Z");
    assert_eq!(stage.run(&next).await.unwrap().counts.ok, 10);
    assert_eq!(
        (folders(&stage), link(&stage)),
        (vec!["20261121_080000".to_owned()], "20261121_080000".to_owned())
    );
    assert_eq!(stage.files().iter().filter(|file| file.contains('/')).count(), 11);
}

/// An action that writes straight into the folder does not write through the link.
#[tokio::test]
async fn an_action_does_not_write_through_the_link() {
    let scenario = MetabaseScenario::new(Release::V56)
        .card(CardSetup::native(12, "Orders").rows(Rows::plain(10)))
        .dashboard(DashboardSetup::new(4, "latest").with(DashcardSetup::of(1, 12)));
    let stage = Stage::new(scenario, json!([{ "name": "orders", "card": 12 }])).await;
    let (test, _) = stage.good().await;
    let before = folders(&stage);
    stage.run(&test.next_action("dashboard", json!({ "id": 4 }))).await.unwrap();
    let within: Vec<_> = stage.files().into_iter().filter(|file| file.starts_with(TS)).collect();
    assert_eq!(within, [format!("{TS}/manifest.json"), format!("{TS}/question_12.csv")]);
    assert_eq!((folders(&stage).len(), link(&stage).as_str()), (before.len() + 1, TS));
}

/// A run that comes to no file takes the place of none.
#[tokio::test]
async fn a_run_without_files_moves_nothing() {
    let scenario = MetabaseScenario::new(Release::V56)
        .collection(CollectionSetup::new(1, "Company"))
        .card(CardSetup::native(12, "Orders").within(1).rows(Rows::plain(10)));
    let items = json!([{ "name": "company", "collection": 1 }]);
    let stage = Stage::new(scenario, items).await.set(json!({ "keep_runs": 1 }));
    let (test, _) = stage.good().await;
    let stage = stage.set_item(json!({ "include": ["nothing*"] }));
    stage.clock.advance(DAY);
    let next = of_slot(&stage, &test, "2026-11-21T08:00:00Z");
    let outcome = stage.run(&next).await.unwrap();
    assert_eq!((outcome.status, outcome.counts.processed), (OutcomeStatus::Success, 0));
    assert_eq!(link(&stage), TS);
    assert!(stage.folder().join("company/Orders.csv").is_file());
}
