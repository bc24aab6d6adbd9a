//! A breaker: after some failures in a row nothing is asked of a host for a while, then one request tries whether it is back.
//! It sends nothing.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use roundsman_model::{Timestamp, time::delta};

/// Failures of one host in a row, and the pause that follows them. Clones share their count.
#[derive(Debug, Clone)]
pub struct Breaker {
    most: u32,
    pause: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    faults: u32,
    until: Option<Timestamp>,
    /// Somebody tries whether the host is back.
    trying: bool,
}

/// Nothing is asked for so long, after so many failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) faults: u32,
    pub(crate) until: Timestamp,
}

impl Breaker {
    /// A breaker that opens after so many failures in a row, for so long.
    pub fn new(most: u32, pause: Duration) -> Self {
        Self { most: most.max(1), pause, state: Arc::default() }
    }

    /// Whether a request may be sent now. Once the pause is over, one may; the others wait for what comes of it.
    pub(crate) fn may_ask(&self, now: Timestamp) -> Result<(), Open> {
        let mut state = self.lock();
        let Some(until) = state.until else { return Ok(()) };
        if now < until || state.trying {
            return Err(Open { faults: state.faults, until: until.max(now) });
        }
        state.trying = true;
        Ok(())
    }

    /// The host answered.
    pub(crate) fn well(&self) {
        *self.lock() = State::default();
    }

    /// The host failed.
    pub(crate) fn fault(&self, now: Timestamp) {
        let mut state = self.lock();
        state.faults = state.faults.saturating_add(1);
        state.trying = false;
        if state.faults >= self.most {
            state.until = Some(now + delta(self.pause));
        }
    }

    /// A request ended that says nothing of the host.
    pub(crate) fn nothing_learnt(&self) {
        self.lock().trying = false;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_pauses_tries_and_closes() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let later = |secs| now + delta(Duration::from_secs(secs));
        let breaker = Breaker::new(2, Duration::from_secs(30));
        breaker.fault(now);
        assert_eq!(breaker.may_ask(now), Ok(()));
        breaker.fault(now);
        assert_eq!(breaker.may_ask(later(29)), Err(Open { faults: 2, until: later(30) }));
        assert_eq!(breaker.may_ask(later(30)), Ok(()), "one tries");
        assert!(breaker.may_ask(later(31)).is_err(), "the others wait");
        breaker.fault(later(31));
        assert!(breaker.may_ask(later(60)).is_err(), "the pause begins anew");
        assert_eq!(breaker.may_ask(later(61)), Ok(()));
        breaker.nothing_learnt();
        assert_eq!(breaker.may_ask(later(62)), Ok(()));
        breaker.well();
        breaker.fault(later(63));
        assert_eq!(breaker.may_ask(later(63)), Ok(()), "the count begins anew");
    }
}
