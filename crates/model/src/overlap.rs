//! What a slot does that comes while its task is still active. The store makes sure of it; here it is only decided.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{RunId, RunState};

/// The rule for slots that come while an earlier run of the task is queued, running or waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// The slot is skipped.
    #[default]
    Skip,
    /// One run waits for the active one; later slots supersede it.
    Queue,
    /// The active run is stopped; the new one starts when its processes are gone.
    Replace,
    /// So many runs at the same time.
    Allow(u32),
}

/// An active run of the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveRun {
    /// Its number.
    pub id: RunId,
    /// Queued, running or waiting.
    pub state: RunState,
    /// Which of the task's places it occupies.
    pub place: u32,
}

/// What to do with the new slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OverlapDecision {
    /// Queue a run in this place.
    Start {
        /// The place it occupies: no two active runs of a task share one.
        place: u32,
    },
    /// End this waiting run as failed (superseded) and queue a run in its place.
    TakeOver {
        /// The run that only waits for a retry.
        run: RunId,
        /// The place it gives up.
        place: u32,
    },
    /// Skip the slot because of this run.
    Skip {
        /// The run that is in the way.
        run: RunId,
    },
    /// Let the run that is queued behind the active one end unstarted and take its place.
    Supersede {
        /// The run that never started.
        run: RunId,
        /// The place it gives up.
        place: u32,
    },
    /// Ask for the end of this run and queue one that starts after it.
    Replace {
        /// The run to stop.
        run: RunId,
        /// The place of the run that follows.
        place: u32,
    },
}

/// Decides what a new slot does beside these active runs.
pub fn decide(policy: Overlap, active: &[ActiveRun]) -> OverlapDecision {
    let places = match policy {
        Overlap::Skip => 1,
        Overlap::Queue | Overlap::Replace => 2,
        Overlap::Allow(limit) => limit.max(1),
    };
    let free = (0..places).find(|place| active.iter().all(|run| run.place != *place));
    let Some(oldest) = active.iter().min_by_key(|run| run.id) else {
        return OverlapDecision::Start { place: 0 };
    };
    if let Some(waiting) = active.iter().find(|run| run.state == RunState::Waiting) {
        return OverlapDecision::TakeOver { run: waiting.id, place: waiting.place };
    }
    match (policy, free) {
        (Overlap::Replace, Some(place)) => OverlapDecision::Replace { run: oldest.id, place },
        (Overlap::Queue | Overlap::Allow(_), Some(place)) => OverlapDecision::Start { place },
        (Overlap::Queue | Overlap::Replace, None) => {
            match active.iter().rev().find(|run| run.state == RunState::Queued) {
                Some(queued) => OverlapDecision::Supersede { run: queued.id, place: queued.place },
                None => OverlapDecision::Skip { run: oldest.id },
            }
        }
        (Overlap::Skip | Overlap::Allow(_), _) => OverlapDecision::Skip { run: oldest.id },
    }
}
