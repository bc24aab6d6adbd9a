//! What goes wrong between us and the service, and what follows. Crashes of our own are elsewhere.

use std::time::Duration;

use roundsman_model::{Secret, time::delta};
use roundsman_notify::{Acs, AcsSettings, Drained, State};
use roundsman_simulators::{Fault, Shape};

use crate::stage::{ASK, SEND, Stage};

#[tokio::test]
async fn a_refused_signature_is_renewed_three_times_at_most() {
    let stage = Stage::new().await;
    let id = stage.enter(1, 0).await;
    stage.sim.fault(Fault::on(SEND).status(401).times(3));
    stage.drain().await;
    assert_eq!((stage.count(SEND), stage.state(id).await), (4, State::Accepted));
    let dates: Vec<_> =
        stage.sim.asked(SEND).iter().map(|entry| entry.header("x-ms-date").unwrap().to_owned()).collect();
    assert!(dates.windows(2).all(|two| two[0] != two[1]), "{dates:?}");
    // Questions are signed no worse.
    stage.sim.fault(Fault::on(ASK).status(401).times(3));
    stage.pass(200);
    stage.drain().await;
    assert_eq!((stage.count(ASK), stage.state(id).await), (4, State::Succeeded));
}

#[tokio::test]
async fn a_wrong_key_and_a_foreign_sender_stop_all_mails_for_a_quarter_of_an_hour() {
    let stage = Stage::new().await;
    stage.enter(1, 0).await;
    stage.enter(2, 0).await;
    let key = AcsSettings { access_key: Secret::new("d3Jvbmcga2V5".to_owned()), ..stage.settings() };
    let sender = AcsSettings { sender: "a@elsewhere.example.com".to_owned(), ..stage.settings() };
    for (settings, posts, word) in [(key, 4, "401"), (sender, 1, "DomainNotLinked")] {
        let acs = Acs::new(stage.test.cx(), settings).unwrap();
        let before = stage.count(SEND);
        let drained = stage.outbox().drain(&acs).await.unwrap();
        assert_eq!(stage.count(SEND) - before, posts, "the second mail is not tried");
        assert_eq!((drained.waiting, drained.problems.len()), (2, 1));
        assert!(drained.problems[0].contains(word), "{:?}", drained.problems);
        let held = stage.now() + delta(Duration::from_mins(15));
        assert_eq!(drained.next_at, Some(held));
        stage.pass(15 * 60 - 1);
        // Whoever comes with the right settings waits too.
        assert_eq!(stage.drain().await.sent, 0);
        stage.pass(1);
    }
    assert_eq!(stage.drain().await.sent, 2);
}

#[tokio::test]
async fn senders_that_are_refused_in_other_words_are_no_fault_of_the_mail() {
    let stage = Stage::new().await;
    let id = stage.enter(1, 0).await;
    for (status, code) in [(400, "InvalidSenderUserName"), (403, "Forbidden"), (404, "NotFound")] {
        stage.sim.fault(Fault::on(SEND).times(1).status(status).shape(Shape::Acs, code, "no"));
        stage.drain().await;
        assert_eq!(stage.state(id).await, State::Queued, "{code}");
        stage.pass(900);
    }
    assert_eq!(stage.drain().await.sent, 1);
}

#[tokio::test]
async fn too_many_requests_hold_everybody_and_are_never_tried_sooner() {
    for (said, secs) in [(Some("300"), 300), (Some("Mon, 16 Nov 2026 06:02:30 GMT"), 150), (None, 60)] {
        let mut stage = Stage::new().await;
        stage.enter(1, 0).await;
        stage.enter(2, 0).await;
        let fault = Fault::on(SEND).status(429).times(1);
        stage.sim.fault(said.map_or(fault.clone(), |said| fault.retry_after(said)));
        let drained = stage.drain().await;
        let late = (drained.next_at.unwrap() - stage.now()).as_seconds_f64() - secs as f64;
        assert!((0.0..=1.0).contains(&late), "{said:?}: {late}");
        assert_eq!((drained.waiting, stage.count(SEND)), (2, 1));
        stage.pass(secs - 1);
        stage.next_run();
        stage.enter(3, 0).await;
        assert_eq!(stage.drain().await.waiting, 3);
        assert_eq!(stage.count(SEND), 1);
        stage.pass(2);
        assert_eq!(stage.drain().await.sent, 3);
    }
}

#[tokio::test]
async fn too_many_requests_without_a_word_wait_a_minute_also_at_the_end_of_the_time() {
    let mut stage = Stage::new().await;
    stage.test = roundsman_testkit::TestContext::builder()
        .virtual_time(&stage.clock)
        .time_left(Duration::from_secs(17))
        .build();
    stage.enter(1, 0).await;
    stage.sim.fault(Fault::on(SEND).status(429).times(1));
    let next = stage.drain().await.next_at.unwrap();
    assert!(next >= stage.now() + delta(Duration::from_mins(1)), "{next}");
}

