//! What goes into a store and comes out of it: nodes, tasks, firings, requests, settlements, listings. The words inside
//! are those of `model`; nothing here asks a store.

use roundsman_model::{
    ActionName, AttemptEnd, BootId, KindName, MetricValue, NodeId, Origin, Overlap, Reason, Run, RunId,
    RunState, SlotRange, TaskDefinition, TaskName, Timestamp, Transition, Verdict,
};
use serde::{Deserialize, Serialize};

/// Which database stands behind a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file on this host.
    Sqlite,
    /// A server.
    Postgres,
}

/// One boot of one node: the owner of leases.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Holder {
    /// The node.
    pub node: NodeId,
    /// Its boot.
    pub boot: BootId,
}

/// A node as it enters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeEntry {
    /// Node and boot.
    pub holder: Holder,
    /// A name for people: the host's.
    pub name: String,
    /// Whether it is a one-shot `run-task`.
    pub one_shot: bool,
    /// Its process id on its host.
    pub pid: u32,
    /// The version of Roundsman.
    pub version: String,
    /// Where it serves HTTP, if it does.
    pub listen: Option<String>,
}

/// A node as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    /// What it said when it entered.
    pub entry: NodeEntry,
    /// When it entered.
    pub started_at: Timestamp,
    /// Its last heartbeat, by its own clock.
    pub beat_at: Timestamp,
    /// Counts its heartbeats; a node whose count moves is alive, whatever the clocks say.
    pub beats: i64,
    /// When it left in good order.
    pub ended_at: Option<Timestamp>,
}

/// A task as recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRow {
    /// The definition in force.
    pub definition: TaskDefinition,
    /// Its hash.
    pub hash: String,
    /// Since when it is in force.
    pub valid_from: Timestamp,
    /// When a daemon first knew the task; until then it has no slots.
    pub first_seen: Option<Timestamp>,
    /// All slots up to here are in the ledger.
    pub ledger_until: Option<Timestamp>,
    /// When it left the configuration.
    pub removed_at: Option<Timestamp>,
    /// When a person paused it.
    pub paused_at: Option<Timestamp>,
}

/// A slot for which a run is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotToRun {
    /// The slot; absent for the run at the first start.
    pub slot: Option<Timestamp>,
    /// When the run may start.
    pub due_at: Timestamp,
}

/// What firing a task means: ledger rows and runs, written in one transaction or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Firing {
    /// The task.
    pub task: TaskName,
    /// Its kind.
    pub kind: KindName,
    /// The hash of the definition the runs are made from.
    pub definition: String,
    /// The overlap rule.
    pub overlap: Overlap,
    /// Up to where the ledger went when this was decided; another value in the store refuses the firing.
    pub ledger_was: Option<Timestamp>,
    /// Up to where it goes afterwards.
    pub ledger_until: Timestamp,
    /// Slots that do not run, with verdict and reason.
    pub passed: Vec<SlotRange>,
    /// Slots that run, oldest first, subject to the overlap rule.
    pub run: Vec<SlotToRun>,
}

/// What became of one slot of a firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotFate {
    /// A run was queued.
    Queued(RunId),
    /// A run was queued in the place of one that waited for a retry, which ended.
    TookOver {
        /// The new run.
        run: RunId,
        /// The run that ended as failed (superseded).
        ended: RunId,
    },
    /// The slot was skipped because of this active run.
    Overlap(RunId),
    /// The slot was in the ledger already; nothing was written for it.
    Recorded,
}

/// What became of a firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fired {
    /// Recorded; one fate for each slot that was to run.
    Done(Vec<SlotFate>),
    /// The ledger was elsewhere: another node fired, or the clock was stepped. Nothing was written.
    Moved {
        /// Where the ledger is.
        ledger_until: Option<Timestamp>,
    },
}

/// A run on request.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// The definition to run; recorded as a version of the task if it is new.
    pub definition: TaskDefinition,
    /// The slot to run for, if it is a repeat of one.
    pub slot: Option<Timestamp>,
    /// What asked for it.
    pub origin: Origin,
    /// Who asked.
    pub requested_by: Option<String>,
    /// The action.
    pub action: Option<ActionName>,
    /// Its parameters.
    pub params: serde_json::Value,
    /// Whether writes only become a plan.
    pub dry_run: bool,
    /// Whether it counts for the overlap rule.
    pub exclusive: bool,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Requested {
    /// The run was recorded, and claimed if that was asked.
    Run(Box<Run>),
    /// This active run is in the way; nothing was written.
    Overlap(Box<Run>),
}

/// The right to write for a run: its attempt, held by one boot of a node. Each write names it; when another attempt or
/// holder is recorded, the write is refused and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RunLease {
    /// The run.
    pub run: RunId,
    /// The attempt.
    pub attempt: u32,
    /// Who holds it.
    pub holder: Holder,
}

/// A running run and who holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldRun {
    /// The run.
    pub run: Run,
    /// Who holds it.
    pub lease: RunLease,
    /// Counts renewals: a lease whose count moves is alive.
    pub renewals: i64,
    /// Whether the holder is a one-shot `run-task`.
    pub one_shot: bool,
}

/// An attempt's end and what follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// Whose.
    pub lease: RunLease,
    /// How the attempt ended.
    pub end: AttemptEnd,
    /// What the run does next.
    pub transition: Transition,
    /// The last samples of the kind's metrics.
    pub metrics: Vec<MetricValue>,
    /// Processor time in milliseconds, where known.
    pub cpu_ms: Option<u64>,
    /// Peak resident memory in bytes, where known.
    pub max_rss: Option<u64>,
    /// When.
    pub at: Timestamp,
}

/// Whether a settlement was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Recorded.
    Done,
    /// The lease was no longer ours: kept with the attempt as late, nothing else changed.
    Late,
}

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
    /// When the last run that succeeded ended.
    pub last_success: Option<Timestamp>,
    /// The last samples of the kind's metrics.
    pub metrics: Vec<MetricValue>,
}
