//! When a cluster ran, as intervals: rebuilt from its events (B.4.1), or sampled from the list where there are none
//! (B.4.2), and how much of it lies on a day (B.1). It asks nobody, keeps nothing and knows no thresholds.
//!
//! All instants are milliseconds since the Unix epoch. There is one `now` per poll, see [`poll_instant`].

mod event;
mod interval;
mod listed;
mod rebuild;
mod sample;
mod union;
mod usage;

pub use self::{
    event::{Event, EventKind},
    interval::{Interval, Source},
    listed::{Listed, Presence, State},
    rebuild::{CountFrom, Rebuild, fetch_from, needs_event_before, rebuild},
    sample::sample,
    union::union,
    usage::{Certainty, DayUsage, usage},
};

/// The one `now` of a poll (B.4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollInstant {
    /// What counts as now.
    pub at_ms: i64,
    /// How far the clock is behind the last poll; 0 if it is not. More is worth a line in the log.
    pub behind_ms: i64,
}

/// An instant that lies further ahead was noted by a clock that went wrong, not by one that is a little behind now.
pub const BELIEVED_MS: i64 = 24 * 3_600_000;

/// Time of polls never steps back: a clock that is behind the last poll is not believed (B.4.4). A last poll that lies days
/// ahead is not believed either.
pub fn poll_instant(clock_ms: i64, last_poll_ms: Option<i64>) -> PollInstant {
    let last_poll_ms = last_poll_ms.filter(|last| last.saturating_sub(clock_ms) <= BELIEVED_MS);
    let at_ms = last_poll_ms.map_or(clock_ms, |last| last.max(clock_ms));
    PollInstant { at_ms, behind_ms: at_ms - clock_ms }
}

/// Whether a poll must ask for a cluster's events (B.4.1). `cursor_ms` is the latest stored event or the last successful
/// fetch, whichever is later, and `looked_at_ms` when its events were last asked for.
pub fn is_interesting(
    listed: &Listed,
    known: &[Interval],
    cursor_ms: Option<i64>,
    looked_at_ms: Option<i64>,
    day_start_ms: i64,
) -> bool {
    let (Some(cursor), Some(looked_at)) = (cursor_ms, looked_at_ms) else {
        return true;
    };
    let stamps = [listed.last_restarted_ms, listed.terminated_ms, listed.last_state_loss_ms];
    listed.state != State::Terminated
        || known.iter().any(|interval| interval.end_ms.is_none() || interval.provisional)
        || stamps.iter().flatten().any(|&stamp| stamp > cursor)
        || looked_at < day_start_ms
}

#[cfg(test)]
mod tests;
