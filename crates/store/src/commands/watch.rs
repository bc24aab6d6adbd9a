//! What a firing node asks again and again beside firing: cheap questions over all tasks. It changes nothing.

use roundsman_model::{TaskName, Timestamp};

use super::Command;
use crate::sql::{Outcome, Session, Statement};

/// Reads the revisions of the tasks in the configuration.
pub(crate) struct Revisions;

impl Command for Revisions {
    type Reply = Vec<(TaskName, i64)>;
    const WHAT: &'static str = "look for changes of tasks";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Self::Reply> {
        let statement = Statement::new("SELECT name, revision FROM tasks WHERE removed_at IS NULL");
        let rows = session.rows(statement).await?;
        rows.iter().map(|row| Ok((row.name("name")?, row.int("revision")?))).collect()
    }
}

/// Reads which tasks have an active run that counts for the overlap rule.
pub(crate) struct Busy;

impl Command for Busy {
    type Reply = Vec<TaskName>;
    const WHAT: &'static str = "look for active runs";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Self::Reply> {
        let statement = Statement::new("SELECT DISTINCT task FROM runs WHERE place IS NOT NULL");
        session.rows(statement).await?.iter().map(|row| row.name("task")).collect()
    }
}

/// Reads which slots beyond the ends of ledgers led to runs.
pub(crate) struct RanAhead;

impl Command for RanAhead {
    type Reply = Vec<(TaskName, Timestamp)>;
    const WHAT: &'static str = "look for slots that ran under a wrong clock";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Self::Reply> {
        let statement = Statement::new(
            "SELECT t.name AS task, s.first_at AS first_at
             FROM tasks t JOIN slots s ON s.task = t.name AND s.first_at > t.ledger_until
             WHERE t.removed_at IS NULL ORDER BY t.name, s.first_at",
        );
        let rows = session.rows(statement).await?;
        rows.iter().map(|row| Ok((row.name("task")?, row.at("first_at")?))).collect()
    }
}
