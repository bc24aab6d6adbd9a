//! Runs that come again: what is done is not done twice, what failed stops no other, and what concerns all of them ends the
//! run in the way that helps.

use roundsman_simulators::{
    Fault,
    metabase::{CardSetup, Failure, MetabaseScenario, Release},
};
use roundsman_task::{Clock as _, OutcomeStatus, TaskError};
use serde_json::{Value, json};

use super::stage::*;

/// Five questions of which the third fails like this.
async fn five(failure: Option<Failure>) -> Stage {
    let mut scenario = MetabaseScenario::new(Release::V56);
    for id in 1..=5 {
        scenario = scenario.card(CardSetup::native(id, &format!("Question {id}")));
    }
    let items = json!([{ "name": "five", "cards": [1, 2, 3, 4, 5], "template": "{name}.{ext}" }]);
    let stage = Stage::new(scenario, items).await;
    stage.sim.set_failure(3, failure);
    stage
}

fn hopeless() -> Failure {
    Failure::new("ERROR: column \"x\" does not exist").typed("invalid-query")
}

fn statuses(manifest: &Value) -> Vec<String> {
    let units = manifest["units"].as_array().unwrap();
    units.iter().map(|unit| unit["status"].as_str().unwrap().to_owned()).collect()
}

/// M-39.
#[tokio::test]
async fn one_of_five_fails_for_good() {
    for (rule, counts_as_failure) in
        [("any", true), ("all", false), ("percent:20", false), ("percent:19", true)]
    {
        let stage = five(Some(hopeless())).await.set(json!({ "fail_run_if": rule }));
        let test = stage.builder().build();
        let outcome = stage.run(&test).await.unwrap();
        assert_eq!(
            (outcome.status, outcome.counts.ok, outcome.counts.failed),
            (OutcomeStatus::Partial, 4, 1)
        );
        assert!(!outcome.again, "it would only fail again");
        assert!(outcome.summary.contains("does not exist"), "{}", outcome.summary);
        assert_eq!(outcome.detail["counts_as_failure"], counts_as_failure, "{rule}");
        assert_eq!(
            test.metric("roundsman_metabase_run_failed", &[]),
            Some(f64::from(u8::from(counts_as_failure)))
        );
        assert_eq!(statuses(&stage.manifest()), ["ok", "ok", "failed", "ok", "ok"]);
        assert_eq!(stage.manifest()["units"][2]["error"]["error_type"], "invalid-query");
        assert!(!stage.files().iter().any(|file| file.starts_with("latest")), "the link is not moved");
    }
    let stage = five(Some(hopeless())).await.set(json!({ "latest_on_partial": true }));
    stage.run(&stage.builder().build()).await.unwrap();
    assert!(stage.files().contains(&format!("latest -> {TS}")));
}

#[tokio::test]
async fn the_next_attempt_exports_what_is_missing() {
    let stage = five(Some(Failure::new("connection reset"))).await;
    let test = stage.builder().build();
    let outcome = stage.run(&test).await.unwrap();
    assert_eq!((outcome.status, outcome.again), (OutcomeStatus::Partial, true));
    assert_eq!(stage.manifest()["units"][2]["attempts"], 3);
    stage.sim.set_failure(3, None);
    stage.sim.clear_journal();
    let outcome = stage.run(&test.next_attempt()).await.unwrap();
    assert_eq!(
        (outcome.status, outcome.counts.skipped, outcome.counts.changed),
        (OutcomeStatus::Success, 4, 1)
    );
    assert_eq!(queries(&stage.sim), 1);
    assert_eq!(
        statuses(&stage.manifest()),
        ["skipped_done", "skipped_done", "ok", "skipped_done", "skipped_done"]
    );
    assert!(stage.manifest()["units"][0]["sha256"].is_string(), "the manifest is whole");
    assert_eq!(stage.files().last().unwrap(), &format!("latest -> {TS}"));
    // A failure that is none of the run asks for nothing.
    let stage = five(Some(Failure::new("connection reset"))).await.set(json!({ "fail_run_if": "all" }));
    assert!(!stage.run(&stage.builder().build()).await.unwrap().again);
}

