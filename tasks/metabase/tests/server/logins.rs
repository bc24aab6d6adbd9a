//! Sessions: begun by one for all, renewed once, never begun while the server does not want it.

use std::time::Duration;

use roundsman_metabase::{
    config::CardRef,
    server::{Again, FailureClass, Server},
};
use roundsman_simulators::{
    Fault, Shape,
    metabase::{EMAIL, MetabaseScenario, PASSWORD, PersonSetup, Release},
};
use roundsman_task::{Clock as _, TaskError, Timestamp};
use roundsman_testkit::TestContext;
use serde_json::json;

use crate::desk::{As, Desk, csv, read};

const WRONG: &str = "wrong horse wrong battery";

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[tokio::test]
async fn a_key_needs_no_login_and_no_cookie() {
    let desk = Desk::sample().await;
    let server = desk.server().await;
    assert_eq!(server.current_user().await.unwrap().is_superuser, Some(true));
    let entry = &desk.sim.asked("GET /api/user/current")[0];
    assert_eq!(entry.header("x-api-key"), Some(desk.sim.api_key()));
    assert_eq!(entry.header("user-agent").map(|agent| agent.ends_with("(task test)")), Some(true));
    for name in ["cookie", "x-metabase-session", "x-metabase-apikey", "authorization"] {
        assert_eq!(entry.header(name), None, "{name}");
    }
    assert_eq!(desk.logins(), 0);
}

#[tokio::test]
async fn a_refused_key_and_a_refused_session_of_somebody_else_are_final() {
    for who in [As::Key, As::Token] {
        let desk = Desk::new(MetabaseScenario::sample(Release::V57, 5), who).await;
        desk.sim.fault(Fault::on("GET /api/user/current").status(401).shape(
            Shape::RawText,
            "",
            "Unauthenticated",
        ));
        let failure = desk.server().await.current_user().await.unwrap_err();
        assert_eq!((failure.class, failure.again), (FailureClass::Auth, Again::Never), "{failure}");
        assert_eq!(desk.asked().len(), 1, "it is asked once");
        let told = failure.to_string();
        assert!(!told.contains(desk.sim.api_key()) && !told.contains("5e551040"), "{told}");
        assert!(matches!(TaskError::from(failure), TaskError::Config { .. }));
    }
}

#[tokio::test]
async fn one_login_serves_all_tasks_and_processes() {
    let desk = Desk::with_login().await;
    let (one, other) = (desk.server().await, desk.elsewhere().await);
    let (a, b, c) = tokio::join!(one.current_user(), one.card(&CardRef::Number(1)), other.current_user());
    a.unwrap();
    c.unwrap();
    drop(b);
    assert_eq!(desk.logins(), 1);
    let sessions: std::collections::BTreeSet<_> = desk
        .sim
        .asked("GET /api/user/current")
        .iter()
        .map(|entry| entry.header("x-metabase-session").map(str::to_owned))
        .collect();
    assert_eq!(sessions.len(), 1);
    // The next run finds it too.
    desk.elsewhere().await.current_user().await.unwrap();
    assert_eq!(desk.logins(), 1);
}

/// M-19.
#[tokio::test]
async fn a_session_that_ends_is_begun_anew_once_for_all_who_notice() {
    let desk = Desk::with_login().await.configured(json!({ "max_concurrent_exports": 4 }));
    let server = desk.server().await;
    server.current_user().await.unwrap();
    desk.sim.end_sessions();
    desk.sim.clear_journal();
    desk.clock.advance(seconds(60));
    let cards = server.cards(roundsman_metabase::server::CardFilter::All);
    let (one, two, three, four) =
        tokio::join!(server.current_user(), cards, server.properties(), server.current_user(),);
    one.unwrap();
    two.unwrap();
    three.unwrap();
    four.unwrap();
    assert_eq!(desk.logins(), 1);
    // Each of those that need a session was asked twice at most.
    assert!(desk.sim.asked("GET /api/user/current").len() <= 4);
}

