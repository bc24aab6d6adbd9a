//! When running clusters will reach their thresholds, so that one extra run can be there (B.4.4). It orders no run.

use super::{charge::Charge, limits::Limits};
use crate::day::Day;

/// How long after the crossing the extra run comes, so that the crossing is past on all clocks.
const AFTER_MS: i64 = 5_000;
/// Runs are no closer than this.
pub const SPACING_MS: i64 = 60_000;

/// How far a cluster is, and how fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// What counts against its thresholds.
    pub charge: Charge,
    /// Its thresholds.
    pub limits: Limits,
}

/// The instants at which a cluster will reach its thresholds if it goes on as it does: today's, and after midnight, where
/// it begins again with nothing, tomorrow's.
pub fn crossings(pace: Pace, day: &Day, now_ms: i64) -> Vec<i64> {
    let Pace { charge, limits } = pace;
    if charge.running == 0 || limits.exempt {
        return Vec::new();
    }
    let running = i64::from(charge.running);
    let reached = |threshold: i64, used: i64, from: i64| {
        let left = threshold - used;
        (left > 0).then(|| from + (left + running - 1) / running)
    };
    let thresholds = [limits.soft_ms, limits.hard_ms];
    let today = thresholds.map(|threshold| reached(threshold, charge.used_ms, now_ms));
    let today = today.into_iter().flatten().filter(|&at| at < day.end_ms());
    let tomorrow = thresholds.map(|threshold| reached(threshold, 0, day.end_ms().max(now_ms)));
    today.chain(tomorrow.into_iter().flatten()).collect()
}

/// The instant for one extra run: right after the first crossing, if that is before the next poll.
pub fn wake_at(
    paces: impl IntoIterator<Item = Pace>,
    day: &Day,
    now_ms: i64,
    next_poll_ms: i64,
) -> Option<i64> {
    let first = paces.into_iter().flat_map(|pace| crossings(pace, day, now_ms)).min()?;
    let wake = (first + AFTER_MS).max(now_ms + SPACING_MS);
    (wake < next_poll_ms).then_some(wake)
}
