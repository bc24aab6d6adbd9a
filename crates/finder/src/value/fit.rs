//! Whether a value fits a schema, and what a schema wants in words. It changes no value.

use serde_json::{Map, Value};

use crate::nearest::{either, nearest};

/// A chain of references is short; a ring of them must end.
const MAX_DEPTH: u8 = 16;

/// Whether a value fits a schema that refers to nothing but itself.
pub(crate) fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    Checked { root: schema }.fits(schema, value)
}

/// The schema itself, or what it refers to in its root.
pub(crate) fn follow<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..MAX_DEPTH {
        let target = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|pointer| root.pointer(pointer.strip_prefix('#')?));
        let Some(target) = target else { break };
        schema = target;
    }
    schema
}

/// The types a schema names.
pub(crate) fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The schemas of which one must fit.
pub(crate) fn branches(schema: &Value) -> Option<&Vec<Value>> {
    schema.get("anyOf").or_else(|| schema.get("oneOf"))?.as_array()
}

/// Whether a schema is that of a secret.
pub(crate) fn is_secret(schema: &Value) -> bool {
    schema.get("format").and_then(Value::as_str) == Some("secret")
        || schema.get("writeOnly") == Some(&Value::Bool(true))
}

/// What a schema wants, in words.
pub(crate) fn expectation(root: &Value, schema: &Value) -> String {
    let schema = follow(root, schema);
    if let Some(words) = words(schema) {
        return either(&words.iter().map(ToString::to_string).collect::<Vec<_>>());
    }
    let mut wanted: Vec<String> = match branches(schema) {
        Some(branches) => branches.iter().map(|branch| expectation(root, branch)).collect(),
        None => types(schema)
            .into_iter()
            .filter(|name| *name != "null")
            .map(|name| noun(root, name, schema))
            .collect(),
    };
    wanted.retain(|wanted| wanted != "nothing");
    wanted.dedup();
    if wanted.is_empty() && branches(schema).is_none() && types(schema).is_empty() {
        "a value".into()
    } else {
        either(&wanted)
    }
}

/// The words a schema allows, if it allows certain words only.
pub(crate) fn words(schema: &Value) -> Option<Vec<Value>> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(word), _) => Some(vec![word.clone()]),
        (None, Some(Value::Array(words))) => Some(words.clone()),
        _ => None,
    }
}

fn noun(root: &Value, name: &str, schema: &Value) -> String {
    let bound = |word: &str, text: &str| schema.get(word).map(|bound| format!("{text} {bound}"));
    let noun = match name {
        "string" => match schema.get("format").and_then(Value::as_str) {
            Some("path") => "a path",
            Some("duration") => "a duration such as \"30m\"",
            Some("size") => "a size such as \"512M\"",
            _ => "text",
        },
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => match schema.get("items") {
            Some(items) => return format!("a list, each entry {}", expectation(root, items)),
            None => "a list",
        },
        _ => "a table in JSON",
    };
    let bounds = [bound("minimum", "at least"), bound("maximum", "at most")];
    let bounds: Vec<String> = bounds.into_iter().flatten().collect();
    if bounds.is_empty() { noun.to_owned() } else { format!("{noun}, {}", bounds.join(" and ")) }
}

/// Values held against schemas of one root.
pub(crate) struct Checked<'a> {
    /// What `$ref` points into.
    pub(crate) root: &'a Value,
}

