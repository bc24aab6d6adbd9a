//! The runs that this node has under way, and how to reach them. What is in the store about them may lag behind.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use roundsman_model::RunId;
use roundsman_store::RunLease;
use roundsman_wire::CancelReason;
use tokio::sync::mpsc;

/// What can be told to an attempt under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// Its lease was renewed for this long.
    Renewed(Duration),
    /// Stop, for this reason.
    Cancel(CancelReason),
}

/// The runs that this node has under way.
#[derive(Default)]
pub struct Live {
    runs: Mutex<HashMap<RunId, (RunLease, mpsc::UnboundedSender<Word>)>>,
}

impl Live {
    fn runs(&self) -> MutexGuard<'_, HashMap<RunId, (RunLease, mpsc::UnboundedSender<Word>)>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn enter(&self, lease: &RunLease) -> mpsc::UnboundedReceiver<Word> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.runs().insert(lease.run, (lease.clone(), sender));
        receiver
    }

    pub(crate) fn leave(&self, run: RunId) {
        self.runs().remove(&run);
    }

    pub(crate) fn tell(&self, run: RunId, word: Word) -> bool {
        self.runs().get(&run).is_some_and(|(_, sender)| sender.send(word).is_ok())
    }

    /// The leases of all runs under way.
    pub fn leases(&self) -> Vec<RunLease> {
        self.runs().values().map(|(lease, _)| lease.clone()).collect()
    }

    /// Whether this very attempt is under way here.
    pub fn holds(&self, lease: &RunLease) -> bool {
        self.runs().get(&lease.run).is_some_and(|(held, _)| held == lease)
    }

    /// Asks for the end of a run on behalf of a person. Returns whether it is under way here.
    pub fn cancel(&self, run: RunId) -> bool {
        self.tell(run, Word::Cancel(CancelReason::Person))
    }

    /// How many runs are under way.
    pub fn len(&self) -> usize {
        self.runs().len()
    }

    /// Whether none is under way.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
