//! What others do to an output folder, and what servers do to an export, while nobody looks: old files that rot, runs beside
//! each other, answers whose end nothing tells.

use std::{fs, time::Duration};

use roundsman_simulators::{
    At, Damage, Ending, Fault, Stall,
    metabase::{CardSetup, Cell, Column, ColumnType, Framing, MetabaseScenario, Release, Rows},
};
use roundsman_task::{OutcomeStatus, TaskError};
use serde_json::json;

use super::stage::*;

/// An old file of the right length that is no longer what it was is not named as the one of today.
#[tokio::test]
async fn what_rotted_is_not_unchanged() {
    let stage = Stage::of_rows(10).await.set(json!({ "unchanged": "skip" }));
    let (test, _) = stage.good().await;
    let old = stage.folder().join("question_12.csv");
    let length = fs::metadata(&old).unwrap().len();
    fs::write(&old, "x".repeat(usize::try_from(length).unwrap())).unwrap();
    stage.clock.advance(Duration::from_hours(24));
    let outcome = stage.run(&test.next_action("export", json!({ "item": "orders" }))).await.unwrap();
    assert_eq!((outcome.counts.unchanged, outcome.counts.changed), (0, 1));
    let path = outcome.detail["units"][0]["path"].as_str().unwrap();
    assert_eq!(fs::read(path).unwrap(), stage.sim.truth(12, "csv"));
}

/// Neither chunks nor a length nor a packing: an end of the connection is no proof of an end of the rows.
#[tokio::test]
async fn an_end_that_nothing_tells() {
    let scenario = MetabaseScenario::new(Release::V56)
        .card(CardSetup::native(12, "Orders").rows(Rows::plain(200)))
        .set(|settings| settings.framing = Framing::UntilClose);
    let stage = Stage::new(scenario, json!([{ "name": "orders", "card": 12 }])).await;
    let cut = Fault::on("POST *").body(Damage::End(At::Row(7), Ending::Clean)).body(Damage::NotPacked);
    stage.sim.fault(cut);
    let error = stage.run(&stage.builder().build()).await.unwrap_err();
    assert!(matches!(error, TaskError::Retry { .. }), "{error:?}");
    assert_eq!(stage.files(), Vec::<String>::new());
}

/// Titles of almost a MiB.
#[tokio::test]
async fn very_wide_exports() {
    for (count, length) in [(16_000, 50), (2_500, 400), (3_000, 400)] {
        let title = |at: usize| format!("{at:05}{}", "é".repeat(length / 2));
        let columns: Vec<Column> = (0..count).map(|at| Column::new(&title(at), ColumnType::Text)).collect();
        let rows = vec![vec![Cell::Null; count]; 3];
        let card = CardSetup::native(12, "Wide").rows(Rows::table(columns, rows));
        let stage = Stage::new(
            MetabaseScenario::new(Release::V56).card(card),
            json!([{ "name": "wide", "card": 12 }]),
        )
        .await;
        let (test, outcome) = stage.good().await;
        assert_eq!(stage.file("question_12.csv"), stage.sim.truth(12, "csv"));
        assert_eq!(outcome.status, OutcomeStatus::Success);
        let again = stage.run(&test.next_attempt()).await.unwrap();
        assert_eq!(again.counts.skipped, 1, "{count} × {length}");
    }
}

