//! Lists whose entries have a key: which entry of one is which of the other. Fields within an entry are compared by the
//! parent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Change, fields, fill};
use crate::{
    normalise::serial::same_serial,
    record::{ComponentKind, HwRecord, section},
};

/// A list of a record.
pub(super) struct List {
    /// Its name in the record.
    pub(super) name: &'static str,
    /// The fields that make its key.
    key: &'static [&'static str],
}

pub(super) const LISTS: [List; 5] = [
    List { name: section::MEMBERS, key: &["position"] },
    List { name: section::COMPONENTS, key: &["kind", "slot"] },
    List { name: section::FIRMWARE, key: &["name"] },
    List { name: section::INTERFACES, key: &["name"] },
    List { name: section::FILESYSTEMS, key: &["mount"] },
];

/// An entry that has other values here than before is another part, of which the old one's values say nothing.
const MAKES_ANOTHER_PART: [&str; 5] = ["serial", "model", "part_number", "mac", "device"];

/// An entry and what it was, as far as either exists.
type Pair<'a> = (Option<&'a Value>, Option<&'a Value>);

pub(super) fn changes(list: &List, before: &Value, after: &Value, found: &mut Vec<Change>) {
    for pair in pairs(list, entries(before), entries(after)) {
        let path = |entry: &Value| format!("{}[{}]", list.name, list.key_of(entry));
        match pair {
            (Some(old), Some(new)) => fields(&path(new), old, new, found),
            (None, Some(new)) => {
                found.push(Change { field: path(new), before: Value::Null, after: new.clone() });
            }
            (Some(old), None) => {
                found.push(Change { field: path(old), before: old.clone(), after: Value::Null });
            }
            (None, None) => {}
        }
    }
}

/// Fills what the new list's entries do not tell, and keeps old entries that nobody looked for.
pub(super) fn merge(list: &List, before: &Value, after: &mut Value, fresh: &HwRecord) {
    let mut merged = Vec::new();
    let keys: BTreeSet<String> = entries(after).iter().map(|entry| list.key_of(entry)).collect();
    for pair in pairs(list, entries(before), entries(after)) {
        match pair {
            (Some(old), Some(new)) => {
                let mut entry = new.clone();
                if !is_another_part(old, new) {
                    fill(old, &mut entry);
                }
                merged.push(entry);
            }
            (None, Some(new)) => merged.push(new.clone()),
            (Some(old), None) if !was_looked_for(list, old, fresh) && !keys.contains(&list.key_of(old)) => {
                merged.push(old.clone());
            }
            _ => {}
        }
    }
    merged.sort_by_key(|entry| list.key_of(entry));
    *after = Value::Array(merged);
}

impl List {
    fn key_of(&self, entry: &Value) -> String {
        let text = |name: &&str| match &entry[*name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.key.iter().map(text).collect::<Vec<_>>().join("/")
    }
}

/// Pairs entries by kind and serial number where that is unambiguous (parts move), then by key. New entries come first,
/// in their order, then those without a successor.
fn pairs<'a>(list: &List, before: &'a [Value], after: &'a [Value]) -> Vec<Pair<'a>> {
    let mut predecessors: Vec<Option<usize>> = vec![None; after.len()];
    let mut used = BTreeSet::new();
    for identify in [serial_of as fn(&List, &Value) -> Option<String>, |list, entry| Some(list.key_of(entry))]
    {
        let free = |used: &BTreeSet<usize>| places(list, before, identify, |index| !used.contains(&index));
        let old = free(&used);
        let new = places(list, after, identify, |index| predecessors[index].is_none());
        for (identity, indexes) in new {
            if let ([new], Some([old])) = (indexes.as_slice(), old.get(&identity).map(Vec::as_slice)) {
                predecessors[*new] = Some(*old);
                used.insert(*old);
            }
        }
    }
    let here = after.iter().zip(predecessors).map(|(new, old)| (old.map(|index| &before[index]), Some(new)));
    let gone = before
        .iter()
        .enumerate()
        .filter(|(index, _)| !used.contains(index))
        .map(|(_, old)| (Some(old), None));
    here.chain(gone).collect()
}

fn places(
    list: &List,
    entries: &[Value],
    identify: fn(&List, &Value) -> Option<String>,
    wanted: impl Fn(usize) -> bool,
) -> BTreeMap<String, Vec<usize>> {
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate().filter(|(index, _)| wanted(*index)) {
        if let Some(identity) = identify(list, entry) {
            places.entry(identity).or_default().push(index);
        }
    }
    places
}

fn serial_of(list: &List, entry: &Value) -> Option<String> {
    let kind = entry["kind"].as_str().filter(|_| list.name == section::COMPONENTS)?;
    Some(format!("{kind}/{}", entry["serial"].as_str()?.to_uppercase()))
}

fn is_another_part(old: &Value, new: &Value) -> bool {
    MAKES_ANOTHER_PART.iter().any(|name| match (old[*name].as_str(), new[*name].as_str()) {
        (Some(old), Some(new)) => !same_serial(old, new),
        _ => false,
    })
}

fn was_looked_for(list: &List, old: &Value, fresh: &HwRecord) -> bool {
    if list.name != section::COMPONENTS {
        return fresh.is_complete(list.name);
    }
    let kind = serde_json::from_value::<ComponentKind>(old["kind"].clone());
    kind.is_ok_and(|kind| fresh.is_complete_for(kind))
}

fn entries(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}