/// M-19, of exports.
#[tokio::test]
async fn four_exports_whose_session_ended_share_one_new_one() {
    let desk = Desk::with_login().await.configured(json!({ "max_concurrent_exports": 4 }));
    let server = desk.server().await;
    server.current_user().await.unwrap();
    desk.sim.end_sessions();
    desk.clock.advance(seconds(60));
    let export = async || {
        let mut stream = server.export(&csv(1)).await.unwrap();
        assert!(!read(&mut stream).await.unwrap().is_empty());
    };
    tokio::join!(export(), export(), export(), export());
    assert_eq!(desk.logins(), 2);
    let asked = desk.sim.asked("POST /api/card/1/query/csv");
    let answered = |status: u16| asked.iter().filter(|entry| entry.status == status).count();
    assert_eq!(answered(200), 4, "all went well, and none was asked for a third time: {}", asked.len());
    assert!((1..=4).contains(&answered(401)) && asked.len() == 4 + answered(401));
    assert!(desk.test.leases().is_empty());
}

#[tokio::test]
async fn an_export_whose_session_ended_is_asked_for_again_before_a_byte_came() {
    let desk = Desk::with_login().await;
    let server = desk.server().await;
    server.current_user().await.unwrap();
    desk.sim.end_sessions();
    desk.clock.advance(seconds(60));
    let card = 1_u64;
    let mut stream = server.export(&csv(card)).await.unwrap();
    assert!(!read(&mut stream).await.unwrap().is_empty());
    assert_eq!(desk.logins(), 2);
    assert_eq!(desk.sim.asked("POST /api/card/*/query/csv").len(), 2);
}

#[tokio::test]
async fn a_second_refusal_is_final() {
    let desk = Desk::with_login().await;
    desk.sim.fault(Fault::on("GET /api/user/current").status(401).shape(
        Shape::RawText,
        "",
        "Unauthenticated",
    ));
    let failure = desk.server().await.current_user().await.unwrap_err();
    assert_eq!((failure.class, failure.again), (FailureClass::Auth, Again::Never));
    assert_eq!(desk.logins(), 2, "the first, and one more");
    assert_eq!(desk.sim.asked("GET /api/user/current").len(), 2);
}

/// M-21.
#[tokio::test]
async fn a_throttled_login_is_left_alone_by_every_process_until_its_time() {
    let desk = Desk::with_login().await;
    let throttled = json!({ "errors": {
        "username": "Too many attempts! You must wait 15 seconds before trying again." } });
    let fault = desk.sim.fault(Fault::on("POST /api/session").status(401).shape(
        Shape::RawText,
        "",
        &throttled.to_string(),
    ));
    let begun: Timestamp = desk.test.cx().now();
    let failure = desk.server().await.current_user().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Throttled, "{failure}");
    let after = (failure.not_before.unwrap() - begun).num_milliseconds();
    assert!((16_500..18_000).contains(&after), "{after} ms");
    fault.lift();
    desk.clock.advance(seconds(10));
    let other = desk.elsewhere().await;
    let failure = other.current_user().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Throttled);
    assert!(matches!(TaskError::from(failure), TaskError::Snooze { .. }));
    assert_eq!(desk.logins(), 1, "nobody tried meanwhile");
    desk.clock.advance(seconds(60));
    other.current_user().await.unwrap();
    assert_eq!(desk.logins(), 2);
}

/// The brake of the server itself, with its growing waits.
#[tokio::test]
async fn the_brake_of_the_server_is_read_whatever_the_version() {
    for release in [Release::V46, Release::V57] {
        let scenario = MetabaseScenario::sample(release, 5).set(|settings| settings.login_attempts = 1);
        let desk = Desk::new(scenario, As::Person(WRONG)).await;
        let refused = desk.server().await.current_user().await.unwrap_err();
        assert_eq!(refused.class, FailureClass::Auth, "{release:?} {refused}");
        desk.clock.advance(seconds(20 * 60));
        let again = desk.elsewhere().await.current_user().await.unwrap_err();
        assert!(matches!(again.class, FailureClass::Auth | FailureClass::Throttled), "{release:?} {again}");
        assert_eq!(desk.logins(), 2);
    }
}

