//! Tasks as recorded, and what is put in force together. What a definition means is in `model`.

use roundsman_model::{BudgetName, BudgetRule, Pause, PoolName, RunId, TaskDefinition, TaskName, Timestamp};

use super::Firing;

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
    /// Rises when something other than firing changes what its slots come to: a definition, a pause, a wake-up.
    pub revision: i64,
    /// The pauses that can still matter to a slot that is not in the ledger yet, and the one in force.
    pub pauses: Vec<Pause>,
    /// An extra run that an earlier one asked for.
    pub wake: Option<Wake>,
}

/// An extra run that an earlier one asked for (`wake_at`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wake {
    /// When it is due.
    pub at: Timestamp,
    /// The run that asked.
    pub run: RunId,
}

/// Pools with their sizes, and budgets with their rules.
pub type PoolsAndBudgets = (Vec<(PoolName, u32)>, Vec<(BudgetName, BudgetRule)>);

/// What is put in force together: all of it in one transaction, or nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Installation {
    /// All tasks. Those that are not named are removed.
    pub definitions: Vec<TaskDefinition>,
    /// All pools and budgets; those in force stay if this says nothing of them.
    pub limits: Option<PoolsAndBudgets>,
    /// What becomes of slots up to now of tasks that go or change, decided over what was in force before.
    pub closing: Vec<Firing>,
    /// Runs at the first start of tasks. Those of tasks that were in force at any time before are left out; the ledger of
    /// the others begins now, whatever the firing says of it.
    pub first: Vec<Firing>,
}

/// What became of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installed {
    /// It is in force.
    Done,
    /// These tasks were changed by somebody after their closing was decided. Nothing was written.
    Moved(Vec<TaskName>),
    /// The leader's epoch is over: another node leads. Nothing was written.
    Deposed,
}
