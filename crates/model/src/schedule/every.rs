//! Fixed intervals, counted in elapsed time from the Unix epoch. No time zone and no earlier run has a say in them.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{ScheduleError, describe};

/// A slot each time so much time has passed since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EverySchedule {
    secs: u32,
}

/// Beyond this an interval is a slip of the pen.
const MAX_SECS: u32 = 10 * 366 * 86_400;

impl EverySchedule {
    /// The schedule of an interval such as `15m` or `1h 30m`.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let written = text.trim();
        let interval = humantime::parse_duration(written)
            .map_err(|error| ScheduleError::Every { text: written.into(), problem: error.to_string() })?;
        Self::checked(interval, written)
    }

    /// The schedule of an interval.
    pub fn new(interval: Duration) -> Result<Self, ScheduleError> {
        Self::checked(interval, &humantime::format_duration(interval).to_string())
    }

    /// The time between two slots.
    pub const fn interval(self) -> Duration {
        Duration::from_secs(self.secs as u64)
    }

    /// The interval in plain English.
    pub fn describe(self) -> String {
        describe::every(self.secs)
    }

    /// The first slot after an instant, both in seconds since the epoch.
    pub(super) fn next_after(self, after: i64) -> i64 {
        let secs = i64::from(self.secs);
        (after.div_euclid(secs) + 1) * secs
    }

    fn checked(interval: Duration, written: &str) -> Result<Self, ScheduleError> {
        let problem = match u32::try_from(interval.as_secs()) {
            Ok(0) => "too short",
            _ if interval.subsec_nanos() != 0 => "not a whole number of seconds",
            Ok(secs) if secs <= MAX_SECS => return Ok(Self { secs }),
            _ => "longer than ten years",
        };
        Err(ScheduleError::Every { text: written.into(), problem: problem.into() })
    }
}

impl fmt::Display for EverySchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.interval()).fmt(f)
    }
}

impl TryFrom<String> for EverySchedule {
    type Error = ScheduleError;
    fn try_from(text: String) -> Result<Self, ScheduleError> {
        Self::parse(&text)
    }
}

impl From<EverySchedule> for String {
    fn from(schedule: EverySchedule) -> String {
        schedule.to_string()
    }
}
