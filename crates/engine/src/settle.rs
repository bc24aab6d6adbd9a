//! Records how an attempt ended and what follows. The decision is `model::settle`; here it is made durable, however long
//! the store takes, and told. It starts nothing.

use std::{sync::Arc, time::Duration};

use roundsman_model::{
    AttemptEnd, MetricValue, RetryPolicy, Run, TaskDefinition, TaskError, Timestamp, Transition,
    settle as decide, time::delta,
};
use roundsman_store::{RunLease, Settled, Settlement, StoreResult};
use roundsman_telemetry::{AttemptEnded, RunEnded};
use roundsman_wire::AttemptReport;

use crate::{Engine, Worked};

/// An extra run that a kind asks for comes at least so long after the run that asked.
const WAKE_APART: Duration = Duration::from_secs(60);

/// Records the end of an attempt.
pub(crate) async fn settle(
    engine: &Arc<Engine>,
    run: &Run,
    definition: &TaskDefinition,
    lease: &RunLease,
    report: AttemptReport,
    reported: Vec<MetricValue>,
    at: Timestamp,
) -> Worked {
    // Samples count however the attempt ended: a monitor has most to tell when it fails.
    let silent = reported.is_empty();
    let metrics = if silent { Vec::new() } else { engine.parts.metrics.merge(&run.task, reported) };
    record(engine, run, lease, &definition.retry, report, metrics, at).await
}

/// Ends a run whose definition cannot be had.
pub(crate) async fn without_definition(
    engine: &Arc<Engine>,
    run: &Run,
    lease: &RunLease,
    why: &str,
) -> Worked {
    let end = AttemptEnd::Erred { error: TaskError::config(format!("the run cannot start: {why}")) };
    let report = AttemptReport { end, usage: None, leftovers: 0 };
    record(engine, run, lease, &RetryPolicy::never(), report, Vec::new(), engine.now()).await
}

/// Records the end of an attempt that nobody saw, under the lease of whoever held it. When the store is away the run
/// stays as it is.
pub(crate) async fn unseen(
    engine: &Arc<Engine>,
    run: &Run,
    lease: &RunLease,
    end: AttemptEnd,
) -> StoreResult<()> {
    let definition = engine.definition_of(run).await?;
    let retry = definition.map_or_else(RetryPolicy::never, |definition| definition.retry.clone());
    let report = AttemptReport { end, usage: None, leftovers: 0 };
    let settlement = settlement(run, lease, &retry, report, Vec::new(), engine.now());
    let settled = engine.store().settle(settlement.clone()).await?;
    tell(engine, run, &settlement, Some(settled));
    Ok(())
}

async fn record(
    engine: &Arc<Engine>,
    run: &Run,
    lease: &RunLease,
    retry: &RetryPolicy,
    report: AttemptReport,
    metrics: Vec<MetricValue>,
    at: Timestamp,
) -> Worked {
    let settlement = settlement(run, lease, retry, report, metrics, at);
    let settled = write(engine, &settlement).await;
    tell(engine, run, &settlement, settled);
    let due_at = match &settlement.transition {
        Transition::Wait { due_at, .. } => Some(*due_at),
        Transition::Release { .. } => Some(at),
        Transition::End { .. } => None,
    };
    Worked { state: settlement.transition.state(), end: settlement.end, due_at }
}

fn settlement(
    run: &Run,
    lease: &RunLease,
    retry: &RetryPolicy,
    report: AttemptReport,
    metrics: Vec<MetricValue>,
    at: Timestamp,
) -> Settlement {
    let transition = decide(run, report.end.clone(), retry, at, rand::random());
    let wake_at = wake_at(run, &report.end, &transition, at);
    Settlement {
        lease: lease.clone(),
        end: report.end,
        transition,
        metrics,
        cpu_ms: report.usage.map(|usage| usage.cpu.as_millis() as u64),
        max_rss: report.usage.map(|usage| usage.max_rss),
        wake_at,
        at,
    }
}

/// The extra run that the kind asks for, once the run has ended; an attempt that follows may ask anew.
fn wake_at(run: &Run, end: &AttemptEnd, transition: &Transition, now: Timestamp) -> Option<Timestamp> {
    let AttemptEnd::Finished { outcome } = end else { return None };
    let wish = outcome.wake_at.filter(|_| matches!(transition, Transition::End { .. }))?;
    if run.dry_run {
        tracing::info!(task.name = %run.task, run.id = %run.id, "a dry run asks for an extra run at {wish}: none is made");
        return None;
    }
    let earliest = now + delta(WAKE_APART);
    if wish < earliest {
        tracing::info!(
            task.name = %run.task, run.id = %run.id,
            "asks for an extra run at {wish}, which is too soon: it comes at {earliest}"
        );
    }
    Some(wish.max(earliest))
}

/// Writes until the store has taken it. Gives up only when the engine is to stop at once; what is in the spool then is
/// written by the next start.
async fn write(engine: &Arc<Engine>, settlement: &Settlement) -> Option<Settled> {
    // Behind others that wait it would be out of order.
    if engine.spool.is_empty()
        && let Tried::Over(settled) = hand_over(engine, settlement).await
    {
        return settled;
    }
    let waiting = engine.spool.keep(settlement).await;
    let mut failures = 0;
    loop {
        tokio::select! {
            () = waiting.turn() => {}
            () = engine.stop_now.cancelled() => break,
        }
        match hand_over(engine, settlement).await {
            Tried::Over(Some(settled)) => {
                waiting.taken().await;
                return Some(settled);
            }
            Tried::Over(None) => {
                waiting.refused().await;
                return None;
            }
            Tried::Away => failures += 1,
        }
        tokio::select! {
            () = waiting.pause(failures) => {}
            () = engine.stop_now.cancelled() => break,
        }
    }
    let run = settlement.lease.run;
    if waiting.is_in_a_file() {
        tracing::warn!(run.id = %run, "stopped while the store is away: the next start writes the result of this attempt");
    } else {
        tracing::error!(run.id = %run, "stopped before the result of an attempt was stored");
    }
    None
}

enum Tried {
    /// The store has answered: taken, or refused for good.
    Over(Option<Settled>),
    Away,
}

async fn hand_over(engine: &Arc<Engine>, settlement: &Settlement) -> Tried {
    match engine.note_write(engine.store().settle(settlement.clone()).await) {
        Ok(settled) => Tried::Over(Some(settled)),
        Err(error) if error.is_passing() => Tried::Away,
        Err(error) => {
            tracing::error!(run.id = %settlement.lease.run, "the result of an attempt was refused: {error}");
            Tried::Over(None)
        }
    }
}

fn tell(engine: &Engine, run: &Run, settlement: &Settlement, settled: Option<Settled>) {
    let next = settlement.transition.state();
    match settled {
        Some(Settled::Done) => {
            let message = settlement.end.to_string();
            AttemptEnded {
                task: &run.task,
                run: run.id,
                attempt: run.attempt,
                ended: settlement.end.ended(),
                message: &message,
                next,
            }
            .emit();
            if !next.is_active() {
                let began = run.started_at.unwrap_or(run.queued_at);
                let duration = (settlement.at - began).to_std().unwrap_or_default();
                RunEnded { task: &run.task, duration }.emit();
            }
            if run.round.is_some() && !next.is_active() {
                engine.wake_follower.notify_one();
            }
            if settlement.wake_at.is_some() {
                engine.wake_firer.notify_one();
            }
        }
        Some(Settled::Late) => {
            tracing::warn!(task.name = %run.task, run.id = %run.id, attempt = run.attempt, "result came late: another attempt had taken over");
        }
        None => {}
    }
}
