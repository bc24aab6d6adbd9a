//! Records how an attempt ended and what follows. The decision is `model::settle`; here it is made durable, however long
//! the store takes, and told. It starts nothing.

use std::{sync::Arc, time::Duration};

use roundsman_model::{
    AttemptEnd, MetricValue, RetryPolicy, Run, RunState, TaskDefinition, TaskError, Timestamp, Transition,
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

/// Records the end of an attempt that a panic of our own has ended. What it was about is in the daemon's log, not here: it
/// may hold a secret.
pub(crate) async fn panicked(engine: &Arc<Engine>, run: &Run, lease: &RunLease) -> Worked {
    let definition = engine.definition_of(run).await.ok().flatten();
    let retry = definition.map_or_else(RetryPolicy::never, |definition| definition.retry.clone());
    let cause = "a panic in the daemon ended the attempt; the daemon's log tells where".to_owned();
    let report = AttemptReport { end: AttemptEnd::Lost { cause }, usage: None, leftovers: 0 };
    record(engine, run, lease, &retry, report, Vec::new(), engine.now()).await
}

/// Records the end of an attempt that nobody saw, under the lease of whoever held it. When the store is away the run
/// stays as it is.
pub(crate) async fn unseen(
    engine: &Arc<Engine>,
    run: &Run,
    lease: &RunLease,
    end: AttemptEnd,
) -> StoreResult<Settled> {
    let definition = engine.definition_of(run).await?;
    let retry = definition.map_or_else(RetryPolicy::never, |definition| definition.retry.clone());
    let report = AttemptReport { end, usage: None, leftovers: 0 };
    let settlement = settlement(run, lease, &retry, report, Vec::new(), engine.now());
    let settled = engine.store().settle(settlement.clone()).await?;
    tell(engine, run, &settlement, Some(settled));
    Ok(settled)
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
    let (settlement, settled) = write(engine, settlement).await;
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
        max_rss: report.usage.and_then(|usage| usage.max_rss),
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
/// written by the next start. Of a result that the store refuses, the run gets [`a bare end`](bare_end) instead. Returns
/// what was written.
async fn write(engine: &Arc<Engine>, mut settlement: Settlement) -> (Settlement, Option<Settled>) {
    // Behind others that wait it would be out of order.
    if engine.spool.is_empty()
        && let Tried::Taken(settled) = hand_over(engine, &settlement).await
    {
        return (settlement, Some(settled));
    }
    let mut waiting = engine.spool.keep(&settlement).await;
    let (mut failures, mut is_bare) = (0, false);
    loop {
        tokio::select! {
            () = waiting.turn() => {}
            () = engine.stop_now.cancelled() => break,
        }
        match hand_over(engine, &settlement).await {
            Tried::Taken(settled) => {
                waiting.taken().await;
                return (settlement, Some(settled));
            }
            Tried::Refused(_) if is_bare => {
                waiting.refused().await;
                return (settlement, None);
            }
            Tried::Refused(why) => {
                waiting.refused().await;
                (settlement, is_bare) = (bare_end(&settlement, &why), true);
                waiting = engine.spool.keep(&settlement).await;
                continue;
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
    (settlement, None)
}

enum Tried {
    Taken(Settled),
    /// The same result will be refused again, and this is why.
    Refused(String),
    /// Whatever keeps us from the store ends some time.
    Away,
}

async fn hand_over(engine: &Arc<Engine>, settlement: &Settlement) -> Tried {
    match engine.note_write(engine.store().settle(settlement.clone()).await) {
        Ok(settled) => Tried::Taken(settled),
        Err(error) if error.is_refusal() => {
            let why = with_sources(&error);
            tracing::error!(run.id = %settlement.lease.run, "the result of an attempt was refused: {why}");
            Tried::Refused(why)
        }
        Err(_) => Tried::Away,
    }
}

/// What is left of a result that the store refuses: that the run has ended, and why nothing else is known. Without it the
/// run would be taken for lost and done again, to the same end.
pub(crate) fn bare_end(refused: &Settlement, why: &str) -> Settlement {
    let cause = format!("the result could not be stored: {}", why.replace('\0', "\u{fffd}"));
    Settlement {
        lease: refused.lease.clone(),
        end: AttemptEnd::Erred { error: TaskError::permanent(&cause) },
        transition: Transition::End { state: RunState::Failed, cause: Some(cause), outcome: None },
        metrics: Vec::new(),
        cpu_ms: None,
        max_rss: None,
        wake_at: None,
        at: refused.at,
    }
}

/// An error and what led to it.
pub(crate) fn with_sources(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
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
        Some(Settled::Known) => {
            tracing::debug!(task.name = %run.task, run.id = %run.id, attempt = run.attempt, "its end was recorded already");
        }
        None => {}
    }
}
