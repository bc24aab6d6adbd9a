//! Answers of old and new servers, word by word.

use super::*;
use crate::server::{Again, failure::of_query};

fn read(status: u16, body: &str) -> Refusal {
    Metabase.read(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
}

#[test]
fn logins() {
    let check = |status, body: &str, code: Option<&str>, pause: Option<u64>| {
        let refusal = read(status, body);
        assert_eq!(refusal.code.as_deref(), code, "{status} {body}");
        assert_eq!(refusal.pause.map(|pause| pause.as_secs()), pause, "{status} {body}");
    };
    let throttled =
        r#"{"errors":{"username":"Too many attempts! You must wait 15 seconds before trying again."}}"#;
    check(401, throttled, Some(LOGIN_THROTTLED), Some(15));
    check(400, throttled, Some(LOGIN_THROTTLED), Some(15));
    let localized = r#"{"errors":{"username":"Zu viele Versuche! Warten Sie 3600 Sekunden."}}"#;
    check(401, localized, Some(LOGIN_THROTTLED), Some(3_600));
    let wrong = r#"{"errors":{"password":"did not match stored password"}}"#;
    check(401, wrong, Some(LOGIN_REFUSED), None);
    check(400, wrong, Some(LOGIN_REFUSED), None);
    check(401, r#"{"errors":{"_error":"Your account is disabled."}}"#, Some(LOGIN_REFUSED), None);
    check(400, r#"{"errors":{"username":"value must be a non-blank string."}}"#, None, None);
    check(400, r#"{"errors":{"password":"value must be a string of 6 letters"}}"#, None, None);
    check(401, "Unauthenticated", None, None);
}

#[test]
fn classes() {
    let check = |status, body: &str, class: Class, code: Option<&str>| {
        let refusal = read(status, body);
        assert_eq!((refusal.class, refusal.code.as_deref()), (class, code), "{status} {body}");
    };
    check(400, r#"{"errors":{"x":"wrong"}}"#, Class::BadRequest, None);
    check(
        400,
        r#"{"specific-errors":{"csv_include_bom":["disallowed key"]},"errors":{"csv_include_bom":"x"}}"#,
        Class::BadRequest,
        Some(UNKNOWN_BOM),
    );
    check(402, "no", Class::BadRequest, Some("paid-feature"));
    check(403, "You don't have permissions to do that.", Class::Denied, None);
    check(
        404,
        r#"{"message":"The object has been archived.","error_code":"archived"}"#,
        Class::NotFound,
        Some("archived"),
    );
    check(408, "", Class::Broken, None);
    check(422, "", Class::BadRequest, None);
    check(429, "", Class::Throttled, None);
    check(500, "boom", Class::Server, None);
    check(
        500,
        r#"{"status":"failed","error":"no","error_type":"invalid-query"}"#,
        Class::Server,
        Some("query:invalid-query"),
    );
    check(500, r#"{"status":"failed","error":"connection refused"}"#, Class::Server, Some("query:"));
    check(502, "", Class::Unavailable, None);
    check(503, r#"{"status":"initializing","progress":0.7}"#, Class::Unavailable, Some(INITIALIZING));
    check(503, r#"{"status":"Unable to get app-db connection"}"#, Class::Unavailable, None);
    check(524, "", Class::Unavailable, None);
}

#[test]
fn queries() {
    let check = |error_type: &str, message: &str, again: Again| {
        let error_type = Some(error_type).filter(|word| !word.is_empty());
        assert_eq!(of_query(error_type, message), again, "{error_type:?} {message}");
    };
    check("invalid-query", "whatever", Again::Never);
    check("invalid-parameter", "connection", Again::Never);
    check("db", "ERROR: relation \"x\" does not exist", Again::Never);
    check("timed-out", "", Again::Yes);
    check("", "connection refused", Again::Yes);
    check("db", "FATAL: terminating connection due to administrator command", Again::Yes);
    check("qp", "something new", Again::Once);
    check("", "", Again::Once);
}
