//! One attempt of a claimed run: make the order, start the worker, listen, and hand the end to `settle`. How the worker
//! is run is the executor's matter.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt as _;
use roundsman_model::{AttemptEnd, Ended, Run, RunState, TaskDefinition, TaskError, Timestamp, time::after};
use roundsman_store::RunLease;
use roundsman_telemetry::AttemptStarted;
use roundsman_wire::{AttemptOrder, AttemptReport, CancelReason, Lease, RunningAttempt, StartError};
use tokio::{sync::mpsc::UnboundedReceiver, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    Claiming, Engine, Mark,
    dispatch::Seat,
    enforcement,
    engine::store_pause,
    host::AttemptHost,
    live::Word,
    order::{Errand, Lack, Provisions},
    settle,
};

/// How often a log goes to the store while the attempt runs.
const LOG_RHYTHM: Duration = Duration::from_millis(500);
/// How long a run waits when the machine has no room for its worker.
const EXHAUSTED_PAUSE: Duration = Duration::from_secs(5);
/// From the polite to the final signal when the daemon stops.
const DRAIN_GRACE: Duration = Duration::from_secs(5);

/// What became of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Worked {
    /// How the attempt ended.
    pub end: AttemptEnd,
    /// Where the run stands now.
    pub state: RunState,
    /// When the next attempt is due, if one follows.
    pub due_at: Option<Timestamp>,
}

/// Carries out the attempt that `run` was claimed for, and records its end. Returns when that is durable, or when the
/// engine stops at once. Its worker goes on without the store, so it must have been claimed as such.
pub async fn work(engine: Arc<Engine>, run: Run) -> Worked {
    attend(engine, run, None, None).await
}

/// As [`work`], for a run that was taken by this claim.
pub async fn work_claimed(engine: Arc<Engine>, run: Run, claiming: &Claiming) -> Worked {
    let lease = claiming.lease_of(&run);
    attend(engine, run, lease, None).await
}

/// As [`work`], for a worker that goes on only as long as `ends_with` lasts, and has a seat until it has ended.
pub(crate) async fn attend(
    engine: Arc<Engine>,
    run: Run,
    ends_with: Option<Lease>,
    seat: Option<Seat>,
) -> Worked {
    let lease = RunLease { run: run.id, attempt: run.attempt, holder: engine.me().clone() };
    let words = engine.live.enter(&run.task, &lease, ends_with.is_some());
    let _here = Here { engine: &engine, lease: &lease };
    let working = work_held(&engine, &run, &lease, Held { words, ends_with, seat });
    match AssertUnwindSafe(working).catch_unwind().await {
        Ok(worked) => worked,
        // Its worker was killed when it was dropped.
        Err(_) => settle::panicked(&engine, &run, &lease).await,
    }
}

/// Notes the end of an attempt however it comes about.
struct Here<'a> {
    engine: &'a Engine,
    lease: &'a RunLease,
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.engine.live.leave(self.lease);
    }
}

/// What an attempt has while it runs.
struct Held {
    words: UnboundedReceiver<Word>,
    ends_with: Option<Lease>,
    seat: Option<Seat>,
}

async fn work_held(engine: &Arc<Engine>, run: &Run, lease: &RunLease, held: Held) -> Worked {
    let Held { words, ends_with, seat } = held;
    let definition = match definition(engine, run).await {
        Ok(definition) => definition,
        Err(why) => return settle::without_definition(engine, run, lease, &why).await,
    };
    let deadline = after(engine.now(), definition.timeout.get());
    let unenforced = enforcement::admit(&definition, &engine.parts.executor.abilities());
    let provisions = match &unenforced {
        Ok(_) => Provisions::gather(engine.means(), &definition).await.map_err(Lack::into_error),
        Err(error) => Err(error.clone()),
    };
    let mask = provisions.as_ref().map(|provisions| provisions.mask.clone()).unwrap_or_default();
    let host = AttemptHost::new(engine.clone(), run.clone(), definition.clone(), lease.clone(), deadline);
    let scopes = provisions.as_ref().map(|provisions| provisions.scopes.clone()).unwrap_or_default();
    let host = Arc::new(host.masking(mask.clone()).sharing(scopes));
    for rule in unenforced.unwrap_or_default() {
        host.say("warn", rule);
    }
    let (mut report, ended_at) = match provisions {
        Ok(provisions) => {
            let mark = Mark { store: engine.store().id(), run: run.id, attempt: run.attempt }.to_string();
            let errand = Errand::of_run(run, &definition, (deadline, ends_with), mark);
            let order = provisions.order(&definition, errand);
            let over = CancellationToken::new();
            let flushing = flush_regularly(&host, &over);
            let driving = async {
                let report = drive(engine, run, order, host.clone(), words).await;
                // The next run need not wait until what this one leaves is written.
                drop(seat);
                over.cancel();
                (report, engine.now())
            };
            tokio::join!(driving, flushing).0
        }
        Err(error) => {
            drop(seat);
            let end = AttemptEnd::Erred { error };
            (AttemptReport { end, usage: None, leftovers: 0 }, engine.now())
        }
    };
    mask.end(&mut report.end);
    tell_end(&host, &report);
    host.finish_log();
    // Most often the log is complete before the result is; while the store is away neither waits for the other.
    let _ = host.flush().await;
    let metrics = host.take_metrics();
    let worked = settle::settle(engine, run, &definition, lease, report, metrics, ended_at).await;
    host.flush_all().await;
    worked
}

