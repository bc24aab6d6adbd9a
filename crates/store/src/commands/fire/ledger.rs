//! Where the ledgers of a batch stand: how far they go, and the rows that lie at and beyond the slots to be written. It
//! writes nothing.

use std::collections::HashMap;

use roundsman_model::{Reason, SlotRange, TaskName, Timestamp, Verdict};

use crate::{
    Firing,
    sql::{Outcome, Row, Rows, Session, Statement, Value, sql},
};

/// The ledger of a task.
pub(super) struct Ledger {
    /// All slots up to here are recorded.
    pub(super) until: Option<Timestamp>,
    /// Whether the task has left the configuration.
    pub(super) removed: bool,
    /// Its revision.
    pub(super) revision: i64,
    /// Since when its definition is in force.
    valid_from: Timestamp,
    /// The last row that begins before the slots to be written, and all that begin among them, oldest first.
    rows: Vec<Recorded>,
}

/// A row of a ledger.
pub(super) struct Recorded {
    pub(super) first: Timestamp,
    last: Timestamp,
    verdict: Verdict,
    reason: Option<Reason>,
    detail: Option<String>,
    has_run: bool,
}

impl Ledger {
    /// Whether an instant is in the ledger, wherever the ledger ends.
    pub(super) fn has(&self, at: Timestamp) -> bool {
        self.rows.iter().any(|row| row.first <= at && at <= row.last)
    }

    /// Whether any row lies where a range is to lie.
    pub(super) fn crosses(&self, range: &SlotRange) -> bool {
        self.rows.iter().any(|row| row.first <= range.last && range.first <= row.last)
    }

    /// The row that the first passed slots of a firing merely continue. A row written under an earlier definition, or
    /// before the task was away, is left as it is: between it and the new slots there may be instants that were none.
    pub(super) fn continued(&self, firing: &Firing) -> Option<&Recorded> {
        let range = firing.passed.first()?;
        let row = self.rows.iter().rev().find(|row| row.first < range.first)?;
        let alike = (row.verdict, row.reason, &row.detail) == (range.verdict, range.reason, &range.detail);
        let runs_between = firing.run.iter().filter_map(|run| run.slot).any(|slot| slot < range.first);
        let single = !row.has_run && range.run.is_none();
        (alike && single && !runs_between && row.last > self.valid_from).then_some(row)
    }
}

/// Locks the ledgers of these tasks, given as `ROWS` of names.
pub(super) async fn lock(session: &mut Session<'_>, names: Value) -> Outcome<HashMap<TaskName, Ledger>> {
    let text = sql!(
        "SELECT name, ledger_until, removed_at, revision, valid_from FROM tasks
         WHERE name IN (SELECT e.value->>0 FROM" ROWS ") ORDER BY name" LOCKED
    );
    let rows = session.rows(Statement::new(text).bind(names)).await?;
    rows.iter().map(|row| Ok((row.name("name")?, ledger(row)?))).collect()
}

fn ledger(row: &Row) -> Outcome<Ledger> {
    Ok(Ledger {
        until: row.at_or_none("ledger_until")?,
        removed: row.at_or_none("removed_at")?.is_some(),
        revision: row.int("revision")?,
        valid_from: row.at("valid_from")?,
        rows: Vec::new(),
    })
}

/// Reads what is recorded at and beyond the slots of a batch.
pub(super) async fn look_ahead(
    session: &mut Session<'_>,
    batch: &[Firing],
    ledgers: &mut HashMap<TaskName, Ledger>,
) -> Outcome<()> {
    let mut spans: HashMap<&TaskName, (Timestamp, Timestamp)> = HashMap::new();
    for firing in batch {
        let slots = firing.run.iter().filter_map(|run| run.slot).map(|slot| (slot, slot));
        for (first, last) in slots.chain(firing.passed.iter().map(|range| (range.first, range.last))) {
            let span = spans.entry(&firing.task).or_insert((first, last));
            *span = (span.0.min(first), span.1.max(last));
        }
    }
    let rows = Rows::of(spans, |(task, (first, last))| [task.as_str().into(), first.into(), last.into()]);
    if rows.is_empty() {
        return Ok(());
    }
    // Rows never overlap: of those that begin before the first slot, only the last can reach it.
    let text = sql!(
        "SELECT slots.task AS task, slots.first_at AS first_at, slots.last_at AS last_at, slots.verdict AS verdict,
            slots.reason AS reason, slots.detail AS detail, slots.run_id AS run_id
         FROM" ROWS "JOIN slots ON slots.task = e.value->>0 AND slots.first_at <= CAST(e.value->>2 AS BIGINT)
            AND slots.first_at >= COALESCE((SELECT MAX(before.first_at) FROM slots AS before
                WHERE before.task = e.value->>0 AND before.first_at < CAST(e.value->>1 AS BIGINT)),
                CAST(e.value->>1 AS BIGINT))
         ORDER BY slots.first_at"
    );
    for row in session.rows(Statement::new(text).bind(rows)).await? {
        if let Some(ledger) = ledgers.get_mut(&row.name::<TaskName>("task")?) {
            ledger.rows.push(recorded(&row)?);
        }
    }
    Ok(())
}

fn recorded(row: &Row) -> Outcome<Recorded> {
    Ok(Recorded {
        first: row.at("first_at")?,
        last: row.at("last_at")?,
        verdict: row.word("verdict")?,
        reason: row.word_or_none("reason")?,
        detail: row.get("detail")?,
        has_run: row.get::<Option<i64>>("run_id")?.is_some(),
    })
}
