//! What a schema says of the keys of a table that is there: of several shapes, that which it has. It checks no value.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::check::{enumeration, is_secret, types};

/// Shapes in shapes are followed so far.
const DEEPEST: u8 = 8;

/// The schema itself, or what it refers to in the schema `root`.
pub(crate) fn follow<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    // A chain of references is short; a ring of them must end.
    for _ in 0..16 {
        let Some(pointer) = schema.get("$ref").and_then(Value::as_str) else { break };
        let Some(target) = pointer.strip_prefix('#').and_then(|pointer| root.pointer(pointer)) else { break };
        schema = target;
    }
    schema
}

/// The schemas of one kind.
#[derive(Clone, Copy)]
pub(crate) struct Shapes<'a> {
    /// What `$ref` points into.
    pub(crate) root: &'a Value,
}

impl<'a> Shapes<'a> {
    /// The keys that this table may have, with their schemas. `properties` of maps are not among them.
    pub(crate) fn keys(self, schema: &'a Value, table: &Map<String, Value>) -> Vec<(&'a str, &'a Value)> {
        let properties = |map: &'a Map<String, Value>| map.get("properties").and_then(Value::as_object);
        let all = self.parts(schema, table).into_iter().filter_map(properties).flatten();
        all.map(|(key, property)| (key.as_str(), property)).collect()
    }

    /// The keys that this table must have.
    pub(crate) fn required(self, schema: &'a Value, table: &Map<String, Value>) -> BTreeSet<&'a str> {
        let required = |map: &'a Map<String, Value>| map.get("required").and_then(Value::as_array);
        let all = self.parts(schema, table).into_iter().filter_map(required).flatten();
        all.filter_map(Value::as_str).collect()
    }

    /// The schema of one key of this table.
    pub(crate) fn key(self, schema: &'a Value, table: &Map<String, Value>, key: &str) -> Option<&'a Value> {
        let known = self.keys(schema, table).into_iter().find(|(known, _)| *known == key);
        let of_map = || {
            let parts = self.parts(schema, table).into_iter();
            parts.filter_map(|map| map.get("additionalProperties")).find(|schema| schema.is_object())
        };
        known.map(|(_, schema)| schema).or_else(of_map)
    }

    /// The schema of an entry of a list.
    pub(crate) fn entry(self, schema: &'a Value, index: usize) -> Option<&'a Value> {
        let of_list = |schema: &'a Value| {
            let first = schema.get("prefixItems").and_then(|first| first.get(index));
            first.or_else(|| schema.get("items"))
        };
        let schema = follow(self.root, schema);
        let branches =
            ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|word| schema.get(word)?.as_array());
        let mut branches = branches.flatten().map(|branch| follow(self.root, branch));
        of_list(schema).or_else(|| branches.find_map(of_list))
    }

    /// The types that are accepted; none if everything is.
    pub(crate) fn types(self, schema: &'a Value) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        self.gather_types(schema, 0, &mut found);
        found
    }

    fn gather_types(self, schema: &'a Value, depth: u8, found: &mut BTreeSet<&'a str>) {
        let Some(map) = follow(self.root, schema).as_object().filter(|_| depth < DEEPEST) else { return };
        if is_secret(map) {
            found.insert("string");
            return;
        }
        let named = types(map);
        if !named.is_empty() {
            return found.extend(named);
        }
        if let Some(words) = enumeration(map) {
            let types: Vec<&'static str> = words.iter().map(type_of).collect();
            return found.extend(types);
        }
        let branches = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|word| map.get(word)?.as_array());
        branches.flatten().for_each(|branch| self.gather_types(branch, depth + 1, found));
    }

    /// The parts of a schema that count for this table.
    fn parts(self, schema: &'a Value, table: &Map<String, Value>) -> Vec<&'a Map<String, Value>> {
        let mut parts = Vec::new();
        self.gather_parts(schema, table, 0, &mut parts);
        parts
    }

    fn gather_parts(
        self,
        schema: &'a Value,
        table: &Map<String, Value>,
        depth: u8,
        parts: &mut Vec<&'a Map<String, Value>>,
    ) {
        let Some(map) = follow(self.root, schema).as_object().filter(|_| depth < DEEPEST) else { return };
        parts.push(map);
        let listed = |word: &str| map.get(word).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for part in listed("allOf") {
            self.gather_parts(part, table, depth + 1, parts);
        }
        for word in ["anyOf", "oneOf"] {
            let mut fitting = listed(word).iter().filter(|branch| self.could_be(branch, table));
            // Where it could be several, nobody knows which is meant.
            if let (Some(only), None) = (fitting.next(), fitting.next()) {
                self.gather_parts(only, table, depth + 1, parts);
            }
        }
    }

    /// Whether a table could have this shape: its words tell shapes apart, or the keys that only one has.
    fn could_be(self, branch: &'a Value, table: &Map<String, Value>) -> bool {
        let Some(map) = follow(self.root, branch).as_object() else { return false };
        let Some(properties) = map.get("properties").and_then(Value::as_object) else {
            return types(map) == ["object"];
        };
        let word = |property: &'a Value| follow(self.root, property).get("const");
        let tags_fit = properties
            .iter()
            .all(|(key, property)| word(property).is_none_or(|word| table.get(key) == Some(word)));
        let is_closed = map.get("additionalProperties") == Some(&Value::Bool(false));
        tags_fit && (!is_closed || table.keys().all(|key| properties.contains_key(key)))
    }
}

fn type_of(word: &Value) -> &'static str {
    match word {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
