//! The mail by which a person sees whether mail works, as the action does it.

use std::time::Duration;

use roundsman_databricks::actions;
use roundsman_simulators::Fault;
use roundsman_task::{Outcome, TaskError};
use serde_json::{Value, json};

use crate::stage::{MANAGED, SEND, Stage};

async fn act(stage: &mut Stage, params: Value) -> Result<Outcome, TaskError> {
    stage.test = stage.test.next_action("test-email", params);
    Box::pin(actions::run(&stage.lab(), "test-email")).await
}

#[tokio::test]
async fn it_is_followed_until_its_fate_is_known() {
    let mut stage = Stage::new().await;
    stage.post().warn(&stage.about(7, 180)).await.unwrap();
    let outcome = act(&mut stage, json!({ "to": "somebody@example.com" })).await.unwrap();
    let mail = stage.sim.mails().pop().unwrap();
    assert_eq!(
        (mail.to, mail.subject.as_str()),
        (vec!["somebody@example.com".to_owned()], "[demo] Mail test")
    );
    assert_eq!(outcome.summary, format!("mail {}: succeeded", mail.id));
    assert_eq!(outcome.print, json!(format!("{} succeeded", mail.id)));
    assert_eq!(stage.subjects().len(), 1, "other mails wait for their turn");
    assert_eq!(stage.open().await.len(), 1);
    let counted = |result| {
        stage.test.metric("roundsman_databricks_mail_total", &[("kind", "test"), ("result", result)])
    };
    assert_eq!((counted("entered"), counted("sent")), (Some(1.0), Some(1.0)));
    act(&mut stage, json!({})).await.unwrap();
    assert_eq!(stage.sim.mails().pop().unwrap().to, ["admin@example.edu"]);
}

#[tokio::test]
async fn what_the_service_drops_or_refuses_fails_it() {
    let mut stage = Stage::new().await;
    stage.sim.suppress("gone@example.com");
    let error = act(&mut stage, json!({ "to": "gone@example.com" })).await.unwrap_err();
    assert!(
        matches!(&error, TaskError::Permanent { cause } if cause.contains("failed (EmailDroppedAll")),
        "{error}"
    );
    stage.sim.fault(Fault::on(SEND).status(400).times(1));
    let error = act(&mut stage, json!({ "to": "other@example.com" })).await.unwrap_err();
    assert!(matches!(&error, TaskError::Permanent { cause } if cause.contains(": failed (")), "{error}");
    let error = act(&mut stage, json!({ "to": "nobody" })).await.unwrap_err();
    assert!(matches!(&error, TaskError::Permanent { cause } if cause.contains("\"nobody\"")), "{error}");
    assert_eq!(stage.sim.mails().len(), 1);
}

#[tokio::test]
async fn it_waits_for_its_turn_and_leaves_the_place_of_stops_alone() {
    let mut stage = Stage::new().await.set("acs_sender", MANAGED);
    for number in 1..=9 {
        stage.post().stop(&stage.about(number, 210)).await.unwrap();
    }
    stage.drain().await;
    stage.later(2);
    assert_eq!(stage.drain().await.sent, 4);
    let began = stage.now();
    act(&mut stage, json!({})).await.unwrap();
    let mail = stage.sim.mails().pop().unwrap();
    assert!(mail.at - began.timestamp_millis() > 50 * 60_000, "an hour after the first stop");
    assert!(stage.sim.asked(SEND).iter().all(|entry| entry.status == 202));
}

#[tokio::test]
async fn one_that_cannot_be_sent_in_time_is_not_sent_later() {
    let mut stage = Stage::new().await;
    let short = roundsman_testkit::TestContext::builder()
        .virtual_time(&stage.clock)
        .credential("databricks", "token", stage.sim.token())
        .credential("mail", "access_key", &stage.sim.access_key())
        .time_left(Duration::from_mins(10))
        .build();
    stage.test = short;
    stage.sim.close_acs().await;
    let error = act(&mut stage, json!({})).await.unwrap_err();
    assert!(
        matches!(&error, TaskError::Permanent { cause } if cause.contains("not sent in time")),
        "{error}"
    );
    stage.sim.reopen_acs().await.unwrap();
    stage.later(10);
    let post = stage.post();
    let drained = post.drain(stage.now() + Duration::from_mins(3)).await;
    assert_eq!((drained.sent, drained.expired), (0, 1));
}

#[tokio::test]
async fn another_attempt_of_the_run_follows_the_same_mail() {
    let mut stage = Stage::new().await;
    let outcome = act(&mut stage, json!({})).await.unwrap();
    stage.test = stage.test.next_attempt();
    let again = Box::pin(actions::run(&stage.lab(), "test-email")).await.unwrap();
    assert_eq!((again.summary, stage.sim.mails().len()), (outcome.summary, 1));
}

#[tokio::test]
async fn a_dry_run_tells_what_it_would_do_and_no_mail_is_an_error_of_the_configuration() {
    let mut stage = Stage::new().await.set("dry_run", true);
    let outcome = act(&mut stage, json!({})).await.unwrap();
    assert_eq!((outcome.counts.planned, stage.sim.journal().len()), (1, 0));
    let mut stage = stage.set("dry_run", false).set("mail_enabled", false);
    let error = act(&mut stage, json!({})).await.unwrap_err();
    assert!(matches!(error, TaskError::Config { .. }), "{error}");
}
