//! Settling: the end of an attempt and what follows, in one transaction. What follows was decided in `model`; here only
//! the wish that a run shall stop outranks it, because it may have come after the decision.

use std::borrow::Cow;

use roundsman_model::{AttemptEnd, MetricValue, RunState, StopOrder, TaskName, Timestamp, Transition};

use super::{Command, counters::Counts, leases, slots, tasks, wakes, with_lease};
use crate::{
    RunLease, Settled, Settlement,
    sql::{Outcome, Row, Session, Statement, sql},
};

/// Records the end of an attempt.
pub(crate) struct Settle(pub(crate) Settlement);

impl Command for Settle {
    type Reply = Settled;
    const WHAT: &'static str = "record the end of an attempt";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Settled> {
        let settlement = &self.0;
        let wakes = settlement.wake_at.is_some() && matches!(settlement.transition, Transition::End { .. });
        if wakes {
            // Before the run, because firing locks first the task and then its runs.
            wakes::announce(session, settlement.lease.run).await?;
        }
        let transition = self.transition(session).await?;
        let Some((state, row)) = self.step(session, &transition).await? else {
            return self.keep_late(session).await;
        };
        if row.flag("has_leases")? {
            leases::free(session, settlement.lease.run).await?;
        }
        self.end_attempt(session, false).await?;
        let task: TaskName = row.name("task")?;
        if let Some(at) = settlement.wake_at.filter(|_| wakes && state != RunState::Cancelled) {
            wakes::put(session, &task, at, settlement.lease.run).await?;
        }
        let succeeded_at = (state == RunState::Succeeded).then_some(settlement.at);
        keep_latest(session, &task, succeeded_at, &settlement.metrics).await?;
        let mut counts = Counts::default();
        if !state.is_active() {
            counts.run_ended(&task, state);
        }
        if let Some(why) = unstarted(settlement.lease.attempt, &transition) {
            slots::judge_unstarted_after_all(session, settlement.lease.run, why, &mut counts, settlement.at)
                .await?;
        }
        counts.write(session).await?;
        Ok(Settled::Done)
    }
}

