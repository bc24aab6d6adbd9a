//! Which days have ended and are not closed (B.7). It closes none and asks nobody.

use chrono::NaiveDate;

use crate::day::Day;

/// So many days before today are caught up by events; older ones are closed from what is known of them.
pub const CATCH_UP_DAYS: i64 = 30;
/// A poll closes only days that ended so long ago: the last events of a day need a moment to show up, and right after
/// midnight the task of the end of the day is about to come.
pub const GRACE_MS: i64 = 10 * 60_000;
/// Whoever was away for longer than this begins anew; nothing that old is known anyway.
const MOST_DAYS: i64 = 4_000;

/// A day that has ended and is not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueDay {
    /// The day.
    pub day: Day,
    /// It is too long ago for its events to be asked for.
    pub is_stale: bool,
}

/// The first day that is not closed. A workspace of which no day was ever closed begins with the day on which a cluster was
/// first seen.
pub fn first_open(last_closed: Option<NaiveDate>, first_seen_ms: Option<i64>, today: &Day) -> Day {
    let zone = today.zone();
    let first = match (last_closed, first_seen_ms) {
        (Some(closed), _) => Day::of(closed, zone).next(),
        (None, Some(seen_ms)) => Day::at(seen_ms, zone),
        (None, None) => *today,
    };
    // After a change of the zone the day that was closed last may not even have begun here.
    let most = chrono::TimeDelta::days(MOST_DAYS);
    let earliest = today.date().checked_sub_signed(most).unwrap_or(today.date());
    if first.date() < earliest { Day::of(earliest, zone) } else { first }
}

/// The days from `first` on that ended at `until_ms` or before, oldest first. Dates that the zone skipped are no days.
pub fn due(first: Day, until_ms: i64, today: &Day) -> Vec<DueDay> {
    let oldest = oldest_by_events(today);
    let mut days = Vec::new();
    let mut day = first;
    while day.end_ms() <= until_ms && day.date() < today.date() {
        if day.length_ms() > 0 {
            days.push(DueDay { day, is_stale: day.date() < oldest.date() });
        }
        day = day.next();
    }
    days
}

/// The oldest day that is caught up by events.
pub(super) fn oldest_by_events(today: &Day) -> Day {
    let most = chrono::TimeDelta::days(CATCH_UP_DAYS);
    Day::of(today.date().checked_sub_signed(most).unwrap_or(today.date()), today.zone())
}

#[cfg(test)]
mod tests;
