//! What is tried again, when, and for how long. Waits pass on the simulator's clock.

use std::time::Duration;

use futures::future::join_all;
use roundsman_databricks::api::{BUDGET, clusters::ClusterFilter};
use roundsman_http::Class;
use roundsman_simulators::{Fault, Shape};
use roundsman_task::{Clock, TaskError};

use crate::stage::{Stage, id, lab};

const LIST: &str = "GET /api/2.1/clusters/list";

#[tokio::test]
async fn a_list_survives_throttling_on_its_second_page() {
    let stage = Stage::of(lab().set(|settings| settings.clusters_page_size = 2)).await;
    stage.sim.fault(Fault::on(LIST).nth(2).status(429).retry_after("7"));
    stage.sim.fault(Fault::on(LIST).nth(3).status(503));
    let begun = stage.clock.now();
    let clusters = stage.workspace.clusters().list(&ClusterFilter::default()).await.unwrap();
    assert_eq!(clusters.len(), 3);
    let waits = stage.test.waits();
    assert!(waits[0] >= Duration::from_secs(7) && waits[1] >= Duration::from_secs(1), "{waits:?}");
    assert_eq!(stage.workspace.tally().repeats().values().sum::<u64>(), 2);
    assert_eq!(stage.workspace.tally().answers()[&("clusters/list", "200".to_owned())], 2);
    let held = stage.test.budget_held_until(BUDGET).unwrap();
    assert_eq!((held - begun).num_seconds(), 7, "every other task waits too");
    assert_eq!(stage.test.taken_from_budget(BUDGET), 4, "each try counts");
}

#[tokio::test]
async fn pauses_may_be_dates_details_or_nonsense() {
    let check = async |fault: Fault, secs: u64| {
        let stage = Stage::lab().await;
        stage.sim.fault(fault.times(1));
        stage.workspace.scim().me().await.unwrap();
        let waited = stage.test.waits()[0];
        assert!(waited >= Duration::from_secs(secs) && waited <= Duration::from_secs(secs + 1), "{waited:?}");
    };
    let me = || Fault::on("GET */Me").status(429);
    check(me().retry_after("Mon, 16 Nov 2026 06:00:09 GMT"), 9).await;
    check(me().retry_after("soon"), 1).await;
    check(me(), 1).await;
    check(me().shape(Shape::Detailed, "RESOURCE_EXHAUSTED", "busy"), 3).await;
    check(Fault::on("GET */Me").status(500), 1).await;
}

#[tokio::test]
async fn pauses_after_failures_grow_by_a_second_up_to_ten() {
    let stage = Stage::lab().await;
    stage.sim.fault(Fault::on(LIST).times(13).status(500));
    stage.workspace.clusters().any().await.unwrap();
    let waits: Vec<u64> = stage.test.waits().iter().map(Duration::as_secs).collect();
    assert_eq!(waits.len(), 13);
    for (wait, step) in waits.iter().zip(1..) {
        assert!((step.min(10)..=step.min(10) + 1).contains(wait), "{waits:?}");
    }
}

#[tokio::test]
async fn a_conflict_is_tried_three_times() {
    let stage = Stage::lab().await;
    stage.sim.fault(Fault::on("PUT *").status(409).shape(Shape::Standard, "ABORTED", "changed meanwhile"));
    let error = stage.workspace.permissions().put(&id(1), &[]).await.unwrap_err();
    assert_eq!((error.class(), stage.asked("PUT *")), (Some(Class::Conflict), 3));
}

#[tokio::test]
async fn a_call_takes_five_minutes_at_most_and_says_when_to_come_again() {
    let stage = Stage::lab().await;
    stage.sim.fault(Fault::on(LIST).status(429).retry_after("50"));
    let begun = stage.clock.now();
    let error = stage.workspace.clusters().any().await.unwrap_err();
    let took = (stage.clock.now() - begun).num_seconds();
    assert!((200..=300).contains(&took), "{took} s");
    let TaskError::Retry { not_before: Some(at), .. } = TaskError::from(error) else {
        panic!("not deferred")
    };
    assert!((at - stage.clock.now()).num_seconds() >= 50);
}

#[tokio::test]
async fn nothing_is_waited_for_beyond_the_attempts_time_or_the_callers() {
    let stage = Stage::lab().await;
    stage.sim.fault(Fault::on(LIST).status(503).retry_after("40"));
    let soon = stage.workspace.until(stage.clock.now() + chrono::TimeDelta::seconds(30));
    let error = soon.clusters().any().await.unwrap_err();
    assert_eq!((stage.test.waits().len(), error.not_before().is_some()), (0, true));
    stage.clock.advance(Duration::from_secs(3_600 - 60));
    let error = stage.workspace.clusters().any().await.unwrap_err();
    assert_eq!(
        stage.test.waits().len(),
        1,
        "after a second one the five seconds of reserve would be touched"
    );
    assert!(matches!(TaskError::from(error), TaskError::Retry { not_before: Some(_), .. }));
}

#[tokio::test]
async fn what_broke_off_is_repeated_only_where_that_does_no_harm() {
    for cut in [Fault::on("POST *").times(1).cut(), Fault::on("POST *").times(1).cut().after_effect()] {
        let stage = Stage::lab().await;
        stage.sim.fault(cut.clone());
        stage.workspace.clusters().start(&id(1)).await.unwrap();
        stage.clock.advance(Duration::from_mins(5));
        assert_eq!(
            (stage.asked("POST */start"), stage.sim.world(|world| world.runs("cluster_01").len())),
            (2, 1)
        );
        let stage = Stage::lab().await;
        stage.sim.fault(cut);
        let error = stage.workspace.clusters().restart(&id(1)).await.unwrap_err();
        assert!(error.is_ambiguous(), "{error}");
        assert_eq!(stage.asked("POST */restart"), 1);
    }
}

#[tokio::test]
async fn eight_requests_are_under_way_and_four_writes_of_people() {
    let stage = Stage::lab().await;
    stage.sim.fault(Fault::on("GET */clusters/get").hang());
    stage.sim.fault(Fault::on("DELETE */Users/*").hang());
    let ids: Vec<String> = (0..12).map(|number| number.to_string()).collect();
    let deleting = join_all(ids.iter().map(|id| stage.workspace.scim().delete_user(id)));
    let getting = join_all(ids.iter().map(|id| stage.workspace.clusters().get(id)));
    let watching = async {
        stage.sim.reached(8).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!((stage.asked("DELETE *"), stage.asked("GET *")), (4, 4));
        stage.test.cancel();
    };
    let (deleted, got, ()) = tokio::join!(deleting, getting, watching);
    assert!(deleted.iter().all(Result::is_err) && got.iter().all(Result::is_err));
}
