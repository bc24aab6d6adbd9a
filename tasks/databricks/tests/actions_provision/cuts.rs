//! Runs that are ended in the middle: the next one makes good what is missing, finds what was made, and nothing is there twice.

use std::time::Duration;

use proptest::prelude::*;
use roundsman_simulators::{Fault, Shape};
use roundsman_task::{Document, DocumentError, OutcomeStatus, TaskError};
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
        let settled = |kept: &Document| kept.value["settled"] == true;
        let runs: Vec<_> =
            stage.kept("provisioning").into_iter().filter(|kept| kept.key.starts_with("runs/")).collect();
        assert!(runs.iter().all(settled), "after request {at} ({begun} documents): {runs:?}");
        let last = stage.apply(&moodle(&FIRST)).await;
        assert_eq!(last.counts.processed, 0, "{}", text(&last));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Twice in a row, by an end, a broken connection or an answer that is wrong about what was done.
    #[test]
    fn whatever_goes_wrong_twice_the_next_run_converges(
        wrong in prop::collection::vec((1..=REQUESTS, prop::sample::select(vec![0_u16, 1, 400, 429, 500, 503])), 2),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut stage = Stage::empty().await;
            for (at, how) in wrong {
                stage.sim.clear_journal();
                stage.hand_in("file", moodle(&FIRST));
                stage.ask("create-from-csv", apply());
                let fault = Fault::on("*").nth(u32::try_from(at).unwrap());
                match how {
                    0 => {}
                    1 => drop(stage.sim.fault(fault.cut().after_effect())),
                    400 => drop(stage.sim.fault(fault.status(400))),
                    status => drop(stage.sim.fault(fault.status(status).after_effect())),
                }
                tokio::select! {
                    biased;
                    () = stage.sim.reached(if how == 0 { at } else { usize::MAX }) => {}
                    _ = stage.go() => {}
                }
                stage.sim.clear_faults();
                stage.clock.advance(Duration::from_mins(2));
            }
            stage.apply(&moodle(&FIRST)).await;
            check(&stage);
        });
    }
}

/// The store goes away in the middle: nothing more is done that cannot be written down.
#[tokio::test]
async fn nothing_is_done_that_is_not_written_down() {
    let mut stage = Stage::empty().await;
    stage.hand_in("file", moodle(&FIRST));
    stage.ask("create-from-csv", apply());
    let away = async {
        stage.sim.reached(20).await;
        let cause = "the store is away".to_owned();
        stage.test.fail_documents(DocumentError::Unavailable { cause });
    };
    let (ended, ()) = tokio::join!(stage.go(), away);
    assert!(matches!(ended, Err(TaskError::Retry { .. })), "{ended:?}");
    assert!(stage.sim.journal().len() < REQUESTS / 2 + 8, "{}", stage.sim.journal().len());
    stage.test.fail_documents(None);
    stage.apply(&moodle(&FIRST)).await;
    check(&stage);
}

#[tokio::test]
async fn old_journals_are_forgotten() {
    let mut stage = Stage::empty().await;
    stage.config["retention_days"] = 1.into();
    stage.apply(&moodle(&FIRST)).await;
    let first: Vec<String> = stage.kept("provisioning").into_iter().map(|kept| kept.key).collect();
    stage.clock.advance(Duration::from_hours(25));
    stage.apply(&moodle(&FIRST[1..])).await;
    assert_eq!(stage.kept("provisioning").len(), 0, "{first:?}");
    stage.apply(&moodle(&crate::stage::SECOND)).await;
    assert_eq!(stage.kept("provisioning").len(), 11);
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
    stage.sim.fault(stock_out.shape(Shape::Standard, "CLOUD_PROVIDER_RESOURCE_STOCKOUT", "none left"));
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
    assert_eq!(stopped, TaskError::Cancelled);
    assert_eq!(stage.writes(), 0);
}