/// The definition a run was made from; waits while the store is away.
async fn definition(engine: &Arc<Engine>, run: &Run) -> Result<Arc<TaskDefinition>, String> {
    let mut failures = 0;
    loop {
        match engine.note_read(engine.definition_of(run).await) {
            Ok(Some(definition)) => return Ok(definition),
            Ok(None) => return Err("its definition is no longer stored".to_owned()),
            // Nothing can be done without it, and a store that refuses us for the moment has lost nothing.
            Err(error) if !error.is_refusal() && !engine.stop_now.is_cancelled() => {
                failures += 1;
                tokio::time::sleep(store_pause(failures)).await;
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

async fn drive(
    engine: &Arc<Engine>,
    run: &Run,
    order: AttemptOrder,
    host: Arc<AttemptHost>,
    mut words: UnboundedReceiver<Word>,
) -> AttemptReport {
    if order.request.lease.is_some_and(|lease| lease.is_over()) {
        // We stood still since we took it: by now it may be another's.
        let cause = "its lease was used up before its worker could be started".to_owned();
        return AttemptReport { end: AttemptEnd::Lost { cause }, usage: None, leftovers: 0 };
    }
    let mut attempt = match engine.parts.executor.start(order, host).await {
        Ok(attempt) => attempt,
        Err(error) => return not_started(&error, engine.now()),
    };
    let lag = (run.attempt == 1)
        .then(|| (engine.now() - run.slot.unwrap_or(run.queued_at)).to_std().unwrap_or_default());
    AttemptStarted { task: &run.task, run: run.id, attempt: run.attempt, pid: attempt.pid(), lag }.emit();
    let mut drain = std::pin::pin!(drain(engine));
    let mut kill_at = None;
    loop {
        tokio::select! {
            report = attempt.wait() => return report,
            Some(word) = words.recv() => obey(&*attempt, word),
            step = &mut drain, if kill_at.is_none() => {
                kill_at = Some(Instant::now() + DRAIN_GRACE);
                tell_drain(&*attempt, step);
            }
            () = kill_time(engine, kill_at) => {
                attempt.kill();
                return attempt.wait().await;
            }
        }
    }
}

fn obey(attempt: &dyn RunningAttempt, word: Word) {
    match word {
        Word::Cancel(reason) => attempt.cancel(reason),
        Word::Renew(lease) => attempt.renew(lease),
    }
}

enum Drain {
    Politely,
    AtOnce,
}

async fn drain(engine: &Engine) -> Drain {
    tokio::select! {
        biased;
        () = engine.stop_now.cancelled() => Drain::AtOnce,
        () = engine.stop_working.cancelled() => Drain::Politely,
    }
}

fn tell_drain(attempt: &dyn RunningAttempt, step: Drain) {
    attempt.cancel(CancelReason::Drain);
    if matches!(step, Drain::AtOnce) {
        attempt.kill();
    }
}

/// Returns when an attempt that was told to stop for a drain has had its time.
async fn kill_time(engine: &Engine, at: Option<Instant>) {
    let Some(at) = at else { return std::future::pending().await };
    tokio::select! {
        () = engine.stop_now.cancelled() => {}
        () = tokio::time::sleep_until(at) => {}
    }
}

fn not_started(error: &StartError, now: Timestamp) -> AttemptReport {
    let text = with_source(error);
    let error = match error {
        StartError::Stopping => TaskError::Interrupted,
        // Not at once: then nothing else would be done any more.
        StartError::Exhausted { .. } => {
            TaskError::Snooze { cause: text.clone(), until: after(now, EXHAUSTED_PAUSE) }
        }
        _ => TaskError::retry(&text),
    };
    tracing::error!("{text}");
    AttemptReport { end: AttemptEnd::Erred { error }, usage: None, leftovers: 0 }
}

fn with_source(error: &StartError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

async fn flush_regularly(host: &AttemptHost, over: &CancellationToken) {
    loop {
        tokio::select! {
            () = over.cancelled() => return,
            () = tokio::time::sleep(LOG_RHYTHM) => {}
        }
        // What could not be written stays and is written later.
        let _ = host.flush().await;
    }
}

/// Adds what a reader of the log has to know of the end. A report needs no line: the run itself has it.
fn tell_end(host: &AttemptHost, report: &AttemptReport) {
    if report.end.ended() == Ended::Snoozed {
        host.say("warn", format!("the run waits: {}", report.end));
    } else if !matches!(report.end, AttemptEnd::Finished { .. }) {
        host.say("error", format!("attempt ended ({}): {}", report.end.ended().as_str(), report.end));
    }
    let protected = host.engine.means().protected;
    if let Some(why) = host.denials.explain(&report.end, host.definition(), protected) {
        host.say("warn", why);
    }
    if report.leftovers > 0 {
        host.say("warn", format!("{} processes were left behind and had to be ended", report.leftovers));
    }
}
