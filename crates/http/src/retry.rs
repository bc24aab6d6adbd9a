//! What follows a failed request: another try at an instant, or none. Pure; it waits for nothing.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};
use roundsman_model::{Timestamp, time::delta};

use crate::{Class, When};

/// How often, and how long apart, a request is tried again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// Tries in all, the first included.
    pub tries: u32,
    /// Tries in all where what was asked contradicts what is there.
    pub conflict_tries: u32,
    /// The pause after the first failure.
    pub base: Duration,
    /// How pauses grow.
    pub growth: Growth,
    /// The longest pause that is our own choice.
    pub most: Duration,
    /// The pause after 429 and 503 without a `Retry-After`.
    pub unsaid: Duration,
    /// The longest `Retry-After` that is waited for; a longer one is left to the task's own retry.
    pub most_said: Duration,
    /// All tries of one request together take no longer.
    pub total: Duration,
}

/// How pauses grow with each further failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Growth {
    /// They double, and are drawn from their whole length.
    #[default]
    Doubling,
    /// They grow by the first one, and up to a second is added; those after 429 and 503 stay as they are.
    Steps,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            tries: 4,
            conflict_tries: 3,
            base: Duration::from_secs(1),
            growth: Growth::Doubling,
            most: Duration::from_secs(30),
            unsaid: Duration::from_secs(1),
            most_said: Duration::from_secs(120),
            total: Duration::from_secs(300),
        }
    }
}

/// A request that failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failed {
    pub(crate) class: Class,
    /// Whether carrying it out twice does no harm.
    pub(crate) repeatable: bool,
    /// How many tries there were.
    pub(crate) tries: u32,
    /// The pause that the other side asked for.
    pub(crate) said: Option<Duration>,
    pub(crate) begun: Timestamp,
    pub(crate) now: Timestamp,
    /// When the attempt must have an answer.
    pub(crate) deadline: Timestamp,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another try after a pause.
    After(Duration),
    /// It may go well, but not within the time there is: not before this instant.
    Later(Timestamp),
    /// None.
    GiveUp,
}

impl RetryPolicy {
    /// Decides what follows. `draw` is a number from 0 to 1 that spreads the pauses.
    pub(crate) fn next(&self, failed: &Failed, draw: f64) -> Next {
        let again = match failed.class.again() {
            When::Always => true,
            When::IfRepeatable => failed.repeatable,
            When::Never => false,
        };
        if !again {
            return Next::GiveUp;
        }
        let pause = self.pause(failed, draw);
        let at = failed.now + delta(pause);
        let too_late = at >= failed.deadline || at > failed.begun + delta(self.total);
        let too_long = failed.said.is_some_and(|said| said > self.most_said);
        if too_late || too_long {
            Next::Later(at)
        } else if failed.tries >= self.tries_of(failed.class) {
            Next::GiveUp
        } else {
            Next::After(pause)
        }
    }

    fn pause(&self, failed: &Failed, draw: f64) -> Duration {
        let draw = draw.clamp(0.0, 1.0);
        let spread = Duration::from_secs(1).mul_f64(draw);
        let unsaid = matches!(failed.class, Class::Throttled | Class::Unavailable);
        match (failed.said, self.growth) {
            (Some(said), _) => said + spread,
            (None, Growth::Doubling) if unsaid => self.doubled(self.unsaid, failed.tries) + spread,
            (None, Growth::Doubling) => {
                self.doubled(self.base, failed.tries).mul_f64(draw).max(self.base / 10)
            }
            (None, Growth::Steps) if unsaid => self.unsaid + spread,
            (None, Growth::Steps) => self.base.saturating_mul(failed.tries).min(self.most) + spread,
        }
    }

    const fn tries_of(&self, class: Class) -> u32 {
        let fewer = matches!(class, Class::Conflict) && self.conflict_tries < self.tries;
        if fewer { self.conflict_tries } else { self.tries }
    }

    fn doubled(&self, first: Duration, tries: u32) -> Duration {
        let doublings = tries.saturating_sub(1).min(16);
        first.saturating_mul(1 << doublings).min(self.most)
    }
}

/// The pause that an answer asks for: seconds or a date.
pub(crate) fn said(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(secs) = text.parse::<u64>() {
        return Some(Duration::from_secs(secs));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    Some(at.duration_since(SystemTime::from(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests;
