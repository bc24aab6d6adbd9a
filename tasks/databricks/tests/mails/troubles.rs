//! A service that is away, throttles, refuses, or drops what it took; and mails whose time is over. Crashes are elsewhere.

use std::time::Duration;

use roundsman_databricks::mails::MailKind;
use roundsman_notify::State;
use roundsman_simulators::Fault;

use crate::stage::{RESET, SEND, Stage, cluster_id, day};

#[tokio::test]
async fn a_service_that_is_away_at_the_crossing_gets_the_values_of_the_crossing_later_once() {
    let mut stage = Stage::new().await;
    stage.sim.close_acs().await;
    let post = stage.post();
    assert!(post.stop(&stage.about(7, 210)).await.unwrap());
    let drained = stage.drain().await;
    assert_eq!((drained.sent, drained.waiting, drained.problems.len()), (0, 1, 1));
    assert_eq!(stage.test.metric("roundsman_databricks_mail_queue", &[]), Some(1.0));
    for minute in [15, 30] {
        stage.later(15);
        // The poll decides it again as long as it is not sure that it was entered.
        assert!(stage.post().stop(&stage.about(7, 210 + minute)).await.unwrap());
        assert_eq!(stage.drain().await.sent, 0);
    }
    stage.sim.reopen_acs().await.unwrap();
    stage.later(10);
    let mail = stage.only_mail().await;
    assert!(
        mail.text.contains("has run for 3h30m today. The daily limit of 210 minutes is reached"),
        "{}",
        mail.text
    );
    for _ in 0..3 {
        stage.later(15);
        assert_eq!(stage.drain().await.sent, 0);
    }
    assert_eq!(stage.sim.mails().len(), 1);
    assert!(stage.open().await.is_empty());
}

#[tokio::test]
async fn a_throttled_service_is_left_alone_as_long_as_it_says() {
    let mut stage = Stage::new().await;
    stage.sim.fault(Fault::on(SEND).status(429).retry_after("1500").times(1));
    for number in 1..=3 {
        stage.post().stop(&stage.about(number, 210)).await.unwrap();
    }
    let drained = stage.drain().await;
    assert_eq!((drained.sent, drained.waiting), (0, 3));
    let wait = drained.next_at.unwrap() - stage.now();
    assert!((1_500..1_502).contains(&wait.num_seconds()), "{wait}");
    stage.later(15);
    assert_eq!((stage.drain().await.sent, stage.sim.asked(SEND).len()), (0, 1), "nothing before, of no mail");
    stage.later(15);
    assert_eq!(stage.drain().await.sent, 3);
}

#[tokio::test]
async fn a_warning_is_not_sent_long_after_its_cluster_went_off() {
    let mut stage = Stage::new().await;
    stage.sim.close_acs().await;
    for number in [1, 2] {
        stage.post().warn(&stage.about(number, 180)).await.unwrap();
    }
    stage.drain().await;
    stage.later(15);
    let off_ms = stage.now_ms() - 60_000;
    assert!(stage.post().cluster_is_off(&cluster_id(1), day(), off_ms).await.unwrap());
    assert!(!stage.post().cluster_is_off(&cluster_id(3), day(), off_ms).await.unwrap());
    stage.later(15);
    // It is told each time; the first instant counts as long as it is the earlier one.
    assert!(stage.post().cluster_is_off(&cluster_id(1), day(), stage.now_ms()).await.unwrap());
    stage.later(15);
    stage.sim.reopen_acs().await.unwrap();
    let began = stage.now();
    let drained = stage.drain().await;
    assert_eq!((drained.expired, drained.sent), (1, 1));
    assert_eq!(stage.subjects(), ["[demo] cluster_02: most of today's running time is used"]);
    let counted = |result| {
        stage.test.metric("roundsman_databricks_mail_total", &[("kind", "warn"), ("result", result)])
    };
    assert_eq!((counted("sent"), counted("expired"), counted("failed")), (Some(1.0), Some(1.0), None));
    let told = stage.post().undelivered(began).await.unwrap();
    assert_eq!(told.len(), 1);
    let expected = "the mail \"[demo] cluster_01: most of today's running time is used\" of 2026-11-16 14:00 +02:00 could \
                    not be sent in time";
    assert!(told[0].starts_with(expected), "{told:?}");
}

#[tokio::test]
async fn each_kind_has_its_time() {
    let stage = Stage::new().await;
    let post = stage.post();
    post.warn(&stage.about(7, 180)).await.unwrap();
    post.stop(&stage.about(7, 210)).await.unwrap();
    post.reoffence(&stage.about(7, 220), None).await.unwrap();
    let open = stage.open().await;
    let hours = |kind: MailKind| {
        let (_, record) = open.iter().find(|(id, _)| *id == stage.id(kind, 7)).unwrap();
        assert_eq!(record.kind, kind.as_str());
        (record.expires_at - stage.now()).num_hours()
    };
    assert_eq!((hours(MailKind::Stop), hours(MailKind::Reoffence)), (12, 6));
    let warn = open.iter().find(|(id, _)| *id == stage.id(MailKind::Warn, 7)).unwrap();
    assert_eq!(warn.1.expires_at.timestamp_millis(), RESET);
}

