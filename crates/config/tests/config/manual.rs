//! What is generated from the doc comments: the commented file, the reference page, the schema.

use expect_test::expect_file;
use roundsman_config::{init_text, reference, schema};

use crate::{kinds::TestKinds, scene::Scene};

#[test]
fn the_commented_file_loads_as_it_is() {
    let text = init_text(&TestKinds);
    expect_file!["golden/init.toml"].assert_eq(&text);
    let loaded =
        Scene::new().file("roundsman.toml", &text).load().unwrap_or_else(|problems| panic!("{problems}"));
    let names: Vec<&str> = loaded.tasks.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(names, ["dns-availability"]);
}

#[test]
fn every_key_of_the_commented_file_can_be_switched_on() {
    let switched_on = |line: &str| match line.strip_prefix('#') {
        Some(key) if !key.is_empty() && !key.starts_with([' ', '#']) => key.to_owned(),
        _ => line.to_owned(),
    };
    let text: String = init_text(&TestKinds).lines().map(|line| switched_on(line) + "\n").collect();
    let loaded = Scene::new().file("roundsman.toml", &text).load();
    let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    let names: Vec<&str> = loaded.tasks.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(names, ["dns-availability", "example"], "the other kinds need values of one's own");
}

#[test]
fn the_reference_page() {
    expect_file!["golden/reference.md"].assert_eq(&reference(&TestKinds));
}

#[test]
fn the_schema_of_the_file() {
    let schema = schema(&TestKinds);
    expect_file!["golden/schema.json"].assert_eq(&(serde_json::to_string_pretty(&schema).unwrap() + "\n"));
    let mut references = Vec::new();
    collect_references(&schema, &mut references);
    assert!(!references.is_empty());
    for pointer in references {
        assert!(schema.pointer(pointer.trim_start_matches('#')).is_some(), "{pointer} points nowhere");
    }
}

fn collect_references<'a>(schema: &'a serde_json::Value, found: &mut Vec<&'a str>) {
    if let Some(pointer) = schema.get("$ref").and_then(serde_json::Value::as_str) {
        found.push(pointer);
    }
    let parts: Vec<&serde_json::Value> = match schema {
        serde_json::Value::Array(parts) => parts.iter().collect(),
        serde_json::Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    };
    for part in parts {
        collect_references(part, found);
    }
}
