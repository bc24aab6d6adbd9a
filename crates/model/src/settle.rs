//! What follows an attempt. The clock, the dice, the store and the log stay with the caller.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    AttemptEnd, Outcome, OutcomeStatus, RetryPolicy, Run, RunState, TaskError, Timestamp, time::delta,
};

/// An attempt that asks to be repeated later is repeated after at least so long, whatever instant it names: such attempts
/// do not count, so nothing else would end a circle of them.
pub const SHORTEST_SNOOZE: Duration = Duration::from_secs(5);

/// The step a run takes next. The store carries it out whole or not at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "transition")]
pub enum Transition {
    /// The run is over.
    End {
        /// Its last state.
        state: RunState,
        /// Why, where the state alone does not say it.
        cause: Option<String>,
        /// The kind's report.
        outcome: Option<Outcome>,
    },
    /// Another attempt follows at an instant.
    Wait {
        /// When.
        due_at: Timestamp,
        /// What went wrong.
        cause: String,
        /// Whether the attempt that ended counts against the limit.
        counted: bool,
    },
    /// Back to the queue as if the attempt had not been.
    Release {
        /// Why.
        cause: String,
    },
}

impl Transition {
    /// The state the run has afterwards.
    pub const fn state(&self) -> RunState {
        match self {
            Transition::End { state, .. } => *state,
            Transition::Wait { .. } => RunState::Waiting,
            Transition::Release { .. } => RunState::Queued,
        }
    }
}

/// Decides what follows an attempt that ended like this.
pub fn settle(run: &Run, end: AttemptEnd, policy: &RetryPolicy, now: Timestamp, dice: f64) -> Transition {
    let again = |end: &AttemptEnd, not_before| {
        policy.covers(end).then(|| policy.next_due(run, now, not_before, dice)).flatten()
    };
    let cause = end.to_string();
    match end {
        AttemptEnd::Finished { outcome } => settle_outcome(run, outcome, policy, now, dice),
        AttemptEnd::Erred { error: TaskError::Cancelled } => ended(RunState::Cancelled, cause),
        AttemptEnd::Erred { error: TaskError::Interrupted } => Transition::Release { cause },
        AttemptEnd::Erred { error: TaskError::Snooze { until, .. } } => {
            let due_at = until.max(now + delta(SHORTEST_SNOOZE));
            if policy.allows(run, due_at) {
                Transition::Wait { due_at, cause, counted: false }
            } else {
                ended(RunState::Failed, format!("{cause} (the deadline over all attempts is used up)"))
            }
        }
        AttemptEnd::Erred { error: TaskError::Permanent { .. } | TaskError::Config { .. } } => {
            ended(RunState::Failed, cause)
        }
        AttemptEnd::Erred { error: TaskError::Retry { not_before, .. } } => match again(&end, not_before) {
            Some(due_at) => Transition::Wait { due_at, cause, counted: true },
            None => ended(RunState::Failed, given_up(run, &end, policy)),
        },
        AttemptEnd::TimedOut { .. } | AttemptEnd::Crashed { .. } | AttemptEnd::Lost { .. } => {
            match again(&end, None) {
                Some(due_at) => Transition::Wait { due_at, cause, counted: true },
                None => ended(final_state(&end), given_up(run, &end, policy)),
            }
        }
    }
}

/// Why no further attempt follows one that failed.
fn given_up(run: &Run, end: &AttemptEnd, policy: &RetryPolicy) -> String {
    let counted = run.counted_attempts().max(1);
    if !policy.covers(end) || policy.attempts <= 1 {
        return end.to_string();
    }
    if counted < policy.attempts {
        return format!("{end} (the deadline over all attempts is used up)");
    }
    format!("{end} (after {counted} attempts)")
}

fn settle_outcome(
    run: &Run,
    outcome: Outcome,
    policy: &RetryPolicy,
    now: Timestamp,
    dice: f64,
) -> Transition {
    if outcome.again
        && let Some(due_at) = policy.next_due(run, now, None, dice)
    {
        return Transition::Wait { due_at, cause: outcome.summary, counted: true };
    }
    let state = match outcome.status {
        OutcomeStatus::Success if outcome.again => RunState::Partial,
        OutcomeStatus::Success => RunState::Succeeded,
        OutcomeStatus::Partial => RunState::Partial,
        OutcomeStatus::Skipped => RunState::Skipped,
    };
    Transition::End { state, cause: None, outcome: Some(outcome) }
}

const fn final_state(end: &AttemptEnd) -> RunState {
    match end {
        AttemptEnd::TimedOut { .. } => RunState::TimedOut,
        AttemptEnd::Lost { .. } => RunState::Lost,
        _ => RunState::Failed,
    }
}

const fn ended(state: RunState, cause: String) -> Transition {
    Transition::End { state, cause: Some(cause), outcome: None }
}
