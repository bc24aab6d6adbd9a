//! What state a check is in, from how it looked again and again: hysteresis and flapping. Pure; the memory between
//! runs is kept elsewhere.

use std::{fmt, time::Duration};

use roundsman_task::Timestamp;
use serde::{Deserialize, Serialize};

use super::judge::Level;

/// The state of a check on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// Not known: not looked at often enough, or not to be judged now.
    Unknown,
    /// As it should be.
    Ok,
    /// Of use, but not as it should be.
    Degraded,
    /// Of no use.
    Down,
    /// Changes too often to be called anything else.
    Flapping,
}

impl State {
    /// All of them.
    pub(super) const ALL: [Self; 5] = [Self::Unknown, Self::Ok, Self::Degraded, Self::Down, Self::Flapping];

    /// The name in results and metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Flapping => "flapping",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Level> for State {
    fn from(level: Level) -> Self {
        match level {
            Level::Ok => Self::Ok,
            Level::Degraded => Self::Degraded,
            Level::Down => Self::Down,
        }
    }
}

/// When states change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) fail_after: usize,
    pub(super) recover_after: usize,
    pub(super) flap_changes: usize,
    pub(super) flap_window: Duration,
}

/// What is kept of a check between runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct History {
    /// The settled level; absent until there is one.
    pub(super) level: Option<Level>,
    /// Since when the shown state is what it is.
    pub(super) since: Timestamp,
    /// The latest looks, oldest first.
    pub(super) recent: Vec<Level>,
    /// When the settled level changed, within the flap window.
    pub(super) changes: Vec<Timestamp>,
    /// Whether there are too many of these.
    pub(super) flapping: bool,
}

/// A change of the shown state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Turn {
    pub(super) from: State,
    pub(super) to: State,
    /// How long the state before had lasted, in seconds.
    pub(super) lasted_secs: i64,
}

impl History {
    /// Nothing seen so far.
    pub(super) const fn new(now: Timestamp) -> Self {
        Self { level: None, since: now, recent: Vec::new(), changes: Vec::new(), flapping: false }
    }

    /// The state to show.
    pub(super) fn state(&self) -> State {
        match self.level {
            _ if self.flapping => State::Flapping,
            Some(level) => level.into(),
            None => State::Unknown,
        }
    }

    /// Takes in one more look.
    pub(super) fn see(&mut self, seen: Level, now: Timestamp, rules: &Rules) -> Option<Turn> {
        let before = self.state();
        self.recent.push(seen);
        let surplus = self.recent.len().saturating_sub(rules.fail_after.max(rules.recover_after));
        self.recent.drain(..surplus);
        let settled = settled(self.level, &self.recent, rules);
        // Getting to know a check is not a change of it.
        if self.level.is_some() && settled != self.level {
            self.changes.push(now);
        }
        self.level = settled;
        let window = chrono::TimeDelta::from_std(rules.flap_window).unwrap_or(chrono::TimeDelta::MAX);
        self.changes.retain(|at| now.signed_duration_since(*at) < window);
        self.flapping = self.changes.len() > rules.flap_changes;
        let after = self.state();
        let lasted_secs = now.signed_duration_since(self.since).num_seconds().max(0);
        (before != after).then(|| {
            self.since = now;
            Turn { from: before, to: after, lasted_secs }
        })
    }
}

/// The level after these looks. It worsens to what the last `fail_after` looks were at least, and improves to what the
/// last `recover_after` looks were at most; a check that was never settled is good as soon as it looks good.
fn settled(level: Option<Level>, recent: &[Level], rules: &Rules) -> Option<Level> {
    let last = |count: usize| recent.len().checked_sub(count).map(|from| &recent[from..]);
    let at_least = last(rules.fail_after).and_then(|looks| looks.iter().min().copied());
    let at_most = last(rules.recover_after).and_then(|looks| looks.iter().max().copied());
    match level {
        None if recent.last() == Some(&Level::Ok) => Some(Level::Ok),
        None => at_least,
        Some(level) if at_least.is_some_and(|worse| worse > level) => at_least,
        Some(level) if at_most.is_some_and(|better| better < level) => at_most,
        same => same,
    }
}

#[cfg(test)]
mod tests;
