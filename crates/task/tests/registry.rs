//! What the registry makes of kinds: found by name, checked against their config, never two of one name.

use roundsman_task::{Kind, KindInfo, Outcome, Registry, TaskContext, TaskError};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

struct Greeting;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Who is greeted.
    #[serde(default)]
    names: Vec<String>,
}

impl Kind for Greeting {
    const INFO: KindInfo = KindInfo {
        name: "greeting",
        about: "says good morning to everybody",
        default_schedule: Some("0 8 * * *"),
        ..KindInfo::DEFAULT
    };
    type Config = Config;

    async fn run(_: &TaskContext, config: Config) -> Result<Outcome, TaskError> {
        Ok(Outcome::success(format!("greeted {}", config.names.len())))
    }
}

roundsman_task::register!(Greeting);

#[test]
fn a_registered_kind_is_found() {
    let registry = Registry::collect().unwrap();
    let entry = registry.get("greeting").unwrap();
    assert_eq!(entry.crate_name, "roundsman-task");
    assert!(entry.is_built_in(), "an empty table fits its config");
    assert_eq!(entry.schema()["properties"]["names"]["description"], "Who is greeted.");
    assert!(registry.get("greetin").is_none());
}

#[test]
fn a_table_that_does_not_fit_is_told_with_its_place() {
    let registry = Registry::collect().unwrap();
    let entry = registry.get("greeting").unwrap();
    assert!(entry.check(&json!({"names": ["Ada"]})).is_ok());
    let problem = entry.check(&json!({"names": ["Ada", 7]})).unwrap_err();
    assert_eq!(problem.path, "names[1]");
    assert!(problem.message.contains("expected a string"), "{problem}");
    let problem = entry.check(&json!({"name": "Ada"})).unwrap_err();
    assert!(problem.message.contains("unknown field `name`"), "{problem}");
}

#[test]
fn two_kinds_of_one_name_are_refused_and_both_crates_named() {
    static HERE: roundsman_task::Entry = roundsman_task::Entry::of::<Greeting>("roundsman-morning");
    static THERE: roundsman_task::Entry = roundsman_task::Entry::of::<Greeting>("roundsman-evening");
    let Err(error) = Registry::of([&HERE, &THERE]) else { panic!("both were taken") };
    let said = error.to_string();
    for expected in ["greeting", "roundsman-morning", "roundsman-evening"] {
        assert!(said.contains(expected), "{said}");
    }
}
