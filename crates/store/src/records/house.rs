//! What is kept and what goes. The decisions are in `model::retention`.

use roundsman_model::{TaskName, Timestamp};
use serde::Serialize;

/// What is kept, and how much is taken out in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PruneOrder {
    /// Runs that ended earlier than this go.
    pub older_than: Timestamp,
    /// The most ended runs of a task.
    pub runs_per_task: u32,
    /// The most bytes of logs and artifacts in all.
    pub bytes: u64,
    /// Ledger rows that end earlier than this go.
    pub ledger_older_than: Timestamp,
    /// Of tasks with `history = "changes"`: repeated successes that ended earlier than this become hourly sums. Ledger
    /// rows that end earlier are joined with their neighbours.
    pub changes_older_than: Timestamp,
    /// Documents of tasks that were removed earlier than this go.
    pub removed_before: Timestamp,
    /// The most runs in one batch.
    pub batch: u32,
    /// Whether only to tell what would go.
    pub dry_run: bool,
    /// Where the batch before ended.
    pub from: PruneCursor,
}

/// How far a sweep over everything has come; the default is its beginning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PruneCursor(pub(crate) crate::commands::prune::Progress);

/// What pruning came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Pruned {
    /// Runs that went, with attempts, logs and artifacts.
    pub runs: u64,
    /// Of these, successes that only repeated the one before.
    pub repeats: u64,
    /// Bytes of logs and artifacts that went.
    pub bytes: u64,
    /// Ledger rows that went or were joined with their neighbours.
    pub ledger_rows: u64,
    /// Documents of removed tasks that went.
    pub documents: u64,
    /// Where the next batch begins; nothing once the sweep has come to its end.
    #[serde(skip)]
    pub next: Option<PruneCursor>,
}

impl Pruned {
    /// Adds what another batch came to; where the next begins stays as it is.
    pub fn add(&mut self, batch: &Self) {
        self.runs += batch.runs;
        self.repeats += batch.repeats;
        self.bytes += batch.bytes;
        self.ledger_rows += batch.ledger_rows;
        self.documents += batch.documents;
    }
}

/// An hour of runs that were summed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RollUp {
    /// The task.
    pub task: TaskName,
    /// The hour's beginning.
    pub hour: Timestamp,
    /// How many runs.
    pub runs: u64,
    /// The sum of their durations in milliseconds.
    pub total_ms: u64,
    /// The longest in milliseconds.
    pub longest_ms: u64,
}
