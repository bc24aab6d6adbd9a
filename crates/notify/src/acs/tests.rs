//! Signatures against known answers, which were computed elsewhere. Nothing is sent.

use base64::{Engine, prelude::BASE64_STANDARD};
use roundsman_http::{BaseUrl, Method, Signer};
use sha2::{Digest, Sha256};

use super::{AcsSettings, KeySigner, signature};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const DATE: &str = "Mon, 16 Nov 2026 08:15:00 GMT";
const SEND: &str = "/emails:send?api-version=2023-03-31";
const BODY: &str = r#"{"senderAddress":"DoNotReply@example.com","recipients":{"to":[{"address":"s1@example.edu"}],"cc":[{"address":"admin@example.edu"}]},"content":{"subject":"cluster_07: 80% of daily quota used","plainText":"hello"}}"#;

fn hash(body: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(body))
}

#[test]
fn known_signatures() {
    assert_eq!(hash(BODY), "aKYhHOQobfIeJC0XukVvd7KQAOcg6kLhaxuS1H7Q31A=");
    assert_eq!(hash(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    let key = BASE64_STANDARD.decode(KEY).unwrap();
    let status = "/emails/operations/6f0c1c1e-6d0c-5d53-9b0a-0d1f6f1f0a01?api-version=2023-03-31";
    let check = |method, path, host, body, expected| {
        assert_eq!(signature(&key, method, path, DATE, host, &hash(body)), expected, "{method} {host}");
    };
    check("POST", SEND, "sim.example.test", BODY, "leOHXfU2mdXxyE12aAKyTo8BSV0U1QZNaw2729dZ5iA=");
    check("POST", SEND, "127.0.0.1:18080", BODY, "2D6otpfWzMT5jCVH89B7bNbq/4iJQMnDf2uvM+qEFLw=");
    check("GET", status, "sim.example.test", "", "xHlaPr614Kmdem/fjNm6SCLmWcYzjf4tNAQQmlvLpMg=");
}

#[test]
fn requests_are_signed_as_they_are_sent() {
    let signer = KeySigner { key: BASE64_STANDARD.decode(KEY).unwrap() };
    let base = BaseUrl::parse("http://127.0.0.1:18080").unwrap();
    let mut url = base.join("emails:send").unwrap();
    url.query_pairs_mut().append_pair("api-version", "2023-03-31");
    let now = "2026-11-16T08:15:00Z".parse().unwrap();
    let headers = signer.sign(&Method::POST, &url, BODY.as_bytes(), now);
    assert_eq!(headers["x-ms-date"], DATE);
    assert!(
        headers["authorization"].to_str().unwrap().ends_with("2D6otpfWzMT5jCVH89B7bNbq/4iJQMnDf2uvM+qEFLw=")
    );
}

#[test]
fn connection_strings() {
    let text = format!("endpoint=https://lab.example.com/;accesskey={KEY}");
    let settings = AcsSettings::of_connection_string(&text, "DoNotReply@example.com").unwrap();
    assert_eq!(
        (settings.endpoint.to_string().as_str(), settings.access_key.expose().as_str()),
        ("https://lab.example.com/", KEY)
    );
    let error = AcsSettings::of_connection_string("accesskey=x", "a@example.com").err().unwrap();
    assert!(error.to_string().contains("endpoint="), "{error}");
}
