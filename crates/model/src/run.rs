//! A run: a task being done once, for a slot or on request. The newcomer's first file; what happens to a run next is
//! decided in `settle`, and nothing here reads or writes a store.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ActionName, KindName, Outcome, RunId, RunTerms, StopOrder, TaskName, Timestamp};

/// Where a run stands. `queued ⇄ running ⇄ waiting`, then one of the ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// To be started as soon as there is room.
    Queued,
    /// An attempt is under way in a worker.
    Running,
    /// Between two attempts.
    Waiting,
    /// Ended: everything that was to be done was done.
    Succeeded,
    /// Ended: some targets were done, others failed.
    Partial,
    /// Ended: the last attempt failed.
    Failed,
    /// Ended: the last attempt was stopped at its time limit.
    TimedOut,
    /// Ended: a person stopped it.
    Cancelled,
    /// Ended: the kind found nothing to do, and said why.
    Skipped,
    /// Ended: the last attempt's worker or daemon vanished.
    Lost,
}

impl RunState {
    /// Every state.
    pub const ALL: [RunState; 10] = [
        RunState::Queued,
        RunState::Running,
        RunState::Waiting,
        RunState::Succeeded,
        RunState::Partial,
        RunState::Failed,
        RunState::TimedOut,
        RunState::Cancelled,
        RunState::Skipped,
        RunState::Lost,
    ];

    /// The states in which a run can be recorded first: most are queued, one on request may be claimed in the same
    /// transaction, and a follower whose upstream ended otherwise is recorded as skipped.
    pub const FIRST: [RunState; 3] = [RunState::Queued, RunState::Running, RunState::Skipped];

    /// The word in the store, in metrics and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            RunState::Queued => "queued",
            RunState::Running => "running",
            RunState::Waiting => "waiting",
            RunState::Succeeded => "succeeded",
            RunState::Partial => "partial",
            RunState::Failed => "failed",
            RunState::TimedOut => "timed_out",
            RunState::Cancelled => "cancelled",
            RunState::Skipped => "skipped",
            RunState::Lost => "lost",
        }
    }

    /// The state a stored word means.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether the run still occupies its task: queued, running or waiting.
    pub const fn is_active(self) -> bool {
        matches!(self, RunState::Queued | RunState::Running | RunState::Waiting)
    }

    /// The states that may follow. The picture in the documentation is drawn from this.
    pub const fn followers(self) -> &'static [RunState] {
        match self {
            RunState::Queued | RunState::Waiting => {
                &[RunState::Running, RunState::Failed, RunState::Cancelled]
            }
            RunState::Running => &[
                RunState::Queued,
                RunState::Waiting,
                RunState::Succeeded,
                RunState::Partial,
                RunState::Failed,
                RunState::TimedOut,
                RunState::Cancelled,
                RunState::Skipped,
                RunState::Lost,
            ],
            _ => &[],
        }
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What asked for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Its schedule.
    Schedule,
    /// The first start of a daemon that knows the task (`run_at_first_start`).
    FirstStart,
    /// A person, through `run-task`.
    Manual,
    /// A person, through `trigger`.
    Trigger,
    /// A person who repeats an earlier run.
    Rerun,
    /// The end of a task that it follows.
    After,
    /// An earlier run that asked to be followed up (`wake_at`).
    Wake,
}

impl Origin {
    /// Every origin.
    pub const ALL: [Origin; 7] = [
        Origin::Schedule,
        Origin::FirstStart,
        Origin::Manual,
        Origin::Trigger,
        Origin::Rerun,
        Origin::After,
        Origin::Wake,
    ];

    /// The word in the store and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Origin::Schedule => "schedule",
            Origin::FirstStart => "first_start",
            Origin::Manual => "manual",
            Origin::Trigger => "trigger",
            Origin::Rerun => "rerun",
            Origin::After => "after",
            Origin::Wake => "wake",
        }
    }

    /// The origin a stored word means.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.as_str() == word)
    }
}

/// One run as the store keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// The task being done.
    pub task: TaskName,
    /// The kind that does it.
    pub kind: KindName,
    /// The hash of the definition it was made from.
    pub definition: String,
    /// The slot it is for; absent for runs on request.
    pub slot: Option<Timestamp>,
    /// What asked for it.
    pub origin: Origin,
    /// Who asked, for runs on request.
    pub requested_by: Option<String>,
    /// The action, where it is not the scheduled work.
    pub action: Option<ActionName>,
    /// Parameters of the action.
    pub params: serde_json::Value,
    /// Whether writes only become a plan.
    pub dry_run: bool,
    /// Where it stands.
    pub state: RunState,
    /// Attempts begun so far, and the number of the current or last one.
    pub attempt: u32,
    /// Attempts that do not count against the retry limit: snoozed, interrupted.
    pub uncounted: u32,
    /// When the run was recorded.
    pub queued_at: Timestamp,
    /// The earliest instant of its next attempt, while queued or waiting.
    pub due_at: Timestamp,
    /// When its first attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it waits or how it failed, in one line.
    pub cause: Option<String>,
    /// What the kind reported.
    pub outcome: Option<Outcome>,
    /// The round it belongs to: one slot or request of one root task, and all runs that follow from it. Absent for runs
    /// that nothing follows.
    #[serde(default)]
    pub round: Option<String>,
    /// The run it repeats.
    #[serde(default)]
    pub rerun_of: Option<RunId>,
    /// The wish that it shall stop, while it still runs.
    #[serde(default)]
    pub stop: Option<StopOrder>,
    /// What it needs and keeps to.
    #[serde(default)]
    pub terms: RunTerms,
    /// The latest start of its first attempt; later it is given up.
    #[serde(default)]
    pub start_by: Option<Timestamp>,
}

impl Run {
    /// Attempts that count against the retry limit.
    pub const fn counted_attempts(&self) -> u32 {
        self.attempt.saturating_sub(self.uncounted)
    }
}
