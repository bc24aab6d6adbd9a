//! What is known about a kind without running it, wherever its code comes from. It runs nothing.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ActionName, BudgetName, BudgetRule, Code, KindName};

/// The most bytes of a description, as JSON text.
pub const MAX_DESCRIPTION_BYTES: usize = 1 << 20;
/// The longest time limit that a description may name: a year.
const MAX_TIMEOUT_MS: u64 = 365 * 86_400 * 1_000;
/// The most bytes of a sentence in a description.
const MAX_SENTENCE_BYTES: usize = 500;

/// What is known about a kind without running it. Plugins describe themselves with the JSON form of this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KindDescription {
    /// Its name, as tasks write it after `uses`.
    pub name: KindName,
    /// One sentence, beginning with a verb.
    pub about: String,
    /// The family it is listed under.
    #[serde(default = "general")]
    pub category: String,
    /// Where its code is.
    #[serde(default)]
    pub code: Code,
    /// The schedule of its built-in task, where it has one.
    #[serde(default)]
    pub default_schedule: Option<String>,
    /// How long an attempt may take where the task says nothing, in milliseconds.
    #[serde(default = "ten_minutes")]
    pub timeout_ms: u64,
    /// Whether a failed attempt may simply be repeated.
    #[serde(default)]
    pub repeatable: bool,
    /// The JSON Schema of a task's `with` table.
    #[serde(default = "nothing")]
    pub schema: Value,
    /// Whether `-p key=value` replaces keys of `with` for one run without an action.
    #[serde(default)]
    pub takes_params: bool,
    /// What it can be asked to do besides its scheduled work.
    #[serde(default)]
    pub actions: Vec<ActionDescription>,
    /// The metrics it may report.
    #[serde(default)]
    pub metrics: Vec<MetricDescription>,
    /// The credentials it wants.
    #[serde(default)]
    pub credentials: Vec<CredentialWish>,
    /// The budgets it takes from, with the rules that hold where the configuration names none.
    #[serde(default)]
    pub budgets: Vec<(BudgetName, BudgetRule)>,
}

impl KindDescription {
    /// How long an attempt may take where the task says nothing.
    pub const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// Refuses what no kind can have; for descriptions that come from outside. The error names the key.
    pub fn check(&self) -> Result<(), String> {
        check_sentence("about", &self.about)?;
        check_sentence("category", &self.category)?;
        check_schema("schema", &self.schema)?;
        check_timeout("timeout_ms", self.timeout_ms)?;
        for (index, action) in self.actions.iter().enumerate() {
            action.check().map_err(|what| format!("actions[{index}].{what}"))?;
        }
        for (index, metric) in self.metrics.iter().enumerate() {
            metric.check().map_err(|what| format!("metrics[{index}].{what}"))?;
        }
        check_once("actions", self.actions.iter().map(|action| &action.name))?;
        check_once("metrics", self.metrics.iter().map(|metric| &metric.name))?;
        check_once("credentials", self.credentials.iter().map(|wish| &wish.name))
    }
}

impl ActionDescription {
    fn check(&self) -> Result<(), String> {
        self.name.parse::<ActionName>().map_err(|error| format!("name: {error}"))?;
        check_sentence("about", &self.about)?;
        self.timeout_ms.map_or(Ok(()), |timeout| check_timeout("timeout_ms", timeout))?;
        check_schema("params", &self.params)
    }
}

impl MetricDescription {
    fn check(&self) -> Result<(), String> {
        check_word("name", &self.name, ":")?;
        self.labels.iter().try_for_each(|label| check_word("labels", label, ""))?;
        check_sentence("help", &self.help)
    }
}

fn check_sentence(key: &str, text: &str) -> Result<(), String> {
    if text.trim().is_empty() || text.len() > MAX_SENTENCE_BYTES || text.contains(char::is_control) {
        return Err(format!("{key}: one line of 1 to {MAX_SENTENCE_BYTES} bytes was expected"));
    }
    Ok(())
}

fn check_timeout(key: &str, timeout_ms: u64) -> Result<(), String> {
    match timeout_ms {
        0 => Err(format!("{key}: 0 leaves no time; leave it out for the usual one")),
        1..=MAX_TIMEOUT_MS => Ok(()),
        _ => Err(format!("{key}: {timeout_ms} was found; at most a year, {MAX_TIMEOUT_MS}, was expected")),
    }
}

fn check_schema(key: &str, schema: &Value) -> Result<(), String> {
    let kind = schema.get("type").map(|kind| kind.as_str().unwrap_or_default());
    if schema.is_object() && kind.is_none_or(|kind| kind == "object") {
        return Ok(());
    }
    Err(format!("{key}: the JSON Schema of a table was expected, with \"type\": \"object\""))
}

/// Names as Prometheus has them.
fn check_word(key: &str, word: &str, also: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || also.contains(c);
    if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) || !word.chars().all(fits) {
        return Err(format!("{key}: {word:?} is no name; letters, digits and _ were expected"));
    }
    Ok(())
}

fn check_once<'a>(key: &str, names: impl Iterator<Item = &'a String>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let mut names = names;
    match names.find(|name| !seen.insert(*name)) {
        Some(twice) => Err(format!("{key}: {twice:?} is there twice")),
        None => Ok(()),
    }
}

/// Something a kind can be asked to do besides its scheduled run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionDescription {
    /// Its name on the command line.
    pub name: String,
    /// One sentence, beginning with a verb.
    pub about: String,
    /// How long it may take, in milliseconds; absent for as long as the task.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// Whether it shares the task's overlap guard.
    #[serde(default = "yes")]
    pub exclusive: bool,
    /// Whether it writes to outside systems.
    #[serde(default = "yes")]
    pub writes: bool,
    /// The JSON Schema of its parameters: an object.
    #[serde(default = "nothing")]
    pub params: Value,
}

/// A metric that a kind declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricDescription {
    /// The full name.
    pub name: String,
    /// One sentence for `# HELP`.
    pub help: String,
    /// Whether reports are added up; otherwise the last one counts.
    #[serde(default)]
    pub counter: bool,
    /// Names of its labels; `task` is added by the daemon.
    #[serde(default)]
    pub labels: Vec<String>,
}

/// Credentials that a kind wants: a role, for which a task names a section of the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialWish {
    /// The role; also the section's name where the task names none.
    pub name: String,
    /// What they are for.
    #[serde(default)]
    pub about: String,
    /// The fields that must be there.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Whether it works without them.
    #[serde(default)]
    pub optional: bool,
}

fn general() -> String {
    "general".to_owned()
}

const fn ten_minutes() -> u64 {
    600_000
}

const fn yes() -> bool {
    true
}

/// The schema of a table without keys.
fn nothing() -> Value {
    serde_json::json!({ "type": "object", "additionalProperties": false })
}

#[cfg(test)]
mod tests;
