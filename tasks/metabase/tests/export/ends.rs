//! How runs end: what is counted and told of them whatever happened, and what a task that follows finds. What is removed
//! afterwards is looked at beside this.

use std::sync::{Arc, Mutex};

use roundsman_simulators::{
    Fault,
    metabase::{CardSetup, Column, ColumnType, Failure, MetabaseScenario, Release, Rows},
};
use roundsman_task::{MetricValue, Outcome, OutcomeStatus, TaskError};
use roundsman_testkit::TestContext;
use serde_json::{Value, json};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::stage::*;

const FAILED: &str = "roundsman_metabase_run_failed";
const UNITS: &str = "roundsman_metabase_export_units_total";

/// So many questions, exported one after the other.
async fn questions(count: u64) -> Stage {
    let mut scenario = MetabaseScenario::new(Release::V56);
    for id in 1..=count {
        scenario = scenario.card(CardSetup::native(id, &format!("Question {id}")));
    }
    let cards: Vec<u64> = (1..=count).collect();
    let items = json!([{ "name": "all", "cards": cards, "template": "{name}.{ext}" }]);
    Stage::new(scenario, items).await.set(json!({ "max_concurrent_exports": 1 }))
}

fn unreachable(stage: &Stage) {
    stage.sim.fault(Fault::on("*").cut());
}

/// How many units were counted with this status, one by one.
fn counted(test: &TestContext, status: &str) -> usize {
    let counts = |sample: &MetricValue| sample.name == UNITS && sample.labels["status"] == status;
    test.metrics().iter().filter(|sample| counts(sample)).count()
}

/// Warnings of everything that happens on this thread.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    fn with(&self, text: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|line| line.contains(text)).count()
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn every_end_says_whether_it_is_a_failure() {
    let stage = questions(2).await;
    let (good, _) = stage.good().await;
    assert_eq!(good.metric(FAILED, &[]), Some(0.0));

    let stage = questions(2).await;
    stage.sim.fault(Fault::on("POST *").status(500));
    let test = stage.builder().build();
    stage.run(&test).await.unwrap_err();
    assert_eq!(test.metric(FAILED, &[]), Some(1.0), "all files failed");

    let stage = questions(2).await;
    unreachable(&stage);
    let test = stage.builder().build();
    assert!(matches!(stage.run(&test).await.unwrap_err(), TaskError::Retry { .. }));
    assert_eq!(test.metric(FAILED, &[]), Some(1.0), "it could not begin");

    let stage = questions(2).await.set_item(json!({ "params": { "nobody": "knows" } }));
    let test = stage.builder().build();
    assert!(matches!(stage.run(&test).await.unwrap_err(), TaskError::Config { .. }));
    assert_eq!(test.metric(FAILED, &[]), Some(1.0), "it cannot begin");

    // These come again, or were nobody's failure.
    let stage = questions(2).await;
    stage.sim.fault(Fault::on("POST *").status(429).retry_after("120"));
    let test = stage.builder().build();
    assert!(matches!(stage.run(&test).await.unwrap_err(), TaskError::Snooze { .. }));
    assert_eq!(test.metric(FAILED, &[]), None);
    assert_eq!((counted(&test, "throttled"), counted(&test, "not_tried")), (1, 0), "the rest comes later");
    let test = stage.builder().build();
    test.cancel();
    stage.run(&test).await.unwrap_err();
    assert_eq!(test.metric(FAILED, &[]), None);
}

