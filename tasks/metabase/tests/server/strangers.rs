//! Logins that something else than Metabase answers: nobody judged the password, so nobody is kept from using it.

use std::time::Duration;

use roundsman_metabase::server::{Again, FailureClass};
use roundsman_simulators::{Fault, Shape};
use roundsman_task::TaskError;

use crate::desk::Desk;

const PAGE: &str =
    "<!DOCTYPE html><html><head><title>Sign in - Example Company</title></head><body></body></html>";

fn on_login() -> Fault {
    Fault::on("POST /api/session").times(1)
}

/// A login that ends for good because something stands before the server, and the next run, which logs in as if nothing
/// had been.
async fn check(fault: Fault, says: &str) {
    let desk = Desk::with_login().await;
    desk.sim.fault(fault);
    let failure = desk.server().await.current_user().await.unwrap_err();
    assert_eq!(failure.again, Again::Never, "{says}: {failure}");
    let told = failure.to_string();
    assert!(told.contains(says) && told.contains("not because of the password"), "{says}: {told}");
    assert!(matches!(TaskError::from(failure), TaskError::Config { .. }), "it ends the run");
    assert_eq!(desk.logins(), 1, "{says}: it is not tried again in this run");
    desk.clock.advance(Duration::from_secs(31));
    desk.elsewhere().await.current_user().await.unwrap();
    assert_eq!(desk.logins(), 2, "{says}");
}

#[tokio::test]
async fn a_page_is_no_word_on_the_password() {
    check(on_login().page(PAGE), "a login page may stand before it").await;
    check(on_login().status(401).shape(Shape::RawHtml, "", PAGE), "401").await;
    check(on_login().status(403).shape(Shape::RawHtml, "", PAGE), "403").await;
}

#[tokio::test]
async fn nor_is_a_redirect() {
    check(on_login().redirect("https://login.example.com/"), "login.example.com").await;
    check(on_login().redirect("/login"), "/login").await;
}

#[tokio::test]
async fn nor_is_what_cannot_be_read() {
    check(on_login().status(200).shape(Shape::RawJson, "", r#"{"session":7}"#), "otherwise than expected")
        .await;
    for id in ["", "two words", "two\\nlines", "ü"] {
        let body = format!(r#"{{"id":"{id}"}}"#);
        check(on_login().status(200).shape(Shape::RawJson, "", &body), "otherwise than expected").await;
    }
    check(on_login().status(404).shape(Shape::RawText, "", "Not found."), "Not found.").await;
    check(on_login().status(200).shape(Shape::RawText, "", ""), "not as Metabase does").await;
}

#[tokio::test]
async fn servers_that_fail_at_a_login_are_asked_again_and_block_nobody() {
    for (status, class) in [
        (429, FailureClass::Throttled),
        (500, FailureClass::HttpServer),
        (502, FailureClass::HttpServer),
        (503, FailureClass::HttpServer),
        (504, FailureClass::HttpServer),
    ] {
        let desk = Desk::with_login().await;
        let fault =
            desk.sim.fault(Fault::on("POST /api/session").status(status).shape(Shape::RawHtml, "", PAGE));
        let failure = desk.server().await.current_user().await.unwrap_err();
        assert_eq!(failure.class, class, "{status}: {failure}");
        assert!(!failure.is_permanent(), "{status}: {failure}");
        assert!(desk.logins() > 1, "{status}");
        let circuit = &desk.test.documents_in("metabase", "circuits")[0].value;
        assert!(circuit["refused_until"].is_null(), "{status}: {circuit}");
        assert!(circuit["throttled_until"].is_null(), "{status}: {circuit}");
        fault.lift();
        desk.elsewhere().await.current_user().await.unwrap();
    }
}

/// What Metabase says itself is final, whatever words it has for it.
#[tokio::test]
async fn a_refusal_in_other_words_is_one() {
    let desk = Desk::with_login().await;
    let words = r#"{"message":"Password login is disabled for this instance."}"#;
    desk.sim.fault(on_login().status(401).shape(Shape::RawJson, "", words));
    let failure = desk.server().await.current_user().await.unwrap_err();
    assert_eq!((failure.class, failure.again), (FailureClass::Auth, Again::Never), "{failure}");
    assert!(failure.to_string().contains("Password login is disabled"), "{failure}");
    desk.clock.advance(Duration::from_secs(60));
    assert_eq!(desk.elsewhere().await.current_user().await.unwrap_err().class, FailureClass::Auth);
    assert_eq!(desk.logins(), 1);
}
