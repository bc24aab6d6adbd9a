//! When a task is due: cron patterns, intervals and single instants, as written, in words, and as slots in a zone.
//! It does not decide whether a slot runs, and reads no clock.

mod at;
mod cron;
mod describe;
mod error;
mod every;
mod explain;
mod field;
mod jitter;
mod pattern;
mod tally;
#[cfg(test)]
mod tests;
mod wall_clock;

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use at::AtSchedule;
pub use cron::CronSchedule;
pub use error::ScheduleError;
pub use every::EverySchedule;
pub use explain::{Effect, Explanation};
pub use jitter::jitter_offset;

use at::Moment;
use pattern::Pattern;
use wall_clock::Rule;

/// When a task is due. Two schedules are equal when they have the same slots in every zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// At each wall-clock time that a cron pattern matches.
    Cron(CronSchedule),
    /// Whenever an interval has passed, counted from the Unix epoch.
    Every(EverySchedule),
    /// Once.
    At(AtSchedule),
}

/// The slots of a schedule between two instants, earliest first.
#[derive(Clone, Debug)]
pub struct Slots<'a> {
    schedule: &'a Schedule,
    zone: Tz,
    after: DateTime<Utc>,
    until: DateTime<Utc>,
}

/// Slots are looked for between the years 1 and 9999.
const EARLIEST_SECS: i64 = -62_135_596_800;
const LATEST_SECS: i64 = 253_402_300_799;

impl Schedule {
    /// The schedule of a `schedule` key: five cron fields, six with seconds first, or a nickname such as `@daily`.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        Self::cron(text)
    }

    /// The schedule of a cron pattern or nickname.
    pub fn cron(text: &str) -> Result<Self, ScheduleError> {
        CronSchedule::parse(text).map(Self::Cron)
    }

    /// The schedule of an interval as written, such as `15m`.
    pub fn every(text: &str) -> Result<Self, ScheduleError> {
        EverySchedule::parse(text).map(Self::Every)
    }

    /// The schedule of an interval.
    pub fn every_duration(interval: Duration) -> Result<Self, ScheduleError> {
        EverySchedule::new(interval).map(Self::Every)
    }

    /// The schedule of one instant: `2026-12-01T02:00` in the task's zone, or with an offset.
    pub fn at(text: &str) -> Result<Self, ScheduleError> {
        AtSchedule::parse(text).map(Self::At)
    }

    /// The first slot strictly after an instant.
    pub fn next_after(&self, after: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let after = after.timestamp();
        if after > LATEST_SECS {
            return None;
        }
        let slot = self.next_secs(after.max(EARLIEST_SECS), zone)?;
        DateTime::from_timestamp(slot, 0).filter(|_| slot <= LATEST_SECS)
    }

    /// The slots after one instant, up to and including another.
    pub fn slots(&self, after: DateTime<Utc>, until: DateTime<Utc>, zone: Tz) -> Slots<'_> {
        Slots { schedule: self, zone, after, until }
    }

    /// Whether the instant is a slot.
    pub fn is_slot(&self, at: DateTime<Utc>, zone: Tz) -> bool {
        let before = at.checked_sub_signed(chrono::TimeDelta::seconds(1));
        at.timestamp_subsec_nanos() == 0
            && before.is_some_and(|before| self.next_after(before, zone) == Some(at))
    }

    /// The schedule in plain English.
    pub fn describe(&self) -> String {
        match self {
            Self::Cron(cron) => cron.describe(),
            Self::Every(every) => every.describe(),
            Self::At(at) => at.describe(),
        }
    }

    /// What a change of the clocks does to a slot; nothing for most slots and for instants that are none.
    pub fn explain(&self, slot: DateTime<Utc>, zone: Tz) -> Option<Explanation> {
        if !self.is_slot(slot, zone) {
            return None;
        }
        explain::slot(&self.on_wall()?, slot.timestamp(), zone)
    }

    /// What the changes of the clocks after one instant and up to another do to the schedule, dropped times included.
    pub fn notes(&self, after: DateTime<Utc>, until: DateTime<Utc>, zone: Tz) -> Vec<Explanation> {
        let bounded = |at: DateTime<Utc>| at.timestamp().clamp(EARLIEST_SECS, LATEST_SECS);
        self.on_wall()
            .map_or_else(Vec::new, |times| explain::between(&times, bounded(after), bounded(until), zone))
    }

    fn next_secs(&self, after: i64, zone: Tz) -> Option<i64> {
        match self {
            Self::Every(every) => Some(every.next_after(after)),
            Self::At(at) if let Moment::Instant(instant) = at.moment() => {
                (instant > after).then_some(instant)
            }
            Self::At(_) | Self::Cron(_) => {
                let times = self.on_wall()?;
                wall_clock::next_slot(times.rule, zone, after, |mark| times.next_after(mark))
            }
        }
    }

    fn on_wall(&self) -> Option<WallTimes<'_>> {
        match self {
            Self::Cron(cron) => Some(WallTimes { rule: cron.rule(), times: Times::Matching(cron.pattern()) }),
            Self::At(at) => match at.moment() {
                Moment::Wall(wall) => Some(WallTimes { rule: Rule::Fixed, times: Times::Once(wall) }),
                Moment::Instant(_) => None,
            },
            Self::Every(_) => None,
        }
    }
}

/// A schedule on the wall: which times, and how they go through changes of the clocks.
struct WallTimes<'a> {
    rule: Rule,
    times: Times<'a>,
}

enum Times<'a> {
    Matching(&'a Pattern),
    Once(i64),
}

impl WallTimes<'_> {
    /// The first time after `mark`.
    fn next_after(&self, mark: i64) -> Option<i64> {
        match self.times {
            Times::Matching(pattern) => pattern.next_after(mark),
            Times::Once(wall) => (wall > mark).then_some(wall),
        }
    }
}

impl Iterator for Slots<'_> {
    type Item = DateTime<Utc>;

    fn next(&mut self) -> Option<DateTime<Utc>> {
        let slot = self.schedule.next_after(self.after, self.zone).filter(|slot| *slot <= self.until)?;
        self.after = slot;
        Some(slot)
    }
}

impl fmt::Display for Schedule {
    /// The schedule as written: the pattern alone, the others with `every` or `at` before them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cron(cron) => cron.fmt(f),
            Self::Every(every) => write!(f, "every {every}"),
            Self::At(at) => write!(f, "at {at}"),
        }
    }
}
