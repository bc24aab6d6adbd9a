//! What the engine is told about its surroundings, with the defaults that tests and one-shot nodes use. It reads no file.

use std::{path::PathBuf, time::Duration};

use roundsman_model::{BudgetName, BudgetRule, KindName, NodeLabel, PoolName};

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
    /// Kinds that this node has.
    pub kinds: Vec<KindName>,
    /// What workers do without the store.
    pub without_store: WithoutStore,
    /// How long a run's lease holds without being renewed.
    pub lease: Duration,
    /// How long a node must have been silent before runs whose workers may finish without the store are taken back.
    pub node_gone_after: Duration,
    /// Where results are kept while the store is away; none for nodes that keep them in memory only.
    pub spool: Option<PathBuf>,
    /// Pools and their sizes.
    pub pools: Vec<(PoolName, u32)>,
    /// Budgets and their rules.
    pub budgets: Vec<(BudgetName, BudgetRule)>,
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
            pools: Vec::new(),
            budgets: Vec::new(),
        }
    }
}
