//! What is known about a kind without running it, wherever its code comes from. It runs nothing.

mod check;
mod schema;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use check::{check_labels, check_metric_name};

use crate::{BudgetName, BudgetRule, Code, Confirmation, KindName};

/// The most bytes of a description, as JSON text.
pub const MAX_DESCRIPTION_BYTES: usize = 1 << 20;

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
    /// The spaces of documents that its tasks share with others. Their scopes follow from the configuration by code that
    /// the daemon itself has, so that only compiled-in kinds have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spaces: Vec<SpaceDescription>,
}

impl KindDescription {
    /// How long an attempt may take where the task says nothing.
    pub const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
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
    /// What a person is asked before it is done, where that is the same whatever the config and the parameters. Kinds that
    /// are compiled in ask by both, and say nothing here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
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

/// A space of documents that tasks share: those with the same scope, of this kind or another that declares the name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceDescription {
    /// Its name.
    pub name: String,
    /// What is kept in it, and what tasks that share it have in common.
    pub about: String,
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
    /// Environment variables of old that fill fields which no source of credentials has: field and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, String)>,
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
