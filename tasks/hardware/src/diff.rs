//! Compares a record with the last one, field by field. Pure: what is kept, and where, is the kind's matter.
//!
//! Absent never overwrites: a field the machine did not tell this time keeps its last value, unless the part it belongs to
//! was replaced. An entry of a list is gone only if the list was read whole.

mod entries;

use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::entries::LISTS;
use crate::{normalise::serial::same_serial, record::HwRecord};

/// Facts about the record, not about the machine.
const ABOUT_THE_RECORD: [&str; 7] =
    ["schema", "collector", "collected_at", "address", "freshness", "completeness", "errors"];
/// Fields that change by themselves; they are kept as last read and never reported.
const VOLATILE: [&str; 2] = ["uptime_s", "free_mib"];

/// One field that is not what it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The field: `software.version`, `components[disk/sda].serial`; an entry as a whole if it came or went.
    pub field: String,
    /// What it was; null if it was absent.
    pub before: Value,
    /// What it is; null if it is gone.
    pub after: Value,
}

/// What a comparison came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What is known now: the new record, with what it did not tell taken from the last one.
    pub record: HwRecord,
    /// What is not what it was, sorted by field.
    pub changes: Vec<Change>,
    /// How many fields have a value now.
    pub fields: usize,
}

/// Compares a new record with the last one. A boot time within `boot_tolerance` of the last one is the same boot.
pub fn compare(before: &HwRecord, fresh: HwRecord, boot_tolerance: Duration) -> Comparison {
    let record = if is_same_machine(before, &fresh) { merge(before, fresh, boot_tolerance) } else { fresh };
    let changes = changes(before, &record);
    Comparison { fields: count_fields(&record), changes, record }
}

/// How many fields of a record have a value, volatile ones not counted.
pub fn count_fields(record: &HwRecord) -> usize {
    facts(record).values().map(count).sum()
}

/// What differs between two records, sorted by field.
pub fn changes(before: &HwRecord, after: &HwRecord) -> Vec<Change> {
    let (before, after) = (facts(before), facts(after));
    let mut found = Vec::new();
    for (name, value) in &after {
        let old = before.get(name).unwrap_or(&Value::Null);
        match LISTS.iter().find(|list| list.name == name) {
            Some(list) => entries::changes(list, old, value, &mut found),
            None => fields(name, old, value, &mut found),
        }
    }
    found.sort_by(|a, b| a.field.cmp(&b.field));
    found
}

/// A host of the same name may be another machine: then nothing of the old one may live on in its record.
fn is_same_machine(before: &HwRecord, fresh: &HwRecord) -> bool {
    let (old, new) = (&before.identity, &fresh.identity);
    let differ = |old: &Option<String>, new: &Option<String>| matches!((old, new), (Some(old), Some(new)) if !same_serial(old, new));
    !differ(&old.serial, &new.serial) && !differ(&old.uuid, &new.uuid) && !differ(&old.model, &new.model)
}

fn merge(before: &HwRecord, fresh: HwRecord, boot_tolerance: Duration) -> HwRecord {
    let (old, mut new) = (as_object(before), as_object(&fresh));
    for (name, value) in &mut new {
        let Some(old) = old.get(name).filter(|_| !ABOUT_THE_RECORD.contains(&name.as_str())) else {
            continue;
        };
        match LISTS.iter().find(|list| list.name == name) {
            Some(list) => entries::merge(list, old, value, &fresh),
            None => fill(old, value),
        }
    }
    let mut merged: HwRecord = serde_json::from_value(Value::Object(new)).unwrap_or(fresh);
    if let (Some(old), Some(new)) = (before.runtime.boot_time, merged.runtime.boot_time) {
        let tolerance = TimeDelta::from_std(boot_tolerance).unwrap_or(TimeDelta::MAX);
        if new.signed_duration_since(old).abs() <= tolerance {
            merged.runtime.boot_time = Some(old);
        }
    }
    merged
}

/// Fills what is absent in `new` from `old`.
fn fill(old: &Value, new: &mut Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (name, old) in old.iter().filter(|(name, _)| !VOLATILE.contains(&name.as_str())) {
                fill(old, new.entry(name).or_insert(Value::Null));
            }
        }
        (old, new @ Value::Null) => *new = old.clone(),
        _ => {}
    }
}

/// Compares objects field by field; everything else as a whole.
fn fields(path: &str, before: &Value, after: &Value, found: &mut Vec<Change>) {
    let nothing = Map::new();
    let (old, new) = match (before, after) {
        (Value::Object(old), Value::Object(new)) => (old, new),
        (Value::Object(old), Value::Null) => (old, &nothing),
        (Value::Null, Value::Object(new)) => (&nothing, new),
        _ if is_same(path, before, after) => return,
        _ => {
            return found.push(Change {
                field: path.to_owned(),
                before: before.clone(),
                after: after.clone(),
            });
        }
    };
    let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
    for name in names.filter(|name| !VOLATILE.contains(&name.as_str())) {
        let value = |object: &Map<String, Value>| object.get(name).cloned().unwrap_or_default();
        fields(&format!("{path}.{name}"), &value(old), &value(new), found);
    }
}

fn is_same(path: &str, before: &Value, after: &Value) -> bool {
    match (before.as_str(), after.as_str()) {
        (Some(old), Some(new)) if path.ends_with(".serial") => same_serial(old, new),
        _ => before == after,
    }
}

fn facts(record: &HwRecord) -> Map<String, Value> {
    let mut facts = as_object(record);
    facts.retain(|name, _| !ABOUT_THE_RECORD.contains(&name.as_str()));
    facts
}

fn as_object(record: &HwRecord) -> Map<String, Value> {
    match serde_json::to_value(record) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Object(object) => object
            .iter()
            .filter(|(name, _)| !VOLATILE.contains(&name.as_str()))
            .map(|(_, value)| count(value))
            .sum(),
        Value::Array(values) if values.iter().any(Value::is_object) => values.iter().map(count).sum(),
        Value::Array(values) => usize::from(!values.is_empty()),
        _ => 1,
    }
}

#[cfg(test)]
mod tests;
