//! Mails that go well: once each, signed, in their order, and asked after once. Nothing fails here.

use std::time::Duration;

use roundsman_model::time::delta;
use roundsman_notify::{Attachment, Mail, State, Transport};

use crate::stage::{ASK, MANAGED, SEND, Stage, address, epoch, mail};

#[tokio::test]
async fn a_mail_is_delivered_and_its_fate_asked_for_once() {
    let mut stage = Stage::new().await;
    let mut draft = stage.draft(7, 0);
    draft.mail.reply_to = vec![address("lab@example.edu")];
    let attachment =
        Attachment { name: "a.csv".into(), media_type: "text/csv".into(), text: "é,1\n".into() };
    draft.mail.attachments = vec![attachment];
    let id = draft.id;
    assert!(stage.outbox().enter(draft).await.unwrap());
    assert!(stage.outbox().knows(id).await.unwrap());
    let drained = stage.drain().await;
    assert_eq!((drained.sent, drained.waiting, drained.next_at), (1, 0, None));
    assert_eq!(stage.state(id).await, State::Accepted);
    let sent = &stage.sim.mails()[0];
    assert_eq!((sent.id.as_str(), sent.sender.as_str()), (id.to_string().as_str(), stage.sender));
    assert_eq!((sent.to.len(), sent.cc.len()), (2, 1));
    assert_eq!((sent.text.as_str(), sent.html.as_str()), ("used up", "<p>used up</p>"));
    assert_eq!(sent.attachments, [("a.csv".to_owned(), "w6ksMQo=".to_owned())]);
    assert_eq!(sent.body["recipients"]["to"][0]["displayName"], "S One");
    assert_eq!(sent.body["replyTo"][0]["address"], "lab@example.edu");

    stage.pass(119);
    stage.drain().await;
    assert_eq!(stage.count(ASK), 0);
    stage.pass(1);
    stage.next_run();
    stage.drain().await;
    assert_eq!((stage.count(ASK), stage.state(id).await), (1, State::Succeeded));
    stage.pass(3_600);
    stage.drain().await;
    assert_eq!((stage.count(ASK), stage.count(SEND)), (1, 1));
}

#[tokio::test]
async fn an_id_is_entered_once_and_sent_twice_is_one_mail() {
    let stage = Stage::new().await;
    let id = stage.enter(1, 0).await;
    assert!(!stage.outbox().enter(stage.draft(1, 0)).await.unwrap());
    stage.drain().await;
    assert!(!stage.outbox().enter(stage.draft(1, 0)).await.unwrap());
    stage.acs().send(id, &mail("mail 1")).await.unwrap();
    assert_eq!((stage.count(SEND), stage.subjects().len()), (2, 1));
}

#[tokio::test]
async fn a_fate_that_is_not_known_yet_is_not_asked_for_again() {
    let stage = Stage::with(crate::stage::CUSTOM, |scenario| scenario.acs.operation_takes_secs = 9_000).await;
    let id = stage.enter(1, 0).await;
    stage.drain().await;
    stage.pass(200);
    stage.drain().await;
    assert_eq!((stage.state(id).await, stage.count(ASK)), (State::Unconfirmed, 1));
}

#[tokio::test]
async fn the_service_says_when_to_ask() {
    let mut stage = Stage::new().await;
    stage.policy.confirm_after = Duration::from_secs(1);
    stage.enter(1, 0).await;
    stage.drain().await;
    stage.pass(29);
    stage.drain().await;
    assert_eq!(stage.count(ASK), 0);
    stage.pass(1);
    stage.drain().await;
    assert_eq!(stage.count(ASK), 1);
}

#[tokio::test]
async fn questions_keep_to_their_limits_and_leave_room_for_doubts() {
    let mut stage = Stage::with(MANAGED, |scenario| {
        (scenario.acs.sends_per_minute, scenario.acs.sends_per_hour) = (Some(100), Some(100));
    })
    .await;
    stage.policy.limits = Some(roundsman_notify::Limits { per_minute: 100, per_hour: 100 });
    for number in 0..30 {
        stage.enter(number, 1).await;
    }
    stage.drain().await;
    let mut ended = 0;
    for _ in 0..90 {
        stage.pass(60);
        stage.next_run();
        stage.drain().await;
        ended = stage.outbox().ended_since(epoch()).await.unwrap().len();
    }
    assert_eq!(ended, 30);
    let asked = stage.sim.asked(ASK);
    assert!(asked.iter().all(|entry| entry.status == 200), "none was too much");
    let first_hour = asked[0].at + delta(Duration::from_hours(1));
    assert_eq!(asked.iter().filter(|entry| entry.at < first_hour).count(), 15);
    let outbox = stage.outbox();
    let ended = outbox.ended_since(epoch()).await.unwrap();
    let count = |state| ended.iter().filter(|(_, record)| record.state == state).count();
    assert_eq!(count(State::Succeeded) + count(State::Unconfirmed), 30);
    assert_eq!(count(State::Succeeded), asked.len());
}

#[tokio::test]
async fn a_dry_run_enters_and_sends_nothing() {
    let mut stage = Stage::new().await;
    stage.enter(1, 0).await;
    stage.test = stage.test.next_dry_run();
    let before = stage.test.documents("mail");
    assert!(!stage.outbox().enter(stage.draft(1, 0)).await.unwrap(), "it is known");
    assert!(stage.outbox().enter(stage.draft(2, 0)).await.unwrap(), "it would be new");
    assert_eq!(stage.drain().await.waiting, 1);
    assert_eq!(stage.outbox().purge().await.unwrap(), 0);
    assert_eq!((stage.test.documents("mail"), stage.count("*")), (before, 0));
    stage.next_run();
    assert!(stage.test.cx().dry_run());
    let stage = Stage { test: stage.test, ..stage };
    assert!(stage.outbox().amend(stage.draft(1, 0).id, |mail, _| mail.cc.clear()).await.unwrap());
    assert_eq!(stage.record(stage.draft(1, 0).id).await.mail.cc.len(), 1);
}

#[tokio::test]
async fn a_mail_that_waits_can_be_changed() {
    let stage = Stage::new().await;
    let id = stage.enter(1, 0).await;
    let soon = stage.now() + delta(Duration::from_secs(60));
    let change = |mail: &mut Mail, expires: &mut _| {
        mail.cc.clear();
        *expires = soon;
    };
    assert!(stage.outbox().amend(id, change).await.unwrap());
    assert_eq!(stage.record(id).await.expires_at, soon);
    stage.drain().await;
    assert!(stage.sim.mails()[0].cc.is_empty());
    assert!(!stage.outbox().amend(id, change).await.unwrap());
    assert!(!stage.outbox().amend(stage.draft(9, 0).id, change).await.unwrap());
}
