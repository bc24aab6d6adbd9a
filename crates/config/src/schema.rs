//! The JSON Schema of the whole file, for editors and for `config schema`. What is checked at load is checked by
//! `check`; this only says the same in a form that others read.

use serde_json::{Map, Value, json};

use crate::{
    kinds::Kinds,
    old_names::WORD,
    tables::{FileTable, schema_of, without_null},
};

/// The JSON Schema of the configuration file, each kind's `with` included.
pub fn schema(kinds: &dyn Kinds) -> Value {
    let mut schema = schema_of::<FileTable>();
    schema["title"] = "Roundsman configuration".into();
    let mut names = kinds.names();
    names.sort();
    let mut rules = one_schedule_only();
    let mut definitions = Map::new();
    for name in &names {
        let Some(facts) = kinds.kind(name) else { continue };
        rules.extend(rules_of_kind(name));
        definitions.insert(name.clone(), embedded(facts.schema, name));
    }
    let task = &mut schema["properties"]["tasks"]["additionalProperties"];
    task["properties"]["uses"]["enum"] = names.into();
    task["allOf"] = rules.into();
    schema["$defs"] = Value::Object(definitions);
    schema
}

fn one_schedule_only() -> Vec<Value> {
    [
        ("schedule", "every"),
        ("schedule", "at"),
        ("schedule", "after"),
        ("every", "at"),
        ("every", "after"),
        ("at", "after"),
    ]
    .map(|(a, b)| json!({ "not": { "required": [a, b] } }))
    .to_vec()
}

/// What a task of a kind must look like. With `share`, what `with` lacks may stand in a shared table.
fn rules_of_kind(name: &str) -> Vec<Value> {
    let of_kind = json!({ "properties": { "uses": { "const": name } }, "required": ["uses"] });
    let shares = json!({ "required": ["share"] });
    let whole = json!({ "$ref": format!("#/$defs/{}", escaped(name)) });
    vec![json!({
        "if": { "allOf": [of_kind, { "not": shares }] },
        "then": { "properties": { "with": whole } },
    })]
}

/// A kind's schema as part of another: what refers to its root refers to its new place.
fn embedded(mut schema: Value, name: &str) -> Value {
    without_null(&mut schema);
    without_old_names(&mut schema);
    if let Value::Object(map) = &mut schema {
        map.remove("$schema");
    }
    rebase(&mut schema, &format!("#/$defs/{}", escaped(name)));
    schema
}

/// Keys that the environment may fill need not be written.
fn without_old_names(schema: &mut Value) {
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(without_old_names),
        Value::Object(map) => {
            let filled = |key: &Value, properties: &Value| {
                key.as_str().and_then(|key| properties.get(key)).is_some_and(|it| it.get(WORD).is_some())
            };
            if let Some(properties) = map.get("properties").cloned()
                && let Some(Value::Array(required)) = map.get_mut("required")
            {
                required.retain(|key| !filled(key, &properties));
            }
            map.values_mut().for_each(without_old_names);
        }
        _ => {}
    }
}

fn rebase(schema: &mut Value, root: &str) {
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(|part| rebase(part, root)),
        Value::Object(map) => {
            if let Some(Value::String(pointer)) = map.get_mut("$ref")
                && let Some(path) = pointer.strip_prefix('#')
            {
                *pointer = format!("{root}{path}");
            }
            map.values_mut().for_each(|part| rebase(part, root));
        }
        _ => {}
    }
}

/// A name as a step of a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
