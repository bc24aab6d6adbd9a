//! What is told of each step as it happens, as values that can be stored. Where they are stored is the caller's matter.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use roundsman_task::{TaskError, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::change::{Operation, Plan};

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpState {
    /// It has begun; what became of it is not known.
    Started,
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// It was not tried: something that it needs is not there.
    Skipped,
    /// It was not tried: it must wait for another time.
    Deferred,
}

impl OpState {
    /// As a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Deferred => "later",
        }
    }
}

/// One step, and how far it is. A later entry of the same place replaces an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the plan.
    pub ord: usize,
    /// What is done.
    pub kind: String,
    /// Whom or what it is done to.
    pub target: String,
    /// How far it is.
    pub state: OpState,
    /// The id of what was made, changed or deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    /// The request that a cluster is made by; it bears it as a tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Uuid>,
    /// The number of the cluster, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<u16>,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it is not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Since when it is so.
    pub at: Timestamp,
}

impl Entry {
    /// A step of a plan.
    pub(super) fn of(operation: &Operation, state: OpState, at: Timestamp) -> Self {
        Self {
            ord: operation.ord,
            kind: operation.change.kind().to_owned(),
            target: operation.change.target(),
            state,
            remote_id: None,
            request: None,
            cluster: operation.change.cluster().map(|cluster| cluster.number.get()),
            attempts: 0,
            error: None,
            at,
        }
    }
}

/// Who is told.
#[async_trait]
pub trait Journal: Send + Sync {
    /// This plan is carried out from now on. Nothing has been done yet; an error ends everything.
    async fn begin(&self, plan: &Plan) -> Result<(), TaskError> {
        let _ = plan;
        Ok(())
    }

    /// A step has got so far. The next thing is done when this has returned; an error ends everything.
    async fn write(&self, entry: &Entry) -> Result<(), TaskError>;
}

/// The requests of clusters that were made, or perhaps were, and never switched off, by the entries of one run: what
/// `PlanOptions::unfinished` is for the next one.
pub fn unfinished<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> BTreeSet<String> {
    let mut open = BTreeMap::new();
    for entry in entries {
        match (&*entry.kind, entry.state, entry.request) {
            ("cluster.create", OpState::Started | OpState::Done | OpState::Failed, Some(request)) => {
                open.insert(entry.cluster, request.to_string());
            }
            ("cluster.terminate", OpState::Done, _) => drop(open.remove(&entry.cluster)),
            _ => {}
        }
    }
    open.into_values().collect()
}
