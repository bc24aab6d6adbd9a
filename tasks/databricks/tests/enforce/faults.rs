//! What others do to the list of grants at the same time, and stores that are away: no grant of theirs is lost, nothing is
//! sent that could not be kept before.

use std::time::Duration;

use roundsman_databricks::{
    quota::MeasureKind::{Revoke, Terminate},
    state::MeasureState::{Asked, Done},
};
use roundsman_simulators::{Fault, Level};
use roundsman_task::TaskError;

use crate::stage::{Stage, TA, group, id, lab, stop, user};

const TUTOR: &str = "tutor@example.edu";

/// Blocks while somebody else changes the list right after so many requests.
async fn blocked_while(requests: usize, others: impl FnOnce(&Stage)) -> Stage {
    let stage = Stage::of(lab(1)).await;
    stage.grant(1, user(TUTOR), Some(Level::CanAttachTo));
    stage.sim.clear_journal();
    let meanwhile = async {
        stage.sim.reached(requests).await;
        others(&stage);
    };
    let (carried, ()) = tokio::join!(stage.carry_out(stop(1)), meanwhile);
    assert_eq!((carried.count(Revoke, Done), carried.count(Terminate, Done)), (1, 1), "{carried:?}");
    assert_eq!(stage.granted(1, &group(1)), Some(Level::CanAttachTo));
    assert_eq!(stage.granted(1, &user(TA)), Some(Level::CanManage));
    stage
}

#[tokio::test]
async fn what_others_grant_or_take_right_after_the_block_stays_so() {
    let stage = blocked_while(2, |stage| stage.grant(1, user(TUTOR), Some(Level::CanManage))).await;
    assert_eq!(stage.granted(1, &user(TUTOR)), Some(Level::CanManage));
    let stage = blocked_while(2, |stage| stage.grant(1, user(TUTOR), None)).await;
    assert_eq!(stage.granted(1, &user(TUTOR)), None);
}

#[tokio::test]
async fn a_group_that_somebody_raises_right_after_the_block_is_blocked_again() {
    let stage = blocked_while(2, |stage| stage.grant(1, group(1), Some(Level::CanManage))).await;
    assert_eq!(stage.asked("PUT */permissions/*"), 2);
}

/// The vendor is slow to take the list: by the time it would, the list is read again.
#[tokio::test]
async fn a_list_that_waited_is_not_sent() {
    let stage = Stage::of(lab(1)).await;
    let throttled = Fault::on("PUT */permissions/*").status(429).retry_after("12").times(1);
    stage.sim.fault(throttled);
    let meanwhile = async {
        stage.sim.reached(2).await;
        stage.grant(1, user(TUTOR), Some(Level::CanRestart));
    };
    let (carried, ()) = tokio::join!(stage.carry_out(stop(1)), meanwhile);
    assert_eq!(carried.count(Revoke, Done), 1, "{carried:?}");
    assert_eq!(stage.granted(1, &user(TUTOR)), Some(Level::CanRestart));
    assert_eq!(stage.granted(1, &group(1)), Some(Level::CanAttachTo));
}

#[tokio::test]
async fn a_list_that_became_old_before_it_was_sent_is_read_again() {
    let stage = Stage::of(lab(1)).await;
    let slow = Fault::on("GET */permissions/*").virtual_delay(&stage.clock, Duration::from_secs(20)).times(1);
    stage.sim.fault(slow);
    let carried = stage.carry_out(stop(1)).await;
    assert_eq!(carried.count(Revoke, Done), 1, "{carried:?}");
    assert_eq!((stage.asked("GET */permissions/*"), stage.asked("PUT */permissions/*")), (3, 1));
}

#[tokio::test]
async fn nothing_is_sent_that_could_not_be_kept_before() {
    let stage = Stage::of(lab(1)).await;
    stage.test.fail_documents(roundsman_task::DocumentError::NotOurs);
    let lab = stage.lab();
    let now = lab.cx.now().timestamp_millis();
    let day = roundsman_databricks::day::Day::at(now, lab.zone());
    let carried = roundsman_databricks::enforce::carry_out(&lab, &day, now, stop(1), &[]).await;
    assert_eq!((carried.count(Revoke, Asked), carried.count(Terminate, Asked)), (1, 1), "{carried:?}");
    assert_eq!(carried.problems().len(), 2);
    assert!(stage.writes().is_empty());
    stage.test.fail_documents(None);
    assert!(!stage.is_off(1));
    assert_eq!(stage.carry_out(stop(1)).await.count(Terminate, Done), 1);
}

#[tokio::test]
async fn an_attempt_that_is_to_stop_leaves_what_the_next_poll_goes_on_from() {
    let stage = Stage::of(lab(1)).await;
    let cancel = async {
        stage.sim.reached(1).await;
        stage.test.cancel();
    };
    let (carried, ()) = tokio::join!(stage.carry_out(stop(1)), cancel);
    let cancelled = TaskError::Cancelled.to_string();
    assert!(carried.effects.iter().all(|effect| effect.row.state == Asked), "{carried:?}");
    assert!(carried.problems().iter().any(|problem| problem.contains(&cancelled)), "{carried:?}");
    let next = Stage { test: stage.test.next_attempt(), ..stage };
    let carried = next.carry_out(stop(1)).await;
    assert_eq!((carried.count(Revoke, Done), carried.count(Terminate, Done)), (1, 1), "{carried:?}");
    assert_eq!(next.blocks().await.keys().collect::<Vec<_>>(), [&id(1)]);
}
