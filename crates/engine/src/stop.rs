//! Carries out what people and the overlap rule asked to stop: each second, and when somebody says so, it looks for
//! orders that concern runs under way here. The store makes the run end as cancelled, whatever its policy.

use std::{collections::HashSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use roundsman_model::RunId;
use roundsman_store::StoreResult;
use roundsman_telemetry::StopTold;
use tokio::sync::Notify;

use crate::{Engine, Service};

/// How often it looks.
const RHYTHM: Duration = Duration::from_secs(1);

/// Stops runs on order.
pub struct Stopper {
    engine: Arc<Engine>,
    told: HashSet<RunId>,
}

impl Stopper {
    /// A stopper for the runs of this engine.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine, told: HashSet::new() }
    }

    /// Looks once. Returns how many runs were told to stop that had not been told before.
    pub async fn look(&mut self) -> StoreResult<usize> {
        let live: HashSet<RunId> = self.engine.live().leases().into_iter().map(|lease| lease.run).collect();
        self.told.retain(|run| live.contains(run));
        if live.is_empty() {
            return Ok(0);
        }
        let orders = self.engine.note_read(self.engine.store().stop_orders(self.engine.me()).await)?;
        let mut count = 0;
        for (run, order) in orders {
            // Told again each time: an attempt that was not under way yet did not hear it the first time.
            if self.engine.live().cancel(run) && self.told.insert(run) {
                StopTold { run, order: &order }.emit();
                count += 1;
            }
        }
        Ok(count)
    }
}

impl Engine {
    /// Somebody has left an order to stop a run: it is looked for now and not only in its turn.
    pub fn look_for_orders(&self) {
        self.wake_stopper.notify_one();
    }
}

#[async_trait]
impl Service for Stopper {
    fn name(&self) -> &'static str {
        "stop"
    }

    fn wakeups(&self) -> Arc<Notify> {
        self.engine.wake_stopper.clone()
    }

    async fn run_once(&mut self) -> Duration {
        // An error was noted already; the next look comes soon enough.
        let _ = self.look().await;
        RHYTHM
    }
}
