//! The runs that this node has under way, and how to reach them. What is in the store about them may lag behind.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use roundsman_model::{RunId, TaskName, Timestamp};
use roundsman_store::RunLease;
use roundsman_wire::{CancelReason, Lease};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

/// What can be told to an attempt under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// Stop, for this reason.
    Cancel(CancelReason),
    /// The lease was renewed.
    Renew(Lease),
}

/// How far a run under way is, as its kind told last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The run.
    pub run: RunId,
    /// When it was told.
    pub at: Timestamp,
    /// Steps done.
    pub done: u64,
    /// Steps in all, if that is known.
    #[serde(default)]
    pub total: Option<u64>,
    /// What it is at.
    #[serde(default)]
    pub note: String,
}

/// The runs that this node has under way.
#[derive(Default)]
pub struct Live {
    runs: Mutex<HashMap<RunId, UnderWay>>,
}

struct UnderWay {
    task: TaskName,
    lease: RunLease,
    ends_with_lease: bool,
    words: mpsc::UnboundedSender<Word>,
    progress: Option<Progress>,
}

impl Live {
    fn runs(&self) -> MutexGuard<'_, HashMap<RunId, UnderWay>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a run; `ends_with_lease` says whether its worker has to be told of each renewal.
    pub(crate) fn enter(
        &self,
        task: &TaskName,
        lease: &RunLease,
        ends_with_lease: bool,
    ) -> mpsc::UnboundedReceiver<Word> {
        let (words, receiver) = mpsc::unbounded_channel();
        let entry =
            UnderWay { task: task.clone(), lease: lease.clone(), ends_with_lease, words, progress: None };
        self.runs().insert(lease.run, entry);
        receiver
    }

    /// Forgets a run, unless a later attempt of it has begun here meanwhile.
    pub(crate) fn leave(&self, lease: &RunLease) {
        let mut runs = self.runs();
        if runs.get(&lease.run).is_some_and(|run| run.lease == *lease) {
            runs.remove(&lease.run);
        }
    }

    pub(crate) fn tell(&self, run: RunId, word: Word) -> bool {
        self.runs().get(&run).is_some_and(|run| run.words.send(word).is_ok())
    }

    /// Tells an attempt whose worker ends with its lease that it was renewed.
    pub(crate) fn renew(&self, lease: &RunLease, renewed: Lease) {
        let runs = self.runs();
        if let Some(run) = runs.get(&lease.run).filter(|run| run.ends_with_lease && run.lease == *lease) {
            // It may be ending just now; then nothing needs the lease any more.
            let _ = run.words.send(Word::Renew(renewed));
        }
    }

    /// Notes how far an attempt is.
    pub(crate) fn advance(&self, lease: &RunLease, progress: Progress) {
        let mut runs = self.runs();
        if let Some(run) = runs.get_mut(&lease.run).filter(|run| run.lease == *lease) {
            run.progress = Some(progress);
        }
    }

    /// How far runs are of which that is known, the oldest first.
    pub fn progress(&self) -> Vec<Progress> {
        let mut all: Vec<_> = self.runs().values().filter_map(|run| run.progress.clone()).collect();
        all.sort_by_key(|progress| progress.run);
        all
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
