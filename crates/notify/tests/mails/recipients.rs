//! Recipients who are none, or to whom nothing is delivered. The service itself works.

use roundsman_notify::{Address, State};
use roundsman_simulators::{Fault, Shape};

use crate::stage::{SEND, Stage, epoch};

#[tokio::test]
async fn a_mail_for_nobody_is_failed_and_never_sent() {
    let stage = Stage::new().await;
    let mut draft = stage.draft(1, 0);
    (draft.mail.to, draft.mail.cc) = (Vec::new(), Vec::new());
    let id = draft.id;
    assert!(stage.outbox().enter(draft.clone()).await.unwrap());
    assert!(!stage.outbox().enter(draft).await.unwrap());
    let record = stage.record(id).await;
    assert_eq!(record.state, State::Failed);
    assert!(record.error.unwrap().contains("no recipient"));
    stage.drain().await;
    assert_eq!(stage.count("*"), 0);
}

#[tokio::test]
async fn without_anybody_in_to_those_in_cc_get_it() {
    let stage = Stage::new().await;
    let mut draft = stage.draft(1, 0);
    draft.mail.to = vec![Address { address: "no address".to_owned(), name: String::new() }];
    let id = draft.id;
    stage.outbox().enter(draft).await.unwrap();
    assert_eq!(stage.record(id).await.error.unwrap(), "1 of its addresses are none and were left out");
    stage.drain().await;
    let sent = &stage.sim.mails()[0];
    assert_eq!((sent.to.as_slice(), sent.cc.len()), (["admin@example.edu".to_owned()].as_slice(), 0));
}

#[tokio::test]
async fn a_mail_whose_recipients_are_all_suppressed_has_failed() {
    let stage = Stage::new().await;
    for address in ["s1@example.edu", "s2@example.edu", "admin@example.edu"] {
        stage.sim.suppress(address);
    }
    let id = stage.enter(1, 0).await;
    stage.drain().await;
    stage.pass(200);
    let drained = stage.drain().await;
    assert_eq!((drained.failed, stage.state(id).await), (1, State::Failed));
    assert!(drained.problems[0].contains("EmailDroppedAllRecipientsSuppressed"), "{:?}", drained.problems);
}

#[tokio::test]
async fn one_who_is_refused_does_not_keep_the_others_from_their_mail() {
    let stage = Stage::new().await;
    let id = stage.enter(1, 0).await;
    let told = "Invalid format for email address \"s2@example.edu\".";
    stage.sim.fault(Fault::on(SEND).containing("s2@").status(400).shape(Shape::Acs, "BadRequest", told));
    let drained = stage.drain().await;
    assert_eq!((drained.failed, drained.sent), (1, 1));
    assert!(!drained.problems[0].contains("s2@") && drained.problems[0].contains("…@example.edu"));
    assert_eq!(stage.state(id).await, State::Failed);
    let sent = stage.sim.mails();
    assert_eq!((sent.len(), sent[0].to.as_slice()), (1, ["s1@example.edu".to_owned()].as_slice()));
    assert_ne!(sent[0].id, id.to_string());
    let open = stage.outbox().open().await.unwrap();
    assert_eq!(open[0].1.instead_of, Some(id));
    assert!(!stage.outbox().enter(stage.draft(1, 0)).await.unwrap());
}

#[tokio::test]
async fn others_are_tried_once_not_for_ever() {
    let stage = Stage::new().await;
    stage.enter(1, 0).await;
    let fault = |who: &str| {
        let told = format!("bad address {who}");
        Fault::on(SEND).containing(who).status(400).shape(Shape::Acs, "BadRequest", &told)
    };
    stage.sim.fault(fault("s2@example.edu"));
    stage.sim.fault(fault("admin@example.edu"));
    assert_eq!(stage.drain().await.failed, 2);
    assert_eq!(stage.count(SEND), 2);
    assert_eq!(stage.outbox().ended_since(epoch()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_told_and_not_tried_again() {
    let stage = Stage::new().await;
    let id = stage.enter(1, 0).await;
    stage.enter(2, 0).await;
    stage.sim.fault(Fault::on(SEND).status(413).times(1));
    let drained = stage.drain().await;
    assert_eq!((drained.failed, drained.sent), (1, 1), "the next mail is not kept from going");
    stage.pass(3_600);
    stage.drain().await;
    assert_eq!((stage.state(id).await, stage.count(SEND)), (State::Failed, 2));
}
