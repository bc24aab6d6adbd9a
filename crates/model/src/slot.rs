//! The ledger's words: what became of an instant at which a task was expected to run. It stores nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{RunId, TaskName, Timestamp};

/// What became of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A run was queued; its first attempt has not started.
    Fired,
    /// A run started.
    Ran,
    /// It was decided not to run; see the reason.
    Skipped,
    /// It should have run and did not; see the reason.
    Missed,
}

/// Why a slot did not run. The order is the rank: the first that applies is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The task was switched off or no longer in the configuration.
    Disabled,
    /// A person paused the task.
    Paused,
    /// A blackout window covered the slot.
    Blackout,
    /// Nothing was there to fire it.
    Down,
    /// The store could not be written.
    StoreAway,
    /// The misfire policy passed over it: a later slot of the same outage ran, or it was too old.
    Misfire,
    /// An earlier run was still active.
    Overlap,
    /// A later slot took its place.
    Superseded,
    /// A person cancelled its run before an attempt began.
    Cancelled,
    /// It was queued, but no attempt began in time.
    NotStarted,
    /// The code of its kind was not the version that was accepted, so nothing of it ran.
    Changed,
}

impl Verdict {
    /// Every verdict, for metrics that are present from the start.
    pub const ALL: [Verdict; 4] = [Verdict::Fired, Verdict::Ran, Verdict::Skipped, Verdict::Missed];

    /// The word in the store, in metrics and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Fired => "fired",
            Verdict::Ran => "ran",
            Verdict::Skipped => "skipped",
            Verdict::Missed => "missed",
        }
    }

    /// The verdict a stored word means.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == word)
    }
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 11] = [
        Reason::Disabled,
        Reason::Paused,
        Reason::Blackout,
        Reason::Down,
        Reason::StoreAway,
        Reason::Misfire,
        Reason::Overlap,
        Reason::Superseded,
        Reason::Cancelled,
        Reason::NotStarted,
        Reason::Changed,
    ];

    /// The word in the store, in metrics and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::Disabled => "disabled",
            Reason::Paused => "paused",
            Reason::Blackout => "blackout",
            Reason::Down => "down",
            Reason::StoreAway => "store_away",
            Reason::Misfire => "misfire",
            Reason::Overlap => "overlap",
            Reason::Superseded => "superseded",
            Reason::Cancelled => "cancelled",
            Reason::NotStarted => "not_started",
            Reason::Changed => "changed",
        }
    }

    /// The reason a stored word means.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One ledger row: a slot, or a run of neighbouring slots that share one verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRange {
    /// The task.
    pub task: TaskName,
    /// The first slot of the row.
    pub first: Timestamp,
    /// The last slot of the row; equal to `first` for a single slot.
    pub last: Timestamp,
    /// How many slots the row stands for.
    pub count: u64,
    /// What became of them.
    pub verdict: Verdict,
    /// Why they did not run.
    pub reason: Option<Reason>,
    /// The evidence in words: "daemon down from … to …", "run 41 still running".
    pub detail: Option<String>,
    /// The run that a single slot led to.
    pub run: Option<RunId>,
    /// When the verdict was given.
    pub decided_at: Timestamp,
}
