//! Which JSON Schemas a kind from outside may have: those in which every word is one that is checked here, so that nothing
//! is passed over in silence. It holds no value against a schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::old_names::is_old_name;

/// Words that are notes for people.
const NOTES: [&str; 13] = [
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "format",
    "$schema",
    "$id",
    "$comment",
    "$defs",
    "definitions",
];
/// Words whose value is a list of schemas that are held against the same value.
const PARTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
const TYPES: [&str; 7] = ["string", "integer", "number", "boolean", "array", "object", "null"];
/// More than so many schemas for one value are refused: each would be tried.
const MOST_FOR_ONE_VALUE: u32 = 1_000;

/// Refuses a schema that is none of a table, or has a word that would not be checked. The error begins with the place.
pub(super) fn check(key: &str, schema: &Value) -> Result<(), String> {
    let Some(map) = schema.as_object() else { return Err(no_table(key)) };
    if map.contains_key("$ref") {
        return Err(format!(
            "{key}.$ref: a reference at the root is not followed: write the table itself there"
        ));
    }
    if map.get("type").is_some_and(|named| named != "object") {
        return Err(no_table(key));
    }
    let mut look = Look { root: schema, counts: BTreeMap::new() };
    look.schema(key, schema)
}

fn no_table(key: &str) -> String {
    format!("{key}: the JSON Schema of a table was expected, with \"type\": \"object\"")
}

struct Look<'a> {
    root: &'a Value,
    /// How many schemas are held against one value by the schema at this address; nothing while it is being counted.
    counts: BTreeMap<usize, Option<u32>>,
}

impl<'a> Look<'a> {
    fn schema(&mut self, place: &str, schema: &'a Value) -> Result<(), String> {
        let Some(map) = schema.as_object() else {
            if schema == &Value::Bool(true) {
                return Ok(());
            }
            return Err(format!("{place}: a schema was expected, an object or `true`"));
        };
        for (word, value) in map {
            let place = format!("{place}.{word}");
            self.word(&place, word, value)?;
        }
        let count = self.count(schema).ok_or_else(|| format!("{place}: it refers to itself"))?;
        if count > MOST_FOR_ONE_VALUE {
            return Err(format!("{place}: more than {MOST_FOR_ONE_VALUE} schemas for one value"));
        }
        if map.contains_key("$ref")
            && let Some(beside) =
                map.keys().find(|word| !matches!(word.as_str(), "$ref" | "x-env") && !is_note(word))
        {
            return Err(format!(
                "{place}.{beside}: beside `$ref` it is not looked at; put both into `allOf`"
            ));
        }
        Ok(())
    }

    fn word(&mut self, place: &str, word: &str, value: &'a Value) -> Result<(), String> {
        match word {
            "$defs" | "definitions" | "properties" => self.named(place, value),
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => self.listed(place, value),
            "additionalProperties" if value.is_boolean() => Ok(()),
            "items" | "additionalProperties" => self.schema(place, value),
            "unevaluatedProperties" | "uniqueItems" => wanted(place, value.is_boolean(), "true or false"),
            "$ref" => self.follow(value).map(drop).ok_or_else(|| {
                format!("{place}: {value} leads nowhere; a place within the schema was expected, such as \"#/$defs/NAME\"")
            }),
            "type" => {
                let is_type = |name: &Value| name.as_str().is_some_and(|name| TYPES.contains(&name));
                let types = value.as_array().map_or_else(|| is_type(value), |all| all.iter().all(is_type));
                wanted(place, types, "types such as \"string\"")
            }
            "enum" => wanted(place, value.is_array(), "a list"),
            "required" => {
                let texts = value.as_array().is_some_and(|names| names.iter().all(Value::is_string));
                wanted(place, texts, "a list of keys")
            }
            "minLength" | "maxLength" | "minItems" | "maxItems" => {
                wanted(place, value.is_u64(), "a whole number")
            }
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => {
                wanted(place, value.is_number(), "a number")
            }
            "const" => Ok(()),
            "x-env" => {
                let is_name = |name: &Value| name.as_str().is_some_and(is_old_name);
                let names = value.as_array().is_some_and(|names| names.iter().all(is_name));
                wanted(place, names, "a list of names of variables that are none of Roundsman's own")
            }
            note if is_note(note) => Ok(()),
            _ => Err(format!("{place}: this word of JSON Schema is not known here, so nothing would check it")),
        }
    }

    fn named(&mut self, place: &str, value: &'a Value) -> Result<(), String> {
        let Some(map) = value.as_object() else { return wanted(place, false, "schemas by name") };
        map.iter().try_for_each(|(name, schema)| self.schema(&format!("{place}.{name}"), schema))
    }

    fn listed(&mut self, place: &str, value: &'a Value) -> Result<(), String> {
        let Some(list) = value.as_array() else { return wanted(place, false, "a list of schemas") };
        let mut all = list.iter().enumerate();
        all.try_for_each(|(at, schema)| self.schema(&format!("{place}[{at}]"), schema))
    }

    /// How many schemas are held against a value by this one; nothing if it comes back to itself without going into the
    /// value.
    fn count(&mut self, schema: &'a Value) -> Option<u32> {
        let Some(map) = schema.as_object() else { return Some(1) };
        let address = std::ptr::from_ref(map).addr();
        if let Some(count) = self.counts.get(&address) {
            return *count;
        }
        self.counts.insert(address, None);
        let mut count = 1_u32;
        for part in self.parts(map) {
            count = count.saturating_add(self.count(part)?);
        }
        self.counts.insert(address, Some(count));
        Some(count)
    }

    fn parts(&self, map: &'a Map<String, Value>) -> Vec<&'a Value> {
        let listed = PARTS.into_iter().filter_map(|word| map.get(word)?.as_array()).flatten();
        listed.chain(map.get("$ref").and_then(|pointer| self.follow(pointer))).collect()
    }

    fn follow(&self, pointer: &Value) -> Option<&'a Value> {
        self.root.pointer(pointer.as_str()?.strip_prefix('#')?)
    }
}

fn is_note(word: &str) -> bool {
    word.starts_with("x-") || NOTES.contains(&word)
}

fn wanted(place: &str, fits: bool, what: &str) -> Result<(), String> {
    if fits { Ok(()) } else { Err(format!("{place}: {what} was expected")) }
}

#[cfg(test)]
mod tests;
