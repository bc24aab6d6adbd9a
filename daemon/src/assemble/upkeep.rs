//! The daemon's own chores, where a lost tick does not matter: gauges from the store, metrics into their buckets. They run
//! on tokio-cron-scheduler; slots of tasks never do.

use std::{sync::Arc, time::Duration};

use roundsman_engine::{Engine, refresh_gauges};
use roundsman_telemetry::Prometheus;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// How often gauges are read from the store.
const GAUGES: Duration = Duration::from_secs(5);
/// How often metrics are moved into their buckets when nobody scrapes.
const BUCKETS: Duration = Duration::from_secs(30);

/// The chores under way.
pub(super) struct Upkeep(JobScheduler);

impl Upkeep {
    /// Ends the chores.
    pub(super) async fn stop(mut self) {
        if let Err(error) = self.0.shutdown().await {
            tracing::debug!("upkeep did not stop in good order: {error}");
        }
    }
}

/// Starts the chores.
pub(super) async fn start(
    engine: &Arc<Engine>,
    prometheus: &Prometheus,
) -> Result<Upkeep, JobSchedulerError> {
    let chores = JobScheduler::new().await?;
    let engine = engine.clone();
    let gauges = Job::new_repeated_async(GAUGES, move |_, _| {
        let engine = engine.clone();
        Box::pin(async move {
            // A failure was noted by the engine; the next reading comes soon.
            let _ = refresh_gauges(&engine).await;
        })
    })?;
    chores.add(gauges).await?;
    let prometheus = prometheus.clone();
    let buckets = Job::new_repeated(BUCKETS, move |_, _| prometheus.upkeep())?;
    chores.add(buckets).await?;
    chores.start().await?;
    Ok(Upkeep(chores))
}
