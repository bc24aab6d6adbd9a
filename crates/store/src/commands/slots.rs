//! The ledger. Its rows are written by firing; here they are read, and judged anew when a run starts or never will.

use roundsman_model::{Reason, RunId, SlotRange, TaskName, Timestamp, Verdict};

use super::{Command, counters::Counts};
use crate::sql::{Outcome, Row, Rows, Session, Statement, sql};

/// Gives the slots of runs that have started their verdict.
pub(super) async fn judge_started(
    session: &mut Session<'_>,
    runs: &[RunId],
    counts: &mut Counts,
    now: Timestamp,
) -> Outcome<()> {
    judge(session, runs, (Verdict::Ran, None, None), counts, now).await
}

/// Gives the slots of runs that ended before they started their verdict and its reason.
pub(super) async fn judge_unstarted(
    session: &mut Session<'_>,
    runs: &[RunId],
    (verdict, reason): (Verdict, Reason),
    counts: &mut Counts,
    now: Timestamp,
) -> Outcome<()> {
    judge(session, runs, (verdict, Some(reason), None), counts, now).await
}

/// Gives the slot of a run that somebody stopped before it started its verdict, with the reason and the words.
pub(super) async fn judge_stopped(
    session: &mut Session<'_>,
    run: RunId,
    (verdict, reason): (Verdict, Reason),
    words: &str,
    counts: &mut Counts,
    now: Timestamp,
) -> Outcome<()> {
    judge(session, &[run], (verdict, Some(reason), Some(words)), counts, now).await
}

/// Takes back that the slot of a run ran: its attempt had begun, but nothing of the kind's code did.
pub(super) async fn judge_unstarted_after_all(
    session: &mut Session<'_>,
    run: RunId,
    words: &str,
    counts: &mut Counts,
    now: Timestamp,
) -> Outcome<()> {
    let verdict = (Verdict::Skipped, Some(Reason::Changed), Some(words));
    judge_anew(session, &[run], Verdict::Ran, verdict, counts, now).await
}

/// A slot that was judged before, and a run for a repeated slot, are passed over.
async fn judge(
    session: &mut Session<'_>,
    runs: &[RunId],
    verdict: (Verdict, Option<Reason>, Option<&str>),
    counts: &mut Counts,
    now: Timestamp,
) -> Outcome<()> {
    judge_anew(session, runs, Verdict::Fired, verdict, counts, now).await
}

/// Slots that were given another verdict than `before` are passed over, and so are runs for a repeated slot.
async fn judge_anew(
    session: &mut Session<'_>,
    runs: &[RunId],
    before: Verdict,
    (verdict, reason, detail): (Verdict, Option<Reason>, Option<&str>),
    counts: &mut Counts,
    now: Timestamp,
) -> Outcome<()> {
    if runs.is_empty() {
        return Ok(());
    }
    let text = sql!(
        "UPDATE slots SET verdict = $2, reason = $3, decided_at = $4, detail = COALESCE($5, slots.detail)
         FROM" ROWS "JOIN runs ON runs.id = CAST(e.value->>0 AS BIGINT)
         WHERE slots.task = runs.task AND slots.first_at = runs.slot AND slots.run_id = runs.id
           AND slots.verdict = $6
         RETURNING slots.task AS task"
    );
    let statement = Statement::new(text)
        .bind(Rows::of(runs, |run| [run.0.into()]))
        .bind(verdict.as_str())
        .bind(reason.map(Reason::as_str))
        .bind(now)
        .bind(detail)
        .bind(before.as_str());
    for row in session.rows(statement).await? {
        let task: TaskName = row.name("task")?;
        counts.slots(&task, before, None, -1);
        counts.slots(&task, verdict, reason, 1);
    }
    Ok(())
}

/// Finds the row that covers an instant.
pub(crate) struct Slot {
    pub(crate) task: TaskName,
    pub(crate) at: Timestamp,
}

impl Command for Slot {
    type Reply = Option<SlotRange>;
    const WHAT: &'static str = "read the ledger";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Option<SlotRange>> {
        // Rows of a task never overlap, so the last one that begins in time is the only one that can cover it.
        let statement = Statement::new(
            "SELECT task, first_at, last_at, count, verdict, reason, detail, run_id, decided_at
             FROM slots WHERE task = $1 AND first_at <= $2 ORDER BY first_at DESC LIMIT 1",
        );
        let row = session.row(statement.bind(self.task.as_str()).bind(self.at)).await?;
        let range = row.map(|row| range(&row)).transpose()?;
        Ok(range.filter(|range| range.last >= self.at))
    }
}

/// Lists rows, newest first.
pub(crate) struct Slots {
    pub(crate) task: TaskName,
    pub(crate) until: Option<Timestamp>,
    pub(crate) limit: u32,
}

impl Command for Slots {
    type Reply = Vec<SlotRange>;
    const WHAT: &'static str = "read the ledger";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<SlotRange>> {
        // The condition on first_at follows from the other; the index needs it.
        let statement = Statement::new(
            "SELECT task, first_at, last_at, count, verdict, reason, detail, run_id, decided_at
             FROM slots WHERE task = $1 AND first_at <= $2 AND last_at <= $2 ORDER BY first_at DESC LIMIT $3",
        );
        let until = self.until.unwrap_or(Timestamp::MAX_UTC);
        let statement = statement.bind(self.task.as_str()).bind(until).bind(self.limit);
        session.rows(statement).await?.iter().map(range).collect()
    }
}

fn range(row: &Row) -> Outcome<SlotRange> {
    Ok(SlotRange {
        task: row.name("task")?,
        first: row.at("first_at")?,
        last: row.at("last_at")?,
        count: row.count("count")?,
        verdict: row.word("verdict")?,
        reason: row.word_or_none("reason")?,
        detail: row.get("detail")?,
        run: row.get::<Option<i64>>("run_id")?.map(RunId),
        decided_at: row.at("decided_at")?,
    })
}
