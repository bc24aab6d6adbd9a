//! What plugins may say, and what becomes of it.

use roundsman_model::OutcomeStatus;

use super::*;

fn answered(purpose: Purpose, answer: Value) -> Result<Outcome, TaskError> {
    read(purpose, 0, Told::Answer(answer))
}

fn cause(result: Result<Outcome, TaskError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn an_outcome_is_an_outcome() {
    let outcome = answered(Purpose::Run, json!({ "status": "partial", "summary": "some" })).unwrap();
    assert_eq!((outcome.status, outcome.summary.as_str()), (OutcomeStatus::Partial, "some"));
    assert_eq!(read(Purpose::Run, 0, Told::Nothing), Ok(Outcome::default()));
    let wrong = cause(answered(Purpose::Run, json!({ "status": "fine" })));
    assert!(wrong.contains("no outcome: unknown variant `fine`, expected one of `success`"), "{wrong}");
}

#[test]
fn a_failure_is_an_instruction() {
    let failed =
        |instruction| read(Purpose::Run, 1, Told::Failure { instruction, cause: "c".into() }).unwrap_err();
    assert_eq!(failed(raw::RETRY), TaskError::retry("c"));
    assert_eq!(failed(raw::PERMANENT), TaskError::permanent("c"));
    assert_eq!(failed(raw::CONFIG), TaskError::config("c"));
    assert_eq!(failed(77), TaskError::permanent("c"));
    let config = answered(Purpose::Preflight, json!({ "error": "config", "cause": "c" }));
    assert_eq!(config, Err(TaskError::config("c")));
    let wrong = cause(answered(Purpose::Run, json!({ "error": "oops" })));
    assert!(wrong.starts_with("`run` failed, and said so wrongly"), "{wrong}");
}

#[test]
fn a_status_without_words_is_told() {
    assert_eq!(cause(read(Purpose::Run, 22, Told::Nothing)), "`run` returned 22 and did not say why");
    let unreadable = read(Purpose::Run, -1, Told::Unreadable("the answer: EOF".into()));
    assert_eq!(cause(unreadable), "`run` gave no JSON: the answer: EOF");
}

#[test]
fn a_description_is_checked() {
    let described = answered(Purpose::Describe, json!({ "name": "a", "about": "does a" })).unwrap();
    assert_eq!(described.detail["category"], "general");
    let refused = |answer| cause(answered(Purpose::Describe, answer));
    assert!(refused(json!({ "about": "does a" })).contains("missing field `name`"));
    assert!(refused(json!({ "name": "Not a name!", "about": "a" })).contains("is not valid"));
    assert!(refused(json!({ "name": "a", "about": "a", "schema": 1 })).contains("schema: "));
    assert!(refused(json!({ "name": "a", "about": "x".repeat(2 << 20) })).contains("at most 1048576"));
    assert!(cause(read(Purpose::Describe, 0, Told::Nothing)).contains("without an answer"));
}

#[test]
fn findings_are_a_list() {
    let finding = json!([{ "level": "ok", "what": "reach it", "found": "it answers" }]);
    assert_eq!(answered(Purpose::Preflight, finding.clone()).unwrap().detail, finding);
    assert_eq!(read(Purpose::Preflight, 0, Told::Nothing).unwrap().detail, json!([]));
    assert!(cause(answered(Purpose::Preflight, json!({}))).contains("no list of findings"));
}
