//! How far a run is, for people: files, rows, bytes; and in all, where the last good run tells. It decides nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use roundsman_task::{ByteSize, TaskContext, Timestamp};

/// After how many bytes it is told again.
const TELL_EVERY: u64 = 1 << 20;

/// After how long it is told again, where bytes come slowly.
const TELL_AFTER: TimeDelta = TimeDelta::seconds(2);

/// What is known of the run so far.
pub struct Board {
    cx: TaskContext,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    units: Vec<(u64, u64)>,
    files: usize,
    expected: Option<u64>,
    told: u64,
    told_at: Option<Timestamp>,
}

impl Board {
    /// A run of so many units, that come to so many bytes if they are as the last time.
    pub fn new(cx: &TaskContext, units: usize, expected: Option<u64>) -> Self {
        let state = State { units: vec![(0, 0); units], expected, ..State::default() };
        Self { cx: cx.clone(), state: Mutex::new(state) }
    }

    /// So much of a unit came so far; less than before where it is tried again.
    pub fn came(&self, unit: usize, bytes: u64, rows: u64, title: &str) {
        let mut state = self.state();
        if let Some(own) = state.units.get_mut(unit) {
            *own = (bytes, rows);
        }
        let all = state.bytes();
        let is_much = all.abs_diff(state.told) >= TELL_EVERY;
        if is_much || (all != state.told && self.is_long_ago(&state)) {
            self.tell(&mut state, title);
        }
    }

    /// A unit is over.
    pub fn over(&self, title: &str) {
        let mut state = self.state();
        state.files += 1;
        self.tell(&mut state, title);
    }

    fn is_long_ago(&self, state: &State) -> bool {
        state.told_at.is_none_or(|told_at| self.cx.now() - told_at >= TELL_AFTER)
    }

    fn tell(&self, state: &mut State, title: &str) {
        (state.told, state.told_at) = (state.bytes(), Some(self.cx.now()));
        let (bytes, rows) = (state.bytes(), state.units.iter().map(|(_, rows)| rows).sum::<u64>());
        // More than the last time came: then nobody knows how much there is.
        let total = state.expected.filter(|expected| *expected >= bytes);
        // Whole units: all digits of a size that grows tell nothing.
        let unit = [20, 10, 0].into_iter().find(|unit| bytes >> unit > 0).unwrap_or_default();
        let size = ByteSize(bytes >> unit << unit);
        let note = format!("{} of {} files, {rows} rows, {size}: {title}", state.files, state.units.len());
        self.cx.progress(bytes, total, note);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn bytes(&self) -> u64 {
        self.units.iter().map(|(bytes, _)| bytes).sum()
    }
}

#[cfg(test)]
mod tests;
