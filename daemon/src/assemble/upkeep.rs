//! The daemon's own chores, where a lost tick does not matter: gauges from the store, metrics into their buckets. They run
//! on tokio-cron-scheduler; slots of tasks never do. A scheduler that was frozen for more than some seconds never runs a
//! repeated chore again, so somebody watches it and begins anew.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use roundsman_engine::{Engine, refresh_gauges};
use roundsman_telemetry::Prometheus;
use tokio::{task::JoinSet, time::Instant};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;

/// How often gauges are read from the store.
const GAUGES: Duration = Duration::from_secs(5);
/// How often metrics are moved into their buckets when nobody scrapes.
const BUCKETS: Duration = Duration::from_secs(30);
/// Chores that were silent for so long have stopped.
const SILENT: Duration = Duration::from_secs(12);

/// The chores under way.
pub(super) struct Upkeep {
    stop: CancellationToken,
    watch: JoinSet<()>,
}

impl Upkeep {
    /// Ends the chores.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.watch.join_next().await {
            if let Err(error) = ended {
                tracing::debug!("upkeep did not stop in good order: {error}");
            }
        }
    }
}

/// What the chores are about, and when one last began.
#[derive(Clone)]
struct Chores {
    engine: Arc<Engine>,
    prometheus: Prometheus,
    begun: Arc<Mutex<Instant>>,
}

/// Starts the chores.
pub(super) async fn start(
    engine: &Arc<Engine>,
    prometheus: &Prometheus,
) -> Result<Upkeep, JobSchedulerError> {
    let begun = Arc::new(Mutex::new(Instant::now()));
    let chores = Chores { engine: engine.clone(), prometheus: prometheus.clone(), begun };
    let scheduler = chores.begin().await?;
    let stop = CancellationToken::new();
    let mut watching = JoinSet::new();
    watching.spawn(watch(chores, scheduler, stop.clone()));
    Ok(Upkeep { stop, watch: watching })
}

/// Keeps the chores going until they are to stop.
async fn watch(chores: Chores, mut scheduler: JobScheduler, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(GAUGES) => {}
        }
        if chores.silence() < SILENT {
            continue;
        }
        tracing::warn!("the daemon's own chores stopped, as after a freeze; beginning anew");
        match chores.begin().await {
            Ok(anew) => end(std::mem::replace(&mut scheduler, anew)).await,
            Err(error) => tracing::error!("the daemon's own chores cannot begin anew: {error}; trying again"),
        }
    }
    end(scheduler).await;
}

async fn end(mut scheduler: JobScheduler) {
    if let Err(error) = scheduler.shutdown().await {
        tracing::debug!("chores did not stop in good order: {error}");
    }
}

impl Chores {
    async fn begin(&self) -> Result<JobScheduler, JobSchedulerError> {
        let scheduler = JobScheduler::new().await?;
        let chores = self.clone();
        let gauges = Job::new_repeated_async(GAUGES, move |_, _| {
            let chores = chores.clone();
            chores.note_begin();
            Box::pin(async move {
                // A failure was noted by the engine; the next reading comes soon.
                let _ = refresh_gauges(&chores.engine).await;
            })
        })?;
        scheduler.add(gauges).await?;
        let prometheus = self.prometheus.clone();
        let buckets = Job::new_repeated(BUCKETS, move |_, _| prometheus.upkeep())?;
        scheduler.add(buckets).await?;
        scheduler.start().await?;
        self.note_begin();
        Ok(scheduler)
    }

    fn note_begin(&self) {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn silence(&self) -> Duration {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}
