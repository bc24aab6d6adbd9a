//! Counts kept with the rows they count. It does not know who reads them.

use std::collections::BTreeMap;

use roundsman_model::{Reason, RunState, TaskName, Verdict};

use crate::sql::{Outcome, Rows, Session, Statement, sql};

/// What counts ended runs.
pub(super) const RUN: &str = "run";
/// What counts slots.
pub(super) const SLOT: &str = "slot";

/// Changes of counts, gathered over a transaction and written at its end, in one order, so that two transactions never
/// wait for each other in a circle.
#[derive(Default)]
pub(super) struct Counts(BTreeMap<(String, &'static str, &'static str, &'static str), i64>);

impl Counts {
    /// A run ended.
    pub(super) fn run_ended(&mut self, task: &TaskName, state: RunState) {
        self.add(task, RUN, state.as_str(), "", 1);
    }

    /// Slots were given a verdict, or lost it when `by` is negative.
    pub(super) fn slots(&mut self, task: &TaskName, verdict: Verdict, reason: Option<Reason>, by: i64) {
        self.add(task, SLOT, verdict.as_str(), reason.map_or("", Reason::as_str), by);
    }

    fn add(&mut self, task: &TaskName, what: &'static str, key1: &'static str, key2: &'static str, by: i64) {
        *self.0.entry((task.as_str().to_owned(), what, key1, key2)).or_default() += by;
    }

    /// Writes them.
    pub(super) async fn write(self, session: &mut Session<'_>) -> Outcome<()> {
        let changed = self.0.into_iter().filter(|(_, by)| *by != 0);
        let rows = Rows::of(changed, |((task, what, key1, key2), by)| {
            [task.into(), what.into(), key1.into(), key2.into(), by.into()]
        });
        if rows.is_empty() {
            return Ok(());
        }
        // Without the WHERE, SQLite would read the ON as part of a join.
        let text = sql!(
            "INSERT INTO counters (task, what, key1, key2, count)
             SELECT e.value->>0, e.value->>1, e.value->>2, e.value->>3, CAST(e.value->>4 AS BIGINT) FROM" ROWS
            "WHERE true
             ON CONFLICT (task, what, key1, key2) DO UPDATE SET count = counters.count + excluded.count"
        );
        session.execute(Statement::new(text).bind(rows)).await.map(drop)
    }
}
