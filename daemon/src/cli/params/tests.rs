//! Parameters against what a kind says, without a store.

use roundsman_model::{Run, RunState, TaskDefinition};
use serde_json::{Value, json};

use super::{action, of_run, still_fit};
use crate::{
    cli::{failure::Answer, sample},
    kinds::Catalogue,
};

fn catalogue(takes_params: bool) -> Catalogue {
    let description = json!({
        "name": "backup", "about": "saves it", "takes_params": takes_params,
        "code": { "from": "script", "path": "/scripts/backup.sh", "sha256": "ab" },
        "schema": { "type": "object", "additionalProperties": false, "required": ["day"], "properties": {
            "day": { "type": "string" }, "level": { "type": "integer", "minimum": 1 },
            "file": { "type": "string", "format": "path" } } },
        "actions": [{ "name": "restore", "about": "puts it back", "params": { "type": "object",
            "additionalProperties": false, "required": ["from"], "properties": { "from": { "type": "string" } } } }],
    });
    Catalogue::of_descriptions([serde_json::from_value(description).unwrap()])
}

fn task() -> TaskDefinition {
    TaskDefinition { kind: "backup".parse().unwrap(), ..sample::definition("backup", "0 2 * * *") }
}

fn run(given: &[&str], with_action: Option<&str>, catalogue: &Catalogue) -> Result<Value, String> {
    let given: Vec<String> = given.iter().map(|text| (*text).to_owned()).collect();
    let read = || -> Answer<Value> {
        let action = with_action.map(|name| action(name, catalogue, &task())).transpose()?;
        Ok(of_run(&given, action.map(|(_, action)| action), catalogue, &task())?.params)
    };
    read().map_err(|failure| failure.message().to_owned())
}

#[test]
fn text_becomes_values() {
    let kinds = catalogue(true);
    assert_eq!(run(&["level=5", "day=5"], None, &kinds), Ok(json!({ "level": 5, "day": "5" })));
    assert_eq!(run(&[], None, &kinds), Ok(json!({})), "what is not given is the task's");
    assert_eq!(run(&["from=a=b"], Some("restore"), &kinds), Ok(json!({ "from": "a=b" })));
    let path = run(&["file=x/y"], None, &kinds).unwrap();
    let here = std::env::current_dir().unwrap().join("x/y");
    assert_eq!(path["file"], here.to_str().unwrap());
}

#[test]
fn what_does_not_fit_is_refused_before_a_run_exists() {
    let kinds = catalogue(true);
    for (given, action, said) in [
        (&["level=x"][..], None, "parameter `level`"),
        (&["level=0"], None, "parameter `level`"),
        (&["lvel=1"], None, "did you mean `level`?"),
        (&["level=1", "level=2"], None, "given twice"),
        (&["level"], None, "has no \"=\""),
        (&[], Some("restore"), "parameter `from` is missing"),
        (&["day=1"], Some("restore"), "there is no parameter `day`"),
        (&[], Some("rest"), "has no action \"rest\"; it offers restore"),
    ] {
        let why = run(given, action, &kinds).unwrap_err();
        assert!(why.contains(said), "{given:?}: {why}");
    }
    let why = run(&["level=1"], None, &catalogue(false)).unwrap_err();
    assert!(why.contains("with its actions only"), "{why}");
}

#[test]
fn what_an_earlier_run_was_given_may_fit_no_more() {
    let earlier = |params: Value, action: Option<&str>| Run {
        params,
        action: action.map(|name| name.parse().unwrap()),
        ..sample::run(7, RunState::Succeeded)
    };
    let kinds = catalogue(true);
    assert!(still_fit(&earlier(json!({ "level": 3 }), None), &kinds, &task()).is_ok());
    assert!(still_fit(&earlier(json!({ "from": "x" }), Some("restore")), &kinds, &task()).is_ok());
    let failure = still_fit(&earlier(json!({ "level": "many" }), None), &kinds, &task()).unwrap_err();
    let why = failure.message();
    assert!(why.contains("what run 7 was given does not fit any more"), "{why}");
    assert!(still_fit(&earlier(json!({}), Some("gone")), &kinds, &task()).is_err());
}
