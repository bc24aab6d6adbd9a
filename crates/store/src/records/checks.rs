//! What looking at tasks before they run came to. Nothing here looks at anything.

use roundsman_model::{Finding, TaskName, Timestamp};
use serde::Serialize;

/// What the last look at a task from a node found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckRow {
    /// The task.
    pub task: TaskName,
    /// The hash of the definition that was looked at.
    pub definition: String,
    /// The name of the node that looked.
    pub node: String,
    /// When.
    pub at: Timestamp,
    /// What was found.
    pub findings: Vec<Finding>,
}
