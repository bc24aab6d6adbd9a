//! Gives up runs that could not start in time: nobody wants last night's report at noon. Which those are, the store
//! knows; what is under way is never touched.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use roundsman_store::StoreResult;
use roundsman_telemetry::RunExpired;
use tokio::sync::Notify;

use crate::{Engine, Service};

/// How often it looks.
const RHYTHM: Duration = Duration::from_secs(5);

/// Gives up runs that could not start in time.
pub struct Expirer {
    engine: Arc<Engine>,
    wakeups: Arc<Notify>,
}

impl Expirer {
    /// An expirer for this engine's store.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine, wakeups: Arc::new(Notify::new()) }
    }

    /// Looks once. Returns how many runs were given up.
    pub async fn expire(&mut self) -> StoreResult<usize> {
        let expired = self.engine.note_write(self.engine.store().expire(self.engine.now()).await)?;
        for run in &expired {
            let cause = run.cause.as_deref().unwrap_or("it did not start in time");
            RunExpired { task: &run.task, run: run.id, cause }.emit();
        }
        Ok(expired.len())
    }
}

#[async_trait]
impl Service for Expirer {
    fn name(&self) -> &'static str {
        "expire"
    }

    fn wakeups(&self) -> Arc<Notify> {
        self.wakeups.clone()
    }

    async fn run_once(&mut self) -> Duration {
        // An error was noted already; the next look comes soon enough.
        let _ = self.expire().await;
        RHYTHM
    }
}
