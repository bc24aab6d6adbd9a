//! What the doc comments of the keys say, as data for the manual. The pages made of it are below; neither invents a word
//! about a key.

mod init;
mod page;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    check::{enumeration, is_secret, toml_text, types},
    old_names,
    tables::{key_order, schema_of, without_null},
};

pub use init::init_text;
pub use page::reference;

/// How deep tables in tables are described.
const MAX_DEPTH: usize = 4;

/// What the manual says about a key.
struct KeyDoc {
    /// The key, tables and lists before it: `retry.attempts`, `checks[].server`.
    key: String,
    /// What kind of value it takes.
    sort: String,
    /// What counts when it is absent, in words or as TOML.
    default: Option<String>,
    required: bool,
    about: String,
    /// Certain words it takes, and what each means.
    words: Vec<(String, String)>,
    /// Variables of the environment that fill it.
    variables: Vec<String>,
    /// A value that can be written, as TOML.
    sample: String,
    /// The same, if the key's own author says that it can be written; else only its type is right.
    example: Option<Value>,
}

/// The keys of one of our own tables, in the order in which they are declared.
fn keys_of<T: JsonSchema + for<'de> Deserialize<'de>>() -> Vec<KeyDoc> {
    let schema = schema_of::<T>();
    let required = required(&schema);
    let doc = |key: &&str| Some(key_doc(key, schema["properties"].get(*key)?, required.contains(key)));
    key_order::<T>().iter().filter_map(doc).collect()
}

/// The keys of a kind's `with`, those that must be there first; tables within are described after the key that has them.
fn keys_of_kind(schema: &Value) -> Vec<KeyDoc> {
    let mut schema = schema.clone();
    without_null(&mut schema);
    let mut docs = Vec::new();
    collect(&schema, &schema, "", 0, &mut docs);
    docs
}

/// Adds the keys of a table and of the tables in it. Where a table has several shapes, keys of all of them are
/// described, and what only some of them need is not called required.
fn collect(root: &Value, schema: &Value, path: &str, depth: usize, docs: &mut Vec<KeyDoc>) {
    collect_shape(root, schema, path, depth, docs, false);
}

fn collect_shape(
    root: &Value,
    schema: &Value,
    path: &str,
    depth: usize,
    docs: &mut Vec<KeyDoc>,
    one_of_many: bool,
) {
    let schema = follow(root, schema);
    if depth > MAX_DEPTH {
        return;
    }
    let required = if one_of_many { Vec::new() } else { required(schema) };
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let (must, may): (Vec<_>, Vec<_>) = properties.partition(|(key, _)| required.contains(&key.as_str()));
    for (key, property) in must.into_iter().chain(may) {
        let key_path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let described = described(root, property);
        let doc = key_doc(&key_path, &described, required.contains(&key.as_str()));
        match docs.iter_mut().find(|known| known.key == key_path) {
            // The key that tells the shapes apart takes the word of each.
            Some(known) if !known.sort.contains(&doc.sort) => {
                known.sort = format!("{}, {}", known.sort, doc.sort);
            }
            Some(_) => {}
            None => docs.push(doc),
        }
        collect(root, &described, &key_path, depth + 1, docs);
    }
    for branches in ["allOf", "anyOf", "oneOf"] {
        for branch in schema.get(branches).and_then(Value::as_array).into_iter().flatten() {
            collect_shape(root, branch, path, depth + 1, docs, branches != "allOf");
        }
    }
    if let Some(items) = schema.get("items") {
        collect(root, items, &format!("{path}[]"), depth + 1, docs);
    }
}

/// A property with what it refers to; what is said beside the reference is about the key and so comes first.
fn described(root: &Value, property: &Value) -> Value {
    let (Value::Object(own), Value::Object(target)) = (property, follow(root, property)) else {
        return property.clone();
    };
    let mut all: Map<String, Value> = target.clone();
    all.extend(own.iter().filter(|(key, _)| *key != "$ref").map(|(key, value)| (key.clone(), value.clone())));
    Value::Object(all)
}

fn follow<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = |schema: &Value| root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?);
    target(schema).unwrap_or(schema)
}

