//! What a kind says of its work: an outcome, or an instruction what to do next. It decides nothing; `settle` does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// How the work went, as far as it was done at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeStatus {
    /// Everything that was to be done was done.
    #[default]
    Success,
    /// Some targets were done, others failed.
    Partial,
    /// There was nothing to do, for the reason in the summary.
    Skipped,
}

/// How many targets met which fate. Zero where a count means nothing for the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Targets looked at.
    pub processed: u64,
    /// Targets that went well.
    pub ok: u64,
    /// Targets that failed.
    pub failed: u64,
    /// Targets passed over.
    pub skipped: u64,
    /// Targets that differ from last time, or were written.
    pub changed: u64,
    /// Targets that were as expected.
    pub unchanged: u64,
    /// Contradictions a person has to resolve.
    pub conflicts: u64,
    /// Writes that a dry run would have made.
    pub planned: u64,
}

impl Counts {
    /// The counts that are not zero, with their names, in the order of declaration.
    pub fn named(&self) -> Vec<(&'static str, u64)> {
        let all = [
            ("processed", self.processed),
            ("ok", self.ok),
            ("failed", self.failed),
            ("skipped", self.skipped),
            ("changed", self.changed),
            ("unchanged", self.unchanged),
            ("conflicts", self.conflicts),
            ("planned", self.planned),
        ];
        all.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

/// One sample of a metric that the kind declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricValue {
    /// The metric's full name.
    pub name: String,
    /// Label values by label name.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The value: a gauge's level, or how much a counter rises.
    pub value: f64,
}

/// What a kind reports when its work came to an end.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// How the work went.
    pub status: OutcomeStatus,
    /// How many targets met which fate.
    pub counts: Counts,
    /// One line for people: "118 devices, 9 changed, 2 failed".
    pub summary: String,
    /// The details as the kind's documentation describes them.
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    pub detail: serde_json::Value,
    /// What an action wants printed: a text, or a table as `{"columns": […], "rows": [[…]]}` or as a list of objects; anything
    /// else is printed as JSON.
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    pub print: serde_json::Value,
    /// Asks for another attempt for what is missing; with none left the run ends `partial`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// Asks for one extra run at an instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wake_at: Option<Timestamp>,
    /// Nothing of the kind's code ran. Only whoever was to run it may say so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unstarted: bool,
}

impl Outcome {
    /// Everything went well.
    pub fn success(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), ..Self::default() }
    }

    /// Some targets failed.
    pub fn partial(summary: impl Into<String>) -> Self {
        Self { status: OutcomeStatus::Partial, summary: summary.into(), ..Self::default() }
    }

    /// Nothing was to be done, for this reason.
    pub fn skipped(reason: impl Into<String>) -> Self {
        Self { status: OutcomeStatus::Skipped, summary: reason.into(), ..Self::default() }
    }

    /// The kind's code did not run at all, for this reason: it is not the version that was accepted.
    pub fn unstarted(reason: impl Into<String>) -> Self {
        Self { unstarted: true, ..Self::skipped(reason) }
    }

    /// Adds how many targets met which fate.
    #[must_use]
    pub const fn with_counts(mut self, counts: Counts) -> Self {
        self.counts = counts;
        self
    }

    /// Adds details, anything that serializes to JSON.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Serialize) -> Self {
        self.detail = serde_json::to_value(detail).unwrap_or_default();
        self
    }
}

/// Why an attempt did not finish, as an instruction what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "error")]
pub enum TaskError {
    /// Try again, if the retry policy allows it, not before an instant where one is given.
    #[error("{cause}")]
    Retry {
        /// What went wrong.
        cause: String,
        /// The far side's wish, such as a Retry-After.
        not_before: Option<Timestamp>,
    },
    /// Come back later, in 5 seconds at the earliest; the attempt does not count, but the total deadline applies.
    #[error("{cause}")]
    Snooze {
        /// What it waits for.
        cause: String,
        /// When to come back.
        until: Timestamp,
    },
    /// Trying again cannot help.
    #[error("{cause}")]
    Permanent {
        /// What went wrong.
        cause: String,
    },
    /// The task's configuration is wrong.
    #[error("{cause}")]
    Config {
        /// What is wrong in it.
        cause: String,
    },
    /// A person stopped it.
    #[error("cancelled")]
    Cancelled,
    /// The daemon is stopping: back to the queue, not counted.
    #[error("interrupted")]
    Interrupted,
}

impl TaskError {
    /// Try again, when the retry policy says so.
    pub fn retry(cause: impl std::fmt::Display) -> Self {
        Self::Retry { cause: cause.to_string(), not_before: None }
    }

    /// Trying again cannot help.
    pub fn permanent(cause: impl std::fmt::Display) -> Self {
        Self::Permanent { cause: cause.to_string() }
    }

    /// The task's configuration is wrong.
    pub fn config(cause: impl std::fmt::Display) -> Self {
        Self::Config { cause: cause.to_string() }
    }
}
