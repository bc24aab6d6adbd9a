//! What metrics are made from, read from counts that are kept rather than counted.

use std::collections::BTreeMap;

use roundsman_model::{Reason, RunState, TaskName, Verdict};

use super::{Command, counters};
use crate::{
    TaskTotals,
    sql::{Fault, Outcome, Row, Session, Statement},
};

/// Reads the totals of all tasks.
pub(crate) struct Totals;

impl Command for Totals {
    type Reply = Vec<(TaskName, TaskTotals)>;
    const WHAT: &'static str = "read the totals";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<(TaskName, TaskTotals)>> {
        let mut totals: BTreeMap<TaskName, TaskTotals> = BTreeMap::new();
        let tasks = Statement::new(
            "SELECT tasks.name AS task, latest.last_success AS last_success, latest.metrics AS metrics
             FROM tasks LEFT JOIN latest ON latest.task = tasks.name",
        );
        for row in session.rows(tasks).await? {
            let of = totals.entry(row.name("task")?).or_default();
            of.last_success = row.at_or_none("last_success")?;
            of.metrics = match row.json_or_none("metrics") {
                Ok(metrics) => metrics.unwrap_or_default(),
                // Samples of one task are not worth the start of a daemon.
                Err(Fault::Unreadable(why)) => {
                    let task = row.text("task")?;
                    tracing::warn!(task.name = %task, "stored metrics cannot be read and count as none: {why}");
                    Vec::new()
                }
                Err(fault) => return Err(fault),
            };
        }
        let counts = Statement::new(
            "SELECT task, what, key1, key2, count FROM counters WHERE count > 0 ORDER BY task, what, key1, key2",
        );
        for row in session.rows(counts).await? {
            count(totals.entry(row.name("task")?).or_default(), &row)?;
        }
        let active = Statement::new(
            "SELECT task, state, pool, COUNT(*) AS count FROM runs WHERE ended_at IS NULL
             GROUP BY task, state, pool ORDER BY task, state, pool",
        );
        for row in session.rows(active).await? {
            let of = totals.entry(row.name("task")?).or_default();
            let (state, runs) = (row.word("state")?, row.count("count")?);
            match of.active.last_mut().filter(|(last, _)| *last == state) {
                Some((_, sum)) => *sum += runs,
                None => of.active.push((state, runs)),
            }
            if state == RunState::Queued {
                of.queued.push((row.name_or_none("pool")?, runs));
            }
        }
        Ok(totals.into_iter().collect())
    }
}

fn count(totals: &mut TaskTotals, row: &Row) -> Outcome<()> {
    let (what, key1, key2) = (row.text("what")?, row.text("key1")?, row.text("key2")?);
    let unknown = || Fault::Unreadable(format!("table counters counts {what} {key1} {key2}"));
    let count = row.count("count")?;
    match what.as_str() {
        counters::RUN => totals.runs.push((RunState::from_word(&key1).ok_or_else(unknown)?, count)),
        counters::SLOT => {
            let reason = Some(key2.as_str()).filter(|word| !word.is_empty()).map(Reason::from_word);
            let reason = reason.map(|reason| reason.ok_or_else(unknown)).transpose()?;
            totals.slots.push((Verdict::from_word(&key1).ok_or_else(unknown)?, reason, count));
        }
        // Counts of a later version.
        _ => {}
    }
    Ok(())
}
