//! Takes queued runs within the limit of workers and starts their attempts, oldest slot first. It neither fires nor
//! settles.

mod seats;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use rand::Rng as _;
use roundsman_model::{Run, RunState, Timestamp};
use roundsman_store::{Claimed, StoreResult};
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

pub(crate) use self::seats::Seat;
use self::seats::Seats;
use crate::{Claiming, Engine, Service, attempt::attend, engine::store_pause};

/// Polling is the truth, wake-ups are hints.
const LONGEST_REST: Duration = Duration::from_secs(2);
/// The first pause when a run is due and cannot start, for want of a place or a lease; doubles while it stays so.
const HELD_BACK: Duration = Duration::from_millis(100);
/// The most runs taken in one transaction.
const BATCH: usize = 64;

/// Starts attempts.
pub struct Dispatcher {
    engine: Arc<Engine>,
    seats: Arc<Seats>,
    tracker: TaskTracker,
    failures: u32,
    held_back: u32,
}

impl Dispatcher {
    /// At most `workers` attempts at a time. `tracker` learns of all of them, so that a drain can wait.
    pub fn new(engine: Arc<Engine>, workers: usize, tracker: TaskTracker) -> Self {
        let seats = Arc::new(Seats::new(workers, engine.wake_dispatcher.clone()));
        Self { engine, seats, tracker, failures: 0, held_back: 0 }
    }

    /// Takes what fits, and says how long to rest.
    async fn take(&mut self) -> StoreResult<Duration> {
        // A drain waits for a claim that is on its way: what it brings has to be carried out or given back.
        let _claiming = self.tracker.token();
        let room = self.seats.free().min(BATCH);
        if room == 0 || self.engine.stop_claiming.is_cancelled() {
            // The end of an attempt wakes us.
            return Ok(LONGEST_REST);
        }
        // From here on, whoever ends wakes us: what this claim will tell may be over when it is told.
        self.seats.expect_more();
        let claiming = self.engine.claiming();
        let claimed = self.engine.store().claim(claiming.claimer(), room as u32, self.engine.now()).await;
        let Claimed { runs, next_due } = self.engine.note_write(claimed)?;
        let taken = runs.len();
        for run in runs {
            self.start(run, &claiming);
        }
        Ok(self.rest(taken, room, next_due))
    }

    fn start(&self, run: Run, claiming: &Claiming) {
        let seat = self.seats.take().expect("nobody else takes seats, so those that were free still are");
        let (engine, seats, lease) = (self.engine.clone(), self.seats.clone(), claiming.lease_of(&run));
        self.tracker.spawn(async move {
            let unsettled = seats.unsettled();
            let worked = attend(engine, run, lease, Some(seat)).await;
            drop(unsettled);
            seats.settled(matches!(worked.state, RunState::Queued | RunState::Waiting));
        });
    }

    fn rest(&mut self, taken: usize, room: usize, next_due: Option<Timestamp>) -> Duration {
        let now = self.engine.now();
        let Some(due) = next_due else {
            self.seats.expect_nothing();
            self.held_back = 0;
            return LONGEST_REST;
        };
        if due > now {
            self.seats.expect_nothing();
            self.held_back = 0;
            let wait = (due - now).to_std().unwrap_or_default();
            return wait.clamp(Duration::from_millis(1), LONGEST_REST);
        }
        if taken == room {
            // There may be more than fitted: the next free seat wakes us, and one may be free already.
            self.held_back = 0;
            return if self.seats.free() > 0 { Duration::ZERO } else { LONGEST_REST };
        }
        // It is due, there is room, and yet it cannot start: behind another, or for want of a place or a lease. The end of
        // an attempt here wakes us; of ends elsewhere nobody tells.
        self.held_back = if taken > 0 { 0 } else { self.held_back + 1 };
        let pause = HELD_BACK * (1 << self.held_back.min(5));
        pause.min(LONGEST_REST).mul_f64(rand::rng().random_range(0.75..=1.0))
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
        if let Ok(rest) = self.take().await {
            self.failures = 0;
            return rest;
        }
        self.failures += 1;
        store_pause(self.failures)
    }
}