#[tokio::test]
async fn doubts_are_cleared_up_before_anything_is_sent_again() {
    let faults = |fault: Fault| [fault.clone(), fault.after_effect()];
    let all = [500, 502, 503, 504, 408].map(|status| Fault::on(SEND).status(status));
    for fault in all.into_iter().chain([Fault::on(SEND).cut()]).flat_map(faults) {
        let mut stage = Stage::new().await;
        let id = stage.enter(1, 0).await;
        stage.sim.fault(fault.clone().times(1));
        let drained = stage.drain().await;
        assert_eq!((drained.waiting, stage.state(id).await), (1, State::Sending), "{fault:?}");
        assert_eq!(drained.next_at, Some(stage.now() + delta(Duration::from_mins(1))));
        // Not sooner than announced.
        stage.drain().await;
        assert_eq!(stage.count("*"), 1);
        stage.drain_to_the_end().await;
        let asked: Vec<_> = stage.sim.journal().into_iter().map(|entry| entry.method).collect();
        let (effect, resent) =
            (stage.sim.asked(SEND)[0].effect, asked.iter().filter(|m| *m == "POST").count());
        assert_eq!(asked[1], "GET", "{asked:?}");
        assert_eq!(resent, if effect { 1 } else { 2 }, "{fault:?}");
        assert_eq!((stage.subjects().len(), stage.state(id).await), (1, State::Succeeded));
    }
}

#[tokio::test]
async fn something_else_that_answers_is_not_believed() {
    let mut stage = Stage::new().await;
    let id = stage.enter(1, 0).await;
    stage.sim.fault(Fault::on(SEND).page("<html><body>log in</body></html>").times(1));
    assert_eq!(stage.drain().await.sent, 0);
    stage.drain_to_the_end().await;
    assert_eq!((stage.subjects().len(), stage.state(id).await), (1, State::Succeeded));
    stage.enter(2, 0).await;
    stage.sim.fault(Fault::on(SEND).redirect("https://login.example.com/").times(1));
    let drained = stage.drain().await;
    assert_eq!(drained.next_at, Some(stage.now() + delta(Duration::from_mins(15))));
}

#[tokio::test]
async fn a_service_that_is_away_is_not_asked_by_every_mail() {
    let mut stage = Stage::new().await;
    for number in 0..20 {
        stage.enter(number, 0).await;
    }
    stage.sim.close_acs().await;
    let told = |drained: &Drained| (drained.waiting, drained.problems.len());
    assert_eq!(told(&stage.drain().await), (20, 1));
    stage.pass(40 * 60);
    stage.next_run();
    assert_eq!(told(&stage.drain().await), (20, 1));
    stage.sim.reopen_acs().await.unwrap();
    stage.pass(60);
    assert_eq!(stage.drain().await.sent, 20);
}

#[tokio::test]
async fn two_doubts_are_enough_for_one_run() {
    let mut stage = Stage::new().await;
    for number in 0..20 {
        stage.enter(number, 0).await;
    }
    let faults = stage.sim.fault(Fault::on(SEND).status(500));
    assert_eq!(stage.drain().await.waiting, 20);
    assert_eq!(stage.count(SEND), 2);
    drop(faults);
    stage.sim.clear_faults();
    stage.drain_to_the_end().await;
    assert_eq!(stage.subjects().len(), 20);
}

#[tokio::test]
async fn a_mail_whose_time_is_over_is_not_sent() {
    let mut stage = Stage::new().await;
    let id = stage.enter(1, 0).await;
    let doubtful = stage.enter(2, 1).await;
    stage.sim.fault(Fault::on(SEND).status(429).retry_after("7").nth(1));
    stage.drain().await;
    stage.pass(8);
    stage.sim.fault(Fault::on(SEND).status(429).retry_after("50000").times(1));
    stage.drain().await;
    stage.pass(13 * 3_600);
    stage.next_run();
    let drained = stage.drain().await;
    assert_eq!((drained.expired, drained.waiting), (2, 0));
    for id in [id, doubtful] {
        assert_eq!(stage.state(id).await, State::Expired);
    }
    assert!(stage.subjects().is_empty());
}

#[tokio::test]
async fn a_fate_that_cannot_be_learnt_ends_with_the_time_of_the_mail() {
    let mut stage = Stage::new().await;
    let id = stage.enter(1, 0).await;
    stage.sim.fault(Fault::on("*").status(500));
    let rounds = stage.drain_to_the_end().await;
    assert_eq!((stage.state(id).await, stage.count(SEND)), (State::Unconfirmed, 1));
    assert!(rounds < 100, "{rounds}");
}
