//! What the registry makes of kinds: found by name, checked against their config, never two of one name.

use roundsman_task::{Entry, Kind, KindInfo, Outcome, Registry, SpaceInfo, TaskContext, TaskError};
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

/// A kind that shares documents with all that serve the same lab, and those of a name that cannot be.
struct Serving<const ODD: bool>;

impl<const ODD: bool> Kind for Serving<ODD> {
    const INFO: KindInfo = KindInfo {
        name: "serving",
        about: "serves a lab",
        spaces: &[
            SpaceInfo { name: "lab", about: "what is known of the lab" },
            SpaceInfo { name: if ODD { "la:b" } else { "mail" }, about: "what is sent" },
        ],
        ..KindInfo::DEFAULT
    };
    type Config = Config;

    async fn run(_: &TaskContext, _: Config) -> Result<Outcome, TaskError> {
        Ok(Outcome::success("served"))
    }

    fn scope(space: &str, config: &Config) -> String {
        if space == "lab" { config.names.join(":") } else { String::new() }
    }
}

#[test]
fn scopes_follow_from_the_table() {
    let entry = Entry::of::<Serving<false>>("roundsman-morning");
    let scopes = |with| entry.scopes(&with).map(|scopes| json!(scopes));
    assert_eq!(scopes(json!({"names": ["a", "b"]})).unwrap(), json!({"lab": "a:b", "mail": ""}));
    assert_eq!(scopes(json!({})).unwrap(), json!({"lab": "", "mail": ""}));
    assert_eq!(scopes(json!({"names": 7})).unwrap_err().path, "names");
    for name in ["a\0b".to_owned(), "x".repeat(600)] {
        let told = scopes(json!({ "names": [name] })).unwrap_err().message;
        assert!(told.starts_with("the scope of the space \"lab\" has"), "{told}");
    }
    let told = Entry::of::<Serving<true>>("roundsman-morning").scopes(&json!({})).unwrap_err().message;
    assert!(told.starts_with("\"la:b\" is no name of a space"), "{told}");
    assert!(Entry::of::<Greeting>("roundsman-morning").scopes(&json!({"names": 7})).unwrap().is_empty());
    let spaces = entry.description().spaces;
    assert_eq!((spaces.len(), spaces[0].about.as_str()), (2, "what is known of the lab"));
}
