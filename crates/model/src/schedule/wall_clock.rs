//! From the time on the wall to the instant: how a schedule goes through the hours that a zone skips or repeats.
//! It does not know what a schedule looks like, and asks chrono-tz for nothing but the offset at an instant.
//!
//! All times are whole seconds: `at`, `now`, `after` count from the Unix epoch, `wall`, `mark` from
//! 1970-01-01T00:00:00 on the wall.

use std::ops::Range;

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;

/// Offsets lie between -12 and +14 hours, so no clock is ever put back further than this.
const MAX_SHIFT_SECS: i64 = 26 * 3600;
/// No zone changes its offset twice within this time (the closest pair in the database is 6.9 days apart).
const PROBE_SECS: i64 = 86_400;
/// When no shift is so near, the way to a far slot may be skipped: a later shift repeats no time already passed.
const CLEAR_SECS: i64 = 2 * 86_400;
/// A longer gap is a skipped date: what was due in it is dropped.
pub(super) const MAX_MOVE_SECS: i64 = 3 * 3600;

/// How a schedule goes through a change of the clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Each matching time has one slot: when the clock first shows it, or first shows a later time.
    Fixed,
    /// Each instant at which the clock shows a matching time is a slot.
    FollowsClock,
}

/// A change of a zone's offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shift {
    /// The first instant of the new offset.
    pub(super) at: i64,
    before: i64,
    after: i64,
}

impl Shift {
    /// What the clock would have shown without the shift.
    pub(super) fn from(self) -> i64 {
        self.at + self.before
    }

    /// What the clock shows.
    pub(super) fn to(self) -> i64 {
        self.at + self.after
    }

    /// The times that the clock never shows.
    pub(super) fn gap(self) -> Option<Range<i64>> {
        (self.before < self.after).then(|| self.from()..self.to())
    }

    /// The times that the clock shows twice.
    pub(super) fn overlap(self) -> Option<Range<i64>> {
        (self.before > self.after).then(|| self.to()..self.from())
    }

    /// Whether a fixed time that the clock never shows still has a slot.
    pub(super) fn moves_slots(self) -> bool {
        self.after - self.before <= MAX_MOVE_SECS
    }
}

impl Rule {
    /// The last wall time that needs no more looking at once the clocks have changed.
    fn mark_after(self, shift: Shift, mark: i64) -> i64 {
        match self {
            Self::Fixed if shift.moves_slots() => mark.max(shift.from() - 1),
            Self::Fixed | Self::FollowsClock => shift.to() - 1,
        }
    }

    /// The last wall time whose slots all lie at or before the instant.
    fn mark_at(self, zone: Tz, at: i64) -> i64 {
        let mut mark = wall_at(zone, at);
        if self == Self::FollowsClock {
            return mark;
        }
        let mut from = at - MAX_SHIFT_SECS - 1;
        while let Some(shift) = next_shift(zone, from, at) {
            mark = mark.max(shift.from() - 1);
            from = shift.at;
        }
        mark
    }
}

/// What the clock shows at an instant.
pub(super) fn wall_at(zone: Tz, at: i64) -> i64 {
    at + offset_at(zone, at)
}

/// The first change of the offset after `from`, up to and including `until`.
pub(super) fn next_shift(zone: Tz, from: i64, until: i64) -> Option<Shift> {
    let before = offset_at(zone, from);
    let mut unchanged = from;
    while unchanged < until {
        let mut changed = (unchanged + PROBE_SECS).min(until);
        if offset_at(zone, changed) == before {
            unchanged = changed;
            continue;
        }
        while changed - unchanged > 1 {
            let middle = i64::midpoint(unchanged, changed);
            if offset_at(zone, middle) == before {
                unchanged = middle;
            } else {
                changed = middle;
            }
        }
        return Some(Shift { at: changed, before, after: offset_at(zone, changed) });
    }
    None
}

/// The first slot after `after` of the wall times that `next_wall` gives: the first one after a wall time.
pub(super) fn next_slot(
    rule: Rule,
    zone: Tz,
    after: i64,
    next_wall: impl Fn(i64) -> Option<i64>,
) -> Option<i64> {
    let mut now = after;
    let mut mark = rule.mark_at(zone, after);
    loop {
        // Times that fell into a gap lie before `now` and are due at its end.
        let slot = (next_wall(mark)? - offset_at(zone, now)).max(now);
        let clear = now + CLEAR_SECS;
        match next_shift(zone, now, slot.min(clear)) {
            Some(shift) => {
                mark = rule.mark_after(shift, mark);
                now = shift.at;
            }
            None if slot <= clear => return Some(slot),
            None => now = clear.max(slot - CLEAR_SECS),
        }
    }
}

fn offset_at(zone: Tz, at: i64) -> i64 {
    let utc = DateTime::from_timestamp(at, 0).unwrap_or(DateTime::UNIX_EPOCH).naive_utc();
    i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc())
}
