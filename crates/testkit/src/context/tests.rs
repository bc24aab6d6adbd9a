//! The context itself: documents as the stores keep them, and what is remembered.

use std::{sync::Arc, time::Duration};

use roundsman_model::{
    AskError, BudgetRule, Clock, DocumentError, DocumentWrite, Outcome, OutcomeStatus, RunState, TaskError,
    artifact::MAX_STORED_BYTES, document,
};
use roundsman_task::{KindInfo, MetricInfo, MetricType};
use serde_json::json;

use super::{DocumentTally, TestContext, TestUpstream};
use crate::clock::FakeClock;

fn put(key: &str, if_version: Option<i64>) -> DocumentWrite {
    DocumentWrite::Put { key: key.to_owned(), value: json!(key), if_version }
}

#[tokio::test]
async fn versions_rise_and_preconditions_hold() {
    let test = TestContext::default();
    let documents = test.cx().documents("a");
    assert_eq!(documents.insert("k", 1).await, Ok(1));
    assert_eq!(documents.put("k", 2, Some(1)).await, Ok(2));
    assert_eq!(documents.put("k", 3, None).await, Ok(3));
    let stale = documents.put("k", 4, Some(2)).await;
    assert_eq!(stale, Err(DocumentError::Conflict { index: 0, key: "k".into(), found: Some(3) }));
    assert!(matches!(documents.insert("k", 5).await, Err(DocumentError::Conflict { found: Some(3), .. })));
    assert!(matches!(
        documents.delete("none", Some(1)).await,
        Err(DocumentError::Conflict { found: None, .. })
    ));
    assert_eq!(documents.delete("none", None).await, Ok(()));
    assert_eq!(documents.get("k").await.unwrap().unwrap().value, json!(3));
    assert_eq!(test.cx().documents("b").get("k").await, Ok(None));
}

#[tokio::test]
async fn what_is_asked_of_documents_is_counted_anew_for_each_run() {
    let test = TestContext::default();
    let documents = test.cx().documents("a");
    documents.batch(vec![put("k", None), put("l", None)]).await.unwrap();
    documents.batch(vec![put("k", Some(9))]).await.unwrap_err();
    documents.get("none").await.unwrap();
    documents.get("k").await.unwrap();
    documents.list("", None, 10).await.unwrap();
    assert_eq!(test.document_tally(), DocumentTally { asked: 4, read: 3, written: 2 });
    assert_eq!(test.next_run().document_tally(), DocumentTally::default());
}

#[tokio::test]
async fn a_batch_happens_whole_or_not_at_all() {
    let test = TestContext::default();
    let documents = test.cx().documents("a");
    let failed = documents.batch(vec![put("x", None), put("y", Some(7))]).await;
    assert_eq!(failed, Err(DocumentError::Conflict { index: 1, key: "y".into(), found: None }));
    assert!(test.documents("a").is_empty());
    assert_eq!(
        documents.batch(vec![put("x", None), put("x", Some(1)), put("y", None)]).await,
        Ok(vec![1, 2, 1])
    );
}

#[tokio::test]
async fn keys_are_ordered_by_bytes_and_paged() {
    let test = TestContext::default();
    let documents = test.cx().documents("a");
    for key in ["b", "a/é", "a/z", "B", "a/10", "a/9"] {
        documents.put(key, 0, None).await.unwrap();
    }
    let keys = |found: Vec<document::Document>| found.into_iter().map(|d| d.key).collect::<Vec<_>>();
    assert_eq!(keys(documents.list("", None, 10).await.unwrap()), ["B", "a/10", "a/9", "a/z", "a/é", "b"]);
    assert_eq!(keys(documents.list("a/", Some("a/10"), 2).await.unwrap()), ["a/9", "a/z"]);
    assert_eq!(documents.count("a/").await, Ok(4));
    documents.delete_range("a/", Some("a/z")).await.unwrap();
    assert_eq!(keys(test.documents("a")), ["B", "a/z", "a/é", "b"]);
    documents.delete_range("a/", None).await.unwrap();
    assert_eq!(keys(test.documents("a")), ["B"]);
}

