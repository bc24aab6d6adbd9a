//! Short ways for tests to put something in force: what a daemon does in one installation. It decides no slot.

use async_trait::async_trait;
use roundsman_model::{BudgetName, BudgetRule, PoolName, TaskDefinition, Timestamp};
use roundsman_store::{Installation, Store, StoreResult};

/// Puts parts of a configuration in force.
#[async_trait]
pub trait Installing {
    /// These tasks, and no others; pools and budgets stay.
    async fn install_tasks(&self, definitions: &[TaskDefinition], now: Timestamp) -> StoreResult<()>;

    /// These pools and budgets, and no others; tasks stay.
    async fn install_limits(
        &self,
        pools: &[(PoolName, u32)],
        budgets: &[(BudgetName, BudgetRule)],
    ) -> StoreResult<()>;
}

#[async_trait]
impl<S: Store + ?Sized> Installing for S {
    async fn install_tasks(&self, definitions: &[TaskDefinition], now: Timestamp) -> StoreResult<()> {
        let what = Installation { definitions: definitions.to_vec(), ..Installation::default() };
        self.install(what, None, now).await.map(drop)
    }

    async fn install_limits(
        &self,
        pools: &[(PoolName, u32)],
        budgets: &[(BudgetName, BudgetRule)],
    ) -> StoreResult<()> {
        let rows = self.tasks().await?.into_iter();
        let in_force = rows.filter(|row| row.first_seen.is_some() && row.removed_at.is_none());
        let definitions = in_force.map(|row| row.definition).collect();
        let limits = Some((pools.to_vec(), budgets.to_vec()));
        // No definition changes, so the instant counts for nothing.
        let what = Installation { definitions, limits, ..Installation::default() };
        self.install(what, None, Timestamp::UNIX_EPOCH).await.map(drop)
    }
}
