//! Runs that are ended in the middle: the next one makes good what is missing, finds what was made, and nothing is there twice.

use std::time::Duration;

use roundsman_simulators::Fault;
use roundsman_task::OutcomeStatus;
use serde_json::json;

use crate::stage::{FIRST, Stage, moodle, text};

/// How many requests an undisturbed apply has.
const REQUESTS: usize = 48;

fn apply() -> serde_json::Value {
    json!({ "file": "course.csv", "apply": true })
}

/// Everything that the first file wants is there, once, and off.
fn check(stage: &Stage) {
    stage.clock.advance(Duration::from_mins(10));
    assert_eq!(stage.names(), ["cluster_01", "cluster_02"], "nothing is there twice");
    assert_eq!(stage.on(), Vec::<String>::new(), "nothing runs on");
    assert_eq!(stage.members("group_01"), ["s1@campus.example.edu", "s2@campus.example.edu"]);
    assert_eq!(stage.sim.world(|world| world.users().len()), 4);
}

#[tokio::test]
async fn an_undisturbed_apply_has_as_many_requests_as_are_disturbed() {
    let mut stage = Stage::empty().await;
    stage.apply(&moodle(&FIRST)).await;
    assert_eq!(stage.sim.journal().len(), REQUESTS);
}

#[tokio::test]
async fn a_run_may_end_after_any_request() {
    for at in 1..=REQUESTS {
        let mut stage = Stage::empty().await;
        stage.hand_in("file", moodle(&FIRST));
        stage.ask("create-from-csv", apply());
        tokio::select! {
            biased;
            () = stage.sim.reached(at) => {}
            _ = stage.go() => {}
        }
        // Five minutes later the clusters that were left on still are in their first run.
        stage.clock.advance(Duration::from_mins(5));
        let begun = stage.kept("provisioning").len();
        stage.apply(&moodle(&FIRST)).await;
        check(&stage);
        let settled = |kept: &roundsman_task::Document| kept.value["settled"] == true;
        let runs: Vec<_> =
            stage.kept("provisioning").into_iter().filter(|kept| kept.key.starts_with("runs/")).collect();
        assert!(runs.iter().all(settled), "after request {at} ({begun} documents): {runs:?}");
        let last = stage.apply(&moodle(&FIRST)).await;
        assert_eq!(last.counts.processed, 0, "{}", text(&last));
    }
}

/// A cluster that was left on by a run that ended is switched off by the next; one that a student started later is not.
#[tokio::test]
async fn what_was_left_on_is_switched_off_once() {
    let mut stage = Stage::empty().await;
    stage.sim.fault(Fault::on("POST */clusters/delete").status(500));
    stage.config["api_retry_budget_s"] = 5.into();
    stage.hand_in("file", moodle(&FIRST));
    let done = stage.run("create-from-csv", apply()).await.unwrap();
    assert_eq!((done.status, done.counts.failed), (OutcomeStatus::Partial, 2), "{}", text(&done));
    assert!(text(&done).contains("~ cluster.terminate        cluster_01  failed: "), "{}", text(&done));
    assert_eq!(stage.on().len(), 2);
    stage.sim.clear_faults();
    stage.clock.advance(Duration::from_mins(4));
    let done = stage.apply(&moodle(&FIRST)).await;
    assert_eq!(done.counts.changed, 2, "{}", text(&done));
    stage.clock.advance(Duration::from_mins(1));
    assert_eq!(stage.on(), Vec::<String>::new());
    stage.sim.world(|world| world.start("cluster_01", "s1@campus.example.edu").unwrap());
    stage.clock.advance(Duration::from_mins(4));
    let done = stage.apply(&moodle(&FIRST)).await;
    assert_eq!((done.counts.processed, stage.on().len()), (0, 1), "{}", text(&done));
}

/// The vendor says "not now" of what it did nevertheless.
#[tokio::test]
async fn no_twin_is_made_by_an_answer_that_is_wrong() {
    for status in [429, 500, 503] {
        let mut stage = Stage::empty().await;
        stage.sim.fault(Fault::on("POST */clusters/create").status(status).after_effect());
        stage.apply(&moodle(&FIRST)).await;
        check(&stage);
        assert_eq!(stage.sim.asked("POST */clusters/create").len(), 2);
    }
}

#[tokio::test]
async fn clusters_wait_for_machines() {
    let mut stage = Stage::empty().await;
    let stock_out = Fault::on("POST */clusters/create").times(1).status(400);
    stage.sim.fault(stock_out.shape(
        roundsman_simulators::Shape::Standard,
        "CLOUD_PROVIDER_RESOURCE_STOCKOUT",
        "none left",
    ));
    stage.apply(&moodle(&FIRST)).await;
    assert!(stage.test.waits().contains(&Duration::from_secs(120)), "{:?}", stage.test.waits());
}

#[tokio::test]
async fn who_is_told_to_stop_stops() {
    let mut stage = Stage::empty().await;
    stage.hand_in("file", moodle(&FIRST));
    stage.ask("create-from-csv", apply());
    stage.test.cancel();
    let stopped = stage.go().await.unwrap_err();
    assert_eq!(stopped, roundsman_task::TaskError::Cancelled);
    assert_eq!(stage.writes(), 0);
}
