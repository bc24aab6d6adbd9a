//! The runs that this node has under way, and how to reach them. What is in the store about them may lag behind.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use roundsman_model::{RunId, TaskName};
use roundsman_store::RunLease;
use roundsman_wire::CancelReason;
use tokio::sync::mpsc;

/// What can be told to an attempt under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// Stop, for this reason.
    Cancel(CancelReason),
}

/// The runs that this node has under way.
#[derive(Default)]
pub struct Live {
    runs: Mutex<HashMap<RunId, UnderWay>>,
}

struct UnderWay {
    task: TaskName,
    lease: RunLease,
    words: mpsc::UnboundedSender<Word>,
}

impl Live {
    fn runs(&self) -> MutexGuard<'_, HashMap<RunId, UnderWay>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn enter(&self, task: &TaskName, lease: &RunLease) -> mpsc::UnboundedReceiver<Word> {
        let (words, receiver) = mpsc::unbounded_channel();
        self.runs().insert(lease.run, UnderWay { task: task.clone(), lease: lease.clone(), words });
        receiver
    }

    pub(crate) fn leave(&self, run: RunId) {
        self.runs().remove(&run);
    }

    pub(crate) fn tell(&self, run: RunId, word: Word) -> bool {
        self.runs().get(&run).is_some_and(|run| run.words.send(word).is_ok())
    }

    /// The leases of all runs under way.
    pub fn leases(&self) -> Vec<RunLease> {
        self.runs().values().map(|run| run.lease.clone()).collect()
    }

    /// Whether this very attempt is under way here.
    pub fn holds(&self, lease: &RunLease) -> bool {
        self.runs().get(&lease.run).is_some_and(|run| run.lease == *lease)
    }

    /// Asks for the end of a run on behalf of a person. Returns whether it is under way here.
    pub fn cancel(&self, run: RunId) -> bool {
        self.tell(run, Word::Cancel(CancelReason::Person))
    }

    /// The tasks that have a run under way here.
    pub fn tasks(&self) -> BTreeSet<TaskName> {
        self.runs().values().map(|run| run.task.clone()).collect()
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
