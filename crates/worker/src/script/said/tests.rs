//! Which of two reports counts. No script is run.

use std::time::Duration;

use roundsman_model::{ExitCodes, Outcome, OutcomeStatus, TaskError};
use roundsman_program::{Ended, Exit, Ran, Tail};
use serde_json::{Value, json};

use super::{Report, conclude};
use crate::script::message::Message;

fn concluded(said: Option<Value>, exit: Exit) -> Result<Outcome, TaskError> {
    let codes = ExitCodes { success: vec![0], partial: vec![1], retry: vec![75], skipped: vec![77] };
    let mut stderr = Tail::new(3);
    stderr.push(b"last words\n");
    let ended = Ended { exit, took: Duration::from_secs(2), cancelled: false };
    let said = said.map(|said| match Message::from_line(format!("::outcome {said}").as_bytes()) {
        Ok(Message::Outcome(said)) => Report::Read(said),
        Ok(Message::Unread(why)) => Report::Unread(why),
        other => panic!("{other:?}"),
    });
    conclude(said, Ran::new(ended, Tail::new(3), stderr), &codes).map_err(|(error, _)| error)
}

fn status(said: &str, code: i32) -> Option<OutcomeStatus> {
    concluded(Some(json!({ "status": said, "summary": "done" })), Exit::Code(code))
        .ok()
        .map(|outcome| outcome.status)
}

#[test]
fn the_worse_of_report_and_exit_code_counts() {
    use OutcomeStatus::{Partial, Skipped, Success};
    let table = [
        ("success", [Some(Success), Some(Partial), Some(Skipped), None, None]),
        ("skipped", [Some(Skipped), Some(Partial), Some(Skipped), None, None]),
        ("partial", [Some(Partial), Some(Partial), Some(Partial), None, None]),
        ("failed", [None; 5]),
    ];
    for (said, expected) in table {
        assert_eq!([0, 1, 77, 75, 3].map(|code| status(said, code)), expected, "{said}");
    }
}

#[test]
fn a_report_brings_what_it_says() {
    let said = json!({
        "summary": "4 disks\nchecked", "counts": { "processed": 4 }, "detail": { "disks": 4 }, "print": [1],
        "again": true, "wake_at": "2026-03-29T01:30:00Z",
    });
    let outcome = concluded(Some(said), Exit::Code(0)).unwrap();
    assert_eq!((outcome.status, outcome.summary.as_str()), (OutcomeStatus::Success, "4 disks checked"));
    assert_eq!((outcome.counts.processed, &outcome.detail["disks"]), (4, &json!(4)));
    assert!(outcome.again && outcome.wake_at.is_some() && outcome.print.is_array());
    let bare = concluded(Some(json!({ "counts": { "ok": 1 } })), Exit::Code(1)).unwrap();
    assert_eq!((bare.status, bare.summary.as_str()), (OutcomeStatus::Partial, "exit code 1: last words"));
    assert_eq!(bare.detail["stderr"], json!(["last words"]));
    let long = concluded(Some(json!({ "summary": "x".repeat(2_000) })), Exit::Code(0)).unwrap();
    assert_eq!(long.summary.chars().count(), 1_001);
}

#[test]
fn failures_say_whether_to_try_again() {
    let failed = |extra: Value, code| {
        let mut said = json!({ "status": "failed", "summary": "no route" });
        said.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        concluded(Some(said), Exit::Code(code)).unwrap_err()
    };
    assert_eq!(failed(json!({}), 0), TaskError::permanent("no route"));
    assert_eq!(failed(json!({}), 3), TaskError::permanent("no route"));
    assert_eq!(failed(json!({}), 75), TaskError::retry("no route"));
    assert_eq!(failed(json!({ "retry": false }), 75), TaskError::permanent("no route"));
    assert_eq!(failed(json!({ "retry": true }), 1), TaskError::retry("no route"));
    let later = "2026-03-29T01:30:00Z";
    let TaskError::Retry { not_before, .. } = failed(json!({ "not_before": later }), 0) else {
        panic!("a retry")
    };
    assert_eq!(not_before, Some(later.parse().unwrap()));
}

#[test]
fn success_that_ends_badly_is_a_failure_that_tells_both() {
    let said = json!({ "status": "success", "summary": "all fine" });
    let error = concluded(Some(said.clone()), Exit::Code(3)).unwrap_err();
    assert_eq!(error, TaskError::permanent("exit code 3: last words after it had said: all fine"));
    let killed = concluded(Some(said), Exit::Signal(9)).unwrap_err();
    assert_eq!(killed, TaskError::permanent("killed by SIGKILL: last words after it had said: all fine"));
}

#[test]
fn without_a_report_the_exit_code_counts() {
    assert_eq!(concluded(None, Exit::Code(0)).unwrap().summary, "exit code 0 after 2.0 s");
    assert_eq!(concluded(None, Exit::Code(75)).unwrap_err(), TaskError::retry("exit code 75: last words"));
}

#[test]
fn a_report_that_cannot_be_read_is_never_good_news() {
    let told = |said: Value, code| concluded(Some(said), Exit::Code(code)).unwrap_err();
    let cause = |what: &str| TaskError::permanent(format!("the script's outcome cannot be read: {what}"));
    let counts =
        "its `counts` is not an object with whole numbers for names such as processed, ok and failed";
    assert_eq!(told(json!({ "status": "failed", "counts": { "failed": "3" } }), 0), cause(counts));
    let instant = "its `not_before` is not an instant such as \"2026-03-29T01:30:00Z\"";
    assert_eq!(told(json!({ "status": "failed", "not_before": "soon" }), 1), cause(instant));
    assert_eq!(
        told(json!({ "status": "fine" }), 77),
        cause("its `status` is not success, partial, skipped or failed")
    );
    assert_eq!(told(json!(["failed"]), 0), cause("it is no JSON object"));
    let again = told(json!({ "again": 1 }), 75);
    let expected =
        "exit code 75: last words; the script's outcome cannot be read: its `again` is not true or false";
    assert_eq!(again, TaskError::retry(expected));
    assert!(
        concluded(Some(json!({ "counts": null, "summary": null, "again": null })), Exit::Code(0)).is_ok()
    );
}