/// M-23.
#[tokio::test]
async fn a_wrong_password_is_tried_once_in_a_quarter_of_an_hour() {
    let desk = Desk::new(MetabaseScenario::sample(Release::V57, 5), As::Person(WRONG)).await;
    let server = desk.server().await;
    let failure = server.current_user().await.unwrap_err();
    assert_eq!((failure.class, failure.again), (FailureClass::Auth, Again::Never), "{failure}");
    assert!(!failure.to_string().contains(WRONG));
    for _ in 0..3 {
        desk.clock.advance(seconds(200));
        assert_eq!(server.current_user().await.unwrap_err().class, FailureClass::Auth);
        assert_eq!(desk.elsewhere().await.current_user().await.unwrap_err().class, FailureClass::Auth);
    }
    assert_eq!(desk.logins(), 1);
    desk.clock.advance(seconds(400));
    server.current_user().await.unwrap_err();
    assert_eq!(desk.logins(), 2);
}

#[tokio::test]
async fn a_shared_session_lets_in_nobody_with_another_password() {
    let desk = Desk::with_login().await;
    desk.server().await.current_user().await.unwrap();
    let kept = desk.test.documents_in("metabase", "sessions").remove(0);
    let other = TestContext::builder()
        .virtual_time(&desk.clock)
        .credential("metabase", "username", EMAIL)
        .credential("metabase", "password", WRONG)
        .document_in("metabase", "sessions", &kept.key, kept.value)
        .build();
    let server = Server::open(other.cx(), &desk.config()).await.unwrap();
    assert_eq!(server.current_user().await.unwrap_err().class, FailureClass::Auth);
    assert_eq!(desk.logins(), 2);
}

#[tokio::test]
async fn documents_tell_neither_who_nor_with_what() {
    let desk = Desk::with_login().await;
    desk.server().await.current_user().await.unwrap();
    let circuits = desk.test.documents_in("metabase", "circuits");
    let sessions = desk.test.documents_in("metabase", "sessions");
    assert_eq!((circuits.len(), sessions.len()), (1, 1));
    let told = format!("{circuits:?} {:?}", sessions[0].key);
    assert!(!told.contains(EMAIL) && !told.contains(PASSWORD), "{told}");
    let value = sessions[0].value.as_object().unwrap();
    assert_eq!(value.keys().collect::<Vec<_>>(), ["$secret"], "the daemon encrypts it");
}

#[tokio::test]
async fn logins_are_half_a_minute_apart() {
    let desk = Desk::with_login().await;
    let server = desk.server().await;
    server.current_user().await.unwrap();
    desk.sim.end_sessions();
    server.current_user().await.unwrap();
    let at: Vec<_> = desk.sim.asked("POST /api/session").iter().map(|entry| entry.at).collect();
    assert_eq!(at.len(), 2);
    assert!((at[1] - at[0]).num_seconds() >= 30, "{at:?}");
}

#[tokio::test]
async fn a_broken_login_blocks_nobody() {
    let desk = Desk::with_login().await;
    desk.sim.fault(Fault::on("POST /api/session").status(502).times(1));
    desk.server().await.current_user().await.unwrap();
    assert_eq!(desk.logins(), 2);
}

#[tokio::test]
async fn credentials_that_are_not_there_are_named() {
    let desk = Desk::with_login().await.configured(json!({ "auth": "api_key" }));
    let error = roundsman_metabase::server::Server::open(desk.test.cx(), &desk.config()).await.err().unwrap();
    assert!(matches!(&error, TaskError::Config { cause } if cause.contains("\"api_key\"")), "{error}");
}

