//! One slot at one instant, written with an offset or as wall time. It does not choose the zone of a wall time.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Timelike};
use serde::{Deserialize, Serialize};

use super::{ScheduleError, describe};

/// A single slot. Two are equal when both name the same instant, or both the same wall time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AtSchedule {
    written: String,
    moment: Moment,
}

/// What an `at` names, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Since the Unix epoch.
    Instant(i64),
    /// Since 1970-01-01T00:00:00 on the wall, in the zone of the task.
    Wall(i64),
}

const WALL_FORMATS: [&str; 4] =
    ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"];
const INSTANT_FORMATS: [&str; 4] =
    ["%Y-%m-%dT%H:%M:%S%#z", "%Y-%m-%dT%H:%M%#z", "%Y-%m-%d %H:%M:%S%#z", "%Y-%m-%d %H:%M%#z"];

impl AtSchedule {
    /// The schedule of a wall time such as `2026-12-01T02:00`, or of an instant such as `2026-12-01T02:00:00+01:00`.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let written = text.trim();
        let moment = instant(written)
            .or_else(|| wall(written))
            .ok_or_else(|| ScheduleError::At { text: written.into(), problem: problem(written).into() })?;
        Ok(Self { written: written.into(), moment })
    }

    /// The instant or wall time as written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The instant in plain English.
    pub fn describe(&self) -> String {
        describe::at(self.moment, &self.written)
    }

    pub(super) fn moment(&self) -> Moment {
        self.moment
    }
}

fn instant(text: &str) -> Option<Moment> {
    let at = INSTANT_FORMATS.iter().find_map(|format| DateTime::parse_from_str(text, format).ok())?;
    usable(at.naive_utc()).then(|| Moment::Instant(at.timestamp()))
}

fn wall(text: &str) -> Option<Moment> {
    let wall = WALL_FORMATS.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())?;
    usable(wall).then(|| Moment::Wall(wall.and_utc().timestamp()))
}

/// chrono reads a 60th second as a leap second, which no clock here ever shows.
fn usable(time: NaiveDateTime) -> bool {
    time.nanosecond() == 0
}

fn problem(text: &str) -> &'static str {
    let date = text.get(..10).map(|date| NaiveDate::parse_from_str(date, "%Y-%m-%d"));
    match date {
        _ if text.is_empty() => "nothing is written",
        Some(Ok(_)) if text.len() == 10 => "the time of day is missing",
        Some(Ok(_)) => "the time of day is not understood",
        _ => "this is no date",
    }
}

impl PartialEq for AtSchedule {
    fn eq(&self, other: &Self) -> bool {
        self.moment == other.moment
    }
}

impl Eq for AtSchedule {}

impl fmt::Display for AtSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl TryFrom<String> for AtSchedule {
    type Error = ScheduleError;
    fn try_from(text: String) -> Result<Self, ScheduleError> {
        Self::parse(&text)
    }
}

impl From<AtSchedule> for String {
    fn from(schedule: AtSchedule) -> String {
        schedule.written
    }
}
