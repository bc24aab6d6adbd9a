//! Takes out what need not be kept, a little at a time, from a sweep to the next. It decides over no run: the store does,
//! by the rules of `model::retention`.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use roundsman_model::{Timestamp, time::delta};
use roundsman_store::{PruneOrder, Pruned, RunFilter, StoreResult};
use tokio::{sync::Notify, time::Instant};

use crate::{Engine, Service};

/// How long after a start the first sweep begins: a start has more urgent things to do.
const FIRST: Duration = Duration::from_mins(1);
/// The time between two sweeps.
const RHYTHM: Duration = Duration::from_mins(10);
/// The pause between two batches, in which everybody else has the store.
const PAUSE: Duration = Duration::from_millis(50);
/// How much the clock may be ahead of what the store has seen before that is called odd.
const SLACK: Duration = Duration::from_hours(24);

/// Takes out what need not be kept.
pub struct Pruner {
    engine: Arc<Engine>,
    begun: Instant,
    /// The newest instant that the store knew when we began.
    known: Option<Timestamp>,
    /// The sweep under way, and what it came to so far.
    sweep: Option<(PruneOrder, Pruned)>,
    wakeups: Arc<Notify>,
}

impl Pruner {
    /// A pruner whose first sweep is still to come.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine, begun: Instant::now(), known: None, sweep: None, wakeups: Arc::new(Notify::new()) }
    }

    /// Takes out one batch. Returns whether the sweep goes on.
    pub async fn prune(&mut self) -> StoreResult<bool> {
        let (mut order, mut sum) = if let Some(sweep) = self.sweep.take() {
            sweep
        } else {
            let today = self.today().await?;
            (self.engine.parts.settings.retention.order(today), Pruned::default())
        };
        let pruned = self.engine.note_write(self.engine.store().prune(&order).await);
        let pruned = match pruned {
            Ok(pruned) => pruned,
            Err(error) => {
                self.sweep = Some((order, sum));
                return Err(error);
            }
        };
        sum.add(&pruned);
        let Some(next) = pruned.next else {
            tell(&sum);
            return Ok(false);
        };
        order.from = next;
        self.sweep = Some((order, sum));
        Ok(true)
    }

    /// The instant from which ages are counted. A clock that runs years ahead must not take everything out, so it counts
    /// only as far as the store's newest run and the time since we began bear it out. After a long stop less is taken
    /// out, until the next start.
    async fn today(&mut self) -> StoreResult<Timestamp> {
        let now = self.engine.now();
        self.look_back().await?;
        let borne_out = self.known.map_or(now, |known| known + delta(self.begun.elapsed() + SLACK));
        Ok(now.min(borne_out))
    }

    /// Learns what the store knew when we began: soon after, because what is fired under a wrong clock proves nothing.
    async fn look_back(&mut self) -> StoreResult<()> {
        if self.known.is_none() {
            let newest = RunFilter { limit: 1, ..RunFilter::default() };
            let runs = self.engine.note_read(self.engine.store().runs(&newest).await)?;
            self.known = Some(runs.first().map_or_else(|| self.engine.now(), |run| run.queued_at));
        }
        Ok(())
    }
}

fn tell(sum: &Pruned) {
    if sum.runs + sum.ledger_rows + sum.documents > 0 {
        tracing::info!(
            runs = sum.runs,
            repeats = sum.repeats,
            bytes = sum.bytes,
            ledger_rows = sum.ledger_rows,
            documents = sum.documents,
            "took out what need not be kept"
        );
    }
}

#[async_trait]
impl Service for Pruner {
    fn name(&self) -> &'static str {
        "prune"
    }

    fn wakeups(&self) -> Arc<Notify> {
        self.wakeups.clone()
    }

    async fn run_once(&mut self) -> Duration {
        let age = self.begun.elapsed();
        if age < FIRST {
            // A failure was noted; the sweep asks again.
            let _ = self.look_back().await;
            return FIRST.saturating_sub(self.begun.elapsed());
        }
        // Whoever drains has no time for this.
        if self.engine.stop_claiming.is_cancelled() {
            return RHYTHM;
        }
        match self.prune().await {
            Ok(true) => PAUSE,
            // A failure was noted; the sweep goes on where it was.
            Ok(false) | Err(_) => RHYTHM,
        }
    }
}
