//! The reference vectors of the signature, and what does not pass. That every request is checked is tested over HTTP.

use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, prelude::BASE64_STANDARD};

use super::{Gate, sign};
use crate::exchange::Asked;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const DATE: &str = "Mon, 16 Nov 2026 08:15:00 GMT";
const SEND: &str = "/emails:send?api-version=2023-03-31";
const BODY: &str = r#"{"senderAddress":"DoNotReply@example.com","recipients":{"to":[{"address":"s1@example.edu"}],"cc":[{"address":"admin@example.edu"}]},"content":{"subject":"cluster_07: 80% of daily quota used","plainText":"hello"}}"#;
const HASH: &str = "aKYhHOQobfIeJC0XukVvd7KQAOcg6kLhaxuS1H7Q31A=";
const SIGNATURE: &str = "leOHXfU2mdXxyE12aAKyTo8BSV0U1QZNaw2729dZ5iA=";

fn key() -> Vec<u8> {
    BASE64_STANDARD.decode(KEY).unwrap()
}

fn asked(host: &str, hash: &str, date: &str, signature: &str) -> Asked {
    let authorization =
        format!("HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}");
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", host),
        ("x-ms-content-sha256", hash),
        ("x-ms-date", date),
        ("authorization", &authorization),
    ] {
        headers
            .insert(name.parse::<axum::http::HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    Asked {
        method: "POST".to_owned(),
        path: "/emails:send".to_owned(),
        target: SEND.to_owned(),
        query: "api-version=2023-03-31".to_owned(),
        headers,
        body: BODY.into(),
    }
}

fn check(asked: &Asked, now: &str) -> Result<(), String> {
    Gate { key: &key(), skew_secs: 300 }.check(asked, now.parse().unwrap())
}

#[test]
fn signatures_are_those_of_the_reference() {
    assert_eq!(BODY.len(), 212);
    assert_eq!(sign(&key(), "POST", SEND, DATE, "sim.example.test", HASH), SIGNATURE);
    let with_port = "2D6otpfWzMT5jCVH89B7bNbq/4iJQMnDf2uvM+qEFLw=";
    assert_eq!(sign(&key(), "POST", SEND, DATE, "127.0.0.1:18080", HASH), with_port);
    let status = "/emails/operations/6f0c1c1e-6d0c-5d53-9b0a-0d1f6f1f0a01?api-version=2023-03-31";
    let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let wanted = "xHlaPr614Kmdem/fjNm6SCLmWcYzjf4tNAQQmlvLpMg=";
    assert_eq!(sign(&key(), "GET", status, DATE, "sim.example.test", empty), wanted);
}

#[test]
fn what_is_signed_passes_and_nothing_else() {
    let now = "2026-11-16T08:15:30Z";
    assert_eq!(check(&asked("sim.example.test", HASH, DATE, SIGNATURE), now), Ok(()));
    let told = |asked: &Asked, now: &str| check(asked, now).unwrap_err();
    let late = told(&asked("sim.example.test", HASH, DATE, SIGNATURE), "2026-11-16T08:20:01Z");
    assert_eq!(late, "x-ms-date is off by 301 s");
    let other_host = asked("sim.example.test:443", HASH, DATE, SIGNATURE);
    assert_eq!(told(&other_host, now), "the signature is not that of the access key");
    let other_hash =
        asked("sim.example.test", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", DATE, SIGNATURE);
    assert_eq!(told(&other_hash, now), "x-ms-content-sha256 is not that of the body");
    let no_date = asked("sim.example.test", HASH, "today", SIGNATURE);
    assert_eq!(told(&no_date, now), "x-ms-date \"today\" is no date");
    let mut unsigned = asked("sim.example.test", HASH, DATE, SIGNATURE);
    unsigned.headers.remove("authorization");
    assert_eq!(told(&unsigned, now), "authorization is missing");
}
