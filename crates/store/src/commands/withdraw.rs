//! Taking back what was written under a clock that was ahead. When a clock was wrong is the engine's to find out.

use std::time::Duration;

use roundsman_model::{RunId, RunState, TaskName, Timestamp, Verdict, time::delta};

use super::{Command, counters::Counts};
use crate::sql::{Outcome, Row, Rows, Session, Statement, sql};

/// Takes back the rows of a ledger after an instant that led to no run.
pub(crate) struct Withdraw {
    pub(crate) task: TaskName,
    pub(crate) after: Timestamp,
}

impl Command for Withdraw {
    type Reply = u64;
    const WHAT: &'static str = "take back slots of a wrong clock";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<u64> {
        if !self.goes_beyond(session).await? {
            return Ok(0);
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
        Ok(withdrawn.iter().map(|row| row.count).sum())
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
