//! The keys of a kind's configuration, read from its JSON Schema. It checks no configuration.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use roundsman_model::old_names::in_order;
use serde_json::Value;

use crate::cli::{
    look::{Look, Tone, clean},
    paragraph::wrap,
};

/// Tables in tables are followed so far.
const DEEPEST: usize = 4;

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// With the tables before it; `[]` stands for each entry of a list.
    pub(super) name: String,
    /// What its value looks like.
    pub(super) expects: String,
    /// Whether it must be written.
    pub(super) required: bool,
    default: Option<String>,
    about: String,
    /// Variables of old that fill it.
    variables: Vec<String>,
}

/// The keys of a schema, tables before their keys.
pub(super) fn of(schema: &Value) -> Vec<Key> {
    let mut keys = Vec::new();
    Walk { root: schema, keys: &mut keys }.table(schema, "", 0);
    keys
}

/// The keys one by one, what they mean below each.
pub(super) fn render(keys: &[Key], look: Look) -> String {
    let mut text = String::new();
    for key in keys {
        let default = match (&key.default, key.required) {
            (_, true) => look.paint(Tone::Warn, ", must be written"),
            (Some(default), false) => format!(", default {default}"),
            (None, false) => String::new(),
        };
        let _ = writeln!(text, "  {}: {}{default}", look.strong(&key.name), key.expects);
        text.push_str(&wrap(&key.about, 6, look));
        if !key.variables.is_empty() {
            let line = format!("From the environment: {}", clean(&key.variables.join(", ")));
            text.push_str(&wrap(&line, 6, look));
        }
    }
    text
}

struct Walk<'a> {
    root: &'a Value,
    keys: &'a mut Vec<Key>,
}

impl<'a> Walk<'a> {
    fn table(&mut self, schema: &'a Value, prefix: &str, depth: usize) {
        let schema = self.follow(schema);
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        for (name, property) in properties {
            let is_required = required.contains(&name.as_str());
            let name = format!("{prefix}{name}");
            self.keys.push(self.key(&name, property, is_required));
            if depth < DEEPEST {
                self.inside(property, &name, depth + 1);
            }
        }
        // Of a tagged choice every variant's own keys are of interest.
        for branch in branches(schema) {
            self.table(branch, prefix, depth);
        }
        self.keys.dedup_by(|later, earlier| later.name == earlier.name);
    }

    fn inside(&mut self, property: &'a Value, name: &str, depth: usize) {
        let property = self.follow(property);
        if let Some(entries) = property.get("items") {
            return self.inside(entries, &format!("{name}[]"), depth);
        }
        if let Some(entries) = property.get("additionalProperties").filter(|entries| entries.is_object()) {
            return self.inside(entries, &format!("{name}.NAME"), depth);
        }
        self.table(property, &format!("{name}."), depth);
    }

    fn key(&self, name: &str, property: &'a Value, required: bool) -> Key {
        let target = self.follow(property);
        let about = property.get("description").or_else(|| target.get("description")).and_then(Value::as_str);
        let default = property.get("default").filter(|default| !default.is_null());
        Key {
            name: name.to_owned(),
            expects: self.expects(target),
            required,
            default: default.map(Value::to_string),
            variables: variables(property),
            about: about.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }

    fn expects(&self, schema: &'a Value) -> String {
        let schema = self.follow(schema);
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            let words: Vec<String> =
                words.iter().filter(|word| !word.is_null()).map(Value::to_string).collect();
            return words.join(" or ");
        }
        if let Some(word) = schema.get("const") {
            return word.to_string();
        }
        let branches = branches(schema);
        if !branches.is_empty() {
            let mut words: Vec<String> = branches.iter().map(|branch| self.expects(branch)).collect();
            words.dedup();
            return words.join(" or ");
        }
        match (type_word(schema), schema.get("format").and_then(Value::as_str)) {
            ("list", _) => match schema.get("items") {
                Some(entries) => format!("list of {}", plural(&self.expects(entries))),
                None => "list".to_owned(),
            },
            ("text", Some(format)) if !format.starts_with("uint") => format.to_owned(),
            (word, _) => word.to_owned(),
        }
    }

    fn follow(&self, mut schema: &'a Value) -> &'a Value {
        for _ in 0..8 {
            let only = schema
                .get("allOf")
                .and_then(Value::as_array)
                .filter(|parts| parts.len() == 1)
                .map(|parts| &parts[0]);
            let pointed = schema
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|path| self.root.pointer(path.strip_prefix('#')?));
            let some = schema.get("anyOf").and_then(Value::as_array).and_then(|parts| but_null(parts));
            match pointed.or(only).or(some) {
                Some(target) => schema = target,
                None => break,
            }
        }
        schema
    }
}

/// The variables that a schema names for a key, in the order in which they count.
fn variables(property: &Value) -> Vec<String> {
    let names = property.get("x-env").and_then(Value::as_array).into_iter().flatten();
    in_order(names.filter_map(Value::as_str)).into_iter().map(str::to_owned).collect()
}

/// The branches of a choice.
fn branches(schema: &Value) -> Vec<&Value> {
    let lists = ["oneOf", "anyOf"].into_iter().filter_map(|word| schema.get(word)?.as_array());
    lists.flatten().filter(|branch| !is_null(branch)).collect()
}

/// The only branch that is not null: what an optional key is made of.
fn but_null(parts: &[Value]) -> Option<&Value> {
    let mut rest = parts.iter().filter(|part| !is_null(part));
    rest.next().filter(|_| rest.next().is_none())
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").is_some_and(|word| word == "null")
}

fn type_word(schema: &Value) -> &'static str {
    let name = match schema.get("type") {
        Some(Value::String(name)) => name.as_str(),
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("")
        }
        _ if schema.get("properties").is_some() => "object",
        _ => "",
    };
    match name {
        "string" => "text",
        "integer" => "whole number",
        "number" => "number",
        "boolean" => "true or false",
        "array" => "list",
        "object" => "table",
        _ => "anything",
    }
}

fn plural(words: &str) -> String {
    match words {
        "text" | "anything" => words.to_owned(),
        words if words.contains('"') || words.contains(" or ") => words.to_owned(),
        words => format!("{words}s"),
    }
}
