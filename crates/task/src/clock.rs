//! The system's clock. It only reads the time; waiting is tokio's.

use roundsman_model::{Clock, Timestamp};

/// The wall clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the system's clock is read")]
    fn now(&self) -> Timestamp {
        let now = chrono::Utc::now();
        // Stores keep microseconds; an instant that was read back must equal the one that was written.
        chrono::DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }
}