/// A file that is gone or was changed is exported again; one for another slot too.
#[tokio::test]
async fn done_is_what_is_there_as_it_was() {
    let stage = five(None).await;
    let (test, _) = stage.good().await;
    std::fs::remove_file(stage.folder().join("Question 1.csv")).unwrap();
    let mut changed = stage.file("Question 2.csv");
    let last = changed.len() - 2;
    changed[last] ^= 1;
    std::fs::write(stage.folder().join("Question 2.csv"), changed).unwrap();
    stage.sim.clear_journal();
    let second = test.next_run();
    stage.run(&second).await.unwrap();
    assert_eq!(statuses(&stage.manifest()), ["ok", "ok", "skipped_done", "skipped_done", "skipped_done"]);
    assert_eq!(stage.file("Question 2.csv"), stage.sim.truth(2, "csv"));
    stage.sim.clear_journal();
    let forced = second.next_action("export", json!({ "force": true }));
    stage.run(&forced).await.unwrap();
    assert_eq!(queries(&stage.sim), 5);
}

/// Every request is throttled: the run comes back when the server allows, and no attempt is lost.
#[tokio::test]
async fn a_throttled_run_waits() {
    let stage = five(None).await.set(json!({ "max_concurrent_exports": 1 }));
    let fault = stage.sim.fault(Fault::on("POST /api/card/3/*").status(429).retry_after("120"));
    let test = stage.builder().build();
    let error = stage.run(&test).await.unwrap_err();
    let TaskError::Snooze { until, .. } = error else { panic!("{error:?}") };
    assert!(until - stage.clock.now() > chrono::TimeDelta::seconds(100), "{until}");
    assert_eq!(stage.sim.asked("POST /api/card/4/*").len(), 0, "nobody is asked meanwhile");
    fault.lift();
    stage.clock.advance(std::time::Duration::from_secs(130));
    stage.sim.clear_journal();
    let outcome = stage.run(&test.next_attempt()).await.unwrap();
    assert_eq!((outcome.status, outcome.counts.skipped), (OutcomeStatus::Success, 2));
    assert_eq!(queries(&stage.sim), 3);
}

/// Wrong credentials end the run at once.
#[tokio::test]
async fn nobody_is_let_in_in_the_middle() {
    let stage = five(None).await.set(json!({ "max_concurrent_exports": 1 }));
    stage.sim.fault(Fault::on("POST *").from_call(2).status(401));
    let outcome = stage.run(&stage.builder().build()).await.unwrap();
    assert_eq!((outcome.status, outcome.counts.ok, outcome.counts.failed), (OutcomeStatus::Partial, 1, 4));
    assert!(!outcome.again, "it would be refused again");
    assert_eq!(queries(&stage.sim), 2);
    let classes: Vec<_> = (1..5).map(|at| stage.manifest()["units"][at]["error"]["class"].clone()).collect();
    assert_eq!(classes, ["auth", "not_tried", "not_tried", "not_tried"]);
}

/// The server is gone: after so many failures in a row the rest is not tried.
#[tokio::test]
async fn a_server_that_goes_away() {
    let keys = json!({ "max_concurrent_exports": 1, "abort_after_consecutive_failures": 2 });
    let stage = five(None).await.set(keys);
    stage.sim.fault(Fault::on("POST *").from_call(2).cut());
    let outcome = stage.run(&stage.builder().build()).await.unwrap();
    assert_eq!((outcome.counts.ok, outcome.counts.failed, outcome.again), (1, 4, true));
    assert_eq!(queries(&stage.sim), 1 + 2 * 3, "three tries of two questions");
    // Failures that are the questions' own do not count.
    let stage =
        five(None).await.set(json!({ "max_concurrent_exports": 1, "abort_after_consecutive_failures": 2 }));
    for card in 1..=4 {
        stage.sim.set_failure(card, Some(hopeless()));
    }
    let outcome = stage.run(&stage.builder().build()).await.unwrap();
    assert_eq!(outcome.counts.ok, 1);
}

#[tokio::test]
async fn none_of_five() {
    let stage = five(None).await;
    stage.sim.fault(Fault::on("POST *").status(500));
    let error = stage.run(&stage.builder().build()).await.unwrap_err();
    assert!(matches!(error, TaskError::Retry { .. }), "{error:?}");
    assert!(error.to_string().contains("none of 5 files"), "{error}");
    let stage = five(None).await;
    for card in 1..=5 {
        stage.sim.set_failure(card, Some(hopeless()));
    }
    let error = stage.run(&stage.builder().build()).await.unwrap_err();
    assert!(matches!(error, TaskError::Permanent { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_is_starting_is_waited_for() {
    let stage = Stage::of_rows(5).await;
    stage.sim.set(|settings| {
        settings.health =
            roundsman_simulators::metabase::Health::Initializing(std::time::Duration::from_secs(20));
    });
    stage.good().await;
    assert_eq!(stage.manifest()["units"][0]["attempts"], 1);
}
