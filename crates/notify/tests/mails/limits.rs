//! How often mails are sent: the minute and the hour, the reserved place, and what comes first. Faults only so far as their
//! repetitions count.

use std::time::Duration;

use roundsman_model::time::delta;
use roundsman_notify::{Limits, State};
use roundsman_simulators::{Entry, Fault};

use crate::stage::{CUSTOM, MANAGED, SEND, Stage};

fn most_within(entries: &[Entry], window: Duration) -> usize {
    let within = |last: &Entry| {
        entries.iter().filter(|entry| entry.at <= last.at && entry.at > last.at - delta(window)).count()
    };
    entries.iter().map(within).max().unwrap_or(0)
}

#[tokio::test]
async fn the_most_important_go_first_and_the_oldest_of_them() {
    let stage = Stage::new().await;
    for (number, priority) in [(1, 3), (2, 0), (3, 1), (4, 0), (5, 3)] {
        stage.enter(number, priority).await;
        stage.pass(1);
    }
    stage.drain().await;
    assert_eq!(stage.subjects(), ["mail 2", "mail 4", "mail 3", "mail 1", "mail 5"]);
}

#[tokio::test]
async fn a_place_of_each_hour_is_kept_for_the_most_important() {
    let mut stage = Stage::with(MANAGED, |_| {}).await;
    for number in 0..12 {
        stage.enter(number, 3).await;
    }
    for _ in 0..5 {
        stage.drain().await;
        stage.pass(61);
        stage.next_run();
    }
    assert_eq!(stage.subjects().len(), 9);
    let urgent = stage.enter(99, 0).await;
    let drained = stage.drain().await;
    assert_eq!((drained.sent, stage.state(urgent).await), (1, State::Accepted));
    let second = stage.enter(100, 0).await;
    let drained = stage.drain().await;
    assert_eq!(stage.state(second).await, State::Queued);
    let first = stage.sim.asked(SEND)[0].at;
    assert_eq!(drained.next_at, Some(first + delta(Duration::from_secs(3_601))));
}

#[tokio::test]
async fn a_busy_day_keeps_to_the_limits_and_loses_nothing() {
    for (sender, per_minute, per_hour) in [(MANAGED, 5, 10), (CUSTOM, 30, 100)] {
        let mut stage = Stage::with(sender, |_| {}).await;
        for number in 0..37 {
            let mut draft = stage.draft(number, if number % 3 == 0 { 0 } else { 3 });
            draft.expires_at = stage.now() + delta(Duration::from_hours(48));
            stage.outbox().enter(draft).await.unwrap();
        }
        stage.drain_to_the_end().await;
        let sends = stage.sim.asked(SEND);
        assert_eq!(stage.subjects().len(), 37);
        assert!(sends.iter().all(|entry| entry.status == 202), "none was too much");
        assert!(most_within(&sends, Duration::from_mins(1)) <= per_minute);
        assert!(most_within(&sends, Duration::from_hours(1)) <= per_hour);
    }
}

#[tokio::test]
async fn what_is_tried_again_counts_again() {
    let mut stage = Stage::with(CUSTOM, |_| {}).await;
    stage.policy.limits = Some(Limits { per_minute: 2, per_hour: 3 });
    stage.policy.reserved = 0;
    stage.sim.fault(Fault::on(SEND).status(429).retry_after("5").times(2));
    stage.enter(1, 0).await;
    for number in 2..5 {
        stage.enter(number, 3).await;
    }
    stage.drain_to_the_end().await;
    let sends = stage.sim.asked(SEND);
    assert_eq!((sends.len(), stage.subjects().len()), (6, 4));
    assert!(most_within(&sends, Duration::from_mins(1)) <= 2);
    assert!(most_within(&sends, Duration::from_hours(1)) <= 3);
}

#[tokio::test]
async fn nothing_is_begun_when_the_time_is_used_up() {
    let stage = Stage::new().await;
    let mut short = roundsman_testkit::TestContext::builder()
        .virtual_time(&stage.clock)
        .time_left(Duration::from_secs(14))
        .build();
    let stage = Stage { test: std::mem::take(&mut short), ..stage };
    stage.enter(1, 0).await;
    stage.enter(2, 0).await;
    let drained = stage.drain().await;
    assert_eq!((drained.waiting, drained.next_at, stage.count("*")), (2, Some(stage.now()), 0));
    assert_eq!(drained.problems.len(), 1);
}
