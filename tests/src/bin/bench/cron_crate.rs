//! The same firing with tokio-cron-scheduler, in memory. What it loses and how late it is; nothing of ours is involved.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use tokio_cron_scheduler::{Job, JobScheduler};

use crate::{ground::now, lags::Lags};

/// Between two slots.
const PERIOD_SECS: i64 = 6;
const PATTERN: &str = "*/6 * * * * *";
/// Entries take long to add.
const LIMIT: Duration = Duration::from_secs(180);

/// What became of the slots.
pub(crate) struct Seen {
    /// Fires that did not come.
    pub(crate) lost: usize,
    /// From each slot to the closure.
    pub(crate) lags: Lags,
}

/// Fires so many entries so many times.
pub(crate) fn fire(count: usize, slots: usize) -> Result<Seen> {
    // A runtime of its own: what it leaves behind ends with it.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let seen = runtime.block_on(async { tokio::time::timeout(LIMIT, watch(count, slots)).await })?;
    runtime.shutdown_timeout(Duration::from_secs(1));
    seen
}

async fn watch(count: usize, slots: usize) -> Result<Seen> {
    let fires: Arc<Mutex<Vec<i64>>> = Arc::default();
    let mut scheduler = JobScheduler::new().await?;
    for _ in 0..count {
        let fires = fires.clone();
        let entry = Job::new_async(PATTERN, move |_, _| {
            let fires = fires.clone();
            Box::pin(async move {
                fires.lock().unwrap_or_else(PoisonError::into_inner).push(now().timestamp_micros());
            })
        })?;
        scheduler.add(entry).await?;
    }
    scheduler.start().await?;
    let first = ((now().timestamp() + 2) / PERIOD_SECS + 1) * PERIOD_SECS;
    let end = first + slots as i64 * PERIOD_SECS;
    // What comes less than half a second before the next slot would be lost anyway.
    let wait = (end * 1_000 - 500 - now().timestamp_millis()).max(0).cast_unsigned();
    tokio::time::sleep(Duration::from_millis(wait)).await; // sleep: slots come when the clock says so
    let fires = std::mem::take(&mut *fires.lock().unwrap_or_else(PoisonError::into_inner));
    scheduler.shutdown().await?;
    let period_us = PERIOD_SECS * 1_000_000;
    let lags: Vec<_> = fires
        .iter()
        .filter(|at| (first * 1_000_000..end * 1_000_000).contains(*at))
        .map(|at| at.rem_euclid(period_us) as f64 / 1e3)
        .collect();
    Ok(Seen { lost: (count * slots).saturating_sub(lags.len()), lags: Lags::new(lags) })
}