/// A run that is still under way loses nothing to one that began later and ends before it.
#[tokio::test]
async fn a_run_under_way_keeps_its_folder() {
    let cards = [12, 13].map(|id| CardSetup::native(id, &format!("Question {id}")));
    let scenario = cards.into_iter().fold(MetabaseScenario::new(Release::V56), MetabaseScenario::card);
    let items = json!([{ "name": "slow", "cards": [12, 13], "template": "{id}.{ext}" }, { "name": "quick", "card": 12 }]);
    let stage = Stage::new(scenario, items).await;
    let stage = stage
        .set(json!({ "keep_runs": 1, "max_total_bytes": "1", "latest": false, "max_concurrent_exports": 1 }));
    let held = stage.sim.fault(
        Fault::on("POST /api/card/13/query/csv").body(Damage::Stall(At::Row(5), Stall::UntilReleased)),
    );
    let slow = stage.builder().build();
    let quick = slow.next_action("export", json!({ "item": "quick" }));
    let beside = async {
        held.stalled(1).await;
        stage.clock.advance(Duration::from_secs(60));
        assert!(stage.folder().join("12.csv").exists(), "{:?}", stage.files());
        stage.run(&quick).await.unwrap();
        held.release();
    };
    let (slow, ()) = tokio::join!(stage.run(&slow), beside);
    let slow = slow.unwrap();
    assert_eq!(slow.status, OutcomeStatus::Success, "{}", slow.summary);
    for unit in slow.detail["units"].as_array().unwrap() {
        assert!(fs::metadata(unit["path"].as_str().unwrap()).is_ok(), "{:?}", stage.files());
    }
}

/// A folder that was empty and went belongs to whoever makes it next.
#[tokio::test]
async fn a_folder_that_went_may_be_somebody_else_s() {
    let stage = Stage::of_rows(10).await.set(json!({ "retry": { "max_attempts": 1 } }));
    stage.sim.fault(Fault::on("POST *").status(500));
    let one = stage.builder().task("one").build();
    stage.run(&one).await.unwrap_err();
    stage.sim.clear_faults();
    let other = stage.builder().task("other").build();
    // It began in the same second and made its folder later.
    let other_outcome = {
        let folder = stage.folder();
        assert!(!folder.exists());
        stage.run(&other).await.unwrap()
    };
    let one = one.next_attempt();
    let one_outcome = stage.run(&one).await.unwrap();
    assert_ne!(one_outcome.detail["folder"], other_outcome.detail["folder"], "{:?}", stage.files());
    assert_eq!(one_outcome.detail["units"][0]["status"], "ok");
}

/// What is no longer kept of a run whose folder went is not what another task put there.
#[tokio::test]
async fn retention_leaves_alone_what_took_the_place_of_a_folder_that_went() {
    let stage = Stage::of_rows(10)
        .await
        .set(json!({ "retry": { "max_attempts": 1 }, "keep_runs": 1, "latest": false }));
    stage.sim.fault(Fault::on("POST *").status(500));
    let one = stage.builder().task("one").build();
    stage.run(&one).await.unwrap_err();
    stage.sim.clear_faults();
    stage.run(&stage.builder().task("other").build()).await.unwrap();
    let theirs = stage.files();
    let mut next = one;
    for _ in 0..3 {
        stage.clock.advance(Duration::from_hours(24));
        next = next.next_action("export", json!({ "item": "orders" }));
        stage.run(&next).await.unwrap();
        // The run of everything is beyond what is kept of runs of one item only when it is old.
    }
    let mut stage = stage;
    stage.change(json!({ "keep_days": 1 }));
    stage.clock.advance(Duration::from_hours(24));
    stage.run(&next.next_action("export", json!({ "item": "orders" }))).await.unwrap();
    assert_eq!(next.documents("runs").len(), 1, "{:?}", next.documents("runs"));
    for file in theirs {
        assert!(stage.files().contains(&file), "{file}: {:?}", stage.files());
    }
}

/// What a kept manifest names is not removed because the same is there anew.
#[tokio::test]
async fn replacing_leaves_what_others_refer_to() {
    let stage = Stage::of_rows(10).await.set(json!({ "unchanged": "skip", "latest": false }));
    let (test, _) = stage.good().await;
    let day = || stage.clock.advance(Duration::from_hours(24));
    day();
    let second = test.next_action("export", json!({ "item": "orders" }));
    stage.run(&second).await.unwrap();
    day();
    let mut stage = Stage { ..stage };
    stage.change(json!({ "unchanged": "replace" }));
    stage.run(&second.next_action("export", json!({ "item": "orders" }))).await.unwrap();
    assert!(stage.folder().join("question_12.csv").exists(), "{:?}", stage.files());
}

