//! Taking back what was written under a clock that was ahead, and bringing near what it put off. When a clock was wrong is
//! the engine's to find out.

use std::time::Duration;

use roundsman_model::{RunId, RunState, TaskName, Timestamp, Verdict, time::delta};

use super::{Command, counters::Counts, leader};
use crate::sql::{Outcome, Row, Rows, Session, Statement, sql};

/// Takes back the rows of a ledger after an instant that led to no run.
pub(crate) struct Withdraw {
    pub(crate) task: TaskName,
    pub(crate) after: Timestamp,
    pub(crate) epoch: Option<i64>,
}

impl Command for Withdraw {
    /// Nothing for a leader whose epoch is over.
    type Reply = Option<u64>;
    const WHAT: &'static str = "take back slots of a wrong clock";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Option<u64>> {
        if let Some(epoch) = self.epoch
            && !leader::leads(session, epoch).await?
        {
            return Ok(None);
        }
        if !self.goes_beyond(session).await? {
            return Ok(Some(0));
        }
        let end = self.end(session).await?;
        let mut counts = Counts::default();
        self.cancel_unstarted(session, end, &mut counts).await?;
        let withdrawn = self.delete(session, end).await?;
        for row in &withdrawn {
            let by = i64::try_from(row.count).unwrap_or(i64::MAX);
            counts.slots(&self.task, row.verdict, row.reason, -by);
        }
        self.free_rounds(session, &withdrawn).await?;
        self.set_back(session, end).await?;
        self.set_versions_back(session).await?;
        counts.write(session).await?;
        Ok(Some(withdrawn.iter().map(|row| row.count).sum()))
    }
}

/// A row that was taken back.
struct Withdrawn {
    verdict: Verdict,
    reason: Option<roundsman_model::Reason>,
    count: u64,
    run: Option<RunId>,
}

fn withdrawn(row: &Row) -> Outcome<Withdrawn> {
    Ok(Withdrawn {
        verdict: row.word("verdict")?,
        reason: row.word_or_none("reason")?,
        count: row.count("count")?,
        run: row.get::<Option<i64>>("run_id")?.map(RunId),
    })
}

impl Withdraw {
    /// Locks the task and tells whether its ledger goes beyond the instant.
    async fn goes_beyond(&self, session: &mut Session<'_>) -> Outcome<bool> {
        let statement = Statement::new(sql!("SELECT ledger_until FROM tasks WHERE name = $1" LOCKED));
        let Some(row) = session.row(statement.bind(self.task.as_str())).await? else { return Ok(false) };
        Ok(row.at_or_none("ledger_until")?.is_some_and(|until| until > self.after))
    }

    /// Where the ledger will end: at the instant, or before the row that spans it. Slots that ran are not taken back.
    async fn end(&self, session: &mut Session<'_>) -> Outcome<Timestamp> {
        let statement = Statement::new(
            "SELECT first_at, last_at, verdict FROM slots WHERE task = $1 AND first_at <= $2
             ORDER BY first_at DESC LIMIT 1",
        );
        let statement = statement.bind(self.task.as_str()).bind(self.after);
        let Some(row) = session.row(statement).await? else { return Ok(self.after) };
        let last = row.at("last_at")?;
        Ok(match row.word("verdict")? {
            _ if last <= self.after => self.after,
            Verdict::Ran => last,
            _ => row.at("first_at")? - delta(Duration::from_micros(1)),
        })
    }

    async fn cancel_unstarted(
        &self,
        session: &mut Session<'_>,
        end: Timestamp,
        counts: &mut Counts,
    ) -> Outcome<()> {
        let statement = Statement::new(
            "UPDATE runs SET state = 'cancelled', ended_at = $3, cause = 'the clock was set back', place = NULL
             FROM slots WHERE slots.task = $1 AND slots.first_at > $2 AND slots.verdict = 'fired'
               AND runs.id = slots.run_id AND runs.ended_at IS NULL AND runs.attempt = 0
             RETURNING runs.id",
        );
        let statement = statement.bind(self.task.as_str()).bind(end).bind(self.after);
        for _ in session.rows(statement).await? {
            counts.run_ended(&self.task, RunState::Cancelled);
        }
        Ok(())
    }

    /// Whoever started a run meanwhile has made its slot `ran`.
    async fn delete(&self, session: &mut Session<'_>, end: Timestamp) -> Outcome<Vec<Withdrawn>> {
        let statement = Statement::new(
            "DELETE FROM slots WHERE task = $1 AND first_at > $2 AND verdict <> 'ran'
             RETURNING verdict, reason, count, run_id",
        );
        let rows = session.rows(statement.bind(self.task.as_str()).bind(end)).await?;
        rows.iter().map(withdrawn).collect()
    }