#[tokio::test]
async fn every_unit_is_counted_and_refused_ones_are_warned_of() {
    let warnings = Warnings::default();
    let _on_this_thread = tracing::subscriber::set_default(warnings.clone());
    let stage = questions(4).await.set_item(json!({ "cards": [1, 99, 2, 98, 3, 4] }));
    stage.sim.fault(Fault::on("POST *").from_call(2).status(401));
    let test = stage.builder().build();
    let outcome = stage.run(&test).await.unwrap();
    assert_eq!((outcome.counts.ok, outcome.counts.failed), (1, 5));
    let of = |status: &str| counted(&test, status);
    assert_eq!((of("ok"), of("not_found"), of("auth"), of("not_tried")), (1, 2, 1, 2));
    assert_eq!((warnings.with("99"), warnings.with("98")), (1, 1), "{:?}", warnings.0.lock().unwrap());
    assert_eq!(warnings.with("no further file is begun"), 1);

    stage.sim.clear_faults();
    let again = test.next_attempt();
    stage.run(&again).await.unwrap();
    let of = |status: &str| counted(&again, status);
    assert_eq!((of("ok"), of("not_found"), of("skipped_done"), of("not_tried")), (3, 2, 1, 0));
    let rows: Vec<_> =
        again.metrics().into_iter().filter(|sample| sample.name.ends_with("rows_total")).collect();
    assert_eq!(rows.len(), 3, "what was there is not published again");
}

/// What nobody asked the server for says nothing of the server.
#[tokio::test]
async fn refused_units_are_no_answers_and_no_outage() {
    let keys = json!({ "abort_after_consecutive_failures": 2 });
    let stage = questions(3).await.set(keys.clone()).set_item(json!({ "cards": [1, 99, 2, 3] }));
    stage.sim.fault(Fault::on("POST *").cut());
    let test = stage.builder().build();
    stage.run(&test).await.unwrap_err();
    assert_eq!(counted(&test, "not_tried"), 1, "two in a row, whatever was refused between them");
    let stage = questions(3).await.set(keys).set_item(json!({ "cards": [99, 98, 97, 1] }));
    assert_eq!(stage.run(&stage.builder().build()).await.unwrap().counts.ok, 1);
}

/// What is done is told as done, also when the attempt gives up at what is missing.
#[tokio::test]
async fn what_is_done_stays_done_when_the_run_is_given_up() {
    let stage = questions(5).await;
    stage.sim.set_failure(1, Some(Failure::new("connection reset")));
    let test = stage.builder().build();
    stage.run(&test).await.unwrap();
    stage.sim.fault(Fault::on("POST *").status(401));
    let outcome = stage.run(&test.next_attempt()).await.unwrap();
    assert_eq!((outcome.status, outcome.counts.skipped), (OutcomeStatus::Partial, 4));
    assert_eq!(outcome.counts.failed, 1);
}

/// A run of which one file of five is missing, for a reason that may pass.
async fn four_of_five() -> (Stage, TestContext) {
    let stage = questions(5).await;
    stage.sim.set_failure(3, Some(Failure::new("connection reset")));
    let test = stage.builder().build();
    stage.run(&test).await.unwrap();
    (stage, test)
}

fn is_partial_of_five(outcome: &Outcome, again: bool) {
    assert_eq!((outcome.status, outcome.again), (OutcomeStatus::Partial, again), "{}", outcome.summary);
    let counts = outcome.counts;
    assert_eq!((counts.processed, counts.ok, counts.failed, counts.changed), (5, 4, 1, 0));
    assert_eq!(outcome.detail["counts_as_failure"], true);
    assert_eq!(outcome.detail["error"]["permanent"], !again);
    let why = outcome.detail["error"]["message"].as_str().unwrap();
    assert!(outcome.summary.contains("4 of 5 files") && outcome.summary.contains(why), "{}", outcome.summary);
    let units = outcome.detail["units"].as_array().unwrap();
    assert_eq!(units.len(), 5);
    for unit in &units[..4] {
        assert!(std::path::Path::new(unit["path"].as_str().unwrap()).is_file());
        assert_eq!(
            (&unit["status"], &unit["columns"][0]["type"]),
            (&json!("skipped_done"), &json!("type/Integer"))
        );
    }
    assert_eq!(
        (&units[4]["status"], &units[4]["error"]["class"]),
        (&json!("failed"), &json!("query_failed"))
    );
}

