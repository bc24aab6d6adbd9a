//! What nodes found when they looked at tasks before their runs: the last look of each node. It judges nothing, and
//! forgets a task's rows when the task leaves the configuration.

use super::Command;
use crate::{
    CheckRow,
    sql::{Outcome, Row, Session, Statement, sql},
};

/// Keeps what a node found, in place of what it found before.
pub(crate) struct RecordCheck(pub(crate) CheckRow);

impl Command for RecordCheck {
    type Reply = bool;
    const WHAT: &'static str = "record the check of a task";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<bool> {
        let CheckRow { task, definition, node, at, findings } = &self.0;
        let findings = serde_json::to_value(findings).unwrap_or_default();
        // The task may have left while it was looked at.
        let statement = Statement::new(
            "INSERT INTO checks (task, node, definition, at, findings)
             SELECT name, $2, $3, $4, $5 FROM tasks WHERE name = $1 AND removed_at IS NULL
             ON CONFLICT (task, node) DO UPDATE SET definition = excluded.definition, at = excluded.at,
                findings = excluded.findings",
        );
        let statement = statement
            .bind(task.as_str())
            .bind(node.as_str())
            .bind(definition.as_str())
            .bind(*at)
            .bind(&findings);
        Ok(session.execute(statement).await? > 0)
    }
}

/// Lists what was found, by task and node.
pub(crate) struct Checks;

impl Command for Checks {
    type Reply = Vec<CheckRow>;
    const WHAT: &'static str = "read the checks of tasks";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<CheckRow>> {
        let statement =
            Statement::new("SELECT task, node, definition, at, findings FROM checks ORDER BY task, node");
        session.rows(statement).await?.iter().map(check).collect()
    }
}

fn check(row: &Row) -> Outcome<CheckRow> {
    Ok(CheckRow {
        task: row.name("task")?,
        definition: row.text("definition")?,
        node: row.text("node")?,
        at: row.at("at")?,
        findings: row.json("findings")?,
    })
}

/// Forgets what was found of tasks, given as rows of names.
pub(crate) async fn forget(session: &mut Session<'_>, names: crate::sql::Value) -> Outcome<()> {
    let text = sql!("DELETE FROM checks WHERE task IN (SELECT e.value->>0 FROM" ROWS ")");
    session.execute(Statement::new(text).bind(names)).await.map(drop)
}

/// Forgets what nodes found that have not looked again since.
pub(crate) async fn forget_old(session: &mut Session<'_>, limit: roundsman_model::Timestamp) -> Outcome<()> {
    let statement = Statement::new("DELETE FROM checks WHERE at < $1");
    session.execute(statement.bind(limit)).await.map(drop)
}
