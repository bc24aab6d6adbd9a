//! Lets the engine fire many schedules and counts afterwards, over a second connection, what became durable and how late.
//! What is dispatched beside it is only there to keep the machine busy.

use std::{
    collections::HashSet,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use chrono::TimeDelta;
use roundsman_engine::{Dispatcher, Engine, Firer, Heart, Lead, Neighbours, Service, run_service};
use roundsman_model::{Run, RunState, TaskDefinition, Timestamp};
use roundsman_store::Holder;
use tokio::{sync::Notify, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    ground::{all_runs, boot, executor, look, now, open},
    lags::Lags,
};

/// After the last slot: time enough for what is late.
const AFTERWARDS: TimeDelta = TimeDelta::seconds(4);

/// The slots that count, first and last.
pub(crate) type Span = (Timestamp, Timestamp);

/// Nobody else is on the database.
struct Nobody;

impl Neighbours for Nobody {
    fn is_proved_dead(&self, _: &Holder) -> bool {
        false
    }
}

/// What became of the slots.
pub(crate) struct Account {
    /// Slots there were.
    pub(crate) expected: usize,
    /// Slots without a run.
    pub(crate) lost: usize,
    /// Runs beyond one for a slot.
    pub(crate) doubled: usize,
    /// Runs that were carried out.
    pub(crate) executed: usize,
    /// From each slot to its queued run, stamped after the commit.
    pub(crate) lags: Lags,
    /// From the opening of the store to the firer's first look.
    pub(crate) set_up: Duration,
}

/// One pass of the firer: from before it reads the clock until after its transaction.
type Turn = (Timestamp, Timestamp);

/// The firer, with a stamp after each of its passes.
struct Stamped {
    firer: Firer,
    engine: Arc<Engine>,
    turns: Arc<Mutex<Vec<Turn>>>,
}

#[async_trait]
impl Service for Stamped {
    fn name(&self) -> &'static str {
        "fire"
    }

    fn wakeups(&self) -> Arc<Notify> {
        self.firer.wakeups()
    }

    async fn run_once(&mut self) -> Duration {
        let begun = self.engine.now();
        let rest = self.firer.run_once().await;
        let turn = (begun, self.engine.now());
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).push(turn);
        rest
    }
}

/// Fires these tasks on a fresh database, and dispatches what this node may take if there are workers. `span` tells which slots count, once the firer is ready.
pub(crate) async fn fire(
    url: &str,
    work_root: &Path,
    tasks: &[TaskDefinition],
    workers: usize,
    span: impl FnOnce(Timestamp) -> Span,
) -> Result<Account> {
    let begun = tokio::time::Instant::now();
    let engine = boot(open(url).await?, executor(work_root)?, tasks).await?;
    let mut lead = Lead::new(engine.clone(), Arc::new(Nobody));
    lead.run_once().await;
    let mut firer = Firer::new(engine.clone(), None);
    firer.begin().await?;
    let set_up = begun.elapsed();
    let (first, last) = span(engine.now());
    ensure!(engine.now() < first, "setting up took {set_up:.1?}: longer than the first slot was away");
    let turns = Arc::new(Mutex::default());
    let stop = CancellationToken::new();
    let mut services = JoinSet::new();
    let stamped = Stamped { firer, engine: engine.clone(), turns: turns.clone() };
    services.spawn(run_service(stamped, stop.clone()));
    services.spawn(run_service(lead, stop.clone()));
    let attempts = TaskTracker::new();
    if workers > 0 {
        services.spawn(run_service(Heart::new(engine.clone()), stop.clone()));
        let dispatcher = Dispatcher::new(engine.clone(), workers, attempts.clone());
        services.spawn(run_service(dispatcher, stop.clone()));
    }
    let wait = (last + AFTERWARDS - now()).to_std().unwrap_or_default();
    tokio::time::sleep(wait).await; // sleep: slots come when the clock says so
    stop.cancel();
    attempts.close();
    attempts.wait().await;
    for ended in services.join_all().await {
        ended.map_err(anyhow::Error::msg)?;
    }
    engine.store().close().await;
    let turns = std::mem::take(&mut *turns.lock().unwrap_or_else(PoisonError::into_inner));
    account(url, tasks, (first, last), &turns, set_up).await
}

async fn account(
    url: &str,
    tasks: &[TaskDefinition],
    (first, last): Span,
    turns: &[Turn],
    set_up: Duration,
) -> Result<Account> {
    let store = look(url).await?;
    let counts = |run: &Run| run.slot.is_some_and(|slot| first <= slot && slot <= last);
    let runs: Vec<Run> = all_runs(&*store).await?.into_iter().filter(counts).collect();
    store.close().await;
    let before_first = first - TimeDelta::seconds(1);
    let expected: HashSet<_> = tasks.iter().flat_map(|task| slots(task, before_first, last)).collect();
    let found: HashSet<_> = runs.iter().filter_map(|run| Some((run.task.as_str(), run.slot?))).collect();
    let lags = runs.iter().map(|run| lag(run, turns)).collect::<Result<_>>()?;
    Ok(Account {
        expected: expected.len(),
        lost: expected.difference(&found).count(),
        doubled: runs.len() - found.len(),
        executed: runs.iter().filter(|run| run.state == RunState::Succeeded).count(),
        lags: Lags::new(lags),
        set_up,
    })
}

fn slots(
    task: &TaskDefinition,
    after: Timestamp,
    until: Timestamp,
) -> impl Iterator<Item = (&str, Timestamp)> {
    let schedule = task.schedule.iter();
    schedule.flat_map(move |s| s.slots(after, until, task.timezone)).map(|slot| (task.name.as_str(), slot))
}

/// Milliseconds from a run's slot to the end of the pass that queued it.
fn lag(run: &Run, turns: &[Turn]) -> Result<f64> {
    let index = turns.partition_point(|(_, ended)| *ended < run.queued_at);
    let turn = turns.get(index).filter(|(begun, _)| *begun <= run.queued_at);
    let (_, ended) = turn.with_context(|| format!("no pass of the firer queued run {}", run.id))?;
    let slot = run.slot.context("a fired run has a slot")?;
    Ok((*ended - slot).as_seconds_f64() * 1e3)
}