#[tokio::test]
async fn a_server_that_dies_between_attempts() {
    let (stage, test) = four_of_five().await;
    let before = stage.file("manifest.json");
    unreachable(&stage);
    let next = test.next_attempt();
    is_partial_of_five(&stage.run(&next).await.unwrap(), true);
    assert_eq!(next.metric(FAILED, &[]), Some(1.0));
    assert_eq!(stage.file("manifest.json"), before, "it stays as the last attempt wrote it");
    assert_eq!(next.artifact_json("manifest.json")["status"], "partial");
    // And when the server is back.
    stage.sim.clear_faults();
    stage.sim.set_failure(3, None);
    let outcome = stage.run(&next.next_attempt()).await.unwrap();
    assert_eq!((outcome.status, outcome.counts.skipped), (OutcomeStatus::Success, 4));

    let (stage, test) = four_of_five().await;
    stage.sim.fault(Fault::on("*").status(401));
    is_partial_of_five(&stage.run(&test.next_attempt()).await.unwrap(), false);

    let (mut stage, test) = four_of_five().await;
    unreachable(&stage);
    stage.change(json!({ "fail_run_if": "all" }));
    let outcome = stage.run(&test.next_attempt()).await.unwrap();
    assert_eq!((outcome.status, outcome.again), (OutcomeStatus::Partial, false));
}

#[tokio::test]
async fn nothing_published_is_a_failure() {
    let stage = questions(2).await;
    stage.sim.fault(Fault::on("POST *").status(500));
    let test = stage.builder().build();
    stage.run(&test).await.unwrap_err();
    stage.sim.clear_faults();
    unreachable(&stage);
    assert!(matches!(stage.run(&test.next_attempt()).await, Err(TaskError::Retry { .. })));
    // What is no longer there as it was is not published.
    let (stage, test) = four_of_five().await;
    std::fs::remove_dir_all(stage.out()).unwrap();
    unreachable(&stage);
    stage.run(&test.next_attempt()).await.unwrap_err();
    // Who wants everything anew is not served with what was there.
    let (stage, test) = four_of_five().await;
    unreachable(&stage);
    stage.run(&test.next_action("export", json!({ "force": true }))).await.unwrap_err();
}

