//! What the engine is told about its surroundings, with the defaults that tests and one-shot nodes use. It reads no file.

use std::{path::PathBuf, time::Duration};

use roundsman_model::{
    BudgetName, BudgetRule, KindName, NodeLabel, PoolName, Protected, Timestamp, time::delta,
};
use roundsman_store::{PruneCursor, PruneOrder};

/// What workers do when their node cannot renew the leases of their runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WithoutStore {
    /// They finish on SQLite and with one registered node, and end otherwise.
    #[default]
    ByNodes,
    /// They finish; their runs are taken back only after `node_gone_after`.
    Finish,
    /// They end their own trees before the lease is used up.
    Stop,
}

/// What the engine is told about its surroundings.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Labels of this node.
    pub labels: Vec<NodeLabel>,
    /// Kinds that this node has at first; `Engine::set_kinds` changes them.
    pub kinds: Vec<KindName>,
    /// What workers do without the store.
    pub without_store: WithoutStore,
    /// How long a run's lease holds without being renewed.
    pub lease: Duration,
    /// How long a node must have been silent before runs whose workers may finish without the store are taken back.
    pub node_gone_after: Duration,
    /// Where results are kept while the store is away; none for nodes that keep them in memory only.
    pub spool: Option<PathBuf>,
    /// Files and folders of the daemon that are out of the reach of tasks, or only read by them.
    pub protected: Protected,
    /// Pools and their sizes.
    pub pools: Vec<(PoolName, u32)>,
    /// Budgets and their rules.
    pub budgets: Vec<(BudgetName, BudgetRule)>,
    /// What is kept of the past.
    pub retention: Retention,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            labels: Vec::new(),
            kinds: Vec::new(),
            without_store: WithoutStore::ByNodes,
            lease: Duration::from_secs(60),
            node_gone_after: Duration::from_mins(15),
            spool: None,
            protected: Protected::default(),
            pools: Vec::new(),
            budgets: Vec::new(),
            retention: Retention::default(),
        }
    }
}

/// What is kept of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How long ended runs are kept.
    pub keep: Duration,
    /// The most ended runs of a task.
    pub runs_per_task: u32,
    /// The most bytes of logs and artifacts of all runs.
    pub bytes: u64,
    /// How long the ledger is kept.
    pub ledger: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        let day = Duration::from_hours(24);
        Self { keep: 90 * day, runs_per_task: 1000, bytes: 2 << 30, ledger: 400 * day }
    }
}

impl Retention {
    /// The most runs that go in one transaction: a tenth of a second, in which nobody else writes to a SQLite file.
    const BATCH: u32 = 100;
    /// How long repeated successes of tasks with `history = "changes"` are kept as runs of their own.
    const REPEATS: Duration = Duration::from_hours(1);
    /// How long the documents of a removed task are kept, in case it comes back.
    const OF_REMOVED: Duration = Duration::from_hours(30 * 24);

    /// The order to take out what need not be kept any more at an instant, from the beginning.
    pub fn order(&self, now: Timestamp) -> PruneOrder {
        let before = |age| now.checked_sub_signed(delta(age)).unwrap_or(Timestamp::MIN_UTC);
        PruneOrder {
            older_than: before(self.keep),
            runs_per_task: self.runs_per_task,
            bytes: self.bytes,
            ledger_older_than: before(self.ledger),
            changes_older_than: before(Self::REPEATS),
            removed_before: before(Self::OF_REMOVED),
            batch: Self::BATCH,
            dry_run: false,
            from: PruneCursor::default(),
        }
    }
}
