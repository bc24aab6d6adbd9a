//! Which `with` tables make sense, and what people are told about the others. Nothing is run.

use roundsman_task::Registry;
use serde_json::{Value, json};

use super::{Config, Program};

fn config(with: Value) -> Result<Config, String> {
    serde_json::from_value(with).map_err(|error: serde_json::Error| error.to_string())
}

fn refused(with: Value, expected: &str) {
    let told = config(with.clone()).err().unwrap_or_else(|| panic!("{with} was accepted"));
    assert!(told.contains(expected), "{with}: {told:?} does not say {expected:?}");
}

#[test]
fn argv_or_shell() {
    let argv = config(json!({ "argv": ["echo", "a b"] })).unwrap();
    assert_eq!(argv.argv(), ["echo", "a b"]);
    assert_eq!(argv.title(), r#"["echo", "a b"]"#);
    assert_eq!(argv.tail_lines, 20);
    let shell = config(json!({ "shell": "echo a | wc" })).unwrap();
    assert_eq!(shell.argv(), ["/bin/sh", "-c", "echo a | wc"]);
    assert_eq!(shell.program, Program::Shell("echo a | wc".to_owned()));
    assert_eq!(shell.title(), r#""echo a | wc" in /bin/sh"#);
}

#[test]
fn what_makes_no_sense_is_refused() {
    refused(json!({}), "nothing to run");
    refused(json!({ "argv": ["a"], "shell": "a" }), "leave one of them out");
    refused(json!({ "argv": [] }), "`argv` is empty");
    refused(json!({ "argv": ["", "x"] }), "`argv` is empty");
    refused(json!({ "shell": "  " }), "`shell` is empty");
    refused(json!({ "argv": ["a", "b\0c"] }), "`argv` contains a NUL");
    refused(json!({ "shell": "a\0" }), "`shell` contains a NUL");
    refused(json!({ "shell": "a", "env": { "A=B": "c" } }), "\"A=B\" is no name");
    refused(json!({ "shell": "a", "env": { "": "c" } }), "is no name");
    refused(json!({ "shell": "a", "env": { "A": "\0" } }), "`env` contains a NUL");
    refused(json!({ "shell": "a", "tail_lines": 1001 }), "at most 1000");
    refused(json!({ "shell": "a", "exit_codes": { "retry": [0] } }), "both `success` and `retry`");
    refused(json!({ "shell": "a", "exit_codes": { "success": [256] } }), "256");
    refused(json!({ "shell": "a", "shel": "b" }), "unknown field `shel`");
}

#[test]
fn a_value_of_a_variable_is_never_told() {
    let told = config(json!({ "shell": "a", "env": { "TOKEN": "hunter2\0" } })).err().unwrap();
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn long_commands_are_shortened_in_titles() {
    let title = config(json!({ "shell": "x".repeat(5000) })).unwrap().title();
    assert_eq!(title.chars().count(), 201);
    assert!(title.ends_with('…'));
}

#[test]
fn the_kind_is_registered_and_needs_configuration() {
    let registry = Registry::collect().unwrap();
    let entry = registry.get("command").expect("the kind registers itself");
    assert!(!entry.is_built_in());
    assert!(!entry.info.repeatable);
    let schema = entry.schema();
    assert_eq!(schema["properties"]["tail_lines"]["default"], 20);
    assert_eq!(schema["properties"]["exit_codes"]["default"]["success"], json!([0]));
    assert_eq!(schema["additionalProperties"], false);
}
