//! How much room there is in the minute and the hour, and until when the other side wants to be left alone: for mails, and for
//! questions about them. It is one document, so that two who send at a time cannot both take the last place.

use std::time::Duration;

use roundsman_model::{Timestamp, time};
use serde::{Deserialize, Serialize};

use crate::Limits;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
/// The other side counts when a request arrives, which is later than when it is noted here, once more and once less.
const MARGIN: Duration = Duration::from_secs(1);
/// The longest that the other side may want to be left alone.
const LONGEST_HOLD: Duration = Duration::from_hours(24);

/// What was done lately, and what may be done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Room {
    /// Tries to hand a mail over.
    #[serde(default)]
    pub(super) sends: Uses,
    /// Questions for the fate of a mail.
    #[serde(default)]
    pub(super) questions: Uses,
}

/// When something was done in the last hour, in microseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Uses {
    #[serde(default)]
    at: Vec<i64>,
    #[serde(default)]
    hold: Option<Timestamp>,
}

impl Uses {
    /// When it may be done, with so many places of the hour kept for others; now, if that is not later.
    pub(super) fn turn(&self, limits: Limits, reserved: u32, now: Timestamp) -> Timestamp {
        let per_hour = limits.per_hour.saturating_sub(reserved);
        let minute = self.free_at(MINUTE, limits.per_minute, now);
        let hour = self.free_at(HOUR, per_hour, now);
        // One that is further away was set by a clock that went wrong.
        let hold = self.hold.filter(|until| *until <= now + time::delta(LONGEST_HOLD));
        [hold.unwrap_or(now), minute, hour].into_iter().fold(now, Timestamp::max)
    }

    /// How many places are left in the minute and in the hour.
    pub(super) fn left(&self, limits: Limits, now: Timestamp) -> Limits {
        let used = |window: Duration| {
            let begins = time::to_micros(now - time::delta(window + MARGIN));
            u32::try_from(self.at.iter().filter(|at| **at > begins).count()).unwrap_or(u32::MAX)
        };
        Limits {
            per_minute: limits.per_minute.saturating_sub(used(MINUTE)),
            per_hour: limits.per_hour.saturating_sub(used(HOUR)),
        }
    }

    /// When fewer than `most` uses lie within a window.
    fn free_at(&self, window: Duration, most: u32, now: Timestamp) -> Timestamp {
        let window = window + MARGIN;
        let begins = time::to_micros(now - time::delta(window));
        // What was noted by a clock that went wrong is no longer known to have been lately.
        let ends = time::to_micros(now + time::delta(MINUTE));
        let within: Vec<i64> = self.at.iter().copied().filter(|at| *at > begins && *at < ends).collect();
        match within.len().checked_sub(most.max(1) as usize) {
            Some(surplus) => time::from_micros(within[surplus]) + time::delta(window),
            None => now,
        }
    }

    /// It is done now. What is older than an hour is forgotten.
    pub(super) fn note(&mut self, now: Timestamp) {
        let begins = time::to_micros(now - time::delta(HOUR + MARGIN));
        let ends = time::to_micros(now + time::delta(MINUTE));
        self.at.retain(|at| *at > begins && *at < ends);
        self.at.push(time::to_micros(now));
        self.at.sort_unstable();
    }

    /// It is not done before this instant, by anybody.
    pub(super) fn hold(&mut self, until: Timestamp, now: Timestamp) {
        let until = until.min(now + time::delta(LONGEST_HOLD));
        let known = self.hold.filter(|known| *known <= now + time::delta(LONGEST_HOLD));
        self.hold = Some(known.map_or(until, |known| known.max(until)));
    }
}

#[cfg(test)]
mod tests;