#[tokio::test]
async fn what_the_service_drops_is_told_without_addresses() {
    let mut stage = Stage::new().await.set("cc_admin", false);
    stage.sim.suppress("s7a@example.edu");
    stage.sim.suppress("s7b@example.edu");
    let began = stage.now();
    stage.post().stop(&stage.about(7, 210)).await.unwrap();
    assert_eq!(stage.drain().await.sent, 1);
    stage.later(15);
    let drained = stage.drain().await;
    assert_eq!(drained.failed, 1);
    let told = stage.post().undelivered(began).await.unwrap().join("\n");
    assert!(
        told.contains("cluster_07: daily limit reached") && told.contains("AllRecipientsSuppressed"),
        "{told}"
    );
    assert!(!told.contains("s7a"));
    assert!(stage.post().stop(&stage.about(7, 210)).await.unwrap(), "it is not tried again");
    assert!(stage.open().await.is_empty());
    let failed = [("kind", "stop"), ("result", "failed")];
    assert_eq!(stage.test.metric("roundsman_databricks_mail_total", &failed), Some(1.0));
}

#[tokio::test]
async fn a_recipient_who_is_refused_takes_the_mail_from_nobody_else() {
    let stage = Stage::new().await;
    let told = "Invalid format for email address \"s7a@example.edu\"";
    stage.sim.fault(
        Fault::on(SEND).status(400).shape(roundsman_simulators::Shape::Acs, "BadRequest", told).times(1),
    );
    stage.post().stop(&stage.about(7, 210)).await.unwrap();
    let began = stage.now();
    assert_eq!(stage.drain().await.sent, 1);
    let mail = stage.sim.mails().pop().unwrap();
    assert_eq!(
        (mail.to, mail.cc),
        (vec!["s7b@example.edu".to_owned()], vec!["admin@example.edu".to_owned()])
    );
    let told = stage.post().undelivered(began).await.unwrap().join("\n");
    assert!(
        told.starts_with("some recipients of the mail \"[demo] cluster_07") && !told.contains("s7a"),
        "{told}"
    );
}

#[tokio::test]
async fn what_nobody_can_carry_waits_and_says_so() {
    let stage = Stage::new().await.set("acs_endpoint", serde_json::Value::Null);
    let post = stage.post();
    assert!(post.stop(&stage.about(7, 210)).await.unwrap());
    let drained = stage.drain().await;
    assert_eq!((drained.sent, drained.waiting), (0, 1));
    assert_eq!(drained.problems, ["nothing can be mailed: acs_endpoint is not set"]);
    assert_eq!(post.problems(), drained.problems);
    let stage = stage.set("acs_endpoint", "http://127.0.0.1:1");
    let url = stage.sim.acs_url();
    let stage = stage.set("acs_endpoint", url);
    assert_eq!(stage.drain().await.sent, 1);
}

#[tokio::test]
async fn documents_that_are_away_fail_no_poll() {
    let stage = Stage::new().await;
    stage.post().stop(&stage.about(7, 210)).await.unwrap();
    let cause = "away".to_owned();
    stage.test.fail_documents(roundsman_task::DocumentError::Unavailable { cause });
    let drained = stage.drain().await;
    assert_eq!((drained.sent, drained.problems.len()), (0, 1));
    stage.post().warn(&stage.about(8, 180)).await.unwrap_err();
    stage.test.fail_documents(None);
    assert_eq!(stage.drain().await.sent, 1);
}

#[tokio::test]
async fn nothing_is_begun_after_the_time_that_is_left() {
    let stage = Stage::new().await;
    stage.post().stop(&stage.about(7, 210)).await.unwrap();
    let drained = stage.post().drain(stage.now() + Duration::from_secs(10)).await;
    assert_eq!((drained.sent, drained.waiting, stage.sim.asked(SEND).len()), (0, 1, 0));
    assert_eq!(stage.drain().await.sent, 1);
}

#[tokio::test]
async fn a_wrong_key_stops_all_mail_for_a_while_and_is_never_told() {
    let mut stage = Stage::new().await;
    let key = "d3JvbmcgYnV0IGJhc2U2NCBrZXk=";
    let wrong = roundsman_testkit::TestContext::builder()
        .virtual_time(&stage.clock)
        .credential("databricks", "token", stage.sim.token())
        .credential("mail", "access_key", key)
        .time_left(Duration::from_hours(24))
        .build();
    stage.test = wrong;
    for number in [1, 2] {
        stage.post().stop(&stage.about(number, 210)).await.unwrap();
    }
    let drained = stage.drain().await;
    assert_eq!((drained.sent, drained.waiting), (0, 2));
    assert!(!format!("{drained:?}").contains(key));
    assert!(drained.next_at.unwrap() >= stage.now() + Duration::from_mins(14));
    let open = stage.open().await;
    assert!(open.iter().all(|(_, record)| record.state == State::Queued));
}
