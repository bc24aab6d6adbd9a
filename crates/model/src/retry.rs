//! When to try again after an attempt that did not do. It knows no clock and no dice: both come as arguments.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AttemptEnd, Ended, HumanDuration, Run, Timestamp, time::after};

/// What may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryCause {
    /// The kind asked for it.
    Error,
    /// The attempt reached its time limit.
    Timeout,
    /// The worker ended without an outcome.
    Crash,
    /// The worker or its daemon vanished.
    Lost,
}

/// How often, when and after what a run is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// The longest pause before the second attempt; doubles with each further one. The pause is drawn from zero to it.
    pub backoff: HumanDuration,
    /// The longest pause before any attempt.
    pub backoff_max: HumanDuration,
    /// No attempt begins later than this after the run was queued.
    pub deadline: Option<HumanDuration>,
    /// What may be tried again.
    pub retry_on: Vec<RetryCause>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            backoff: HumanDuration::from_secs(30),
            backoff_max: HumanDuration::from_secs(15 * 60),
            deadline: None,
            retry_on: vec![RetryCause::Error, RetryCause::Lost],
        }
    }
}

impl RetryPolicy {
    /// One attempt, whatever happens.
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// Whether an end of this kind may be tried again at all.
    pub fn covers(&self, end: &AttemptEnd) -> bool {
        let cause = match end.ended() {
            Ended::Error | Ended::Partial => RetryCause::Error,
            Ended::Timeout => RetryCause::Timeout,
            Ended::Crash => RetryCause::Crash,
            Ended::Lost => RetryCause::Lost,
            Ended::Ok | Ended::Cancelled | Ended::Interrupted | Ended::Snoozed => return false,
        };
        self.retry_on.contains(&cause)
    }

    /// The instant of the next attempt, or `None` when attempts or the deadline are used up. `dice` is drawn evenly
    /// from 0 to 1.
    pub fn next_due(
        &self,
        run: &Run,
        now: Timestamp,
        not_before: Option<Timestamp>,
        dice: f64,
    ) -> Option<Timestamp> {
        let counted = run.counted_attempts().max(1);
        if counted >= self.attempts {
            return None;
        }
        let drawn = after(now, self.ceiling(counted).mul_f64(dice.clamp(0.0, 1.0)));
        let due = not_before.map_or(drawn, |wish| wish.max(drawn));
        self.allows(run, due).then_some(due)
    }

    /// Whether the deadline over all attempts leaves room for one at `due`.
    pub fn allows(&self, run: &Run, due: Timestamp) -> bool {
        self.deadline.is_none_or(|deadline| due <= after(run.queued_at, deadline.get()))
    }

    fn ceiling(&self, counted: u32) -> Duration {
        let doubled = self.backoff.get().saturating_mul(1 << (counted - 1).min(20));
        doubled.min(self.backoff_max.get())
    }
}
