//! How alive the daemon is: the age of the last tick, whether the store answers, whether slots are overdue. It measures
//! on monotonic time and serves nothing.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use roundsman_store::StoreError;
use roundsman_telemetry::{StoreBack, StoreLost};
use tokio::time::Instant;

/// A tick older than this means that nothing fires.
pub(crate) const TICK_LIMIT: Duration = Duration::from_secs(15);

/// The daemon's state of health.
pub struct Health {
    state: Mutex<State>,
}

struct State {
    phase: &'static str,
    started: bool,
    last_tick: Option<Instant>,
    store_lost: Option<Instant>,
    store_seen: bool,
    overdue: u64,
    leader: String,
    clock: Option<String>,
}

/// What `/readyz` tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Readiness {
    /// Whether slots are fired.
    pub ready: bool,
    /// Each part: its name, whether it is well, and a few words.
    pub parts: Vec<(&'static str, bool, String)>,
}

impl Default for Health {
    fn default() -> Self {
        let state = State {
            phase: "starting",
            started: false,
            last_tick: None,
            store_lost: None,
            store_seen: false,
            overdue: 0,
            leader: "this node fires".to_owned(),
            clock: None,
        };
        Self { state: Mutex::new(state) }
    }
}

impl Health {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names what the daemon is at until it is started.
    pub fn enter_phase(&self, phase: &'static str) {
        self.state().phase = phase;
    }

    /// The daemon makes its rounds from now on.
    pub fn started(&self) {
        let mut state = self.state();
        state.started = true;
        state.phase = "running";
    }

    /// Slots were looked at.
    pub fn ticked(&self, overdue: u64) {
        let mut state = self.state();
        state.last_tick = Some(Instant::now());
        state.overdue = overdue;
    }

    /// The store could be read.
    pub(crate) fn store_read(&self) {
        self.state().store_seen = true;
    }

    /// The daemon is stopping: it fires no more.
    pub fn stopping(&self) {
        let mut state = self.state();
        state.started = false;
        state.phase = "draining";
    }

    /// The store was written, or opened.
    pub fn store_answered(&self) {
        let back = {
            let mut state = self.state();
            state.store_seen = true;
            state.store_lost.take()
        };
        if let Some(since) = back {
            StoreBack { after: since.elapsed() }.emit();
        }
    }

    /// A store call failed; tells it once per outage.
    pub fn store_failed(&self, error: &StoreError) {
        let first = {
            let mut state = self.state();
            let first = state.store_lost.is_none();
            state.store_lost.get_or_insert_with(Instant::now);
            first
        };
        if first {
            StoreLost { error }.emit();
        }
    }

    /// Who fires, in words.
    pub(crate) fn leads(&self, words: &str) {
        let mut state = self.state();
        if state.leader != words {
            words.clone_into(&mut state.leader);
        }
    }

    /// What is amiss with the wall clock, if firing waits for it.
    pub(crate) fn clock(&self, held: Option<String>) {
        self.state().clock = held;
    }

    /// Seconds since slots were last looked at; `None` before the first time.
    pub fn tick_age(&self) -> Option<Duration> {
        self.state().last_tick.map(|at| at.elapsed())
    }

    /// Whether the store answered last time.
    pub fn store_up(&self) -> bool {
        let state = self.state();
        state.store_seen && state.store_lost.is_none()
    }

    /// Slots that should have fired.
    pub fn overdue(&self) -> u64 {
        self.state().overdue
    }

    /// Whether slots are fired, part by part.
    pub fn readiness(&self) -> Readiness {
        let state = self.state();
        let tick = match state.last_tick.map(|at| at.elapsed()) {
            Some(age) => (age < TICK_LIMIT, format!("last tick {:.1} s ago", age.as_secs_f64())),
            None => (false, "no tick yet".to_owned()),
        };
        let store = match (state.store_lost, state.store_seen) {
            (Some(since), _) => (false, format!("away for {} s", since.elapsed().as_secs())),
            (None, true) => (true, "answers".to_owned()),
            (None, false) => (false, "not reached yet".to_owned()),
        };
        let slots = (state.overdue == 0, format!("{} overdue", state.overdue));
        let clock = state.clock.clone().map_or((true, "steady".to_owned()), |held| (false, held));
        let leader = (true, state.leader.clone());
        let phase = (state.started, state.phase.to_owned());
        let parts = [
            ("daemon", phase),
            ("store", store),
            ("tick", tick),
            ("slots", slots),
            ("clock", clock),
            ("leader", leader),
        ];
        let parts: Vec<_> = parts.into_iter().map(|(name, (well, words))| (name, well, words)).collect();
        Readiness { ready: parts.iter().all(|(_, well, _)| *well), parts }
    }
}
