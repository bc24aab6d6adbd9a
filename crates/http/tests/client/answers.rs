//! What is sent, and what is made of answers.

use reqwest::header::HeaderName;
use roundsman_http::{Class, HttpError};
use roundsman_model::TaskError;
use serde_json::{Value, json};

use crate::server::{Say, Stage};

#[tokio::test]
async fn a_request_carries_what_it_was_given() {
    let stage = Stage::answering(vec![Say::json(r#"{"id": 7}"#), Say::json("")]).await;
    let client = stage.client().bearer("swordfish").build().unwrap();
    let asked = client.post("/api/things").query("list", "a b").query("list", "c&d").json(&json!({ "x": 1 }));
    let answer: Value =
        asked.header(HeaderName::from_static("x-once"), "yes").send().await.unwrap().json().unwrap();
    assert_eq!(answer["id"], 7);
    let empty: Value = client.get("x").send().await.unwrap().json_or_empty().unwrap();
    assert_eq!(empty, json!({}));
    let request = &stage.asked()[0];
    assert!(request.starts_with("POST /api/things?list=a+b&list=c%26d HTTP/1.1\r\n"), "{request}");
    for part in [
        "authorization: Bearer swordfish",
        "x-once: yes",
        "accept: application/json",
        "user-agent: roundsman/",
    ] {
        assert!(request.contains(part), "{request}");
    }
    assert!(request.ends_with("\r\n\r\n{\"x\":1}"), "{request}");
    assert!(!stage.asked()[1].contains("x-once"));
}

#[tokio::test]
async fn each_error_has_its_class_and_says_what_it_is() {
    let check = async |say: Say, class: Class, told: &str| {
        let stage = Stage::answering(vec![say]).await;
        let client = stage.client().bearer("swordfish").build().unwrap();
        let error = client.post("x").send().await.unwrap_err();
        assert_eq!(error.class(), Some(class), "{error}");
        assert!(error.to_string().contains(told), "{error}");
        assert!(!error.to_string().contains("swordfish"), "{error}");
    };
    let json = "Content-Type: application/json\r\n";
    check(Say::status("401 Unauthorized", "", "token swordfish is old"), Class::Unauthenticated, "is old")
        .await;
    check(Say::status("403 Forbidden", json, r#"{"detail": "no"}"#), Class::Denied, r#"{"detail": "no"}"#)
        .await;
    check(Say::status("404 Not Found", "", ""), Class::NotFound, "404 Not Found").await;
    check(Say::status("409 Conflict", "", "there"), Class::Exists, "there").await;
    check(Say::status("422 Unprocessable", "", "bad"), Class::BadRequest, "bad").await;
    check(Say::status("500 Oh", "", "broken"), Class::Server, "broken").await;
    let login = "Location: https://login.example.com/?token=1\r\n";
    check(Say::status("302 Found", login, ""), Class::Redirected, "login.example.com").await;
    check(Say::status("502 Bad Gateway", "Content-Type: text/html\r\n", "<html>…"), Class::Server, "502")
        .await;
}

#[tokio::test]
async fn a_web_page_is_no_json() {
    let page = Say::status("200 OK", "Content-Type: text/html\r\n", "<html>Sign in</html>");
    let stage = Stage::answering(vec![page, Say::json("[1, 2"), Say::json(r#"{"a": "b"}"#)]).await;
    let client = stage.client().build().unwrap();
    let check = async |class: Class, told: &str| {
        let error = client.get("x").send().await.unwrap().json::<Vec<u8>>().unwrap_err();
        assert_eq!(error.class(), Some(class));
        assert!(error.to_string().contains(told), "{error}");
    };
    check(Class::Redirected, "web page instead of JSON").await;
    check(Class::Unexpected, "not the JSON that was expected").await;
    check(Class::Unexpected, "not the JSON that was expected").await;
}

#[tokio::test]
async fn redirects_are_followed_only_where_that_was_asked_for() {
    let there = || Say::status("302 Found", "Location: /there\r\n", "");
    let stage = Stage::answering(vec![there(), Say::json("[]"), there(), there()]).await;
    let client = stage.client().bearer("swordfish").redirects(1).build().unwrap();
    client.get("here").send().await.unwrap();
    assert!(stage.asked()[1].starts_with("GET /there HTTP/1.1\r\n"));
    let error = client.get("here").send().await.unwrap_err();
    assert_eq!(error.class(), Some(Class::Redirected), "one too many: {error}");
    let elsewhere = Say::status("307 Temporary", "Location: http://127.0.0.2:1/\r\n", "");
    let stage = Stage::answering(vec![elsewhere]).await;
    let client = stage.client().bearer("swordfish").redirects(3).build().unwrap();
    let error = client.get("here").send().await.unwrap_err();
    assert!(error.to_string().contains("credentials must not go"), "{error}");
    assert_eq!(stage.asked().len(), 1);
}

#[tokio::test]
async fn what_the_task_does_then() {
    let check = async |say: Say, expected: fn(&TaskError) -> bool| {
        let stage = Stage::answering(vec![say]).await;
        let error = stage.client().build().unwrap().post("x").send().await.unwrap_err();
        let error = TaskError::from(error);
        assert!(expected(&error), "{error:?}");
    };
    check(Say::status("401 Unauthorized", "", ""), |error| matches!(error, TaskError::Config { .. })).await;
    check(Say::status("403 Forbidden", "", ""), |error| matches!(error, TaskError::Permanent { .. })).await;
    check(Say::Hang, |error| matches!(error, TaskError::Retry { not_before: None, .. })).await;
    let later = Say::status("503 Wait", "Retry-After: 900\r\n", "");
    check(later, |error| matches!(error, TaskError::Retry { not_before: Some(_), .. })).await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_it_is() {
    let stage = Stage::answering(Vec::new()).await;
    assert!(matches!(stage.client().bearer("a\nb").build(), Err(HttpError::Setup { .. })));
    let client = stage.client().build().unwrap();
    let header = client.get("x").header(HeaderName::from_static("x-a"), "a\nb").send().await;
    assert!(matches!(header, Err(HttpError::Request { .. })));
    assert!(stage.asked().is_empty());
}
