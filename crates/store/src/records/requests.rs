//! What people and followers ask for: runs, their ends, and the record of having asked.

use roundsman_model::{ActionName, Origin, Run, RunId, RunState, TaskDefinition, TaskName, Timestamp};

use super::Holder;

/// A run on request.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// The definition to run; recorded as a version of the task if it is new.
    pub definition: TaskDefinition,
    /// The slot to run for, if it is a repeat of one.
    pub slot: Option<Timestamp>,
    /// What asked for it.
    pub origin: Origin,
    /// Who asked.
    pub requested_by: Option<String>,
    /// The action.
    pub action: Option<ActionName>,
    /// Its parameters.
    pub params: serde_json::Value,
    /// Whether writes only become a plan.
    pub dry_run: bool,
    /// Whether it counts for the overlap rule.
    pub exclusive: bool,
    /// The round it belongs to.
    pub round: Round,
    /// The run it repeats.
    pub rerun_of: Option<RunId>,
    /// What was handed in with its parameters. One that repeats a run and has nothing of its own gets what that was given.
    pub inputs: Vec<HandedIn>,
}

/// What is handed in with a parameter of a run. Its bytes were sent ahead with `hand_in`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedIn {
    /// The parameter.
    pub param: String,
    /// The key under which its pieces were sent ahead.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}

/// Which round a run on request belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Round {
    /// None: nothing follows it.
    #[default]
    Alone,
    /// One of its own, `run:` and its number.
    Own,
    /// An existing one.
    Of(String),
}

/// What asking for the end of a run came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Stopped {
    /// It had not started, or waited for another attempt: it has ended as cancelled.
    Ended,
    /// It runs on this node, which was asked.
    Asked(Holder),
    /// It had ended already, in this state.
    Over(RunState),
    /// There is no such run.
    Unknown,
}

/// What a person asked for, as recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// `pause`, `resume`, `cancel`, `trigger`, `rerun`, `reload`, or `confirm` for a run that had to be confirmed.
    pub what: String,
    /// The task it concerned.
    pub task: Option<TaskName>,
    /// The run it concerned.
    pub run: Option<RunId>,
    /// Why, and what else was said.
    pub detail: Option<String>,
}

/// What becomes of a follower in a round.
#[derive(Debug, Clone, PartialEq)]
pub enum Follow {
    /// This run is queued.
    Run(Box<NewRun>),
    /// A run is recorded that ended as skipped, for this reason; what follows it learns of it in turn.
    Skip(Box<NewRun>, String),
    /// This follower cannot be decided yet, and the end of no run will tell: the ended run stays to be looked at.
    Later(TaskName),
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Requested {
    /// The run was recorded, and claimed if that was asked.
    Run(Box<Run>),
    /// This active run is in the way; nothing was written.
    Overlap(Box<Run>),
    /// The task was removed from the configuration at this instant; nothing was written.
    Removed(Timestamp),
}
