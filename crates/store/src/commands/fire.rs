//! Firing: ledger rows and queued runs for many tasks in one transaction, with a fixed number of statements however many
//! there are. What to write is worked out in `plan`; nothing is decided here.

mod ledger;
pub(super) mod plan;

use std::collections::HashSet;

use roundsman_model::{Reason, RunId, RunState, StopOrder, TaskName, Timestamp, Verdict, time::to_micros};

use self::plan::{Board, Ended, Longer, Plan, SlotRow};
use super::{
    Command,
    counters::Counts,
    leader, places,
    runs::{self, NewRow},
    slots, stop,
};
use crate::{
    Extra, Fired, Firing,
    sql::{Fault, Outcome, Rows, Session, Statement, Value, sql},
};

/// Who asks a run to stop when the next slot of its task replaces it.
const SCHEDULE: &str = "schedule";

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
        // First of all, and held to the end: whoever takes the lead waits for this, or this is refused.
        if let Some(epoch) = self.epoch
            && !leader::leads(session, epoch).await?
        {
            return Ok(vec![Fired::Deposed; self.batch.len()]);
        }
        let mut plan = plan(session, &self.batch).await?;
        carry_out(session, &mut plan, self.now).await?;
        Ok(plan.fired)
    }
}

/// Locks the ledgers of a batch and works out what it comes to. Nothing is written yet.
pub(super) async fn plan<'b>(session: &mut Session<'_>, batch: &'b [Firing]) -> Outcome<Plan<'b>> {
    if batch.is_empty() {
        return Ok(Plan::default());
    }
    let names: Value = Rows::of(batch, |firing| [firing.task.as_str().into()]).into();
    let mut ledgers = ledger::lock(session, names.clone()).await?;
    ledger::look_ahead(session, batch, &mut ledgers).await?;
    let wakes = wakes(session, batch).await?;
    let places = places::occupied(session, names).await?;
    Ok(Board { ledgers, places, wakes }.plan(batch))
}

/// Which tasks that are to be fired for a wake-up have one.
async fn wakes(session: &mut Session<'_>, batch: &[Firing]) -> Outcome<HashSet<TaskName>> {
    let wanted = batch.iter().filter(|firing| firing.run.iter().any(|run| run.extra == Extra::Wake));
    let rows = Rows::of(wanted, |firing| [firing.task.as_str().into()]);
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let text = sql!("SELECT wakes.task AS task FROM" ROWS "JOIN wakes ON wakes.task = e.value->>0");
    session.rows(Statement::new(text).bind(rows)).await?.iter().map(|row| row.name("task")).collect()
}

/// Writes what was worked out.
pub(super) async fn carry_out(session: &mut Session<'_>, plan: &mut Plan<'_>, now: Timestamp) -> Outcome<()> {
    if plan.fired.is_empty() {
        return Ok(());
    }
    let first = runs::numbers(session, plan.runs.len()).await?;
    plan.number(first);
    let mut counts = Counts::default();
    // Before the newcomers come, because no two active runs may have one place.
    end_superseded(session, &plan.ended, &mut counts, now).await?;
    let rows: Vec<_> = plan.runs.iter().map(|run| NewRow::fired(run, now)).collect();
    for run in plan.runs.iter().filter(|run| run.superseded.is_some()) {
        counts.run_ended(&run.firing.task, RunState::Failed);
    }
    runs::insert(session, &rows).await?;
    order_stops(session, plan, now).await?;
    record_slots(session, &plan.slots, now).await?;
    lengthen_slots(session, &plan.longer, now).await?;
    let many = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    for slot in &plan.slots {
        counts.slots(slot.task, slot.verdict, slot.reason, many(slot.count));
    }
    for Longer { task, with, .. } in &plan.longer {
        counts.slots(task, with.verdict, with.reason, many(with.count));
    }
    take_wakes(session, plan).await?;
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

async fn order_stops(session: &mut Session<'_>, plan: &Plan<'_>, now: Timestamp) -> Outcome<()> {
    let order = |replaced_by| StopOrder {
        by: SCHEDULE.to_owned(),
        reason: None,
        at: now,
        replaced_by: Some(replaced_by),
    };
    let orders: Vec<_> = plan.stops.iter().map(|(old, new)| (*old, order(*new))).collect();
    stop::give_orders(session, &orders).await
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

/// Rows that go on as before grow: a paused task that runs every ten seconds has one row, not one for each slot.
async fn lengthen_slots(session: &mut Session<'_>, longer: &[Longer<'_>], now: Timestamp) -> Outcome<()> {
    let rows = Rows::of(longer, |Longer { task, first, with }| {
        [task.as_str().into(), (*first).into(), with.last.into(), Some(with.count).into()]
    });
    if rows.is_empty() {
        return Ok(());
    }
    let text = sql!(
        "UPDATE slots SET last_at = CAST(e.value->>2 AS BIGINT), decided_at = $2,
            count = slots.count + CAST(e.value->>3 AS BIGINT)
         FROM" ROWS "WHERE slots.task = e.value->>0 AND slots.first_at = CAST(e.value->>1 AS BIGINT)"
    );
    let grown = session.execute(Statement::new(text).bind(rows).bind(now)).await?;
    if grown == longer.len() as u64 { Ok(()) } else { Err(Fault::Raced) }
}

async fn take_wakes(session: &mut Session<'_>, plan: &Plan<'_>) -> Outcome<()> {
    let rows = Rows::of(&plan.wakes, |task| [task.as_str().into()]);
    if rows.is_empty() {
        return Ok(());
    }
    let text = sql!("DELETE FROM wakes WHERE task IN (SELECT e.value->>0 FROM" ROWS ")");
    session.execute(Statement::new(text).bind(rows)).await.map(drop)
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
