//! What the outbox expects, against what then happens; single mails; and ends that come before the attempt's. What mails are
//! is nobody's matter.

use std::time::Duration;

use roundsman_model::time::delta;
use roundsman_notify::{Limits, State};

use crate::stage::{MANAGED, SEND, Stage};

#[tokio::test]
async fn each_mail_has_its_turn_when_it_is_expected() {
    let mut stage = Stage::with(MANAGED, |_| {}).await;
    for number in 0..23 {
        let mut draft = stage.draft(number, if number % 4 == 0 { 0 } else { 3 });
        draft.expires_at = stage.now() + delta(Duration::from_hours(48));
        assert!(stage.outbox().enter(draft).await.unwrap());
    }
    let outlook = stage.outbox().outlook(&stage.acs()).await.unwrap();
    assert_eq!(outlook.left, Limits { per_minute: 5, per_hour: 10 });
    assert_eq!(outlook.turns.len(), 23);
    let mut handed = Vec::new();
    for (id, at) in &outlook.turns {
        stage.clock.set((*at).max(stage.now()));
        stage.next_run();
        stage.drain().await;
        handed.push((*id, stage.record(*id).await.handed_at.unwrap()));
    }
    assert_eq!(handed, outlook.turns);
    assert_eq!(stage.subjects().len(), 23);
}

#[tokio::test]
async fn what_is_left_is_what_was_not_used() {
    let stage = Stage::with(MANAGED, |_| {}).await;
    for number in 0..3 {
        stage.enter(number, 3).await;
    }
    stage.drain().await;
    let left = async || stage.outbox().outlook(&stage.acs()).await.unwrap().left;
    assert_eq!(left().await, Limits { per_minute: 2, per_hour: 7 });
    stage.pass(61);
    assert_eq!(left().await, Limits { per_minute: 5, per_hour: 7 });
    stage.pass(3_600);
    assert_eq!(left().await, Limits { per_minute: 5, per_hour: 10 });
}

#[tokio::test]
async fn one_mail_alone() {
    let stage = Stage::new().await;
    let (first, second) = (stage.enter(1, 0).await, stage.enter(2, 3).await);
    let drained = stage.outbox().drain_only(second, &stage.acs()).await.unwrap();
    assert_eq!((drained.sent, drained.waiting), (1, 0));
    assert_eq!((stage.state(first).await, stage.state(second).await), (State::Queued, State::Accepted));
    assert_eq!(stage.subjects(), ["mail 2"]);
}

#[tokio::test]
async fn nothing_is_begun_after_the_end_that_is_set() {
    let stage = Stage::new().await;
    stage.enter(1, 0).await;
    let soon = stage.outbox().until(stage.now() + delta(Duration::from_secs(14)));
    let drained = soon.drain(&stage.acs()).await.unwrap();
    assert_eq!((drained.waiting, drained.next_at, stage.count(SEND)), (1, Some(stage.now()), 0));
    let later = stage.outbox().until(stage.now() + delta(Duration::from_secs(60)));
    assert_eq!(later.drain(&stage.acs()).await.unwrap().sent, 1);
}