/// The attempt before was killed: there is no manifest.
#[tokio::test]
async fn a_server_that_dies_after_a_kill() {
    let stage = questions(5).await;
    let test = stage.builder().build();
    let hung = stage.sim.fault(Fault::on("POST /api/card/3/*").hang());
    tokio::select! {
        biased;
        _ = stage.run(&test) => panic!("it ended"),
        () = async {
            while stage.sim.asked("POST /api/card/3/*").is_empty() {
                // sleep: nothing tells when the simulator was asked for this
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        } => {}
    }
    hung.lift();
    unreachable(&stage);
    let outcome = stage.run(&test.next_attempt()).await.unwrap();
    assert_eq!((outcome.status, outcome.again), (OutcomeStatus::Partial, true));
    assert_eq!((outcome.counts.processed, outcome.counts.ok, outcome.counts.failed), (5, 2, 3));
    assert_eq!(outcome.detail["units"][1]["item"], "all");
    assert!(!stage.folder().join("manifest.json").exists());
}

/// All anew, in two attempts: the second one does not do again what the first one did.
#[tokio::test]
async fn a_forced_run_goes_on() {
    let stage = questions(3).await;
    let (test, _) = stage.good().await;
    stage.sim.set_failure(2, Some(Failure::new("connection reset")));
    let forced = test.next_action("export", json!({ "force": true }));
    assert_eq!(stage.run(&forced).await.unwrap().counts.changed, 2);
    stage.sim.set_failure(2, None);
    stage.sim.clear_journal();
    let next = forced.next_attempt();
    let outcome = stage.run(&next).await.unwrap();
    assert_eq!((outcome.status, outcome.counts.skipped, queries(&stage.sim)), (OutcomeStatus::Success, 2, 1));
    let last = next.progress().pop().unwrap();
    assert_eq!(Some(last.done), last.total, "files that are there count as done");
}

/// What a task that follows gets: everything of files that are there, of others only why they are not.
#[tokio::test]
async fn what_a_following_task_is_told() {
    let complete = |unit: &Value, status: &str, hash: &[u8]| {
        assert_eq!(unit["status"], status);
        let path = std::path::Path::new(unit["path"].as_str().unwrap());
        assert!(path.is_absolute() && path.is_file(), "{unit}");
        assert_eq!(unit["sha256"], sha256(hash));
        assert_eq!((&unit["rows"], &unit["bytes"]), (&json!(10), &json!(hash.len())));
        assert_eq!(unit["columns"][0], json!({ "name": "ID", "type": "type/Integer" }), "{unit}");
        assert!(unit.get("column_types").is_none() && unit.get("error").is_none());
    };
    let stage = Stage::of_rows(10).await.set(json!({ "unchanged": "skip" }));
    let truth = stage.sim.truth(12, "csv");
    let (test, outcome) = stage.good().await;
    complete(&outcome.detail["units"][0], "ok", &truth);
    let outcome = stage.run(&test.next_run()).await.unwrap();
    complete(&outcome.detail["units"][0], "skipped_done", &truth);
    stage.clock.advance(std::time::Duration::from_hours(1));
    let next = test.next_action("export", json!({ "item": "orders" }));
    let outcome = stage.run(&next).await.unwrap();
    complete(&outcome.detail["units"][0], "unchanged", &truth);
    assert_eq!(next.artifact_json("manifest.json")["units"][0]["column_types"][0], "type/Integer");
    assert!(std::path::Path::new(outcome.detail["manifest"].as_str().unwrap()).is_file());

    let stage = Stage::of_rows(10).await.set_item(json!({ "card": null, "cards": [12, 99] }));
    let outcome = stage.run(&stage.builder().build()).await.unwrap();
    let failed = &outcome.detail["units"][1];
    assert_eq!(failed["error"]["class"], "not_found");
    for key in ["path", "columns", "rows", "sha256"] {
        assert!(failed.get(key).is_none(), "{failed}");
    }
}

/// 500 files of 100 columns: what is told stays small enough for every place that it goes through.
#[tokio::test]
async fn a_detail_that_would_be_too_large() {
    let columns = || {
        (1..=100).map(|at| Column::new(&format!("a column of the table, number {at}"), ColumnType::Integer))
    };
    let mut scenario = MetabaseScenario::new(Release::V56);
    for id in 1..=500 {
        let rows = Rows::table(columns().collect(), Vec::new());
        scenario = scenario.card(CardSetup::native(id, &format!("Question {id}")).rows(rows));
    }
    let cards: Vec<u64> = (1..=500).collect();
    let items = json!([{ "name": "all", "cards": cards, "template": "{name}.{ext}" }]);
    let keys = json!({ "max_concurrent_exports": 8 });
    let stage = Stage::new(scenario, items).await.set(keys);
    let (test, outcome) = stage.good().await;
    assert!(outcome.detail.to_string().len() <= 1 << 20, "{}", outcome.detail.to_string().len());
    let left_out = outcome.detail["left_out"].as_str().unwrap();
    assert!(left_out.contains("columns") && left_out.contains("manifest.json"), "{left_out}");
    let units = outcome.detail["units"].as_array().unwrap();
    assert_eq!(units.len(), 500);
    assert!(units.iter().all(|unit| unit["path"].is_string() && unit["sha256"].is_string()));
    let manifest = test.artifact_json("manifest.json");
    assert_eq!(manifest["units"][499]["columns"].as_array().unwrap().len(), 100);
    assert_eq!(manifest["units"][499]["column_types"][99], "type/Integer");
    assert_eq!(manifest, stage.manifest());
    // What a daemon stores is what a follower reads.
    let stored: Outcome = serde_json::from_str(&serde_json::to_string(&outcome).unwrap()).unwrap();
    assert_eq!(stored, outcome);
}
