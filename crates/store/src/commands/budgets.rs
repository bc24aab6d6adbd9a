//! Budgets: how often something may be done, by all tasks on all nodes together. What was granted is kept as one instant,
//! at which all of it is earned again (GCRA), so that nothing has to be counted up by a clock. It knows no rule but the
//! one in force.

mod account;

use std::time::Duration;

use roundsman_model::{BudgetName, BudgetRule, Draw, Timestamp, time::to_micros};

use self::account::Account;
use super::Command;
use crate::sql::{Fault, Outcome, Row, Session, Statement, sql};

/// Draws from a budget.
pub(crate) struct DrawBudget {
    pub(crate) budget: BudgetName,
    pub(crate) default: BudgetRule,
    pub(crate) wanted: u32,
    pub(crate) now: Timestamp,
}

impl Command for DrawBudget {
    type Reply = Draw;
    const WHAT: &'static str = "draw from a budget";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Draw> {
        let row = self.find_or_begin(session).await?;
        let before = self.account(&row)?;
        let (after, granted, wait_us) = before.draw(self.wanted, to_micros(self.now));
        if after != before {
            let statement = Statement::new(
                "UPDATE budgets SET spent_until = $2, held_until = $3, seen_at = $4 WHERE name = $1",
            );
            let statement = statement.bind(self.budget.as_str()).bind(after.spent_until);
            session.execute(statement.bind(after.held_until).bind(after.seen_at)).await?;
        }
        Ok(Draw { granted, wait: Duration::from_micros(wait_us) })
    }
}

impl DrawBudget {
    async fn find_or_begin(&self, session: &mut Session<'_>) -> Outcome<Row> {
        if let Some(row) = find(session, &self.budget).await? {
            return Ok(row);
        }
        let new = Statement::new("INSERT INTO budgets (name) VALUES ($1) ON CONFLICT (name) DO NOTHING");
        session.execute(new.bind(self.budget.as_str())).await?;
        find(session, &self.budget).await?.ok_or(Fault::Raced)
    }

    /// The account under the rule in force: the configured one, else the kind's.
    fn account(&self, row: &Row) -> Outcome<Account> {
        let interval = row.count_or_none("interval_us")?.unwrap_or(self.default.interval_us);
        let burst = row.count_or_none("burst")?.unwrap_or_else(|| self.default.burst.into());
        Ok(Account {
            interval_us: i64::try_from(interval).unwrap_or(i64::MAX),
            burst: u32::try_from(burst).unwrap_or(u32::MAX),
            spent_until: row.int("spent_until")?,
            held_until: row.int("held_until")?,
            seen_at: row.int("seen_at")?,
        })
    }
}

async fn find(session: &mut Session<'_>, budget: &BudgetName) -> Outcome<Option<Row>> {
    let text = sql!(
        "SELECT interval_us, burst, spent_until, held_until, seen_at FROM budgets WHERE name = $1" LOCKED
    );
    session.row(Statement::new(text).bind(budget.as_str())).await
}

/// Grants nothing before an instant.
pub(crate) struct HoldBudget {
    pub(crate) budget: BudgetName,
    pub(crate) until: Timestamp,
}

impl Command for HoldBudget {
    type Reply = ();
    const WHAT: &'static str = "hold a budget";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<()> {
        // Of two answers the one that asks for more patience counts.
        let statement = Statement::new(
            "INSERT INTO budgets (name, held_until) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET held_until = excluded.held_until
             WHERE budgets.held_until < excluded.held_until",
        );
        session.execute(statement.bind(self.budget.as_str()).bind(self.until)).await.map(drop)
    }
}