/// Who has to wait for his turn has not begun to log in: nobody takes it from him meanwhile.
#[tokio::test]
async fn a_long_pause_before_the_login_makes_no_second_one() {
    let desk = Desk::with_login().await;
    let (one, other) = (desk.server().await, desk.elsewhere().await);
    let budget = desk.test.cx().budget(&desk.budget());
    let until = desk.test.cx().now() + chrono::TimeDelta::seconds(200);
    budget.hold_until(until).await.unwrap();
    let (a, b) = tokio::join!(one.current_user(), other.current_user());
    a.unwrap();
    b.unwrap();
    assert_eq!(desk.logins(), 1);
}

/// The clock was ahead when somebody logged in, and was set right.
#[tokio::test]
async fn a_clock_that_was_set_back_keeps_nobody_out() {
    let (right, ahead): (Timestamp, Timestamp) =
        ("2026-11-20T08:00:00Z".parse().unwrap(), "2026-11-20T09:30:00Z".parse().unwrap());
    let desk = Desk::with_login().await;
    desk.clock.set(ahead);
    desk.server().await.current_user().await.unwrap();
    desk.sim.end_sessions();
    desk.clock.set(right);
    desk.elsewhere().await.current_user().await.unwrap();
    let took = desk.test.cx().now() - right;
    assert!(took >= chrono::TimeDelta::seconds(30) && took < chrono::TimeDelta::minutes(3), "{took}");

    let desk = Desk::new(MetabaseScenario::sample(Release::V57, 5), As::Person(WRONG)).await;
    desk.clock.set(ahead);
    desk.server().await.current_user().await.unwrap_err();
    desk.clock.set(right);
    desk.elsewhere().await.current_user().await.unwrap_err();
    assert_eq!(desk.logins(), 1, "it is not tried again at once");
    desk.clock.advance(seconds(16 * 60));
    desk.elsewhere().await.current_user().await.unwrap_err();
    assert_eq!(desk.logins(), 2, "a quarter of an hour is one, whatever the clock said");
}

/// M-23: what one password was refused for is no matter of other users, and of other passwords of the same one only for the
/// half minute between two logins.
#[tokio::test]
async fn a_refused_password_keeps_nobody_else_out() {
    let other = PersonSetup::new("other@example.com", "another password");
    let scenario = MetabaseScenario::sample(Release::V57, 5).person(other);
    let desk = Desk::new(scenario, As::Person(WRONG)).await;
    desk.server().await.current_user().await.unwrap_err();
    let refused = desk.test.documents_in("metabase", "circuits").remove(0);
    for (user, password, waits) in [("other@example.com", "another password", 0), (EMAIL, PASSWORD, 30)] {
        let since = desk.clock.now();
        let test = TestContext::builder()
            .virtual_time(&desk.clock)
            .credential("metabase", "username", user)
            .credential("metabase", "password", password)
            .document_in("metabase", "circuits", &refused.key, refused.value.clone())
            .build();
        Server::open(test.cx(), &desk.config()).await.unwrap().current_user().await.unwrap();
        let waited = (desk.clock.now() - since).num_seconds();
        assert!((waits..waits + 5).contains(&waited), "{user}: {waited} s");
    }
    assert_eq!(desk.logins(), 3);
}

/// Only the session that was refused is given up: whoever notices late takes the one that is there by then.
#[tokio::test]
async fn a_session_is_given_up_only_if_it_is_the_refused_one() {
    let desk = Desk::with_login().await;
    let (one, other) = (desk.server().await, desk.elsewhere().await);
    one.current_user().await.unwrap();
    other.current_user().await.unwrap();
    let token = desk.sim.asked("GET /api/user/current")[0].header("x-metabase-session").unwrap().to_owned();
    let fault = Fault::on("*").with_header("x-metabase-session", &token).status(401);
    let fault = desk.sim.fault(fault.shape(Shape::RawText, "", "Unauthenticated"));
    desk.clock.advance(seconds(60));
    for server in [&one, &other, &one, &desk.elsewhere().await] {
        server.current_user().await.unwrap();
    }
    assert_eq!(
        (desk.logins(), fault.fired()),
        (2, 2),
        "each of both noticed once, and the first one logged in"
    );
}
