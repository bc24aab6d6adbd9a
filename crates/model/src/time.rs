//! Instants, and the clock as a port. It implements no clock: the system's is in `task`, the fake one in `testkit`.

/// An instant in UTC. Stores keep it in whole microseconds since the Unix epoch.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

/// Where "now" comes from.
pub trait Clock: Send + Sync + 'static {
    /// The wall-clock time.
    fn now(&self) -> Timestamp;
}

/// An instant as whole microseconds since the Unix epoch, as stores and frames keep it.
pub fn to_micros(at: Timestamp) -> i64 {
    at.timestamp_micros()
}

/// The instant that [`to_micros`] made a number of; out-of-range numbers become the epoch.
pub fn from_micros(micros: i64) -> Timestamp {
    chrono::DateTime::from_timestamp_micros(micros).unwrap_or(chrono::DateTime::UNIX_EPOCH)
}

/// A length of time as `chrono` counts it, at most some 292 million years.
pub fn delta(duration: std::time::Duration) -> chrono::TimeDelta {
    chrono::TimeDelta::from_std(duration).unwrap_or(chrono::TimeDelta::MAX)
}
