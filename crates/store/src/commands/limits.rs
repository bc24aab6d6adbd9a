//! The sizes of pools and the rules of budgets, as configured. It takes no place and draws nothing: that is claiming and
//! drawing.

use roundsman_model::{BudgetName, BudgetRule, PoolName};

use super::Command;
use crate::sql::{Outcome, Rows, Session, Statement, Value, sql};

/// Puts pools and budgets in force.
pub(crate) struct SetLimits {
    pub(crate) pools: Vec<(PoolName, u32)>,
    pub(crate) budgets: Vec<(BudgetName, BudgetRule)>,
}

impl Command for SetLimits {
    type Reply = ();
    const WHAT: &'static str = "put pools and budgets in force";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<()> {
        self.set_pools(session).await?;
        self.set_budgets(session).await
    }
}

impl SetLimits {
    async fn set_pools(&self, session: &mut Session<'_>) -> Outcome<()> {
        // In one order, so that two daemons that start at once wait rather than cross.
        let mut pools: Vec<_> = self.pools.iter().collect();
        pools.sort();
        let rows: Value = Rows::of(pools, |(name, size)| [name.as_str().into(), (*size).into()]).into();
        let text = sql!("DELETE FROM pools WHERE name NOT IN (SELECT e.value->>0 FROM" ROWS ")");
        session.execute(Statement::new(text).bind(rows.clone())).await?;
        let text = sql!(
            "INSERT INTO pools (name, size) SELECT e.value->>0, CAST(e.value->>1 AS BIGINT) FROM" ROWS
            "WHERE true ON CONFLICT (name) DO UPDATE SET size = excluded.size"
        );
        session.execute(Statement::new(text).bind(rows)).await.map(drop)
    }

    /// What a budget has granted stays with it: a rule that goes and returns gives nobody a fresh start.
    async fn set_budgets(&self, session: &mut Session<'_>) -> Outcome<()> {
        let mut budgets: Vec<_> = self.budgets.iter().collect();
        budgets.sort_by(|(a, _), (b, _)| a.cmp(b));
        let rows: Value = Rows::of(budgets, |(name, rule)| {
            [name.as_str().into(), Some(rule.interval_us).into(), rule.burst.into()]
        })
        .into();
        let text = sql!(
            "UPDATE budgets SET interval_us = NULL, burst = NULL
             WHERE interval_us IS NOT NULL AND name NOT IN (SELECT e.value->>0 FROM" ROWS ")"
        );
        session.execute(Statement::new(text).bind(rows.clone())).await?;
        let text = sql!(
            "INSERT INTO budgets (name, interval_us, burst)
             SELECT e.value->>0, CAST(e.value->>1 AS BIGINT), CAST(e.value->>2 AS BIGINT) FROM" ROWS
            "WHERE true ON CONFLICT (name) DO UPDATE SET interval_us = excluded.interval_us, burst = excluded.burst"
        );
        session.execute(Statement::new(text).bind(rows)).await.map(drop)
    }
}
