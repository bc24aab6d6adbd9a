//! Instants, and clocks as ports. It implements none: those of the system are in `task` and `engine`, the fake ones in
//! `testkit`.

use std::time::Duration;

/// An instant in UTC. Stores keep it in whole microseconds since the Unix epoch.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

/// Where "now" comes from.
pub trait Clock: Send + Sync + 'static {
    /// The wall-clock time.
    fn now(&self) -> Timestamp;
}

/// A clock that nobody sets.
pub trait SteadyClock: Send + Sync + 'static {
    /// How long the host is up.
    fn uptime(&self) -> Uptime;
}

/// How long a host is up, counted from some instant that stays the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Uptime {
    /// In all.
    pub total: Duration,
    /// Without the times when it was suspended.
    pub awake: Duration,
}

/// An instant as whole microseconds since the Unix epoch, as stores and frames keep it.
pub fn to_micros(at: Timestamp) -> i64 {
    at.timestamp_micros()
}

/// The instant that [`to_micros`] made a number of; out-of-range numbers become the epoch.
pub fn from_micros(micros: i64) -> Timestamp {
    chrono::DateTime::from_timestamp_micros(micros).unwrap_or(chrono::DateTime::UNIX_EPOCH)
}

/// The last second that every form of an instant can be written for: the end of the year 9999.
const LATEST: i64 = 253_402_300_799;

/// The instant so long after another; never later than the year 9999, so that no length is too long for it.
pub fn after(at: Timestamp, duration: Duration) -> Timestamp {
    let latest = chrono::DateTime::from_timestamp(LATEST, 0).unwrap_or(Timestamp::MAX_UTC);
    at.checked_add_signed(delta(duration)).map_or(latest, |then| then.min(latest))
}

/// A length of time as `chrono` counts it, at most some 292 million years.
pub fn delta(duration: Duration) -> chrono::TimeDelta {
    chrono::TimeDelta::from_std(duration).unwrap_or(chrono::TimeDelta::MAX)
}

#[cfg(test)]
mod tests;
