//! Budgets: how often something may be done, by all tasks on all nodes together. Counting is the store's matter.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How much of something all tasks and nodes may do together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRule {
    /// The time in which one more may be done, in microseconds: 200,000 for five a second.
    pub interval_us: u64,
    /// How many may be done at once after a rest.
    pub burst: u32,
}

/// What a draw from a budget came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// How many of those wanted may be done now.
    pub granted: u32,
    /// How long to wait before asking for more; zero if all were granted.
    pub wait: Duration,
}
