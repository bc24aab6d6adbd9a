//! Places for exports: so many at a time among all tasks, each held by a named lease. Who has none waits politely; how long
//! an export takes is not this module's matter.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use roundsman_task::{TaskContext, TaskError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ServerFailure;

/// The first pause between two looks for a free place; it grows.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// What is left of the attempt's time when waiting is given up.
const RESERVE_SECS: i64 = 10;
/// When an attempt that found no place comes back.
const COME_BACK_SECS: i64 = 60;

/// The places that this run may have.
pub(super) struct Slots {
    cx: TaskContext,
    id: String,
    most: u32,
    own: Arc<Semaphore>,
    leased: Arc<Mutex<Leased>>,
}

/// The leases that this run has, by number.
#[derive(Default)]
struct Leased {
    /// With an export.
    used: BTreeSet<u32>,
    /// Without one: to be given back.
    idle: BTreeSet<u32>,
}

/// A place. It is free again when this is dropped; [`Slots::take`] and [`Slots::give_back`] tell the others.
pub(in crate::server) struct Slot {
    number: u32,
    leased: Arc<Mutex<Leased>>,
    _own: OwnedSemaphorePermit,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut leased = lock(&self.leased);
        leased.used.remove(&self.number);
        leased.idle.insert(self.number);
    }
}

impl Slots {
    pub(super) fn new(cx: &TaskContext, id: &str, most: u32) -> Self {
        let own = usize::try_from(most).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self {
            cx: cx.clone(),
            id: id.to_owned(),
            most,
            own: Arc::new(Semaphore::new(own)),
            leased: Arc::default(),
        }
    }

    /// Waits for a place.
    pub(super) async fn take(&self) -> Result<Slot, ServerFailure> {
        let own = tokio::select! {
            biased;
            () = self.cx.cancelled() => return Err(TaskError::Cancelled.into()),
            own = self.own.clone().acquire_owned() => own.expect("the places are never closed"),
        };
        let mut pause = FIRST_PAUSE;
        let number = loop {
            if let Some(number) = self.find().await? {
                break number;
            }
            let left = self.cx.deadline() - self.cx.now();
            if left < chrono::TimeDelta::seconds(RESERVE_SECS) {
                let cause = format!("other tasks have all {} places for exports of this server", self.most);
                let not_before = Some(self.cx.now() + chrono::TimeDelta::seconds(COME_BACK_SECS));
                return Err(TaskError::Retry { cause, not_before }.into());
            }
            self.cx.sleep(pause).await?;
            pause = (pause * 2).min(LONGEST_PAUSE);
        };
        Ok(Slot { number, leased: self.leased.clone(), _own: own })
    }

    /// A place of our own that is idle, or one that nobody has.
    async fn find(&self) -> Result<Option<u32>, ServerFailure> {
        if let Some(number) = self.reuse() {
            return Ok(Some(number));
        }
        for number in 0..self.most {
            // Marked before it is asked for: of two who look at once, one takes it.
            if !lock(&self.leased).used.insert(number) {
                continue;
            }
            let taken = self.cx.try_lease(&self.lease(number)).await;
            if matches!(taken, Ok(true)) {
                return Ok(Some(number));
            }
            lock(&self.leased).used.remove(&number);
            taken?;
        }
        Ok(None)
    }

    fn reuse(&self) -> Option<u32> {
        let mut leased = lock(&self.leased);
        let number = leased.idle.pop_first()?;
        leased.used.insert(number);
        Some(number)
    }

    /// Gives places without an export to the other tasks.
    pub(super) async fn give_back(&self) -> Result<(), ServerFailure> {
        loop {
            let Some(number) = lock(&self.leased).idle.pop_first() else { return Ok(()) };
            self.cx.free_lease(&self.lease(number)).await?;
        }
    }

    fn lease(&self, number: u32) -> String {
        format!("metabase-{}-export-{number}", self.id)
    }
}

fn lock(leased: &Mutex<Leased>) -> MutexGuard<'_, Leased> {
    leased.lock().unwrap_or_else(PoisonError::into_inner)
}
