//! Hourly sums of runs that were pruned. They are written by `prune`.

use roundsman_model::TaskName;

use super::Command;
use crate::{
    RollUp,
    sql::{Outcome, Row, Session, Statement},
};

/// Lists the hours of a task, newest first.
pub(crate) struct RollUps {
    pub(crate) task: TaskName,
    pub(crate) limit: u32,
}

impl Command for RollUps {
    type Reply = Vec<RollUp>;
    const WHAT: &'static str = "read the hourly sums";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<RollUp>> {
        let statement = Statement::new(
            "SELECT task, hour, runs, total_ms, longest_ms FROM roll_ups WHERE task = $1
             ORDER BY hour DESC LIMIT $2",
        );
        session.rows(statement.bind(self.task.as_str()).bind(self.limit)).await?.iter().map(roll_up).collect()
    }
}

fn roll_up(row: &Row) -> Outcome<RollUp> {
    Ok(RollUp {
        task: row.name("task")?,
        hour: row.at("hour")?,
        runs: row.count("runs")?,
        total_ms: row.count("total_ms")?,
        longest_ms: row.count("longest_ms")?,
    })
}
