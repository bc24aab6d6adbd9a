//! Days of a zone as intervals of instants (B.1). It does not know what runs on them, and asks no clock.
//!
//! All instants are milliseconds since the Unix epoch, so a day may have 23, 24 or 25 hours, and none at all where a
//! zone skipped the date.

use chrono::{DateTime, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

/// No zone was ever further from UTC than this.
const MAX_OFFSET_SECS: i64 = 26 * 3600;
/// What can be told apart at all; instants outside (the years 1 to 9998) count as the nearest inside.
const EARLIEST_MS: i64 = -62_135_596_800_000;
const LATEST_MS: i64 = 253_370_764_800_000;

/// One date of a zone: from its first existing instant to the first of the next date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    date: NaiveDate,
    zone: Tz,
    start_ms: i64,
    end_ms: i64,
}

impl Day {
    /// The day with this date.
    pub fn of(date: NaiveDate, zone: Tz) -> Self {
        let next = date.succ_opt().unwrap_or(date);
        Self { date, zone, start_ms: midnight(date, zone), end_ms: midnight(next, zone) }
    }

    /// The day that has this instant.
    pub fn at(at_ms: i64, zone: Tz) -> Self {
        let at_ms = at_ms.clamp(EARLIEST_MS, LATEST_MS);
        let mut day = Self::of(wall(at_ms.div_euclid(1000), zone).date(), zone);
        // Clocks put back just after midnight show the last date once more, when its day is already over.
        while day.end_ms <= at_ms {
            day = day.next();
        }
        day
    }

    /// The date on the wall.
    pub fn date(&self) -> NaiveDate {
        self.date
    }

    /// The zone whose day it is.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The first instant of the day.
    pub fn start_ms(&self) -> i64 {
        self.start_ms
    }

    /// The first instant that is no longer of the day.
    pub fn end_ms(&self) -> i64 {
        self.end_ms
    }

    /// How long the day lasts.
    pub fn length_ms(&self) -> i64 {
        self.end_ms - self.start_ms
    }

    /// Whether the instant is of the day.
    pub fn contains(&self, at_ms: i64) -> bool {
        self.start_ms <= at_ms && at_ms < self.end_ms
    }

    /// How much of the time from `start_ms` to `end_ms` is of the day.
    pub fn overlap_ms(&self, start_ms: i64, end_ms: i64) -> i64 {
        (end_ms.min(self.end_ms) - start_ms.max(self.start_ms)).max(0)
    }

    /// The day after.
    pub fn next(&self) -> Self {
        Self::of(self.date.succ_opt().unwrap_or(self.date), self.zone)
    }

    /// The day before.
    pub fn previous(&self) -> Self {
        Self::of(self.date.pred_opt().unwrap_or(self.date), self.zone)
    }
}

/// The first instant at which the date, or a later one, is on the wall.
fn midnight(date: NaiveDate, zone: Tz) -> i64 {
    let midnight = date.and_time(NaiveTime::MIN);
    let at_secs = match zone.from_local_datetime(&midnight) {
        MappedLocalTime::Single(at) => at.timestamp(),
        MappedLocalTime::Ambiguous(one, other) => one.min(other).timestamp(),
        MappedLocalTime::None => end_of_gap(midnight, zone),
    };
    at_secs * 1000
}

/// The first instant at which the clock shows this or a later time, which it skips.
fn end_of_gap(skipped: NaiveDateTime, zone: Tz) -> i64 {
    let near = skipped.and_utc().timestamp();
    let (mut before, mut after) = (near - MAX_OFFSET_SECS, near + MAX_OFFSET_SECS);
    while after - before > 1 {
        let middle = i64::midpoint(before, after);
        if wall(middle, zone) < skipped {
            before = middle;
        } else {
            after = middle;
        }
    }
    after
}

/// What the clock shows at an instant.
fn wall(at_secs: i64, zone: Tz) -> NaiveDateTime {
    let utc = DateTime::UNIX_EPOCH.naive_utc() + TimeDelta::seconds(at_secs);
    zone.from_utc_datetime(&utc).naive_local()
}

#[cfg(test)]
mod tests;
