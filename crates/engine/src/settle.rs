//! Records how an attempt ended and what follows. The decision is `model::settle`; here it is made durable, however long
//! the store takes, and told.

use std::sync::Arc;

use roundsman_model::{
    AttemptEnd, MetricValue, RetryPolicy, Run, RunState, TaskDefinition, TaskError, Timestamp, Transition,
    settle as decide,
};
use roundsman_store::{RunLease, Settled, Settlement, StoreResult};
use roundsman_telemetry::{AttemptEnded, RunEnded};
use roundsman_wire::AttemptReport;

use crate::{Engine, Worked, engine::store_pause};

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

/// Records the end of an attempt that nobody saw, under the lease of whoever held it.
pub(crate) async fn unseen(
    engine: &Arc<Engine>,
    run: &Run,
    lease: &RunLease,
    end: AttemptEnd,
) -> StoreResult<Worked> {
    let definition = engine.definition_of(run).await?;
    let retry = definition.map_or_else(RetryPolicy::never, |definition| definition.retry.clone());
    let report = AttemptReport { end, usage: None, leftovers: 0 };
    Ok(record(engine, run, lease, &retry, report, Vec::new(), engine.now()).await)
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
    let transition = decide(run, report.end.clone(), retry, at, rand::random());
    let settlement = Settlement {
        lease: lease.clone(),
        end: report.end.clone(),
        transition: transition.clone(),
        metrics,
        cpu_ms: report.usage.map(|usage| usage.cpu.as_millis() as u64),
        max_rss: report.usage.map(|usage| usage.max_rss),
        wake_at: None,
        at,
    };
    let settled = write(engine, settlement).await;
    let due_at = match transition {
        Transition::Wait { due_at, .. } => Some(due_at),
        Transition::Release { .. } => Some(at),
        Transition::End { .. } => None,
    };
    tell(run, &report.end, transition.state(), settled, at);
    Worked { end: report.end, state: transition.state(), due_at }
}

/// Writes until the store has taken it. Gives up only when the engine is to stop at once.
async fn write(engine: &Arc<Engine>, settlement: Settlement) -> Option<Settled> {
    let mut failures = 0;
    loop {
        match engine.note_write(engine.store().settle(settlement.clone()).await) {
            Ok(settled) => return Some(settled),
            Err(error) if !error.is_passing() => {
                tracing::error!(run.id = %settlement.lease.run, "the result of an attempt was refused: {error}");
                return None;
            }
            Err(_) => failures += 1,
        }
        tokio::select! {
            () = tokio::time::sleep(store_pause(failures)) => {}
            () = engine.stop_now.cancelled() => {
                tracing::error!(run.id = %settlement.lease.run, "stopped before the result of an attempt was stored");
                return None;
            }
        }
    }
}

fn tell(
    run: &Run,
    end: &AttemptEnd,
    next: RunState,
    settled: Option<Settled>,
    at: roundsman_model::Timestamp,
) {
    match settled {
        Some(Settled::Done) => {
            let message = end.to_string();
            AttemptEnded {
                task: &run.task,
                run: run.id,
                attempt: run.attempt,
                ended: end.ended(),
                message: &message,
                next,
            }
            .emit();
            if !next.is_active() {
                let began = run.started_at.unwrap_or(run.queued_at);
                RunEnded { task: &run.task, duration: (at - began).to_std().unwrap_or_default() }.emit();
            }
        }
        Some(Settled::Late) => {
            tracing::warn!(task.name = %run.task, run.id = %run.id, attempt = run.attempt, "result came late: another attempt had taken over");
        }
        None => {}
    }
}
