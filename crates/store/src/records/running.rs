//! Claiming, holding and ending attempts. How an attempt is carried out is not known here.

use roundsman_model::{
    AttemptEnd, KindName, LeaseName, MetricValue, NodeLabel, PoolName, Run, RunId, TaskName, Timestamp,
    Transition,
};
use serde::{Deserialize, Serialize};

use super::Holder;

/// A node that takes runs, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimer {
    /// Node and boot.
    pub holder: Holder,
    /// The kinds it has; empty means all.
    pub kinds: Vec<KindName>,
    /// Its labels.
    pub labels: Vec<NodeLabel>,
    /// Whether its workers end with their lease (`without_store = "stop"`). Runs of tasks with `overlap = { allow = … }`
    /// go on regardless.
    pub stops_workers: bool,
}

impl Claimer {
    /// A node that takes runs of every kind, has no labels, and lets workers finish without the store.
    pub fn of(holder: Holder) -> Self {
        Self { holder, kinds: Vec::new(), labels: Vec::new(), stops_workers: false }
    }
}

/// What claiming came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Claimed {
    /// The runs taken, now running.
    pub runs: Vec<Run>,
    /// When the next run falls due; in the past if one is due and could not be taken, for want of a place or a lease.
    pub next_due: Option<Timestamp>,
}

/// Why a run that is due has not started.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The run.
    pub run: Run,
    /// What it waits for.
    pub by: HeldBy,
}

/// What a run that is due waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum HeldBy {
    /// A place in this pool; these runs have them, longest first.
    Pool(PoolName, Vec<Run>),
    /// This lease; that run has it.
    Lease(LeaseName, Box<Run>),
    /// The end of this run of the same task.
    Run(Box<Run>),
    /// This daemon, of which none lives: "a node with label dmz", "a node with kind speedtest", "a daemon".
    Node(String),
    /// A free worker.
    Worker,
}

impl std::fmt::Display for HeldBy {
    /// What follows "waits for".
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HeldBy::Pool(pool, _) => write!(f, "a place in pool {pool}"),
            HeldBy::Lease(lease, run) => write!(f, "lease {lease}, which run {} of {} has", run.id, run.task),
            HeldBy::Run(run) => write!(f, "the end of run {}", run.id),
            HeldBy::Node(node) => f.write_str(node),
            HeldBy::Worker => f.write_str("a free worker"),
        }
    }
}

/// The answer to a kind that wants a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseReply {
    /// It has it until its attempt ends.
    Taken,
    /// Another has it.
    Busy {
        /// The task of the run that has it.
        task: TaskName,
        /// The run.
        run: RunId,
    },
    /// The attempt no longer owns its run.
    NotOurs,
}

/// A run that has not started, and for how long it may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unstarted {
    /// The run.
    pub run: RunId,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// When it was to start.
    pub due_at: Timestamp,
    /// The latest start of its first attempt.
    pub start_by: Timestamp,
}

/// The right to write for a run: its attempt, held by one boot of a node. Each write names it; when another attempt or
/// holder is recorded, the write is refused and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// Whether its worker ends by itself when the lease is not renewed for its full time.
    pub stops_itself: bool,
    /// Whether the holder said that it left: its workers have ended with it.
    pub left: bool,
}

/// An attempt's end and what follows. It can be written to a file while the store is away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// An extra run that the kind asks for.
    pub wake_at: Option<Timestamp>,
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
    /// The attempt was to be given up for lost, and its end was recorded already: nothing changed.
    Known,
}
