//! Error bodies and what they mean, by tables. No server is asked.

use std::time::Duration;

use roundsman_http::{Class, Reading, Refusal, StatusCode, header::HeaderMap};
use serde_json::json;

use super::{FEDERATED_GROUP, ONLY_IN_ACCOUNT, PINNED, VendorReading};

fn read(status: u16, body: &str) -> Refusal {
    VendorReading.read(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
}

#[test]
fn layouts() {
    let check = |status: u16, body: &str, class: Class, code: Option<&str>, message: Option<&str>| {
        let refusal = read(status, body);
        assert_eq!((refusal.class, refusal.code.as_deref()), (class, code), "{body}");
        assert_eq!(refusal.message.as_deref(), message, "{body}");
    };
    check(500, "", Class::Server, None, None);
    check(500, " \r\n", Class::Server, None, None);
    let gone = "RESOURCE_DOES_NOT_EXIST: Cluster 1 does not exist";
    let standard = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Cluster 1 does not exist"}"#;
    check(404, standard, Class::NotFound, Some("RESOURCE_DOES_NOT_EXIST"), Some(gone));
    check(403, r#"{"error_code":403,"message":"no"}"#, Class::Denied, Some("403"), Some("403: no"));
    let unknown = r#"{"error_code":403,"message":"Invalid access token."}"#;
    check(403, unknown, Class::Unauthenticated, Some("403"), Some("403: Invalid access token."));
    let old = r#"{"error":"IllegalArgumentException: no such thing"}"#;
    check(400, old, Class::BadRequest, None, Some("IllegalArgumentException: no such thing"));
    let scim = |status: &str, kind: &str, detail: &str| {
        format!(
            r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"scimType":{kind},"detail":{detail},"status":{status}}}"#
        )
    };
    let taken = "SCIM_409: uniqueness Group with name group_01 already exists.";
    for status in ["409", "\"409\""] {
        let body = scim(status, "\"uniqueness\"", "\"Group with name group_01 already exists.\"");
        check(409, &body, Class::Exists, Some("SCIM_409"), Some(taken));
    }
    let internal = Some("SCIM_500: internal error of SCIM");
    check(500, &scim("500", "null", "\"null\""), Class::Server, Some("SCIM_500"), internal);
    check(500, &scim("500", "null", "null"), Class::Server, Some("SCIM_500"), internal);
    let state = "INVALID_STATE: Cluster is terminating: wait";
    check(400, state, Class::WrongState, Some("INVALID_STATE"), Some(state));
    check(400, "Oh dear: no", Class::BadRequest, None, Some("Oh dear: no"));
    let page =
        "<html><head><title>429</title></head><BODY><pre class=\"x\">Too many\nrequests</pre></BODY></html>";
    check(429, page, Class::Throttled, None, Some("Too many requests"));
    check(502, "<!DOCTYPE html><title>Bad Gateway</title>", Class::Server, None, Some("Bad Gateway"));
    check(502, "<html><pre>never closed", Class::Server, None, None);
    check(502, "<html>İ<pre>ok</pre>", Class::Server, None, Some("ok"));
    let oauth = r#"{"error":"invalid_client","error_description":"no such client"}"#;
    check(401, oauth, Class::Unauthenticated, Some("invalid_client"), Some("invalid_client: no such client"));
    let summary = r#"{"errorCode":"E0000004","errorSummary":"Authentication failed"}"#;
    check(401, summary, Class::Unauthenticated, Some("E0000004"), Some("E0000004: Authentication failed"));
    check(500, "[1]", Class::Server, None, Some("[1]"));
    check(500, r#"{"error_code":null,"message":""}"#, Class::Server, None, None);
}

#[test]
fn classes() {
    let check = |status: u16, code: &str, message: &str, class: Class| {
        let refusal = read(status, &json!({ "error_code": code, "message": message }).to_string());
        assert_eq!(refusal.class, class, "{status} {code} {message}");
    };
    check(400, "INVALID_PARAMETER_VALUE", "Cluster 0101-000000-aaaa0001 does not exist", Class::NotFound);
    check(400, "INVALID_PARAMETER_VALUE", "Missing required field", Class::BadRequest);
    check(400, "INVALID_STATE", "Cluster is terminating", Class::WrongState);
    check(400, "DIRECTORY_NOT_EMPTY", "Folder is not empty", Class::BadRequest);
    check(400, "MAX_NOTEBOOK_SIZE_EXCEEDED", "too large", Class::BadRequest);
    check(400, "SOMETHING_NEW", "no", Class::BadRequest);
    check(401, "", "no", Class::Unauthenticated);
    check(403, "PERMISSION_DENIED", "no", Class::Denied);
    check(404, "RESOURCE_DOES_NOT_EXIST", "no", Class::NotFound);
    check(404, "NOT_FOUND", "no", Class::NotFound);
    check(404, "", "no", Class::NotFound);
    check(409, "RESOURCE_ALREADY_EXISTS", "no", Class::Exists);
    check(409, "ALREADY_EXISTS", "no", Class::Exists);
    check(409, "ABORTED", "no", Class::Conflict);
    check(429, "RESOURCE_EXHAUSTED", "no", Class::Throttled);
    check(429, "REQUEST_LIMIT_EXCEEDED", "no", Class::Throttled);
    check(429, "", "no", Class::Throttled);
    check(499, "", "no", Class::Server);
    check(500, "INTERNAL_ERROR", "no", Class::Server);
    check(502, "UNKNOWN", "no", Class::Server);
    check(504, "", "no", Class::Server);
    check(503, "TEMPORARILY_UNAVAILABLE", "no", Class::Unavailable);
    check(503, "", "no", Class::Unavailable);
    // The code is more exact than the status.
    check(400, "REQUEST_LIMIT_EXCEEDED", "no", Class::Throttled);
    check(500, "RESOURCE_DOES_NOT_EXIST", "no", Class::NotFound);
    check(400, "RESOURCE_ALREADY_EXISTS", "no", Class::Exists);
}

#[test]
fn stumbles_are_known_by_their_words() {
    let words = [
        "RPC token bucket limit has been exceeded",
        "ClusterNotReadyException",
        "Unexpected error",
        "Please try again later or try a faster operation.",
        "Unknown worker environment",
        "There is no worker environment with id",
        "does not have any associated worker environments",
        "UnknownWorkerEnvironmentException",
    ];
    for words in words {
        for status in [400, 403, 500] {
            let body =
                json!({ "error_code": "INVALID_PARAMETER_VALUE", "message": format!("oh: {words} 7") });
            assert_eq!(read(status, &body.to_string()).class, Class::Transient, "{status} {words}");
            assert_eq!(read(status, &format!("oh, {words}")).class, Class::Transient, "{status} {words}");
        }
    }
    let busy = r#"{"error_code":"RESOURCE_EXHAUSTED","message":"RPC token bucket limit has been exceeded"}"#;
    assert_eq!(read(429, busy).class, Class::Throttled, "others must wait too");
}

#[test]
fn words_that_have_a_code_of_ours() {
    let check = |status: u16, message: &str, class: Class, code: &str| {
        let refusal = read(status, &json!({ "detail": message, "status": status }).to_string());
        assert_eq!((refusal.class, refusal.code.as_deref()), (class, Some(code)));
    };
    check(400, "Cluster is pinned, unpin the cluster first", Class::WrongState, PINNED);
    check(
        409,
        "User with email a@example.edu already exists in this account",
        Class::Exists,
        ONLY_IN_ACCOUNT,
    );
    check(409, "INVALID: Account group with name group_01 not found", Class::BadRequest, FEDERATED_GROUP);
    check(409, "User with username a@example.edu already exists.", Class::Exists, "SCIM_409");
}

#[test]
fn pauses_that_details_ask_for() {
    let check = |delay: serde_json::Value, expected: Option<u64>| {
        let retry = json!({ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retry_delay": delay });
        let body = json!({ "message": "busy", "details": [{ "@type": "x" }, 7, retry] }).to_string();
        assert_eq!(read(429, &body).pause, expected.map(Duration::from_millis), "{body}");
    };
    check(json!({ "seconds": 3 }), Some(3_000));
    check(json!({ "seconds": "3", "nanos": 500_000_000 }), Some(3_500));
    check(json!("2.5s"), Some(2_500));
    check(json!("-1s"), None);
    check(json!({}), None);
    check(json!(null), None);
}

#[test]
fn what_is_told_on_has_no_addresses_and_an_end() {
    let told = read(400, r#"{"error_code":"BAD_REQUEST","message":"no user s1@example.edu"}"#).message;
    assert_eq!(told.as_deref(), Some("BAD_REQUEST: no user …@example.edu"));
    let endless = json!({ "error_code": "BAD_REQUEST", "message": "é".repeat(3_000_000) }).to_string();
    assert_eq!(read(400, &endless).message.unwrap().chars().count(), 2_000);
}
