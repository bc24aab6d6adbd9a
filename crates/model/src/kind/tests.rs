//! Descriptions that come from outside: what is let in and what is not.

use serde_json::json;

use super::{check::MAX_TIMEOUT_MS, *};

fn check(changes: &Value) -> Result<(), String> {
    let mut description = json!({ "name": "disk-space", "about": "looks at disks" });
    for (key, value) in changes.as_object().unwrap() {
        description[key] = value.clone();
    }
    KindDescription::read(description).map(drop)
}

fn refused(changes: &Value, expected: &str) {
    let error = check(changes).unwrap_err();
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn name_and_about_are_enough() {
    assert_eq!(check(&json!({})), Ok(()));
    assert_eq!(check(&json!({ "schema": { "properties": {} } })), Ok(()));
}

#[test]
fn what_is_wrong_is_named_by_its_key() {
    refused(&json!({ "about": " " }), "about: one line");
    refused(&json!({ "about": "two\nlines" }), "about: one line");
    refused(&json!({ "category": "x".repeat(501) }), "category: one line");
    refused(&json!({ "schema": { "type": "string" } }), "schema: the JSON Schema of a table");
    refused(&json!({ "schema": [] }), "schema: ");
    refused(&json!({ "timeout_ms": 0 }), "timeout_ms: 0");
    refused(&json!({ "timeout_ms": u64::MAX }), "timeout_ms: 18446744073709551615 was found; at most a year");
    let longest =
        json!({ "timeout_ms": MAX_TIMEOUT_MS, "actions": [{ "name": "a", "about": "a", "timeout_ms": 1 }] });
    assert_eq!(check(&longest), Ok(()));
    for wrong in [0, MAX_TIMEOUT_MS + 1] {
        let action = json!({ "name": "a", "about": "a", "timeout_ms": wrong });
        refused(&json!({ "actions": [action] }), "actions[0].timeout_ms: ");
    }
    let action = json!({ "name": "usage", "about": "shows usage" });
    refused(&json!({ "actions": [action, action] }), "actions: \"usage\" is there twice");
    refused(&json!({ "actions": [{ "name": "Not So", "about": "a" }] }), "actions[0].name: ");
    refused(
        &json!({ "actions": [{ "name": "a", "about": "a", "params": { "type": 1 } }] }),
        "actions[0].params: ",
    );
    refused(&json!({ "metrics": [{ "name": "a b", "help": "h" }] }), "metrics[0].name: \"a b\" is no name");
    refused(&json!({ "metrics": [{ "name": "a", "help": "h", "labels": ["b:c"] }] }), "metrics[0].labels: ");
    refused(
        &json!({ "credentials": [{ "name": "a" }, { "name": "a" }] }),
        "credentials: \"a\" is there twice",
    );
}

#[test]
fn names_that_belong_to_others_are_refused() {
    let metric =
        |name: &str, labels: &[&str]| json!({ "metrics": [{ "name": name, "help": "h", "labels": labels }] });
    refused(
        &metric("roundsman_runs_total", &[]),
        "metrics[0].name: \"roundsman_runs_total\" is no name for it",
    );
    refused(&metric("2fast", &[]), "metrics[0].name: \"2fast\" is no name");
    refused(&metric("", &[]), "metrics[0].name: ");
    for label in ["task", "le", "quantile", "__name__", "__a", "a-b", ""] {
        refused(&metric("disk_bytes", &["ok", label]), "metrics[0].labels: ");
    }
    refused(&metric("disk_bytes", &["a", "a"]), "metrics[0].labels: \"a\" is there twice");
    assert_eq!(check(&metric("disk:bytes", &["path", "_x"])), Ok(()));
}

#[test]
fn schedules_and_keys_that_are_not_known_are_refused() {
    refused(
        &json!({ "default_schedule": "now and then" }),
        "default_schedule: \"now and then\" is no schedule: ",
    );
    assert_eq!(check(&json!({ "default_schedule": "0 3 * * *" })), Ok(()));
    refused(&json!({ "repeatible": true }), "repeatible: unknown key; did you mean `repeatable`?");
    refused(&json!({ "colour": "red" }), "colour: unknown key; known are name, about");
    refused(
        &json!({ "metrics": [{ "name": "a", "help": "h", "label": [] }] }),
        "metrics[0].label: unknown key; did you mean `labels`?",
    );
    refused(
        &json!({ "actions": [{ "name": "a", "about": "a", "write": true }] }),
        "actions[0].write: unknown",
    );
    refused(&json!({ "credentials": [{ "name": "a", "field": [] }] }), "credentials[0].field: unknown");
}
