//! A clock that moves only when it is told to. It never reads the system's.

use std::sync::Mutex;

use roundsman_model::{Clock, Timestamp};

/// A clock for tests.
pub struct FakeClock(Mutex<Timestamp>);

impl FakeClock {
    /// A clock that stands at an instant, given as RFC 3339.
    pub fn at(rfc3339: &str) -> Self {
        Self(Mutex::new(rfc3339.parse().expect("an RFC 3339 instant")))
    }

    /// Moves the clock to an instant.
    pub fn set(&self, at: Timestamp) {
        *self.0.lock().expect("no test panics while it holds the clock") = at;
    }

    /// Moves the clock on.
    pub fn advance(&self, by: std::time::Duration) {
        let mut now = self.0.lock().expect("no test panics while it holds the clock");
        *now += chrono::TimeDelta::from_std(by).expect("a step that fits");
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("no test panics while it holds the clock")
    }
}
