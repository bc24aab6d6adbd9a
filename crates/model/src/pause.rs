//! A person's word that a task shall not run for a while. What that means for a slot is decided in `verdict`.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A time in which a task is paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Since when.
    pub from: Timestamp,
    /// Until when: as planned, or when it was resumed; absent while it lasts until somebody resumes it.
    pub until: Option<Timestamp>,
    /// Who paused it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
}

impl Pause {
    /// Whether an instant lies in it.
    pub fn covers(&self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// A wish that a run shall stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopOrder {
    /// Who wishes it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// Since when.
    pub at: Timestamp,
    /// The slot that takes its place, where the overlap rule asked for the end.
    pub replaced_by: Option<crate::RunId>,
}

impl std::fmt::Display for StopOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.replaced_by, &self.reason) {
            (Some(run), _) => write!(f, "replaced by run {run}"),
            (None, Some(reason)) => write!(f, "cancelled by {}: {reason}", self.by),
            (None, None) => write!(f, "cancelled by {}", self.by),
        }
    }
}
