//! Says in words what a schema wants and what was found. It decides nothing.

use serde_json::{Map, Value};

use crate::{
    mask,
    node::{Node, Written},
};

/// The longest text that a message quotes.
const QUOTED_CHARS: usize = 60;

/// The JSON types a schema allows; empty if it does not say.
pub(crate) fn types(map: &Map<String, Value>) -> Vec<&str> {
    match map.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => match (map.get("const").or_else(|| map.get("enum")?.get(0)), map.contains_key("properties")) {
            (Some(Value::String(_)), _) => vec!["string"],
            (_, true) => vec!["object"],
            _ => Vec::new(),
        },
    }
}

/// The words a schema allows, if it allows certain words only.
pub(crate) fn enumeration(map: &Map<String, Value>) -> Option<Vec<Value>> {
    if let Some(word) = map.get("const") {
        return Some(vec![word.clone()]);
    }
    if let Some(Value::Array(words)) = map.get("enum") {
        return Some(words.clone());
    }
    let Some(Value::Array(branches)) = map.get("oneOf").or_else(|| map.get("anyOf")) else { return None };
    let words: Option<Vec<Vec<Value>>> =
        branches.iter().map(|branch| enumeration(branch.as_object()?)).collect();
    words.map(|words| words.concat())
}

/// What a schema wants, in words.
pub(crate) fn expectation(schema: &Value) -> String {
    let Some(map) = schema.as_object() else { return "a value".into() };
    if let Some(words) = enumeration(map) {
        return either(&words.iter().map(quoted).collect::<Vec<_>>());
    }
    for branches in ["anyOf", "oneOf"] {
        if let Some(Value::Array(branches)) = map.get(branches) {
            let mut wanted: Vec<String> = branches.iter().map(expectation).collect();
            wanted.dedup();
            return match map.get("examples").and_then(|examples| examples.get(0)) {
                Some(example) => format!("{}, such as {}", either(&wanted), toml_text(example)),
                None => either(&wanted),
            };
        }
    }
    let noun = types(map).first().map_or_else(|| "a value".to_owned(), |name| noun(name, map));
    match map.get("examples").and_then(|examples| examples.get(0)).or_else(|| map.get("default")) {
        Some(Value::String(example)) if map.contains_key("format") => format!("{noun} such as {example:?}"),
        Some(example @ (Value::Array(_) | Value::Object(_))) if !is_empty(example) => {
            format!("{noun} such as {}", toml_text(example))
        }
        _ => noun,
    }
}

fn noun(name: &str, map: &Map<String, Value>) -> String {
    match name {
        "string" => text_noun(map.get("format").and_then(Value::as_str)).into(),
        "integer" => bounded("a whole number", map),
        "number" => bounded("a number", map),
        "boolean" => "true or false".into(),
        "array" => match map.get("items") {
            Some(Value::Object(items)) if types(items) == ["object"] => "a list of tables".into(),
            Some(items) if items.is_object() => format!("a list, each entry {}", expectation(items)),
            _ => "a list".into(),
        },
        "object" => match map.get("required").and_then(|keys| keys.get(0)?.as_str()) {
            Some(key) => format!("a table such as {{ {key} = … }}"),
            None => "a table".into(),
        },
        _ => "a value".into(),
    }
}

fn text_noun(format: Option<&str>) -> &'static str {
    match format {
        Some("duration") => "a duration",
        Some("size") => "a size",
        Some("timezone") => "a time zone",
        Some("cron") => "a cron pattern",
        Some("every") => "an interval",
        Some("at") => "a date and time",
        Some("kind") => "a kind",
        Some("rate") => "a rate",
        Some("task-name") => "the name of a task",
        Some("pool-name") => "the name of a pool",
        Some("lease-name") => "the name of a lease",
        Some("node-label") => "a label of nodes",
        Some("store-url") => "`sqlite:FILE` or `postgres://…`",
        Some("socket-address") => "an address with port",
        Some("log-filter") => "a log level",
        Some("node-name") => "a node name",
        Some("variable-name") => "the name of an environment variable",
        Some("ip") => "an IP address",
        Some("ipv4") => "an IPv4 address",
        Some("ipv6") => "an IPv6 address",
        Some("uri") => "an address such as \"https://example.com\"",
        _ => "a string",
    }
}

fn bounded(noun: &str, map: &Map<String, Value>) -> String {
    let limit = |word: &str| map.get(word).and_then(Value::as_f64);
    let least = limit("minimum").map(|least| format!("at least {least}"));
    let over = limit("exclusiveMinimum").map(|bound| format!("over {bound}"));
    // The bounds of the number's own type say nothing to a person.
    let most = limit("maximum").filter(|most| *most < 4e9).map(|most| format!("at most {most}"));
    let under = limit("exclusiveMaximum").map(|bound| format!("under {bound}"));
    let bounds: Vec<String> = [least, over, most, under].into_iter().flatten().collect();
    if bounds.is_empty() { noun.to_owned() } else { format!("{noun}, {}", bounds.join(" and ")) }
}

/// What was found, in words. What a reference stands for is not said.
pub(super) fn found(node: &Node) -> String {
    match (&node.value, node.stands_for()) {
        (Written::Text(_), Some(whose)) => return format!("the string that {whose} stands for"),
        (_, Some(whose)) => return format!("what {whose} stands for"),
        _ => {}
    }
    match &node.value {
        Written::Text(text) => format!("the string {:?}", shorten(&mask::addresses(&text.written))),
        Written::Integer(number) => format!("the number {number}"),
        Written::Float(number) => format!("the number {number:?}"),
        Written::Boolean(value) => value.to_string(),
        Written::List(_) => "a list".into(),
        Written::Table(_) => "a table".into(),
    }
}

/// What sort of value was found; for values that must not be shown.
pub(super) fn sort(node: &Node) -> String {
    match &node.value {
        Written::Text(_) => "a string".into(),
        Written::Integer(_) | Written::Float(_) => "a number".into(),
        Written::Boolean(_) => "true or false".into(),
        Written::List(_) => "a list".into(),
        Written::Table(_) => "a table".into(),
    }
}

/// A value as TOML writes it.
pub(crate) fn toml_text(value: &Value) -> String {
    match value {
        Value::Array(values) => format!("[{}]", values.iter().map(toml_text).collect::<Vec<_>>().join(", ")),
        Value::Object(map) if map.is_empty() => "{}".into(),
        Value::Object(map) => {
            let pairs: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{} = {}", crate::node::join("", key), toml_text(value)))
                .collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}

pub(super) fn quoted(word: &Value) -> String {
    toml_text(word)
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn either(words: &[String]) -> String {
    match words {
        [] => "nothing".into(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// A text as far as a message quotes it.
pub(crate) fn shorten(text: &str) -> String {
    if text.chars().count() <= QUOTED_CHARS {
        return text.to_owned();
    }
    text.chars().take(QUOTED_CHARS).chain(['…']).collect()
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}
