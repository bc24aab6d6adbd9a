//! What listings, logs and metrics are made from. It selects nothing itself.

use roundsman_model::{
    AttemptEnd, MetricValue, PoolName, Reason, RunId, RunState, TaskName, Timestamp, Verdict,
};

use super::Holder;

/// An attempt as recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptRow {
    /// The run.
    pub run: RunId,
    /// 1 for the first.
    pub number: u32,
    /// Who ran it.
    pub holder: Holder,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub end: Option<AttemptEnd>,
    /// Whether the end came after another attempt had taken over.
    pub late: bool,
    /// Processor time in milliseconds.
    pub cpu_ms: Option<u64>,
    /// Peak resident memory in bytes.
    pub max_rss: Option<u64>,
}

/// A piece of a run's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogChunk {
    /// The run.
    pub run: RunId,
    /// The attempt.
    pub attempt: u32,
    /// Rises within the run over all attempts; given by the writer, unique in (run, attempt).
    pub seq: i64,
    /// Lines as JSON, one per text line, as `wire::LogLine` serializes.
    pub lines: String,
}

/// Which runs to list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunFilter {
    /// Only of this task.
    pub task: Option<TaskName>,
    /// Only in these states; empty for all.
    pub states: Vec<RunState>,
    /// Only of this round.
    pub round: Option<String>,
    /// Only queued at or after.
    pub since: Option<Timestamp>,
    /// Only with numbers below: the next page.
    pub before: Option<RunId>,
    /// At most so many, newest first.
    pub limit: u32,
}

/// What the metrics of a task are made from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaskTotals {
    /// Ended runs by state.
    pub runs: Vec<(RunState, u64)>,
    /// Slots by verdict and reason.
    pub slots: Vec<(Verdict, Option<Reason>, u64)>,
    /// Active runs: queued, running, waiting.
    pub active: Vec<(RunState, u64)>,
    /// Queued runs by pool.
    pub queued: Vec<(Option<PoolName>, u64)>,
    /// When the last run that succeeded ended.
    pub last_success: Option<Timestamp>,
    /// The last samples of the kind's metrics.
    pub metrics: Vec<MetricValue>,
}