impl Checked<'_> {
    /// Whether a value fits, and if not, why.
    pub(crate) fn fits(&self, schema: &Value, value: &Value) -> Result<(), String> {
        self.deep(schema, value, 0)
    }

    fn deep(&self, schema: &Value, value: &Value, depth: u8) -> Result<(), String> {
        let schema = follow(self.root, schema);
        if depth > MAX_DEPTH {
            return Ok(());
        }
        if let Some(branches) = branches(schema)
            && !branches.iter().any(|branch| self.deep(branch, value, depth + 1).is_ok())
        {
            return Err(self.refusal(schema, value));
        }
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.deep(part, value, depth + 1)?;
        }
        let types = types(schema);
        let typed = types.is_empty() || types.iter().any(|name| is_type(value, name));
        let worded = words(schema).is_none_or(|words| words.iter().any(|word| equal(word, value)));
        if !typed || !worded || !within(schema, value) {
            return Err(self.refusal(schema, value));
        }
        match value {
            Value::Array(values) => self.list(schema, values, depth),
            Value::Object(map) => self.table(schema, map, depth),
            Value::String(text) => length(schema, text.chars().count(), "Length", "characters"),
            _ => Ok(()),
        }
    }

    fn list(&self, schema: &Value, values: &[Value], depth: u8) -> Result<(), String> {
        let first = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (at, value) in values.iter().enumerate() {
            let Some(wanted) = first.get(at).or_else(|| schema.get("items")) else { continue };
            self.deep(wanted, value, depth + 1).map_err(|why| format!("entry {}: {why}", at + 1))?;
        }
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
            let twice = values.iter().enumerate().find(|(at, value)| values[..*at].contains(value));
            if let Some((at, _)) = twice {
                return Err(format!("entry {}: it is there twice", at + 1));
            }
        }
        length(schema, values.len(), "Items", "entries")
    }

    fn table(&self, schema: &Value, map: &Map<String, Value>, depth: u8) -> Result<(), String> {
        let properties = schema.get("properties").and_then(Value::as_object);
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        if let Some(key) = required.filter_map(Value::as_str).find(|key| !map.contains_key(*key)) {
            return Err(format!("the key `{key}` is missing"));
        }
        for (key, value) in map {
            match (properties.and_then(|known| known.get(key)), schema.get("additionalProperties")) {
                (Some(property), _) => {
                    self.deep(property, value, depth + 1).map_err(|why| format!("`{key}`: {why}"))?;
                }
                (None, Some(Value::Bool(false))) => {
                    let known = properties.into_iter().flatten().map(|(key, _)| key.as_str());
                    let near = nearest(key, known).map(|near| format!("; did you mean `{near}`?"));
                    return Err(format!("unknown key `{key}`{}", near.unwrap_or_default()));
                }
                (None, Some(other)) => self.deep(other, value, depth + 1)?,
                (None, None) => {}
            }
        }
        Ok(())
    }

    fn refusal(&self, schema: &Value, value: &Value) -> String {
        let wanted = expectation(self.root, schema);
        if is_secret(schema) {
            format!("expected {wanted}")
        } else {
            format!("found {value}; expected {wanted}")
        }
    }
}

fn is_type(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    }
}

/// Equal as JSON means it: 1 and 1.0 are one number.
fn equal(word: &Value, value: &Value) -> bool {
    word == value || word.as_f64().is_some_and(|word| value.as_f64() == Some(word))
}

fn within(schema: &Value, value: &Value) -> bool {
    let Some(number) = value.as_f64() else { return true };
    let limit = |word: &str| schema.get(word).and_then(Value::as_f64);
    limit("minimum").is_none_or(|least| number >= least)
        && limit("maximum").is_none_or(|most| number <= most)
        && limit("exclusiveMinimum").is_none_or(|bound| number > bound)
        && limit("exclusiveMaximum").is_none_or(|bound| number < bound)
}

fn length(schema: &Value, count: usize, word: &str, noun: &str) -> Result<(), String> {
    let limit = |side: &str| schema.get(format!("{side}{word}")).and_then(Value::as_u64);
    match (limit("min"), limit("max")) {
        (Some(least), _) if (count as u64) < least => {
            Err(format!("found {count} {noun}; expected at least {least}"))
        }
        (_, Some(most)) if (count as u64) > most => {
            Err(format!("found {count} {noun}; expected at most {most}"))
        }
        _ => Ok(()),
    }
}
