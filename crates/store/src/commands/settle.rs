//! Settling: the end of an attempt and what follows, in one transaction. What follows was decided in `model`.

use roundsman_model::{MetricValue, RunState, TaskName, Timestamp, Transition};

use super::{Command, counters::Counts, with_lease};
use crate::{
    RunLease, Settled, Settlement,
    sql::{Outcome, Row, Session, Statement},
};

/// Records the end of an attempt.
pub(crate) struct Settle(pub(crate) Settlement);

impl Command for Settle {
    type Reply = Settled;
    const WHAT: &'static str = "record the end of an attempt";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Settled> {
        let settlement = &self.0;
        let Some(row) = step(session, settlement).await? else {
            return self.keep_late(session).await;
        };
        self.end_attempt(session, false).await?;
        let task: TaskName = row.name("task")?;
        let state = settlement.transition.state();
        let succeeded_at = (state == RunState::Succeeded).then_some(settlement.at);
        keep_latest(session, &task, succeeded_at, &settlement.metrics).await?;
        let mut counts = Counts::default();
        if !state.is_active() {
            counts.run_ended(&task, state);
        }
        counts.write(session).await?;
        Ok(Settled::Done)
    }
}

/// Carries the transition out if the lease is in force.
async fn step(session: &mut Session<'_>, settlement: &Settlement) -> Outcome<Option<Row>> {
    let state = settlement.transition.state();
    let statement = match &settlement.transition {
        Transition::End { cause, outcome, .. } => {
            let outcome = outcome.as_ref().map(|outcome| serde_json::to_string(outcome).unwrap_or_default());
            let statement = Statement::new(
                "UPDATE runs SET state = $5, ended_at = $6, cause = $7, outcome = $8, place = NULL
                 WHERE id = $1 AND attempt = $2 AND node = $3 AND boot = $4 AND state = 'running' RETURNING task",
            );
            with_lease(statement, &settlement.lease)
                .bind(state.as_str())
                .bind(settlement.at)
                .bind(cause.as_deref())
                .bind(outcome.as_deref())
        }
        Transition::Wait { due_at, cause, counted } => {
            again(&settlement.lease, state, *due_at, cause, *counted)
        }
        Transition::Release { cause } => again(&settlement.lease, state, settlement.at, cause, false),
    };
    session.row(statement).await
}

fn again(lease: &RunLease, state: RunState, due_at: Timestamp, cause: &str, counted: bool) -> Statement {
    let statement = Statement::new(
        "UPDATE runs SET state = $5, due_at = $6, cause = $7, uncounted = uncounted + $8
         WHERE id = $1 AND attempt = $2 AND node = $3 AND boot = $4 AND state = 'running' RETURNING task",
    );
    with_lease(statement, lease).bind(state.as_str()).bind(due_at).bind(cause).bind(!counted)
}

impl Settle {
    async fn end_attempt(&self, session: &mut Session<'_>, late: bool) -> Outcome<()> {
        let Settlement { lease, end, cpu_ms, max_rss, at, .. } = &self.0;
        let statement = Statement::new(
            "UPDATE attempts SET ended_at = $5, ended = $6, report = $7, late = $8, cpu_ms = $9, max_rss = $10
             WHERE run = $1 AND number = $2 AND node = $3 AND boot = $4",
        );
        let statement = with_lease(statement, lease)
            .bind(*at)
            .bind(end.ended().as_str())
            .bind(self.report())
            .bind(late)
            .bind(*cpu_ms)
            .bind(*max_rss);
        session.execute(statement).await.map(drop)
    }

    /// The lease is not in force. Either this very settlement was recorded before and its answer got lost on the way, or
    /// somebody else took the run over; then the end is kept with the attempt and changes nothing else.
    async fn keep_late(&self, session: &mut Session<'_>) -> Outcome<Settled> {
        let statement = Statement::new(
            "SELECT report, late FROM attempts WHERE run = $1 AND number = $2 AND node = $3 AND boot = $4",
        );
        if let Some(row) = session.row(with_lease(statement, &self.0.lease)).await?
            && !row.flag("late")?
            && row.get::<Option<String>>("report")?.as_deref() == Some(&self.report())
        {
            return Ok(Settled::Done);
        }
        self.end_attempt(session, true).await?;
        Ok(Settled::Late)
    }

    fn report(&self) -> String {
        serde_json::to_string(&self.0.end).expect("an end is always representable as JSON")
    }
}

/// Keeps what metrics show of the newest run. Samples stay until there are newer ones.
async fn keep_latest(
    session: &mut Session<'_>,
    task: &TaskName,
    succeeded_at: Option<Timestamp>,
    metrics: &[MetricValue],
) -> Outcome<()> {
    if succeeded_at.is_none() && metrics.is_empty() {
        return Ok(());
    }
    let metrics = (!metrics.is_empty()).then(|| serde_json::to_string(metrics).unwrap_or_default());
    let statement = Statement::new(
        "INSERT INTO latest (task, last_success, metrics) VALUES ($1, $2, $3)
         ON CONFLICT (task) DO UPDATE SET
            last_success = COALESCE(excluded.last_success, latest.last_success),
            metrics = COALESCE(excluded.metrics, latest.metrics)",
    );
    session.execute(statement.bind(task.as_str()).bind(succeeded_at).bind(metrics.as_deref())).await.map(drop)
}
