//! Runs whose time for a first attempt is over by the wall clock, and those of them that are given up. Which these are is
//! the engine's to decide, for it knows whether the clock is to be believed; a retry waits as long as its policy lets it.

use std::collections::BTreeSet;

use roundsman_model::{HumanDuration, Reason, Run, RunId, RunState, Timestamp, Verdict, time::to_micros};

use super::{Command, counters::Counts, leader, runs, slots, waiting};
use crate::{
    Held, Unstarted,
    sql::{Outcome, Row, Rows, Session, Statement, sql},
};

/// Lists runs that should have started.
pub(crate) struct Overdue {
    pub(crate) now: Timestamp,
    pub(crate) after: Option<Unstarted>,
    pub(crate) limit: u32,
}

impl Command for Overdue {
    type Reply = Vec<Unstarted>;
    const WHAT: &'static str = "look for runs that did not start in time";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<Unstarted>> {
        let after = self.after.map_or((i64::MIN, i64::MIN), |run| (to_micros(run.start_by), run.run.0));
        let statement = Statement::new(
            "SELECT id, queued_at, due_at, start_by FROM runs
             WHERE ended_at IS NULL AND attempt = 0 AND start_by < $1 AND (start_by, id) > ($2, $3)
             ORDER BY start_by, id LIMIT $4",
        );
        let statement = statement.bind(self.now).bind(after.0).bind(after.1).bind(self.limit);
        session.rows(statement).await?.iter().map(unstarted).collect()
    }
}

fn unstarted(row: &Row) -> Outcome<Unstarted> {
    let (queued_at, due_at) = (row.at("queued_at")?, row.at("due_at")?);
    Ok(Unstarted { run: row.run("id")?, queued_at, due_at, start_by: row.at("start_by")? })
}

/// Ends queued runs that could not start in time.
pub(crate) struct Expire {
    pub(crate) runs: Vec<RunId>,
    pub(crate) epoch: Option<i64>,
    pub(crate) now: Timestamp,
}

impl Command for Expire {
    /// Nothing for a leader whose epoch is over.
    type Reply = Option<Vec<Run>>;
    const WHAT: &'static str = "give up runs that did not start in time";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Option<Vec<Run>>> {
        if let Some(epoch) = self.epoch
            && !leader::leads(session, epoch).await?
        {
            return Ok(None);
        }
        self.end(session).await.map(Some)
    }
}

impl Expire {
    async fn end(&self, session: &mut Session<'_>) -> Outcome<Vec<Run>> {
        // Whoever is about to start one of them has it locked, and it is left to them.
        let text = sql!(
            "SELECT" RUN ", behind FROM runs WHERE ended_at IS NULL AND attempt = 0 AND start_by IS NOT NULL
               AND id IN (SELECT CAST(e.value->>0 AS BIGINT) FROM" ROWS ") ORDER BY id" LOCKED_FREE
        );
        let rows = Rows::of(&self.runs, |run| [run.0.into()]);
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let rows = session.rows(Statement::new(text).bind(rows)).await?;
        let held = waiting::explain(session, &rows, self.now).await?;
        if held.is_empty() {
            return Ok(Vec::new());
        }
        let causes: Vec<_> = held.iter().map(|held| (held.run.id, cause(held))).collect();
        runs::end_unstarted(session, RunState::Failed, &causes, self.now).await?;
        let mut counts = Counts::default();
        for held in &held {
            counts.run_ended(&held.run.task, RunState::Failed);
        }
        let ids: Vec<RunId> = held.iter().map(|held| held.run.id).collect();
        let verdict = (Verdict::Missed, Reason::NotStarted);
        slots::judge_unstarted(session, &ids, verdict, &mut counts, self.now).await?;
        counts.write(session).await?;
        let ended = waiting::by_number(session, &ids.into_iter().collect::<BTreeSet<_>>()).await?;
        let mut ended: Vec<Run> = ended.into_values().collect();
        ended.sort_by_key(|run| run.id);
        Ok(ended)
    }
}

fn cause(held: &Held) -> String {
    let Held { run, by } = held;
    let within = run.start_by.and_then(|by| (by - run.due_at).to_std().ok()).unwrap_or_default();
    format!("not started within {}: it waited for {by}", HumanDuration(within))
}
