//! A script's own report of how it went, read key by key, so that what is wrong can be told without quoting it. It does not
//! judge what the report means.

use std::collections::BTreeMap;

use roundsman_model::Timestamp;
use roundsman_task::Counts;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// How it went, in a script's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::script) enum Status {
    // In the order of severity.
    Success,
    Skipped,
    Partial,
    Failed,
}

/// A script's own report.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::script) struct Said {
    /// How it went; absent for what the exit code says.
    pub(in crate::script) status: Option<Status>,
    /// One line for people.
    pub(in crate::script) summary: String,
    /// How many targets met which fate.
    pub(in crate::script) counts: Option<Counts>,
    /// Whatever is worth keeping.
    pub(in crate::script) detail: Value,
    /// What an action wants printed.
    pub(in crate::script) print: Value,
    /// Whether another attempt is wanted for what is missing.
    pub(in crate::script) again: bool,
    /// When one extra run is wanted.
    pub(in crate::script) wake_at: Option<Timestamp>,
    /// Whether a failure is worth another attempt.
    pub(in crate::script) retry: Option<bool>,
    /// When that attempt may begin.
    pub(in crate::script) not_before: Option<Timestamp>,
    /// Keys that mean nothing here, most likely misspelt.
    pub(in crate::script) unknown: BTreeMap<String, Value>,
}

/// Reads a report from the rest of a line.
pub(super) fn of_text(text: &[u8]) -> Result<Said, String> {
    match serde_json::from_slice(text) {
        Ok(Value::Object(keys)) => read(keys),
        Ok(_) => Err("it is no JSON object".into()),
        Err(error) => Err(super::no_json(&error)),
    }
}

/// Reads a report. A key that cannot be read makes the whole of it unreadable: what was to be said with it is not known.
pub(in crate::script) fn read(mut keys: Map<String, Value>) -> Result<Said, String> {
    const INSTANT: &str = "an instant such as \"2026-03-29T01:30:00Z\"";
    const TRUTH: &str = "true or false";
    let keys = &mut keys;
    Ok(Said {
        status: take(keys, "status", "success, partial, skipped or failed")?,
        summary: take(keys, "summary", "a text")?.unwrap_or_default(),
        counts: take(
            keys,
            "counts",
            "an object with whole numbers for names such as processed, ok and failed",
        )?,
        detail: keys.remove("detail").unwrap_or_default(),
        print: keys.remove("print").unwrap_or_default(),
        again: take(keys, "again", TRUTH)?.unwrap_or_default(),
        wake_at: take(keys, "wake_at", INSTANT)?,
        retry: take(keys, "retry", TRUTH)?,
        not_before: take(keys, "not_before", INSTANT)?,
        unknown: std::mem::take(keys).into_iter().collect(),
    })
}

/// What a key says; nothing, if it is not there or null.
fn take<T: DeserializeOwned>(
    keys: &mut Map<String, Value>,
    key: &str,
    expected: &str,
) -> Result<Option<T>, String> {
    let value = keys.remove(key).unwrap_or_default();
    serde_json::from_value(value).map_err(|_| format!("its `{key}` is not {expected}"))
}
