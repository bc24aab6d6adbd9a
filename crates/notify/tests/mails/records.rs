//! The documents of an outbox: how many are read, which are passed over, and when they go. Mails themselves are elsewhere.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use roundsman_model::{Timestamp, time::delta};
use roundsman_notify::{Attachment, Outbox, Policy, Priority, Record, State, Uuid};
use roundsman_testkit::{FakeClock, TestContext};
use serde_json::json;

use crate::stage::{Stage, epoch, mail};

fn ended(number: usize, at: Timestamp) -> (String, serde_json::Value) {
    let record = Record {
        kind: "warn".to_owned(),
        priority: Priority(3),
        mail: mail(&format!("mail {number}")),
        state: State::Succeeded,
        attempts: 1,
        by: None,
        queued_at: at,
        expires_at: at,
        next_at: None,
        tried_at: Some(at),
        handed_at: Some(at),
        asked: true,
        instead_of: None,
        ended_at: Some(at),
        error: None,
    };
    let id = Uuid::from_u128(1_000_000 + number as u128);
    (format!("ended/{:012}/{id}", at.timestamp()), serde_json::to_value(record).unwrap())
}

/// A year of mails, one every 52 minutes.
fn after_a_year(count: usize) -> (TestContext, Arc<FakeClock>) {
    let clock = Arc::new(FakeClock::at("2026-11-16T06:00:00Z"));
    let mut builder = TestContext::builder().virtual_time(&clock).time_left(Duration::from_hours(24 * 900));
    for number in 0..count {
        let at: Timestamp = "2025-11-16T06:00:30Z".parse().unwrap();
        let (key, value) = ended(number, at + delta(Duration::from_mins(52 * number as u64)));
        let once = format!("once/{}", key.rsplit('/').next().unwrap());
        builder =
            builder.document("mail", &key, value).document("mail", &once, json!("2025-11-16T06:00:00Z"));
    }
    (builder.build(), clock)
}

#[tokio::test]
async fn mails_that_ended_cost_a_drain_nothing() {
    let (test, _) = after_a_year(10_000);
    let stage = Stage { test, ..Stage::new().await };
    stage.enter(1, 0).await;
    let begun = Instant::now();
    for _ in 0..5 {
        stage.drain().await;
    }
    let drains = begun.elapsed();
    assert_eq!(stage.subjects().len(), 1);
    let begun = Instant::now();
    assert_eq!(stage.outbox().ended_since(epoch()).await.unwrap().len(), 10_000);
    // Each write copies all documents of a test; a drain that also read what ended would take longer than reading it.
    let reading = begun.elapsed();
    assert!(drains / 5 < reading, "{drains:?} {reading:?}");
    let month = delta(Duration::from_hours(24 * 30));
    assert_eq!(stage.outbox().ended_since(stage.now() - month).await.unwrap().len(), 723);
}

#[tokio::test]
async fn what_ended_long_ago_is_forgotten_with_its_id() {
    let (test, clock) = after_a_year(2_600);
    let policy = Policy { keep: Duration::from_hours(24 * 365), ..Policy::default() };
    let outbox = Outbox::new(test.cx(), test.cx().documents("mail"), policy);
    assert_eq!(outbox.purge().await.unwrap(), 0);
    let count = || test.documents("mail").len();
    clock.advance(Duration::from_mins(52 * 1_700));
    assert_eq!(outbox.purge().await.unwrap(), 1_700);
    assert_eq!(count(), 2 * 900);
    assert!(!outbox.knows(Uuid::from_u128(1_000_000)).await.unwrap());
    assert!(outbox.knows(Uuid::from_u128(1_000_000 + 1_700)).await.unwrap());
    clock.advance(Duration::from_hours(24 * 365));
    assert_eq!((outbox.purge().await.unwrap(), count()), (900, 0));
}

#[tokio::test]
async fn records_that_cannot_be_read_are_passed_over() {
    let mut stage = Stage::new().await;
    let id = stage.enter(1, 0).await;
    let documents = stage.test.cx().documents("mail");
    let other = Uuid::from_u128(2);
    documents.put(&format!("open/{other}"), json!({ "state": "of a later version" }), None).await.unwrap();
    documents.put("open/no-id", json!(7), None).await.unwrap();
    documents.put("room", json!("nonsense"), None).await.unwrap();
    let drained = stage.drain().await;
    assert_eq!((drained.sent, drained.problems.len()), (1, 1));
    assert!(drained.problems[0].starts_with("2 mails"), "{:?}", drained.problems);
    assert_eq!(stage.state(id).await, State::Accepted);
    assert!(stage.test.document("mail", "open/no-id").is_some(), "a later version may know it");
    assert!(!stage.outbox().amend(other, |mail, _| mail.cc.clear()).await.unwrap());
    stage.enter(3, 0).await;
    stage.next_run();
    assert_eq!(stage.drain().await.sent, 1);
}

#[tokio::test]
async fn a_record_of_an_earlier_version_is_read() {
    let stage = Stage::new().await;
    let record = json!({
        "kind": "stop", "priority": 0, "state": "queued", "attempts": 0,
        "mail": { "to": [{ "address": "s1@example.edu" }], "subject": "limit", "text": "used up" },
        "queued_at": "2026-11-16T05:00:00Z", "expires_at": "2026-11-16T17:00:00Z",
    });
    let id = Uuid::from_u128(1);
    stage.test.cx().documents("mail").put(&format!("open/{id}"), record, None).await.unwrap();
    assert_eq!(stage.drain().await.sent, 1);
    assert_eq!(stage.state(id).await, State::Accepted);
}

#[tokio::test]
async fn a_mail_that_no_document_can_hold_is_failed() {
    let stage = Stage::new().await;
    let mut draft = stage.draft(1, 0);
    let text = "x".repeat(2 << 20);
    draft.mail.attachments =
        vec![Attachment { name: "a.csv".into(), media_type: "text/csv".into(), text: text.clone() }];
    draft.mail.text = text;
    let id = draft.id;
    assert!(stage.outbox().enter(draft).await.unwrap());
    let record = stage.record(id).await;
    assert_eq!(record.state, State::Failed);
    assert!(record.error.unwrap().contains("bytes; at most"));
    assert_eq!(stage.outbox().ended_since(epoch()).await.unwrap().len(), 1);
    stage.drain().await;
    assert!(stage.subjects().is_empty());
}

#[tokio::test]
async fn documents_that_cannot_be_reached_stop_a_drain_before_anything_is_sent() {
    let stage = Stage::new().await;
    let id = stage.enter(1, 0).await;
    stage.test.fail_documents(roundsman_model::DocumentError::NotOurs);
    assert!(stage.outbox().drain(&stage.acs()).await.is_err());
    stage.test.fail_documents(None);
    assert_eq!((stage.count("*"), stage.state(id).await), (0, State::Queued));
}

#[tokio::test]
async fn a_run_that_is_to_stop_sends_nothing_more() {
    let stage = Stage::new().await;
    let id = stage.enter(1, 0).await;
    stage.test.cancel();
    assert!(stage.outbox().drain(&stage.acs()).await.is_err());
    assert_eq!((stage.count("*"), stage.state(id).await), (0, State::Queued));
}
