//! New definitions for a daemon that runs: all or nothing, put in force by the firer between two ticks. It reads no
//! configuration; runs under way keep the definition they were made from.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use roundsman_model::{BudgetName, BudgetRule, PoolName, TaskDefinition, TaskName};
use roundsman_store::StoreError;
use roundsman_telemetry::{Reloaded, declare_task, retire_task};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use crate::Engine;

/// How long a reload may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is to be in force.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    /// The tasks.
    pub(crate) definitions: Vec<TaskDefinition>,
    /// Pools and their sizes.
    pub(crate) pools: Vec<(PoolName, u32)>,
    /// Budgets and their rules.
    pub(crate) budgets: Vec<(BudgetName, BudgetRule)>,
}

/// Where the answer to a reload goes.
pub(crate) type Answer = oneshot::Sender<Result<ReloadReport, ReloadError>>;

/// What a reload changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReloadReport {
    /// Tasks that are new.
    pub added: Vec<TaskName>,
    /// Tasks that left the configuration.
    pub removed: Vec<TaskName>,
    /// Tasks whose definition is another now.
    pub changed: Vec<TaskName>,
    /// Whether this node leads; if not, another node's definitions are the ones that count.
    pub leads: bool,
}

/// Why a reload did not come to pass.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// The daemon is on its way out.
    #[error("the daemon is stopping; the new configuration counts when it starts again")]
    Stopping,
    /// Another node took the lead meanwhile.
    #[error("another node took the lead meanwhile; reload again")]
    LeadLost,
    /// The store could not take the definitions.
    #[error("cannot put the new definitions in force")]
    Store(#[from] StoreError),
    /// The firer had no time for it, and it was withdrawn.
    #[error("not begun within {} s and withdrawn: see the daemon's log for what keeps it busy", .0.as_secs())]
    Slow(Duration),
    /// The firer has begun with it and is not done.
    #[error(
        "begun, but not done within {} s: it goes on; `roundsman config check --against-running` tells whether it came to pass",
        .0.as_secs()
    )]
    GoesOn(Duration),
}

impl Engine {
    /// Puts these definitions, pools and budgets in force instead of those before: all of them or none. A node that does
    /// not lead only notes them.
    pub async fn reload(
        &self,
        definitions: Vec<TaskDefinition>,
        pools: Vec<(PoolName, u32)>,
        budgets: Vec<(BudgetName, BudgetRule)>,
    ) -> Result<ReloadReport, ReloadError> {
        if self.stop_claiming.is_cancelled() {
            return Err(ReloadError::Stopping);
        }
        let (answer, answered) = oneshot::channel();
        self.ask_reload(Wanted { definitions, pools, budgets }, answer);
        // What is waited with is gone by the next line: that is how the request is known for one that nobody waits for.
        let answered = tokio::time::timeout(PATIENCE, answered).await;
        let report = match answered {
            Ok(Ok(report)) => report?,
            Ok(Err(_)) => return Err(ReloadError::Stopping),
            Err(_) if self.withdraw_reloads() => return Err(ReloadError::Slow(PATIENCE)),
            Err(_) => return Err(ReloadError::GoesOn(PATIENCE)),
        };
        Reloaded { added: report.added.len(), removed: report.removed.len(), changed: report.changed.len() }
            .emit();
        report.added.iter().for_each(|task| declare_task(task.as_str()));
        report.removed.iter().for_each(|task| retire_task(task.as_str()));
        Ok(report)
    }
}

/// What a change of definitions comes to.
pub(crate) fn compare(before: &[Arc<TaskDefinition>], after: &[TaskDefinition], leads: bool) -> ReloadReport {
    let old: BTreeMap<_, _> = before.iter().map(|definition| (&definition.name, &**definition)).collect();
    let new: BTreeMap<_, _> = after.iter().map(|definition| (&definition.name, definition)).collect();
    let missing = |in_one: &BTreeMap<&TaskName, &TaskDefinition>, from: &BTreeMap<_, _>| {
        in_one.keys().filter(|name| !from.contains_key(*name)).map(|name| (*name).clone()).collect()
    };
    let is_changed = |(name, new): (&&TaskName, &&TaskDefinition)| {
        old.get(*name).is_some_and(|old| old.hash() != new.hash()).then(|| (*name).clone())
    };
    ReloadReport {
        added: missing(&new, &old),
        removed: missing(&old, &new),
        changed: new.iter().filter_map(is_changed).collect(),
        leads,
    }
}

/// A fingerprint of definitions, by which nodes with another configuration are told.
pub(crate) fn fingerprint(definitions: &[Arc<TaskDefinition>]) -> String {
    let mut all: Vec<_> =
        definitions.iter().map(|definition| format!("{} {}\n", definition.name, definition.hash())).collect();
    all.sort();
    let digest = Sha256::digest(all.concat());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
