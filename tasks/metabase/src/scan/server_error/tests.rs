//! Which errors are worth another try, and how errors are read from whole answers.

use super::*;

#[test]
fn fates_follow_the_type_then_the_words() {
    for (error_type, message, fate) in [
        (Some("invalid-query"), "connection refused", Fate::Permanent),
        (Some("missing-required-permissions"), "", Fate::Permanent),
        (Some("missing-required-parameter"), "", Fate::Permanent),
        (Some("invalid-parameter"), "", Fate::Permanent),
        (Some("unsupported-feature"), "", Fate::Permanent),
        (Some("disabled-feature"), "", Fate::Permanent),
        (Some("timed-out"), "", Fate::Retryable),
        (Some("timed-out"), "it does not exist", Fate::Retryable),
        (None, "ERROR: relation \"x\" Does Not Exist", Fate::Permanent),
        (None, "Syntax error at or near", Fate::Permanent),
        (None, "PERMISSION DENIED for table", Fate::Permanent),
        (None, "Invalid column name", Fate::Permanent),
        (None, "connection refused", Fate::Retryable),
        (None, "Read timeout", Fate::Retryable),
        (None, "Deadlock found", Fate::Retryable),
        (None, "canceling statement due to user request", Fate::Retryable),
        (Some("db"), "Communications link failure", Fate::Retryable),
        (Some("db"), "division by zero", Fate::Unknown),
        (None, "", Fate::Unknown),
        (None, "the connection's table does not exist", Fate::Permanent),
    ] {
        let error = ServerError {
            message: message.to_owned(),
            error_type: error_type.map(str::to_owned),
            class: None,
        };
        assert_eq!(error.fate(), fate, "{error:?}");
    }
}

#[test]
fn errors_are_read_from_whole_answers() {
    let failure = br#"{"status":"failed","class":"E","error":"no such table","error_type":"invalid-query","data":{"rows":[]}}"#;
    let error = ServerError::read(failure).unwrap();
    assert_eq!((error.message.as_str(), error.class.as_deref()), ("no such table", Some("E")));
    assert_eq!(error.to_string(), "no such table (invalid-query)");
    let long = format!("{{\"error\":\"{}\"}}", "ü".repeat(5_000));
    assert_eq!(ServerError::read(long.as_bytes()).unwrap().message.chars().count(), MESSAGE + 1);
    for other in [
        &b""[..],
        b"[]",
        b"Not found.",
        br#"{"status":"completed","data":{}}"#,
        br#"{"id":1}"#,
        b"{\"error\" 1}",
    ] {
        assert_eq!(ServerError::read(other), None, "{}", String::from_utf8_lossy(other));
    }
}
