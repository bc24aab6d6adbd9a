//! What is understood, and what is said of the rest.

use proptest::prelude::*;
use roundsman_model::MetricValue;
use serde_json::json;

use super::{Level, Message, Status, Wish};

fn line(text: &str) -> Message {
    Message::from_line(text.as_bytes()).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn refused(text: &str, expected: &str) {
    let told = Message::from_line(text.as_bytes()).expect_err(text);
    assert!(told.contains(expected), "{text:?}: {told:?} does not say {expected:?}");
}

fn progress(done: u64, total: Option<u64>, note: &str) -> Message {
    Message::Progress { done, total, note: note.into() }
}

fn metric(name: &str, labels: &[(&str, &str)], value: f64) -> Message {
    let labels = labels.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Message::Metric(MetricValue { name: name.into(), labels, value })
}

fn artifact(path: &str, media_type: Option<&str>) -> Message {
    Message::Artifact(Wish { path: path.into(), name: None, media_type: media_type.map(Into::into) })
}

#[test]
fn lines_of_standard_output() {
    assert_eq!(line("::progress 3/10 fetching all"), progress(3, Some(10), "fetching all"));
    assert_eq!(line("::progress 3"), progress(3, None, ""));
    assert_eq!(line("::progress\t3  note "), progress(3, None, "note"));
    assert_eq!(line("::metric disks_bad 2"), metric("disks_bad", &[], 2.0));
    assert_eq!(line("::metric a{} -1e3"), metric("a", &[], -1000.0));
    let labels = [("b", "x y, \"}"), ("c", "1\n2")];
    assert_eq!(line(r#"::metric a{b="x y, \"}", c = "1\n2",} 0.5"#), metric("a", &labels, 0.5));
    assert_eq!(line("::artifact out/report.csv"), artifact("out/report.csv", None));
    assert_eq!(line("::artifact r.csv text/csv"), artifact("r.csv", Some("text/csv")));
    assert_eq!(line("::artifact \"the report.csv\" text/csv"), artifact("the report.csv", Some("text/csv")));
}

#[test]
fn lines_that_are_not_understood_are_told_why() {
    refused("::", "it begins with none of");
    refused(":: Synchronizing package databases...", "it begins with none of");
    refused("::error file=a.c::broken", "it begins with none of");
    refused("::progress", "is no number of steps");
    refused("::progress half", "is no number of steps");
    refused("::progress 1/x", "is no number of steps");
    refused("::progress -1", "is no number of steps");
    refused("::metric", "expected `name 1.5`");
    refused("::metric a", "expected `name 1.5`");
    refused("::metric a b", "that is no value");
    refused("::metric a{b=c} 1", "expected");
    refused("::metric a{b=\"c\" d=\"e\"} 1", "expected");
    refused("::metric a{b=\"c\"", "expected");
    refused("::metric {b=\"c\"} 1", "expected");
    refused("::metric a nan", "its value is no number");
    refused("::metric a inf", "its value is no number");
    refused("::artifact", "it names no file");
    refused("::artifact the report.csv", "stands in double quotes");
    refused("::artifact \"report.csv", "no closing one");
    refused("::outcomes", "it begins with none of");
    assert!(Message::from_line(b"::progress 1 \xff").unwrap_err().contains("UTF-8"));
}

#[test]
fn outcomes_that_cannot_be_read_are_known_for_outcomes() {
    let unread = |message: Result<Message, String>, expected: &str| {
        let Ok(Message::Unread(why)) = message else { panic!("{message:?}") };
        assert!(why.contains(expected), "{why:?} does not say {expected:?}");
    };
    unread(Message::from_line(b"::outcome"), "EOF");
    unread(Message::from_line(b"::outcome {\"status\":\"fine\"}"), "its `status` is not success, partial");
    unread(Message::from_line(b"::outcome {\"summary\":\"\xff\"}"), "it is no JSON");
    for (text, expected) in [
        (r#"{"type":"outcome","counts":{"failed":"3"}}"#, "its `counts` is not"),
        (r#"{"type":"outcome","counts":{"failed":-1}}"#, "its `counts` is not"),
        (r#"{"type":"outcome","summary":["a"]}"#, "its `summary` is not a text"),
        (r#"{"type":"outcome","wake_at":"at noon"}"#, "its `wake_at` is not an instant"),
        (r#"{"type":"outcome","retry":"yes"}"#, "its `retry` is not true or false"),
        (r#"{"type": "outcome", "status": "failed""#, "it is no JSON"),
        (r#"{"status": failed, "type": "outcome"}"#, "it is no JSON"),
    ] {
        unread(Message::from_json(text.as_bytes()), expected);
    }
}

#[test]
fn nothing_is_quoted_that_may_be_a_piece_of_a_secret() {
    const SECRET: &str = "Xy7/Zq 9{w\"";
    for text in [
        format!("::progress {SECRET}"),
        format!("::progress 1/{SECRET}"),
        format!("::metric a {SECRET}"),
        format!("::metric {SECRET} 1"),
        format!("::artifact {SECRET}"),
        format!("::{SECRET}"),
    ] {
        let told = Message::from_line(text.as_bytes()).unwrap_err();
        assert!(!["Xy7", "Zq", "9{w"].iter().any(|piece| told.contains(piece)), "{text}: {told}");
    }
    for value in [
        json!({ "type": SECRET }),
        json!({ "type": "progress", "done": SECRET }),
        json!({ "type": "log", "level": SECRET }),
    ] {
        let told = Message::from_json(value.to_string().as_bytes()).unwrap_err();
        assert!(!["Xy7", "Zq", "9{w"].iter().any(|piece| told.contains(piece)), "{value}: {told}");
    }
    let report = json!({ "type": "outcome", "status": SECRET }).to_string();
    let Ok(Message::Unread(told)) = Message::from_json(report.as_bytes()) else { panic!("it was read") };
    assert!(!told.contains("Xy7"), "{told}");
}

#[test]
fn objects_of_the_channel() {
    let json = |value: serde_json::Value| Message::from_json(value.to_string().as_bytes());
    assert_eq!(
        json(json!({ "type": "progress", "done": 3, "total": 10, "note": "x" })),
        Ok(progress(3, Some(10), "x"))
    );
    let sample = json!({ "type": "metric", "name": "a", "labels": { "b": "c" }, "value": 2 });
    assert_eq!(json(sample), Ok(metric("a", &[("b", "c")], 2.0)));
    let named = json!({ "type": "artifact", "path": "a b", "name": "c", "media_type": "text/csv" });
    let wish = Wish { path: "a b".into(), name: Some("c".into()), media_type: Some("text/csv".into()) };
    assert_eq!(json(named), Ok(Message::Artifact(wish)));
    let log = |level, message: &str| Ok(Message::Log { level, message: message.into() });
    assert_eq!(json(json!({ "type": "log", "message": "a" })), log(Level::Info, "a"));
    assert_eq!(json(json!({ "type": "log", "level": "warning", "message": "a" })), log(Level::Warn, "a"));
    for wrong in [json!({ "type": "hello" }), json!(null), json!([]), json!("progress"), json!({ "done": 1 })]
    {
        assert!(json(wrong.clone()).is_err(), "{wrong}");
    }
    assert!(Message::from_json(&b"[".repeat(100_000)).is_err());
}

#[test]
fn outcomes_are_the_same_in_both_forms() {
    let report = json!({
        "status": "failed", "summary": "3 of 4", "counts": { "processed": 4, "ok": 3 }, "detail": { "a": [1] },
        "retry": true, "not_before": "2026-03-29T01:30:00Z", "sumary": "a slip",
    });
    let Message::Outcome(said) = line(&format!("::outcome {report}")) else { panic!("an outcome") };
    assert_eq!((said.status, said.summary.as_str()), (Some(Status::Failed), "3 of 4"));
    assert_eq!(said.counts.map(|counts| (counts.processed, counts.ok)), Some((4, 3)));
    assert_eq!((said.detail["a"][0].as_u64(), said.retry), (Some(1), Some(true)));
    assert_eq!(said.unknown.keys().collect::<Vec<_>>(), ["sumary"]);
    let mut object = report.as_object().unwrap().clone();
    object.insert("type".into(), json!("outcome"));
    let object = serde_json::to_vec(&object).unwrap();
    assert_eq!(Message::from_json(&object), Ok(Message::Outcome(said)));
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), text in "::(metric|progress|artifact|outcome) [a-z0-9{}=\", /\\\\]{0,40}") {
        let _ = Message::from_line(&bytes);
        let _ = Message::from_json(&bytes);
        let _ = Message::from_line(text.as_bytes());
    }
}
