//! Takes out what a survey found, in one transaction. What has changed since the survey stays as it is.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use roundsman_model::{RunId, TaskName, Timestamp, time::to_micros};

use super::{Leaving, LedgerWork, Surveyed, documents};
use crate::{
    Pruned,
    commands::{Command, checks},
    sql::{Outcome, Rows, Session, Statement, sql},
};

const HOUR_MICROS: i64 = 3_600_000_000;

/// Takes out what was found.
pub(crate) struct TakeOut(pub(crate) Surveyed);

impl Command for TakeOut {
    type Reply = Pruned;
    const WHAT: &'static str = "take out what need not be kept";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Pruned> {
        let Surveyed { leaving, ledger, abandoned, sums_older_than, .. } = &self.0;
        lock_tasks(session, leaving, ledger).await?;
        let gone = delete_runs(session, leaving).await?;
        let gone: Vec<&Leaving> = leaving.iter().filter(|run| gone.contains(&run.run)).collect();
        free_slots(session, &gone).await?;
        sum_up(session, &gone).await?;
        let joined = change_ledger(session, ledger).await?;
        let documents = match abandoned {
            Some(abandoned) => documents::forget(session, abandoned).await?,
            None => 0,
        };
        if let Some(limit) = sums_older_than {
            let old = Statement::new("DELETE FROM roll_ups WHERE hour < $1").bind(*limit);
            session.execute(old).await?;
            checks::forget_old(session, *limit).await?;
        }
        Ok(Pruned {
            runs: gone.len() as u64,
            repeats: gone.iter().filter(|run| run.sum.is_some()).count() as u64,
            bytes: gone.iter().map(|run| run.bytes).sum(),
            ledger_rows: if joined { ledger.rows() } else { 0 },
            documents,
            next: self.0.told().next,
        })
    }
}

/// Keeps firing, and another node's pruning, out of these tasks; in the order in which firing locks them.
async fn lock_tasks(session: &mut Session<'_>, leaving: &[Leaving], ledger: &LedgerWork) -> Outcome<()> {
    let of_ledger = ledger.expected.iter().map(|row| &row.task);
    let names: BTreeSet<&TaskName> = leaving.iter().map(|run| &run.task).chain(of_ledger).collect();
    if names.is_empty() {
        return Ok(());
    }
    let text =
        sql!("SELECT name FROM tasks WHERE name IN (SELECT e.value->>0 FROM" ROWS ") ORDER BY name" LOCKED);
    let names = Rows::of(names, |name| [name.as_str().into()]);
    session.rows(Statement::new(text).bind(names)).await.map(drop)
}

/// Attempts, logs and artifacts go with their run.
async fn delete_runs(session: &mut Session<'_>, leaving: &[Leaving]) -> Outcome<HashSet<RunId>> {
    if leaving.is_empty() {
        return Ok(HashSet::new());
    }
    let text = sql!(
        "DELETE FROM runs WHERE id IN (SELECT CAST(e.value->>0 AS BIGINT) FROM" ROWS ")
           AND ended_at IS NOT NULL AND follow = 0
         RETURNING id"
    );
    let rows = Rows::of(leaving, |run| [run.run.0.into()]);
    session.rows(Statement::new(text).bind(rows)).await?.iter().map(|row| row.run("id")).collect()
}

/// Ledger rows name no run that is gone. Not only those of its own slot do: one that was passed over because of it may lie
/// anywhere, if it was caught up later.
async fn free_slots(session: &mut Session<'_>, gone: &[&Leaving]) -> Outcome<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let text = sql!(
        "UPDATE slots SET run_id = NULL WHERE run_id IS NOT NULL
           AND run_id IN (SELECT CAST(e.value->>0 AS BIGINT) FROM" ROWS ")"
    );
    let runs = Rows::of(gone, |run| [run.run.0.into()]);
    session.execute(Statement::new(text).bind(runs)).await.map(drop)
}

async fn sum_up(session: &mut Session<'_>, gone: &[&Leaving]) -> Outcome<()> {
    let mut hours: BTreeMap<(&TaskName, i64), (i64, i64, i64)> = BTreeMap::new();
    for run in gone {
        let Some((began, millis)) = run.sum else { continue };
        let hour = to_micros(began).div_euclid(HOUR_MICROS) * HOUR_MICROS;
        let (runs, total, longest) = hours.entry((&run.task, hour)).or_default();
        (*runs, *total, *longest) = (*runs + 1, *total + millis, (*longest).max(millis));
    }
    if hours.is_empty() {
        return Ok(());
    }
    let rows = Rows::of(hours, |((task, hour), (runs, total, longest))| {
        [task.as_str().into(), hour.into(), runs.into(), total.into(), longest.into()]
    });
    let text = sql!(
        "INSERT INTO roll_ups (task, hour, runs, total_ms, longest_ms)
         SELECT e.value->>0, CAST(e.value->>1 AS BIGINT), CAST(e.value->>2 AS BIGINT),
            CAST(e.value->>3 AS BIGINT), CAST(e.value->>4 AS BIGINT) FROM" ROWS "WHERE true
         ON CONFLICT (task, hour) DO UPDATE SET runs = roll_ups.runs + excluded.runs,
            total_ms = roll_ups.total_ms + excluded.total_ms,
            longest_ms = CASE WHEN excluded.longest_ms > roll_ups.longest_ms
                              THEN excluded.longest_ms ELSE roll_ups.longest_ms END"
    );
    session.execute(Statement::new(text).bind(rows)).await.map(drop)
}

/// Joins rows and takes out old ones, if all of them still are as they were seen. Otherwise somebody else was at work,
/// and the next sweep looks again.
async fn change_ledger(session: &mut Session<'_>, work: &LedgerWork) -> Outcome<bool> {
    if work.is_empty() {
        return Ok(true);
    }
    let key = |task: &TaskName, at: Timestamp| [task.as_str().into(), at.into()];
    let text = sql!(
        "SELECT COUNT(*) AS rows FROM" ROWS "JOIN slots ON slots.task = e.value->>0
            AND slots.first_at = CAST(e.value->>1 AS BIGINT) AND slots.last_at = CAST(e.value->>2 AS BIGINT)
            AND slots.run_id IS NULL"
    );
    let expected =
        Rows::of(&work.expected, |row| [row.task.as_str().into(), row.first.into(), row.last.into()]);
    let found = session.row(Statement::new(text).bind(expected)).await?;
    if found.map_or(Ok(0), |row| row.count("rows"))? != work.expected.len() as u64 {
        return Ok(false);
    }
    let text = sql!(
        "DELETE FROM slots WHERE run_id IS NULL AND (task, first_at) IN
            (SELECT e.value->>0, CAST(e.value->>1 AS BIGINT) FROM" ROWS ")"
    );
    let gone = Rows::of(&work.gone, |(task, first)| key(task, *first));
    session.execute(Statement::new(text).bind(gone)).await?;
    let text = sql!(
        "UPDATE slots SET last_at = CAST(e.value->>2 AS BIGINT), count = CAST(e.value->>3 AS BIGINT),
            decided_at = CAST(e.value->>4 AS BIGINT) FROM" ROWS
        "WHERE slots.task = e.value->>0 AND slots.first_at = CAST(e.value->>1 AS BIGINT)"
    );
    let rows = Rows::of(&work.joined, |joined| {
        let row = &joined.row;
        [
            joined.task.as_str().into(),
            row.first.into(),
            row.last.into(),
            Some(row.count).into(),
            row.decided_at.into(),
        ]
    });
    if !work.joined.is_empty() {
        session.execute(Statement::new(text).bind(rows)).await?;
    }
    Ok(true)
}