fn required(schema: &Value) -> Vec<&str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn key_doc(key: &str, schema: &Value, required: bool) -> KeyDoc {
    let in_words = schema.get("x-default").and_then(Value::as_str).map(str::to_owned);
    let as_toml = schema
        .get("default")
        .filter(|default| !default.is_null())
        .map(|default| format!("`{}`", toml_text(default)));
    KeyDoc {
        key: key.to_owned(),
        sort: sort(schema),
        default: in_words.or(as_toml),
        required,
        about: one_line(schema.get("description").and_then(Value::as_str).unwrap_or_default()),
        words: words(schema),
        variables: old_names::named(schema).into_iter().map(str::to_owned).collect(),
        sample: sample(schema),
        example: example(schema),
    }
}

/// The words that an enumeration takes, where each has a meaning of its own.
fn words(schema: &Value) -> Vec<(String, String)> {
    let branches = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let word = |branch: &Value| {
        let about = one_line(branch.get("description")?.as_str()?);
        let properties = || branch.get("properties").and_then(Value::as_object).into_iter().flatten();
        let tag = properties().find_map(|(key, property)| Some((key, property.get("const")?)));
        let written = match (branch.get("const"), tag) {
            (Some(word), _) => toml_text(word),
            (None, Some((key, word))) => format!("{{ {key} = {}, … }}", toml_text(word)),
            (None, None) => format!("{{ {} = … }}", branch.get("required")?.get(0)?.as_str()?),
        };
        Some((written, about))
    };
    branches.filter_map(word).collect()
}

/// What kind of value a schema takes, in a word or two.
fn sort(schema: &Value) -> String {
    let Some(map) = schema.as_object() else { return "anything".into() };
    if is_secret(map) {
        return "secret (a reference)".into();
    }
    if let Some(said) = map.get("x-sort").and_then(Value::as_str) {
        return said.to_owned();
    }
    if let Some(words) = enumeration(map) {
        return words.iter().map(|word| format!("`{}`", toml_text(word))).collect::<Vec<_>>().join(", ");
    }
    let of_words = words(schema);
    if !of_words.is_empty() {
        return of_words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    }
    let format = map.get("format").and_then(Value::as_str);
    match types(map).first() {
        Some(&"string") => format.map_or("text", sort_of_text).to_owned(),
        Some(&"integer") => "whole number".into(),
        Some(&"number") => "number".into(),
        Some(&"boolean") => "`true`, `false`".into(),
        Some(&"array") => match map.get("items") {
            Some(items) if items.get("$ref").is_none() && items.is_object() => {
                format!("list of {}", sort(items))
            }
            _ => "list".into(),
        },
        Some(&"object") => "table".into(),
        _ if map.contains_key("oneOf") || map.contains_key("anyOf") => "see below".into(),
        _ => "anything".into(),
    }
}

fn sort_of_text(format: &str) -> &'static str {
    match format {
        "duration" => "duration",
        "size" => "size",
        "timezone" => "time zone",
        "cron" => "cron pattern",
        "every" => "interval",
        "at" => "date and time",
        "kind" => "kind",
        "rate" => "rate",
        "task-name" => "task",
        "pool-name" => "pool",
        "lease-name" => "lease",
        "node-label" => "label",
        "socket-address" => "address and port",
        "store-url" => "address of a store",
        "ip" | "ipv4" | "ipv6" => "IP address",
        "uri" => "URL",
        _ => "text",
    }
}

/// A value that may be written for a schema.
fn sample(schema: &Value) -> String {
    if let Some(value) = example(schema) {
        return toml_text(&value);
    }
    let Some(map) = schema.as_object() else { return "\"…\"".into() };
    if is_secret(map) {
        return "\"${NAME}\"".into();
    }
    if let Some(shape) = map.get("oneOf").or_else(|| map.get("anyOf")).and_then(|shapes| shapes.get(0)) {
        return sample(shape);
    }
    match types(map).first() {
        Some(&"integer" | &"number") => map.get("minimum").map_or_else(|| "1".into(), toml_text),
        Some(&"boolean") => "true".into(),
        Some(&"array") => "[]".into(),
        Some(&"object") => "{}".into(),
        _ => "\"…\"".into(),
    }
}

/// The default or the first example, or the first of certain words.
fn example(schema: &Value) -> Option<Value> {
    let map = schema.as_object().filter(|map| !is_secret(map))?;
    let default = map.get("default").filter(|value| !value.is_null());
    let example = default.or_else(|| map.get("examples")?.get(0)).cloned();
    example.or_else(|| enumeration(map)?.into_iter().next())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