    /// A slot that is fired again has its round again: the run that never started leaves it, and nothing follows it.
    async fn free_rounds(&self, session: &mut Session<'_>, withdrawn: &[Withdrawn]) -> Outcome<()> {
        let rows = Rows::of(withdrawn.iter().filter_map(|row| row.run), |run| [run.0.into()]);
        if rows.is_empty() {
            return Ok(());
        }
        let text = sql!(
            "UPDATE runs SET round = NULL, follow = 0 FROM" ROWS
            "WHERE runs.id = CAST(e.value->>0 AS BIGINT) AND runs.slot > $2 AND runs.attempt = 0
               AND runs.ended_at IS NOT NULL"
        );
        session.execute(Statement::new(text).bind(rows).bind(self.after)).await.map(drop)
    }

    async fn set_back(&self, session: &mut Session<'_>, end: Timestamp) -> Outcome<()> {
        let statement = Statement::new(
            "UPDATE tasks SET ledger_until = $2, revision = revision + 1,
                first_seen = CASE WHEN first_seen > $3 THEN $3 ELSE first_seen END,
                valid_from = CASE WHEN valid_from > $3 THEN $3 ELSE valid_from END
             WHERE name = $1",
        );
        let statement = statement.bind(self.task.as_str()).bind(end).bind(self.after);
        session.execute(statement).await.map(drop)
    }

    /// A definition installed under the wrong clock is in force from now on.
    async fn set_versions_back(&self, session: &mut Session<'_>) -> Outcome<()> {
        let task = self.task.as_str();
        let ahead = Statement::new("DELETE FROM versions WHERE task = $1 AND valid_from > $2");
        if session.execute(ahead.bind(task).bind(self.after)).await? == 0 {
            return Ok(());
        }
        let statement = Statement::new(
            "INSERT INTO versions (task, valid_from, hash) SELECT name, $2, hash FROM tasks WHERE name = $1
             ON CONFLICT (task, valid_from) DO UPDATE SET hash = excluded.hash",
        );
        session.execute(statement.bind(task).bind(self.after)).await.map(drop)
    }
}

/// How far ahead a budget may be held by a clock that was right, and was not seen to draw from it.
const HELD_AT_MOST: Duration = Duration::from_hours(1);

/// Brings what is still to come back into the time of the right clock. What was brought back already lies before the
/// instant at which it was asked for, and stays: done twice it is done once.
pub(crate) struct SetBack {
    pub(crate) truth: Timestamp,
    pub(crate) epoch: Option<i64>,
}

impl Command for SetBack {
    /// Nothing for a leader whose epoch is over.
    type Reply = Option<u64>;
    const WHAT: &'static str = "set back what a wrong clock put off";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Option<u64>> {
        if let Some(epoch) = self.epoch
            && !leader::leads(session, epoch).await?
        {
            return Ok(None);
        }
        let runs = self.runs(session).await?;
        let wakes = self.wakes(session).await?;
        Ok(Some(runs + wakes + self.budgets(session).await?))
    }
}

impl SetBack {
    /// A retry is as far from now as it was from the end of the attempt before it, a run on request from its request.
    async fn runs(&self, session: &mut Session<'_>) -> Outcome<u64> {
        let statement = Statement::new(
            "UPDATE runs SET due_at = due_at - (put_off.at - $1),
                start_by = CASE WHEN attempt = 0 THEN start_by - (put_off.at - $1) ELSE start_by END,
                rank_at = CASE WHEN rank_at > $1 THEN $1 ELSE rank_at END
             FROM (SELECT waiting.id AS run, COALESCE((SELECT MAX(attempts.ended_at) FROM attempts
                        WHERE attempts.run = waiting.id), waiting.queued_at) AS at
                   FROM runs AS waiting
                   WHERE waiting.ended_at IS NULL AND waiting.state <> 'running' AND waiting.due_at > $1) AS put_off
             WHERE runs.id = put_off.run AND put_off.at > $1 AND due_at >= put_off.at
               AND runs.ended_at IS NULL AND runs.state <> 'running'",
        );
        session.execute(statement.bind(self.truth)).await
    }

    /// A wake-up is as far from now as it was from the end of the run that asked for it.
    async fn wakes(&self, session: &mut Session<'_>) -> Outcome<u64> {
        let statement = Statement::new(
            "UPDATE wakes SET at = wakes.at - (runs.ended_at - $1)
             FROM runs WHERE runs.id = wakes.run AND runs.ended_at > $1 AND wakes.at >= runs.ended_at",
        );
        session.execute(statement.bind(self.truth)).await
    }

    /// What was granted is earned as it would have been; nobody waits for an instant that was never near.
    async fn budgets(&self, session: &mut Session<'_>) -> Outcome<u64> {
        let statement = Statement::new(
            "UPDATE budgets SET spent_until = spent_until - (seen_at - $1),
                held_until = held_until - (seen_at - $1), seen_at = $1 WHERE seen_at > $1",
        );
        let drawn = session.execute(statement.bind(self.truth)).await?;
        let statement = Statement::new("UPDATE budgets SET held_until = $1 WHERE held_until > $2");
        let statement = statement.bind(self.truth).bind(self.truth + delta(HELD_AT_MOST));
        Ok(drawn + session.execute(statement).await?)
    }
}