/// One question twice is one that is asked twice, and each has its file.
#[tokio::test]
async fn the_same_question_twice() {
    let stage = Stage::of_rows(10).await;
    let stage = Stage {
        with: {
            let mut with = stage.with.clone();
            with["item"] = json!([{ "name": "orders", "cards": [12, 12], "template": "{name}.{ext}" }]);
            with
        },
        ..stage
    };
    let (test, first) = stage.good().await;
    let paths = |outcome: &roundsman_task::Outcome| -> Vec<String> {
        outcome.detail["units"].as_array().unwrap().iter().map(|unit| unit["path"].to_string()).collect()
    };
    let again = stage.run(&test.next_attempt()).await.unwrap();
    assert_eq!(paths(&first), paths(&again));
}

/// The next export stops behind its fiftieth row until it is let go on.
fn half_way() -> Fault {
    let stall = Damage::Stall(At::Row(50), Stall::UntilReleased);
    Fault::on("POST /api/card/12/query/csv").times(1).body(stall)
}

/// Two runs for one slot at once: the later one waits and takes what the other one did, and no manifest tells of other files.
#[tokio::test]
async fn two_runs_for_one_slot() {
    let stage = Stage::of_rows(200).await;
    let held = stage.sim.fault(half_way());
    let one = stage.builder().build();
    let other = one.next_run();
    let beside = async {
        held.stalled(1).await;
        let release = async {
            // Its waits pass at once; a few are enough to see that it waits.
            while other.waits().is_empty() {
                tokio::task::yield_now().await;
            }
            stage.sim.set_rows(12, Rows::plain(100));
            held.release();
        };
        tokio::join!(stage.run(&other), release).0
    };
    let (one, other) = tokio::join!(stage.run(&one), beside);
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!((one.counts.changed, other.counts.skipped), (1, 1), "{}", other.summary);
    assert_eq!(one.detail["units"][0]["sha256"], other.detail["units"][0]["sha256"]);
    assert_eq!(queries(&stage.sim), 1);
}

/// Somebody takes the folder away in the middle of a file: it is made anew, with the file.
#[tokio::test]
async fn a_folder_that_vanishes() {
    let stage = Stage::of_rows(200).await;
    let held = stage.sim.fault(half_way());
    let test = stage.builder().build();
    let vanish = async {
        held.stalled(1).await;
        fs::remove_dir_all(stage.folder()).unwrap();
        held.release();
    };
    let (ended, ()) = tokio::join!(stage.run(&test), vanish);
    let outcome = ended.unwrap();
    assert_eq!(outcome.status, OutcomeStatus::Success, "{}", outcome.summary);
    assert_eq!(stage.file("question_12.csv"), stage.sim.truth(12, "csv"));
    assert_eq!(stage.manifest()["units"][0]["attempts"], 2);
}

/// What is done keeps its file, also when another question has its name at the next attempt.
#[tokio::test]
async fn names_that_move_between_attempts() {
    let cards = [12, 13, 14].map(|id| CardSetup::native(id, &format!("Q{id}")).rows(Rows::plain(id)));
    let scenario = cards.into_iter().fold(MetabaseScenario::new(Release::V56), MetabaseScenario::card);
    let items = |cards: [u64; 3]| json!([{ "name": "all", "cards": cards, "template": "{seq}.{ext}" }]);
    let mut stage = Stage::new(scenario, items([12, 13, 14])).await;
    stage.sim.fault(Fault::on("POST /api/card/13/query/csv").status(500));
    let test = stage.builder().build();
    assert_eq!(stage.run(&test).await.unwrap().status, OutcomeStatus::Partial);
    stage.sim.clear_faults();
    stage.change(json!({ "item": items([13, 12, 14]) }));
    let outcome = stage.run(&test.next_attempt()).await.unwrap();
    assert_eq!((outcome.status, outcome.counts.skipped), (OutcomeStatus::Success, 2));
    for unit in outcome.detail["units"].as_array().unwrap() {
        let (path, id) = (unit["path"].as_str().unwrap(), unit["card_id"].as_u64().unwrap());
        let file = fs::read(path).unwrap();
        assert_eq!(sha256(&file), unit["sha256"].as_str().unwrap(), "{path}: {:?}", stage.files());
        assert_eq!(file, stage.sim.truth(id, "csv"), "{path}");
    }
}
