//! Firing: ledger rows and queued runs for many tasks in one transaction, with a fixed number of statements however many
//! there are. What to write is worked out in `plan`; nothing is decided here.

pub(super) mod plan;

use std::collections::{HashMap, HashSet};

use roundsman_model::{Reason, RunId, RunState, TaskName, Timestamp, Verdict, time::to_micros};

use self::plan::{Board, Ended, Ledger, Plan, SlotRow};
use super::{
    Command,
    counters::Counts,
    places,
    runs::{self, NewRow},
    slots,
};
use crate::{
    Fired, Firing,
    sql::{Fault, Outcome, Rows, Session, Statement, Value, sql},
};

/// Fires tasks.
pub(crate) struct Fire {
    pub(crate) batch: Vec<Firing>,
    pub(crate) epoch: Option<i64>,
    pub(crate) now: Timestamp,
}

impl Command for Fire {
    type Reply = Vec<Fired>;
    const WHAT: &'static str = "fire tasks";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<Fired>> {
        if self.batch.is_empty() {
            return Ok(Vec::new());
        }
        let names: Value = Rows::of(&self.batch, |firing| [firing.task.as_str().into()]).into();
        let board = Board {
            ledgers: lock_ledgers(session, names.clone()).await?,
            places: places::occupied(session, names).await?,
            recorded: recorded(session, &self.batch).await?,
        };
        let mut plan = board.plan(&self.batch);
        let first = runs::numbers(session, plan.runs.len()).await?;
        plan.number(first);
        carry_out(session, &plan, self.now).await?;
        Ok(plan.fired)
    }
}

async fn lock_ledgers(session: &mut Session<'_>, names: Value) -> Outcome<HashMap<TaskName, Ledger>> {
    let text = sql!(
        "SELECT name, ledger_until, removed_at, revision FROM tasks WHERE name IN (SELECT e.value->>0 FROM" ROWS ")
         ORDER BY name" LOCKED
    );
    let rows = session.rows(Statement::new(text).bind(names)).await?;
    let ledger = |row: &crate::sql::Row| {
        let removed = row.at_or_none("removed_at")?.is_some();
        let (until, revision) = (row.at_or_none("ledger_until")?, row.int("revision")?);
        Ok((row.name("name")?, Ledger { until, removed, revision }))
    };
    rows.iter().map(ledger).collect()
}

/// Which of the slots to run are in the ledger already.
async fn recorded(session: &mut Session<'_>, batch: &[Firing]) -> Outcome<HashSet<(TaskName, Timestamp)>> {
    let mut rows = Rows::default();
    for firing in batch {
        for slot in firing.run.iter().filter_map(|run| run.slot) {
            rows.push([firing.task.as_str().into(), slot.into()]);
        }
    }
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let text = sql!(
        "SELECT slots.task AS task, slots.first_at AS first_at FROM" ROWS "JOIN slots
         ON slots.task = e.value->>0 AND slots.first_at = CAST(e.value->>1 AS BIGINT)"
    );
    let found = session.rows(Statement::new(text).bind(rows)).await?;
    found.iter().map(|row| Ok((row.name("task")?, row.at("first_at")?))).collect()
}

async fn carry_out(session: &mut Session<'_>, plan: &Plan<'_>, now: Timestamp) -> Outcome<()> {
    let mut counts = Counts::default();
    // Before the newcomers come, because no two active runs may have one place.
    end_superseded(session, &plan.ended, &mut counts, now).await?;
    let rows: Vec<_> = plan.runs.iter().map(|run| NewRow::fired(run, now)).collect();
    for run in plan.runs.iter().filter(|run| run.superseded.is_some()) {
        counts.run_ended(&run.firing.task, RunState::Failed);
    }
    runs::insert(session, &rows).await?;
    record_slots(session, &plan.slots, now).await?;
    for slot in &plan.slots {
        counts.slots(slot.task, slot.verdict, slot.reason, i64::try_from(slot.count).unwrap_or(i64::MAX));
    }
    move_ledgers(session, plan).await?;
    counts.write(session).await
}

async fn end_superseded(
    session: &mut Session<'_>,
    ended: &[Ended<'_>],
    counts: &mut Counts,
    now: Timestamp,
) -> Outcome<()> {
    if ended.is_empty() {
        return Ok(());
    }
    let causes = ended.iter().map(|ended| (ended.run, ended.cause())).collect::<Vec<_>>();
    runs::end_unstarted(session, RunState::Failed, &causes, now).await?;
    for run in ended {
        counts.run_ended(run.task, RunState::Failed);
    }
    let ids: Vec<RunId> = ended.iter().map(|ended| ended.run).collect();
    slots::judge_unstarted(session, &ids, (Verdict::Skipped, Reason::Superseded), counts, now).await
}

async fn record_slots(session: &mut Session<'_>, slots: &[SlotRow<'_>], now: Timestamp) -> Outcome<()> {
    let rows = Rows::of(slots, |slot| {
        [
            slot.task.as_str().into(),
            slot.first.into(),
            slot.last.into(),
            Some(slot.count).into(),
            slot.verdict.as_str().into(),
            slot.reason.map(Reason::as_str).into(),
            slot.detail.as_deref().into(),
            slot.run.map(|run| run.0).into(),
        ]
    });
    if rows.is_empty() {
        return Ok(());
    }
    let text = sql!(
        "INSERT INTO slots (task, first_at, last_at, count, verdict, reason, detail, run_id, decided_at)
         SELECT e.value->>0, CAST(e.value->>1 AS BIGINT), CAST(e.value->>2 AS BIGINT),
            CAST(e.value->>3 AS BIGINT), e.value->>4, e.value->>5, e.value->>6, CAST(e.value->>7 AS BIGINT), $2
         FROM" ROWS
    );
    session.execute(Statement::new(text).bind(rows).bind(now)).await.map(drop)
}

async fn move_ledgers(session: &mut Session<'_>, plan: &Plan<'_>) -> Outcome<()> {
    let rows = Rows::of(&plan.ledgers, |(task, until)| [task.as_str().into(), to_micros(*until).into()]);
    if rows.is_empty() {
        return Ok(());
    }
    let text = sql!(
        "UPDATE tasks SET ledger_until = CAST(e.value->>1 AS BIGINT) FROM" ROWS "WHERE tasks.name = e.value->>0"
    );
    let moved = session.execute(Statement::new(text).bind(rows)).await?;
    if moved == plan.ledgers.len() as u64 { Ok(()) } else { Err(Fault::Raced) }
}
