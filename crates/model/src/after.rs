//! Tasks that follow others. Which run follows which is decided here from the runs of one round; nothing is looked up.

use serde::{Deserialize, Serialize};

use crate::{RunId, RunState, TaskName, Timestamp};

/// A task that another follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// The task followed.
    pub task: TaskName,
    /// The ends after which it goes on.
    pub on: Vec<RunState>,
}

/// How far an upstream has come in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has not ended, or is still to come.
    Open,
    /// Its run ended like this.
    Ended(RunState),
    /// It will not run in this round.
    Never,
}

/// What a follower does next in a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Following {
    /// Nothing yet.
    Wait,
    /// It runs.
    Run,
    /// It is skipped for this reason.
    Skip(String),
}

/// The round of a slot. Roots with equal schedule and zone share it.
pub fn round_of_slot(slot: Timestamp) -> String {
    format!("slot:{}", slot.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
}

/// The round of a root run that has no slot.
pub fn round_of_run(run: RunId) -> String {
    format!("run:{run}")
}

/// The slot that a round belongs to, if it belongs to one.
pub fn slot_of_round(round: &str) -> Option<Timestamp> {
    round.strip_prefix("slot:")?.parse().ok()
}

/// The root run that a round belongs to, if it belongs to no slot.
pub fn run_of_round(round: &str) -> Option<RunId> {
    round.strip_prefix("run:")?.parse().ok()
}

/// Decides what a follower does, given how far each of its upstreams has come. One upstream that can no longer satisfy
/// is enough to skip it.
pub fn decide(after: &[Upstream], standing: impl Fn(&TaskName) -> Standing) -> Following {
    let mut open = false;
    for upstream in after {
        match standing(&upstream.task) {
            Standing::Open => open = true,
            Standing::Ended(state) if upstream.on.contains(&state) => {}
            Standing::Ended(state) => return Following::Skip(format!("upstream {} {state}", upstream.task)),
            Standing::Never => return Following::Skip(format!("upstream {} did not run", upstream.task)),
        }
    }
    if open { Following::Wait } else { Following::Run }
}
