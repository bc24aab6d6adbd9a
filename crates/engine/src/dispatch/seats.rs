//! The seats of workers. A seat is free again as soon as its worker has ended, while the result is still being written;
//! how many results may be on their way is limited too. It knows no run.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Results that may be on their way to the store, besides as many as there are workers.
const UNSETTLED: usize = 16;

/// The seats of all workers of this node.
pub(crate) struct Seats {
    workers: Arc<Semaphore>,
    unsettled: AtomicUsize,
    most_unsettled: usize,
    /// Whether something may be due that found no seat, or that waits for an end.
    expected: AtomicBool,
    wake: Arc<Notify>,
}

impl Seats {
    pub(super) fn new(workers: usize, wake: Arc<Notify>) -> Self {
        Self {
            workers: Arc::new(Semaphore::new(workers)),
            unsettled: AtomicUsize::new(0),
            most_unsettled: 2 * workers + UNSETTLED,
            expected: AtomicBool::new(true),
            wake,
        }
    }

    /// How many runs may be taken now.
    pub(super) fn free(&self) -> usize {
        let room = self.most_unsettled.saturating_sub(self.unsettled.load(Ordering::Acquire));
        self.workers.available_permits().min(room)
    }

    pub(super) fn take(self: &Arc<Self>) -> Option<Seat> {
        let permit = self.workers.clone().try_acquire_owned().ok()?;
        Some(Seat { permit: Some(permit), seats: self.clone() })
    }

    /// Whoever ends from now on wakes the dispatcher.
    pub(super) fn expect_more(&self) {
        self.expected.store(true, Ordering::Release);
    }

    /// Nothing is due: an end need not wake the dispatcher.
    pub(super) fn expect_nothing(&self) {
        self.expected.store(false, Ordering::Release);
    }

    /// Counts an attempt until its result is stored.
    pub(super) fn unsettled(self: &Arc<Self>) -> Unsettled {
        self.unsettled.fetch_add(1, Ordering::AcqRel);
        Unsettled(self.clone())
    }

    /// A result was stored: what waited for it may start. `due_again` if its own run follows.
    pub(super) fn settled(&self, due_again: bool) {
        if due_again || self.expected.load(Ordering::Acquire) {
            self.wake.notify_one();
        }
    }
}

/// A worker's seat.
pub(crate) struct Seat {
    permit: Option<OwnedSemaphorePermit>,
    seats: Arc<Seats>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        drop(self.permit.take());
        if self.seats.expected.load(Ordering::Acquire) {
            self.seats.wake.notify_one();
        }
    }
}

/// A result on its way.
pub(super) struct Unsettled(Arc<Seats>);

impl Drop for Unsettled {
    fn drop(&mut self) {
        self.0.unsettled.fetch_sub(1, Ordering::AcqRel);
    }
}
