//! What is kept of earlier runs: the link, old folders, files that did not change.

use std::time::Duration;

use roundsman_simulators::metabase::Rows;
use roundsman_task::Outcome;
use roundsman_testkit::TestContext;
use serde_json::{Value, json};

use super::stage::*;

/// Runs on so many days in a row, by hand, each a day later.
async fn days(stage: &Stage, runs: u32, mut change: impl FnMut(&Stage, u32)) -> (Vec<Outcome>, TestContext) {
    let mut outcomes = Vec::new();
    let mut test = stage.builder().build();
    for run in 0..runs {
        change(stage, run);
        // Runs of an action with an item have no slot, and so a folder each.
        test = test.next_action("export", json!({ "item": stage.with["item"][0]["name"] }));
        outcomes.push(stage.run(&test).await.unwrap());
        stage.clock.advance(Duration::from_hours(24));
    }
    (outcomes, test)
}

fn folders(stage: &Stage) -> Vec<String> {
    let mut folders: Vec<String> = stage
        .files()
        .into_iter()
        .filter_map(|file| file.split_once('/').map(|(folder, _)| folder.to_owned()))
        .collect();
    folders.dedup();
    folders
}

#[tokio::test]
async fn old_folders_go() {
    let stage = Stage::of_rows(10).await.set(json!({ "keep_runs": 2 }));
    let (_, test) = days(&stage, 4, |_, _| ()).await;
    assert_eq!(folders(&stage), ["20261122_080000", "20261123_080000"]);
    assert_eq!(test.documents("runs").len(), 2);
    assert_eq!(test.documents("units").len(), 2);
    let stage = Stage::of_rows(10).await.set(json!({ "keep_days": 1 }));
    days(&stage, 4, |_, _| ()).await;
    assert_eq!(folders(&stage), ["20261122_080000", "20261123_080000"]);
    let stage = Stage::of_rows(10).await.set(json!({ "max_total_bytes": "1" }));
    days(&stage, 3, |_, _| ()).await;
    assert_eq!(folders(&stage), ["20261122_080000"]);
    let stage = Stage::of_rows(10).await.set(json!({ "keep_runs": 0, "keep_days": 0 }));
    days(&stage, 4, |_, _| ()).await;
    assert_eq!(folders(&stage).len(), 4);
}

#[tokio::test]
async fn the_link_holds_its_folder() {
    let stage = Stage::of_rows(10).await.set(json!({ "keep_runs": 1 }));
    stage.good().await;
    let foreign = stage.out().join("somebody's");
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(foreign.join("file"), "x").unwrap();
    stage.clock.advance(Duration::from_hours(24));
    days(&stage, 3, |_, _| ()).await;
    // Runs of one item only do not move the link.
    assert_eq!(folders(&stage), [TS, "20261123_080000", "somebody's"]);
}

#[tokio::test]
async fn only_after_a_good_run() {
    let stage = Stage::of_rows(10).await.set(json!({ "keep_runs": 1 }));
    days(&stage, 1, |_, _| ()).await;
    let mut failing = Stage { ..stage };
    failing.with["item"] = json!([{ "name": "orders", "cards": [12, 99] }]);
    days(&failing, 1, |_, _| ()).await;
    assert_eq!(folders(&failing).len(), 2);
}

fn fates(outcomes: &[Outcome]) -> Vec<&Value> {
    outcomes.iter().map(|outcome| &outcome.detail["units"][0]["status"]).collect()
}

#[tokio::test]
async fn what_did_not_change() {
    let change = |stage: &Stage, run: u32| {
        if run == 2 {
            stage.sim.set_rows(12, Rows::plain(11));
        }
    };
    let stage = Stage::of_rows(10).await.set(json!({ "unchanged": "keep" }));
    let (outcomes, _) = days(&stage, 3, change).await;
    assert_eq!(fates(&outcomes), ["ok", "ok", "ok"]);
    assert_eq!(folders(&stage).len(), 3);

    let stage = Stage::of_rows(10).await.set(json!({ "unchanged": "skip", "keep_runs": 1 }));
    let (outcomes, test) = days(&stage, 2, change).await;
    assert_eq!(fates(&outcomes), ["ok", "unchanged"]);
    assert_eq!(outcomes[1].counts.unchanged, 1);
    // The file of the first run stays, for the second one refers to it.
    let path = outcomes[1].detail["units"][0]["path"].as_str().unwrap();
    assert!(path.contains(TS) && std::path::Path::new(path).is_file(), "{path}");
    assert_eq!(folders(&stage), [TS, "20261121_080000"], "each has its manifest");
    stage.sim.set_rows(12, Rows::plain(11));
    let next = test.next_action("export", json!({ "item": "orders" }));
    assert_eq!(stage.run(&next).await.unwrap().counts.changed, 1);

    let stage = Stage::of_rows(10).await.set(json!({ "unchanged": "replace" }));
    let (outcomes, _) = days(&stage, 2, change).await;
    assert_eq!(fates(&outcomes), ["ok", "ok"]);
    let csv: Vec<_> = stage.files().into_iter().filter(|file| file.strip_suffix(".csv").is_some()).collect();
    assert_eq!(csv, ["20261121_080000/question_12.csv"]);
}

/// Two tasks write below one folder at one time: neither takes the other's.
#[tokio::test]
async fn two_tasks_in_one_folder() {
    let stage = Stage::of_rows(10).await;
    stage.good().await;
    let other = stage.builder().task("others").build();
    stage.run(&other).await.unwrap();
    assert_eq!(folders(&stage), [TS.to_owned(), format!("{TS}_1")]);
}

/// The same at the same moment.
#[tokio::test]
async fn two_tasks_at_one_moment() {
    let stage = Stage::of_rows(10).await;
    let (one, other) = (stage.builder().task("one").build(), stage.builder().task("other").build());
    let (one, other) = tokio::join!(stage.run(&one), stage.run(&other));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_ne!(one.detail["folder"], other.detail["folder"]);
    assert_eq!(stage.files().len(), 5, "{:?}", stage.files());
}

#[tokio::test]
async fn no_empty_folders() {
    let stage = Stage::of_rows(10).await;
    let test = stage.builder().build();
    tokio::select! {
        biased;
        () = stage.sim.reached(4) => {}
        _ = stage.run(&test) => {}
    }
    stage.sim.fault(roundsman_simulators::Fault::on("POST *").status(500));
    stage.run(&test.next_attempt()).await.unwrap_err();
    assert_eq!(std::fs::read_dir(stage.out()).unwrap().count(), 0);
}

/// A late attempt means the same days and goes on in the same folder.
#[tokio::test]
async fn an_attempt_after_midnight() {
    let stage = Stage::of_rows(10).await.set_item(json!({ "template": "{date}_{ts}.{ext}" }));
    let test = stage.builder().build();
    stage.sim.fault(roundsman_simulators::Fault::on("POST *").status(500));
    stage.run(&test).await.unwrap_err();
    stage.sim.clear_faults();
    stage.clock.advance(Duration::from_hours(20));
    stage.run(&test.next_attempt()).await.unwrap();
    assert_eq!(stage.files()[0], format!("{TS}/20261120_{TS}.csv"));
}