#[tokio::test]
async fn limits_are_those_of_the_store() {
    let test = TestContext::default();
    let documents = test.cx().documents("a");
    let long = "x".repeat(document::MAX_KEY_BYTES + 1);
    assert!(matches!(documents.put(&long, 0, None).await, Err(DocumentError::Invalid { .. })));
    let large = "x".repeat(document::MAX_VALUE_BYTES);
    assert!(matches!(documents.put("k", large, None).await, Err(DocumentError::Invalid { .. })));
    let many = (0..=document::MAX_BATCH).map(|n| put(&n.to_string(), None)).collect();
    assert!(matches!(documents.batch(many).await, Err(DocumentError::Invalid { .. })));
    let artifact = test.cx().artifact("a", "text/plain", vec![0; MAX_STORED_BYTES + 1]).await;
    assert!(matches!(artifact, Err(TaskError::Permanent { .. })));
    assert!(test.documents("a").is_empty() && test.artifacts().is_empty());
}

#[tokio::test]
async fn what_a_kind_tells_is_remembered() {
    let test = TestContext::default();
    test.cx().progress(1, Some(2), "half");
    test.cx().metric("m", &[("server", "a")], 1.0);
    test.cx().metric("m", &[("server", "a")], 2.0);
    let kept = test.cx().artifact("r.json", "application/json", b"{}".to_vec()).await.unwrap();
    assert_eq!(kept.sha256, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    assert_eq!(test.progress()[0].note, "half");
    assert_eq!(test.metric("m", &[("server", "a")]), Some(2.0));
    assert_eq!(test.metric("m", &[]), None);
    assert_eq!(test.artifact_json("r.json"), json!({}));

    let metric = MetricInfo { name: "m", help: "", metric_type: MetricType::Gauge, labels: &["server"] };
    let metrics: &'static [MetricInfo] = Box::leak(Box::new([metric]));
    assert!(test.undeclared_metrics(&KindInfo { metrics, ..KindInfo::DEFAULT }).is_empty());
    test.cx().metric("m", &[("server", "a"), ("id", "1")], 1.0);
    test.cx().metric("other", &[], 1.0);
    assert_eq!(test.undeclared_metrics(&KindInfo { metrics, ..KindInfo::DEFAULT }).len(), 2);
}

#[tokio::test]
async fn the_builder_describes_the_attempt() {
    let clock = Arc::new(FakeClock::at("2026-03-29T00:30:00Z"));
    let test = TestContext::builder()
        .clock(clock.clone())
        .task("db")
        .attempt(2)
        .time_left(Duration::from_secs(60))
        .timezone(chrono_tz::Europe::Berlin)
        .action("usage", json!({"days": 3}))
        .dry_run()
        .document("records", "k", json!(1))
        .build();
    let cx = test.cx();
    assert_eq!((cx.task().as_str(), cx.attempt().number, cx.action()), ("db", 2, Some("usage")));
    assert_eq!((cx.params(), cx.dry_run()), (&json!({"days": 3}), true));
    assert_eq!(cx.deadline(), "2026-03-29T00:31:00Z".parse::<roundsman_model::Timestamp>().unwrap());
    assert_eq!(cx.timezone(), chrono_tz::Europe::Berlin);
    clock.advance(Duration::from_secs(5));
    assert_eq!(cx.now(), "2026-03-29T00:30:05Z".parse::<roundsman_model::Timestamp>().unwrap());
    assert!(!cx.is_cancelled());
    test.cancel();
    cx.cancelled().await;
    let next = test.next_run();
    assert!(!next.cx().is_cancelled() && next.cx().run_id().0 == 2);
    assert_eq!(next.document("records", "k").unwrap().version, 1);
}

#[tokio::test]
async fn failures_can_be_switched_on_and_off() {
    let test = TestContext::default();
    test.fail_documents(DocumentError::Unavailable { cause: "gone".into() });
    let error: TaskError = test.cx().documents("a").get("k").await.unwrap_err().into();
    assert!(matches!(error, TaskError::Retry { .. }));
    test.fail_documents(None);
    assert_eq!(test.cx().documents("a").get("k").await, Ok(None));
}

#[tokio::test]
async fn upstreams_are_seen_with_detail_and_artifacts() {
    let outcome = Outcome::partial("3 devices").with_detail(json!({ "devices": 3 }));
    let test = TestContext::builder()
        .upstream(TestUpstream::new("inventory").outcome(outcome).artifact("a.txt", "text/plain", "abc"))
        .upstream(TestUpstream::new("report").ended(RunState::Failed, "no paper"))
        .build();
    assert_eq!(test.cx().round(), Some("run:1"));
    let inventory = test.cx().upstream("inventory").await.unwrap().unwrap();
    assert_eq!((inventory.state(), inventory.status()), (RunState::Succeeded, Some(OutcomeStatus::Partial)));
    assert_eq!((inventory.summary(), &inventory.detail()["devices"]), ("3 devices", &json!(3)));
    assert_eq!(inventory.artifact("a.txt").await, Ok(b"abc".to_vec()));
    let missing = inventory.artifact("b.txt").await.unwrap_err();
    assert!(
        matches!(&missing, TaskError::Permanent { cause } if cause.ends_with("kept no artifact \"b.txt\" (kept: a.txt)")),
        "{missing}"
    );
    assert!(inventory.detail_as::<Vec<u8>>().is_err());

    let report = test.cx().upstream("report").await.unwrap().unwrap();
    assert_eq!((report.state(), report.summary(), report.outcome()), (RunState::Failed, "no paper", None));
    assert!(test.cx().upstream("other").await.unwrap().is_none());
    assert_eq!(test.cx().upstreams().await.unwrap().len(), 2);

    let alone = TestContext::default();
    assert_eq!(alone.cx().round(), None);
    assert!(alone.cx().upstreams().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_lease_is_taken_until_the_attempt_ends() {
    let test = TestContext::default();
    test.take_lease_for("vm", "other");
    assert_eq!(test.cx().try_lease("vm").await, Ok(false));
    test.free_lease("vm");
    assert_eq!(test.cx().try_lease("vm").await, Ok(true));
    assert_eq!(test.cx().try_lease("vm").await, Ok(true), "what is ours stays ours");
    assert_eq!(test.leases(), ["vm"]);
    assert!(test.next_attempt().leases().is_empty());
    assert!(matches!(test.cx().try_lease("No Name").await, Err(TaskError::Permanent { .. })));
}

#[tokio::test]
async fn a_budget_is_counted_and_its_end_is_told() {
    const DECLARED: &[(&str, BudgetRule)] = &[("api", BudgetRule::per_second(5))];
    let clock = Arc::new(FakeClock::at("2026-01-05T12:00:00Z"));
    let test = TestContext::builder().clock(clock.clone()).build();
    let api = test.cx().declaring(DECLARED).budget("api");
    api.take(3).await.unwrap();
    assert_eq!((test.taken_from_budget("api"), test.undeclared_budgets()), (3, vec![]));

    test.leave_in_budget("api", 1);
    let Err(TaskError::Retry { cause, not_before }) = api.take(2).await else { panic!("it was granted") };
    assert!(cause.starts_with("budget \"api\" is used up: the next turn comes in 1h"), "{cause}");
    assert_eq!(not_before, Some("2026-01-05T13:00:00Z".parse().unwrap()));

    test.cx().budget("unknown").take(1).await.unwrap();
    assert_eq!(test.undeclared_budgets(), ["unknown"]);
    test.cx().budget_or("given", BudgetRule::per_second(1)).take(1).await.unwrap();
    assert_eq!(test.undeclared_budgets(), ["unknown"]);
}

#[tokio::test]
async fn who_holds_a_budget_holds_it_for_everyone() {
    let clock = Arc::new(FakeClock::at("2026-01-05T12:00:00Z"));
    let test = TestContext::builder().clock(clock.clone()).build();
    let api = test.cx().budget_or("api", BudgetRule::per_second(5));
    api.retry_after(Duration::from_secs(700)).await.unwrap();
    assert_eq!(test.budget_held_until("api"), Some(clock.now() + chrono::TimeDelta::seconds(700)));
    assert!(matches!(api.take(1).await, Err(TaskError::Retry { .. })), "the time limit is 600 s");
    clock.advance(Duration::from_secs(701));
    test.next_run().cx().budget_or("api", BudgetRule::per_second(5)).take(1).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_budget_hears_the_order_to_stop() {
    let test = TestContext::default();
    let api = test.cx().budget_or("api", BudgetRule::per_second(5));
    api.retry_after(Duration::from_secs(300)).await.unwrap();
    let stop = async {
        tokio::task::yield_now().await;
        test.cancel();
    };
    let (taken, ()) = tokio::join!(api.take(1), stop);
    assert_eq!(taken, Err(TaskError::Cancelled));
}

#[tokio::test]
async fn questions_can_fail() {
    let test = TestContext::default();
    test.fail_questions(AskError::Unavailable { cause: "store away".into() });
    assert_eq!(test.cx().try_lease("vm").await, Err(TaskError::retry("no answer: store away")));
    test.fail_questions(None);
    assert_eq!(test.cx().try_lease("vm").await, Ok(true));
}
