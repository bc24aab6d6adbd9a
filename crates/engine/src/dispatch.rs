//! Takes queued runs within the limit of workers and starts their attempts, oldest slot first. It neither fires nor
//! settles.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use roundsman_model::{Run, Timestamp};
use tokio::sync::{Notify, Semaphore};
use tokio_util::task::TaskTracker;

use crate::{Engine, Service, engine::store_pause, work};

/// Polling is the truth, wake-ups are hints.
const LONGEST_REST: Duration = Duration::from_secs(2);
/// The pause when a run is due and was not taken.
const PASSED_OVER: Duration = Duration::from_millis(100);
/// The most runs taken in one transaction.
const BATCH: usize = 64;

/// Starts attempts.
pub struct Dispatcher {
    engine: Arc<Engine>,
    workers: Arc<Semaphore>,
    tracker: TaskTracker,
    failures: u32,
}

impl Dispatcher {
    /// At most `workers` attempts at a time. `tracker` learns of all of them, so that a drain can wait.
    pub fn new(engine: Arc<Engine>, workers: usize, tracker: TaskTracker) -> Self {
        Self { engine, workers: Arc::new(Semaphore::new(workers)), tracker, failures: 0 }
    }

    async fn take(&mut self) -> Result<usize, roundsman_store::StoreError> {
        let room = self.workers.available_permits().min(BATCH);
        if room == 0 || self.engine.stop_claiming.is_cancelled() {
            return Ok(0);
        }
        let claimed = self
            .engine
            .store()
            .claim(&roundsman_store::Claimer::of(self.engine.me().clone()), room as u32, self.engine.now())
            .await;
        let runs = self.engine.note_write(claimed)?.runs;
        let taken = runs.len();
        for run in runs {
            self.start(run).await;
        }
        Ok(taken)
    }

    async fn start(&self, run: Run) {
        let permit = self.workers.clone().acquire_owned().await.expect("the semaphore is never closed");
        let engine = self.engine.clone();
        self.tracker.spawn(async move {
            work(engine, run).await;
            drop(permit);
        });
    }

    async fn rest(&self) -> Duration {
        if self.engine.stop_claiming.is_cancelled() {
            return LONGEST_REST;
        }
        let claimer = roundsman_store::Claimer::of(self.engine.me().clone());
        let due = self.engine.store().claim(&claimer, 0, self.engine.now()).await;
        match self.engine.note_read(due.map(|claimed| claimed.next_due)) {
            Ok(Some(due)) if self.workers.available_permits() > 0 => self.until(due),
            _ => LONGEST_REST,
        }
    }

    /// A run that is due and yet was not taken is somebody else's, or behind another: no reason to ask at once again.
    fn until(&self, due: Timestamp) -> Duration {
        let wait = (due - self.engine.now()).to_std().unwrap_or(PASSED_OVER);
        wait.clamp(Duration::from_millis(1), LONGEST_REST)
    }
}

#[async_trait]
impl Service for Dispatcher {
    fn name(&self) -> &'static str {
        "dispatch"
    }

    fn wakeups(&self) -> Arc<Notify> {
        self.engine.wake_dispatcher.clone()
    }

    async fn run_once(&mut self) -> Duration {
        match self.take().await {
            Ok(0) => {
                self.failures = 0;
                self.rest().await
            }
            Ok(_) => {
                self.failures = 0;
                Duration::ZERO
            }
            Err(_) => {
                self.failures += 1;
                store_pause(self.failures)
            }
        }
    }
}
