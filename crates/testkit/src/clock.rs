//! A clock that moves only when it is told to. It never reads the system's.

use std::{sync::Mutex, time::Duration};

use roundsman_model::{
    Clock, Timestamp,
    time::{SteadyClock, Uptime, delta},
};

/// A clock for tests.
pub struct FakeClock(Mutex<State>);

struct State {
    wall: Timestamp,
    uptime: Uptime,
}

impl FakeClock {
    /// A clock that stands at an instant, given as RFC 3339.
    pub fn at(rfc3339: &str) -> Self {
        let uptime = Uptime { total: Duration::from_secs(1_000), awake: Duration::from_secs(1_000) };
        Self(Mutex::new(State { wall: rfc3339.parse().expect("an RFC 3339 instant"), uptime }))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("no test panics while it holds the clock")
    }

    /// Sets the clock to an instant, as a person or NTP does: no time passes.
    pub fn set(&self, at: Timestamp) {
        self.state().wall = at;
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state();
        state.wall += delta(by);
        state.uptime.total += by;
        state.uptime.awake += by;
    }

    /// Lets time pass with the host suspended.
    pub fn suspend(&self, by: Duration) {
        let mut state = self.state();
        state.wall += delta(by);
        state.uptime.total += by;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.state().wall
    }
}

impl SteadyClock for FakeClock {
    fn uptime(&self) -> Uptime {
        self.state().uptime
    }
}
