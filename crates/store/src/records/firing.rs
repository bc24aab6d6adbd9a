//! What firing a task means, and what became of it. The verdicts were given before.

use roundsman_model::{KindName, Overlap, RunId, RunTerms, SlotRange, TaskName, Timestamp};

/// A slot for which a run is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotToRun {
    /// The slot; absent for the run at the first start.
    pub slot: Option<Timestamp>,
    /// When the run may start.
    pub due_at: Timestamp,
    /// What it comes from when it has no slot.
    pub extra: Extra,
}

/// What a firing run comes from, where it is no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extra {
    /// The first start of a daemon that knows the task.
    #[default]
    FirstStart,
    /// A wake-up; the firing takes it out of the store.
    Wake,
}

/// What firing a task means: ledger rows and runs, written in one transaction or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Firing {
    /// The task.
    pub task: TaskName,
    /// Its kind.
    pub kind: KindName,
    /// The hash of the definition the runs are made from.
    pub definition: String,
    /// The overlap rule.
    pub overlap: Overlap,
    /// What its runs need and keep to.
    pub terms: RunTerms,
    /// Whether other tasks follow this one, so that its runs belong to rounds.
    pub followed: bool,
    /// The revision of the task when this was decided; another in the store refuses the firing.
    pub revision: i64,
    /// Up to where the ledger went when this was decided; another value in the store refuses the firing.
    pub ledger_was: Option<Timestamp>,
    /// Up to where it goes afterwards.
    pub ledger_until: Timestamp,
    /// Slots that do not run, with verdict and reason.
    pub passed: Vec<SlotRange>,
    /// Slots that run, oldest first, subject to the overlap rule.
    pub run: Vec<SlotToRun>,
}

/// What became of one slot of a firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotFate {
    /// A run was queued.
    Queued(RunId),
    /// A run was queued in the place of one that waited for a retry, which ended.
    TookOver {
        /// The new run.
        run: RunId,
        /// The run that ended as failed (superseded).
        ended: RunId,
    },
    /// The slot was skipped because of this active run.
    Overlap(RunId),
    /// The slot was in the ledger already; nothing was written for it.
    Recorded,
}

/// What became of a firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fired {
    /// Recorded; one fate for each slot that was to run.
    Done(Vec<SlotFate>),
    /// Ledger or revision were not as expected: another node fired, a person paused the task. Nothing was written; the
    /// task is to be read anew.
    Moved,
    /// The leader's epoch is over: another node leads. Nothing of the batch was written.
    Deposed,
}
