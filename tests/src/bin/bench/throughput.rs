//! Recorded, isolated runs per second: a queue of runs through dispatcher, supervisor and store, beside workers that are
//! only started and reaped.

use roundsman_testkit::Installing as _;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use chrono::TimeDelta;
use roundsman_engine::{Dispatcher, Engine, Heart, run_service};
use roundsman_model::{RunState, TaskDefinition, Timestamp};
use roundsman_store::{Fired, Firing, SlotToRun};
use roundsman_wire::{AttemptOrder, Executor, Host, RunningAttempt, StartError};
use tokio::{sync::Notify, task::JoinSet, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    baseline::start_workers,
    bench::{Bench, say},
    ground::{Ground, all_runs, boot, executor, look, now, open, task},
    report::{Row, Target, Unit},
    spawn::attempt,
};

/// The runs belong to so many tasks.
const TASKS: usize = 16;
/// Isolated and recorded, runs come at least at this part of the rate of bare workers.
const RATIO: Target = Target::OfBaseline(0.5);
/// A queue that is not empty by then is stuck.
const LIMIT: Duration = Duration::from_secs(180);

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let ground = Ground::new()?;
    let mut rows = Vec::new();
    start_workers(20, 4).context("cannot warm up")?;
    for (workers, count) in [(1, 480), (4, 960), (16, 960), (64, 1_920)] {
        let count = bench.size(count, count / 10);
        say(&format!("{count} runs, {workers} at a time"));
        let mut bare = start_workers(count, workers)?.per_second;
        let mut measured = Vec::new();
        for (backend, url) in ground.both()? {
            let rate = bench.within(LIMIT, runs_per_second(&url, &ground.work_root(), count, workers))?;
            measured.push((backend, rate));
        }
        let unrecorded = bench.within(LIMIT, attempts_per_second(&ground.work_root(), count, workers))?;
        measured.push(("no store", unrecorded));
        // Before and after, because the machine may not be the same all the time.
        bare = f64::midpoint(bare, start_workers(count, workers)?.per_second);
        rows.extend(measured.into_iter().map(|(backend, rate)| {
            let name = format!("{backend}, {workers} at a time: runs beside bare workers");
            let row = Row::new(name, rate, Unit::PerSecond).beside(bare);
            if backend == "Postgres" { row.target(RATIO) } else { row }
        }));
    }
    Ok(rows)
}

/// Counts starts, so that nobody has to ask the store meanwhile.
struct Counted {
    executor: Arc<dyn Executor>,
    starts: AtomicUsize,
    wanted: usize,
    all: Notify,
}

#[async_trait]
impl Executor for Counted {
    async fn start(
        &self,
        order: AttemptOrder,
        host: Arc<dyn Host>,
    ) -> Result<Box<dyn RunningAttempt>, StartError> {
        if self.starts.fetch_add(1, Ordering::Relaxed) + 1 == self.wanted {
            self.all.notify_one();
        }
        self.executor.start(order, host).await
    }

    async fn sweep(
        &self,
        ours: &(dyn for<'m> Fn(&'m str) -> bool + Send + Sync),
    ) -> Result<u32, std::io::Error> {
        self.executor.sweep(ours).await
    }

    fn abilities(&self) -> roundsman_model::Abilities {
        self.executor.abilities()
    }
}

async fn runs_per_second(url: &str, work_root: &Path, count: usize, workers: usize) -> Result<f64> {
    let (executor, starts) = (executor(work_root)?, AtomicUsize::new(0));
    let counted = Arc::new(Counted { executor, starts, wanted: count, all: Notify::new() });
    let tasks =
        (0..TASKS).map(|index| task(&format!("task-{index:02}"), "* * * * *")).collect::<Result<Vec<_>>>()?;
    let engine = boot(open(url).await?, counted.clone(), &tasks).await?;
    queue(&engine, &tasks, count / TASKS).await?;
    let attempts = TaskTracker::new();
    let stop = CancellationToken::new();
    let mut services = JoinSet::new();
    let begun = Instant::now();
    services.spawn(run_service(Heart::new(engine.clone()), stop.clone()));
    services.spawn(run_service(Dispatcher::new(engine.clone(), workers, attempts.clone()), stop.clone()));
    counted.all.notified().await;
    // The last attempt has started; now the results become durable.
    attempts.close();
    attempts.wait().await;
    let took = begun.elapsed();
    stop.cancel();
    for ended in services.join_all().await {
        ended.map_err(anyhow::Error::msg)?;
    }
    engine.store().close().await;
    check(url, count).await?;
    Ok(count as f64 / took.as_secs_f64())
}

/// The executor alone: what is left of the way to the bare workers when nothing is recorded.
async fn attempts_per_second(work_root: &Path, count: usize, workers: usize) -> Result<f64> {
    let executor = executor(work_root)?;
    let begun = Instant::now();
    let mut lanes = JoinSet::new();
    for lane in 0..workers {
        let executor = executor.clone();
        lanes.spawn(async move {
            for number in (lane..count).step_by(workers) {
                attempt(&*executor, number as i64 + 1).await?;
            }
            anyhow::Ok(())
        });
    }
    lanes.join_all().await.into_iter().collect::<Result<()>>()?;
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

/// Queues runs for so many slots of each task, all of them due.
async fn queue(engine: &Engine, tasks: &[TaskDefinition], slots: usize) -> Result<()> {
    let start = now() - TimeDelta::hours(2);
    engine.store().install_tasks(tasks, start).await?;
    let last = start + TimeDelta::seconds(slots as i64);
    let firing = |task: &TaskDefinition| Firing {
        task: task.name.clone(),
        kind: task.kind.clone(),
        definition: task.hash(),
        overlap: task.overlap,
        terms: task.terms(),
        followed: false,
        revision: 0,
        ledger_was: Some(start),
        ledger_until: last,
        passed: Vec::new(),
        run: (1..=slots as i64).map(|index| slot(start + TimeDelta::seconds(index))).collect(),
    };
    let fired = engine.store().fire(tasks.iter().map(firing).collect(), None, now()).await?;
    ensure!(fired.iter().all(|fired| matches!(fired, Fired::Done(_))), "the runs were not queued: {fired:?}");
    Ok(())
}

fn slot(at: Timestamp) -> SlotToRun {
    SlotToRun { slot: Some(at), due_at: at, extra: roundsman_store::Extra::default() }
}

/// What is recorded is counted over a second connection.
async fn check(url: &str, count: usize) -> Result<()> {
    let store = look(url).await?;
    let runs = all_runs(&*store).await?;
    store.close().await;
    let succeeded = runs.iter().filter(|run| run.state == RunState::Succeeded).count();
    let other = runs.iter().find(|run| run.state != RunState::Succeeded);
    let cause =
        other.map(|run| format!("run {} is {}: {}", run.id, run.state, run.cause.as_deref().unwrap_or("?")));
    ensure!(succeeded == count, "{succeeded} of {count} runs succeeded; {}", cause.unwrap_or_default());
    Ok(())
}