impl Settle {
    /// What was decided, unless the run would go on and its task was removed while it ran. The task's row is locked before
    /// the run, as removing does: either that finds the run waiting, or this finds the task removed.
    async fn transition(&self, session: &mut Session<'_>) -> Outcome<Cow<'_, Transition>> {
        let decided = &self.0.transition;
        if matches!(decided, Transition::End { .. }) {
            return Ok(Cow::Borrowed(decided));
        }
        let text = sql!(
            "SELECT removed_at FROM tasks WHERE name = (SELECT task FROM runs WHERE id = $1)" SHARED
        );
        let row = session.row(Statement::new(text).bind(self.0.lease.run.0)).await?;
        Ok(match row.map_or(Ok(None), |row| row.at_or_none("removed_at"))? {
            Some(_) => Cow::Owned(Transition::End {
                state: RunState::Cancelled,
                cause: Some(tasks::REMOVED.to_owned()),
                outcome: None,
            }),
            None => Cow::Borrowed(decided),
        })
    }

    /// Carries the transition out if the lease is in force. Returns the state that the run is in afterwards.
    async fn step(
        &self,
        session: &mut Session<'_>,
        transition: &Transition,
    ) -> Outcome<Option<(RunState, Row)>> {
        let Settlement { lease, at, .. } = &self.0;
        let yields = yields_to_a_stop(transition);
        let statement = match transition {
            Transition::End { state, cause, outcome } => {
                let outcome =
                    outcome.as_ref().map(|outcome| serde_json::to_string(outcome).unwrap_or_default());
                end(lease, yields, (*state, cause.as_deref(), outcome.as_deref()), *at)
            }
            Transition::Wait { due_at, cause, counted } => {
                again(lease, RunState::Waiting, *due_at, cause, *counted)
            }
            Transition::Release { cause } => again(lease, RunState::Queued, *at, cause, false),
        };
        if let Some(row) = session.row(statement).await? {
            return Ok(Some((transition.state(), row)));
        }
        if yields { self.stop(session).await } else { Ok(None) }
    }

    /// Ends the run because somebody wants it to end, if so and if the lease is in force.
    async fn stop(&self, session: &mut Session<'_>) -> Outcome<Option<(RunState, Row)>> {
        let text = sql!(
            "SELECT stop FROM runs WHERE id = $1 AND attempt = $2 AND node = $3 AND boot = $4 AND state = 'running'
               AND stop IS NOT NULL" LOCKED
        );
        let Some(row) = session.row(with_lease(Statement::new(text), &self.0.lease)).await? else {
            return Ok(None);
        };
        let order: StopOrder = row.json("stop")?;
        let (state, cause) = (RunState::Cancelled, order.to_string());
        let ended = session.row(end(&self.0.lease, false, (state, Some(&cause), None), self.0.at)).await?;
        Ok(ended.map(|row| (state, row)))
    }
}

/// Why nothing of the kind's code ran, if so. An attempt before this one may have done something.
fn unstarted(attempt: u32, transition: &Transition) -> Option<&str> {
    match transition {
        Transition::End { outcome: Some(outcome), .. } if outcome.unstarted && attempt == 1 => {
            Some(&outcome.summary)
        }
        _ => None,
    }
}

/// Whether a wish that the run shall stop outranks this: the run would go on, or was stopped for it.
fn yields_to_a_stop(transition: &Transition) -> bool {
    match transition {
        Transition::End { state, .. } => *state == RunState::Cancelled,
        Transition::Wait { .. } | Transition::Release { .. } => true,
    }
}

/// Ends the run; one that yields only where nobody wants it to stop.
fn end(
    lease: &RunLease,
    yields: bool,
    (state, cause, outcome): (RunState, Option<&str>, Option<&str>),
    at: Timestamp,
) -> Statement {
    let statement = Statement::new(if yields {
        "UPDATE runs SET state = $5, ended_at = $6, cause = $7, outcome = $8, place = NULL
         WHERE id = $1 AND attempt = $2 AND node = $3 AND boot = $4 AND state = 'running' AND stop IS NULL
         RETURNING task, has_leases"
    } else {
        "UPDATE runs SET state = $5, ended_at = $6, cause = $7, outcome = $8, place = NULL, stop = NULL
         WHERE id = $1 AND attempt = $2 AND node = $3 AND boot = $4 AND state = 'running'
         RETURNING task, has_leases"
    });
    with_lease(statement, lease).bind(state.as_str()).bind(at).bind(cause).bind(outcome)
}

fn again(lease: &RunLease, state: RunState, due_at: Timestamp, cause: &str, counted: bool) -> Statement {
    let statement = Statement::new(
        "UPDATE runs SET state = $5, due_at = $6, cause = $7, uncounted = uncounted + $8
         WHERE id = $1 AND attempt = $2 AND node = $3 AND boot = $4 AND state = 'running' AND stop IS NULL
         RETURNING task, has_leases",
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
    /// somebody else took the run over; then the end is kept with the attempt and changes nothing else. That an attempt is
    /// lost is what a rescuer says of one whose end nobody recorded, so it never outranks an end that is recorded.
    async fn keep_late(&self, session: &mut Session<'_>) -> Outcome<Settled> {
        let statement = Statement::new(
            "SELECT ended_at, report, late FROM attempts WHERE run = $1 AND number = $2 AND node = $3 AND boot = $4",
        );
        if let Some(row) = session.row(with_lease(statement, &self.0.lease)).await? {
            if matches!(self.0.end, AttemptEnd::Lost { .. }) && row.at_or_none("ended_at")?.is_some() {
                return Ok(Settled::Known);
            }
            let same = row.get::<Option<String>>("report")?.as_deref() == Some(&self.report());
            if same && !row.flag("late")? {
                return Ok(Settled::Done);
            }
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
