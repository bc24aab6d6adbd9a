//! What waits to be written to the wire. What must arrive always finds room; log lines and samples beyond the cap are
//! dropped and counted; of progress only the latest is kept. It never makes the kind wait.

use std::{
    collections::VecDeque,
    io::Write,
    sync::{Condvar, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use roundsman_wire::{CodecError, FromWorker, encode};

/// Bytes of log lines and samples that may wait.
const WAITING_BYTES: usize = 1 << 20;
/// Bytes of log lines and samples that may come at once, and per second from then on. More is a flood.
const BURST_BYTES: f64 = 4_194_304.0;
const BYTES_PER_SEC: f64 = 1_048_576.0;
/// The pause between two reports of progress.
const PROGRESS_PAUSE: Duration = Duration::from_millis(50);

/// The queue. One thread writes, any may add.
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    changed: Condvar,
}

struct Queue {
    frames: VecDeque<Frame>,
    waiting_bytes: usize,
    progress: Option<FromWorker>,
    progress_due: Instant,
    dropped: Dropped,
    flood: Bucket,
    hurried: bool,
    writing: bool,
    closed: bool,
}

struct Frame {
    bytes: Vec<u8>,
    counts: bool,
}

#[derive(Default, Clone, Copy, PartialEq)]
struct Dropped {
    logs: u64,
    metrics: u64,
}

struct Bucket {
    bytes: f64,
    since: Instant,
}

impl Bucket {
    fn take(&mut self, bytes: usize) -> bool {
        let now = Instant::now();
        let refill = now.duration_since(self.since).as_secs_f64() * BYTES_PER_SEC;
        self.bytes = (self.bytes + refill).min(BURST_BYTES);
        self.since = now;
        let fits = self.bytes >= bytes as f64;
        if fits {
            self.bytes -= bytes as f64;
        }
        fits
    }
}

impl Default for Outbox {
    fn default() -> Self {
        let now = Instant::now();
        let queue = Queue {
            frames: VecDeque::new(),
            waiting_bytes: 0,
            progress: None,
            progress_due: now,
            dropped: Dropped::default(),
            flood: Bucket { bytes: BURST_BYTES, since: now },
            hurried: false,
            writing: false,
            closed: false,
        };
        Self { queue: Mutex::new(queue), changed: Condvar::new() }
    }
}

impl Outbox {
    /// A frame that must arrive. An error means that it is too large to be sent at all.
    pub(crate) fn send(&self, frame: &FromWorker) -> Result<(), CodecError> {
        let bytes = encode(frame)?;
        self.lock().frames.push_back(Frame { bytes, counts: false });
        self.changed.notify_all();
        Ok(())
    }

    /// A log line or a sample: dropped when there is no room.
    pub(crate) fn offer(&self, frame: &FromWorker) {
        let bytes = encode(frame).ok();
        let mut queue = self.lock();
        let fits = |bytes: &Vec<u8>| queue.waiting_bytes + bytes.len() <= WAITING_BYTES;
        match bytes.filter(fits) {
            Some(bytes) if queue.flood.take(bytes.len()) => {
                queue.waiting_bytes += bytes.len();
                queue.frames.push_back(Frame { bytes, counts: true });
            }
            _ if matches!(frame, FromWorker::Metric { .. }) => queue.dropped.metrics += 1,
            _ => queue.dropped.logs += 1,
        }
        drop(queue);
        self.changed.notify_all();
    }

    /// How far the work is: takes the place of what was not written yet.
    pub(crate) fn progress(&self, frame: FromWorker) {
        self.lock().progress = Some(frame);
        self.changed.notify_all();
    }

    /// Waits until all is written, at most so long. Says whether it is.
    pub(crate) fn flush(&self, at_most: Duration) -> bool {
        let mut queue = self.lock();
        queue.hurried = true;
        self.changed.notify_all();
        let busy = |queue: &mut Queue| !queue.closed && (queue.writing || queue.has_something());
        let waited = self.changed.wait_timeout_while(queue, at_most, busy);
        let (mut queue, timeout) = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
        queue.hurried = false;
        !timeout.timed_out()
    }

    /// Writes until the wire breaks. For a thread of its own.
    pub(crate) fn write_to(&self, mut wire: impl Write) {
        while let Some(batch) = self.next_batch() {
            let written = batch.iter().try_for_each(|bytes| wire.write_all(bytes));
            let mut queue = self.lock();
            queue.writing = false;
            // Nobody reads any more: what comes from now on has nowhere to go.
            queue.closed = written.is_err();
            drop(queue);
            self.changed.notify_all();
        }
    }

    fn next_batch(&self) -> Option<Vec<Vec<u8>>> {
        let mut queue = self.lock();
        loop {
            if queue.closed {
                return None;
            }
            let wait = queue.progress_wait();
            if !queue.frames.is_empty() || wait == Some(Duration::ZERO) || queue.dropped != Dropped::default()
            {
                queue.writing = true;
                return Some(queue.take_batch());
            }
            queue = match wait {
                None => self.changed.wait(queue).unwrap_or_else(std::sync::PoisonError::into_inner),
                Some(wait) => {
                    let waited = self.changed.wait_timeout(queue, wait);
                    waited.unwrap_or_else(std::sync::PoisonError::into_inner).0
                }
            };
        }
    }

    /// A panic while the lock is held cannot leave the queue half changed, so its mark is passed over.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Queue {
    fn has_something(&self) -> bool {
        !self.frames.is_empty() || self.progress.is_some() || self.dropped != Dropped::default()
    }

    /// How long the progress that waits has to wait still; `None` if there is none.
    fn progress_wait(&self) -> Option<Duration> {
        self.progress.as_ref()?;
        Some(if self.hurried {
            Duration::ZERO
        } else {
            self.progress_due.saturating_duration_since(Instant::now())
        })
    }

    /// Everything that is to go out now: what was said before the last frame goes before it.
    fn take_batch(&mut self) -> Vec<Vec<u8>> {
        let mut batch = Vec::with_capacity(self.frames.len() + 2);
        if self.progress_wait() == Some(Duration::ZERO) {
            batch.extend(self.progress.take().and_then(|progress| encode(&progress).ok()));
            self.progress_due = Instant::now() + PROGRESS_PAUSE;
        }
        let dropped = std::mem::take(&mut self.dropped);
        if dropped != Dropped::default() {
            let frame = FromWorker::Dropped { logs: dropped.logs, metrics: dropped.metrics };
            batch.extend(encode(&frame).ok());
        }
        for frame in self.frames.drain(..) {
            if frame.counts {
                self.waiting_bytes -= frame.bytes.len();
            }
            batch.push(frame.bytes);
        }
        batch
    }
}

#[cfg(test)]
mod tests;
