//! Exports that were begun: how many at once, and how each ended. It sends nothing.

use std::sync::{Arc, Mutex, MutexGuard};

use roundsman_model::Timestamp;
use tokio::sync::watch;

/// How an export ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It has not.
    Running,
    /// All was sent; a fault may have changed it.
    Sent,
    /// A fault ended it.
    Broken,
    /// The client closed the connection.
    ClientLeft,
}

/// An export that was begun.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportSeen {
    /// When, on the simulator's clock.
    pub at: Timestamp,
    /// The path of its request.
    pub path: String,
    /// How many exports were under way then, with this one.
    pub at_once: usize,
    /// How many bytes of its body were sent, without what frames them.
    pub sent: u64,
    /// How it ended.
    pub ended: Ended,
}

/// All exports.
pub(in crate::metabase) struct Exports {
    seen: Mutex<Vec<ExportSeen>>,
    running: watch::Sender<usize>,
}

impl Default for Exports {
    fn default() -> Self {
        Self { seen: Mutex::default(), running: watch::Sender::new(0) }
    }
}

/// An export under way; dropped without a word the client has left.
pub(in crate::metabase) struct Ticket {
    exports: Arc<Exports>,
    number: usize,
    pub(in crate::metabase) sent: u64,
    pub(in crate::metabase) ended: Ended,
}

impl Exports {
    pub(in crate::metabase) fn begin(self: &Arc<Self>, path: &str, at: Timestamp) -> Ticket {
        let mut seen = self.seen();
        self.running.send_modify(|running| *running += 1);
        let at_once = *self.running.borrow();
        seen.push(ExportSeen { at, path: path.to_owned(), at_once, sent: 0, ended: Ended::Running });
        Ticket { exports: self.clone(), number: seen.len() - 1, sent: 0, ended: Ended::ClientLeft }
    }

    pub(in crate::metabase) fn all(&self) -> Vec<ExportSeen> {
        self.seen().clone()
    }

    pub(in crate::metabase) fn in_flight(&self) -> usize {
        *self.running.borrow()
    }

    pub(in crate::metabase) fn most(&self) -> usize {
        self.seen().iter().map(|seen| seen.at_once).max().unwrap_or(0)
    }

    pub(in crate::metabase) async fn idle(&self) {
        drop(self.running.subscribe().wait_for(|running| *running == 0).await);
    }

    fn seen(&self) -> MutexGuard<'_, Vec<ExportSeen>> {
        self.seen.lock().expect("nothing panics while it holds the lock")
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut seen = self.exports.seen();
        (seen[self.number].sent, seen[self.number].ended) = (self.sent, self.ended);
        self.exports.running.send_modify(|running| *running -= 1);
    }
}
