//! Days that are due, over changes of clocks, dates and zones.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::{GRACE_MS, due, first_open};
use crate::day::Day;

fn at(text: &str) -> i64 {
    text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp_millis()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The days that are due at an instant when this one was closed last; stale ones with a `*`.
fn check(zone: Tz, closed: &str, now: &str, grace_ms: i64, expected: &[&str]) {
    let today = Day::at(at(now), zone);
    let first = first_open(Some(date(closed)), None, &today);
    let found: Vec<_> = due(first, at(now) - grace_ms, &today)
        .into_iter()
        .map(|due| format!("{}{}", due.day.date(), if due.is_stale { "*" } else { "" }))
        .collect();
    assert_eq!(found, expected, "{zone} at {now} after {closed}");
}

#[test]
fn yesterday_is_due_once_it_is_over_and_polls_wait_ten_minutes() {
    let zone = Tz::Asia__Jerusalem;
    check(zone, "2026-11-15", "2026-11-16T21:59:59Z", 0, &[]);
    check(zone, "2026-11-15", "2026-11-16T22:00:00Z", 0, &["2026-11-16"]);
    check(zone, "2026-11-15", "2026-11-16T22:09:59Z", GRACE_MS, &[]);
    check(zone, "2026-11-15", "2026-11-16T22:10:00Z", GRACE_MS, &["2026-11-16"]);
    check(zone, "2026-11-16", "2026-11-16T22:10:00Z", GRACE_MS, &[]);
    check(zone, "2026-11-15", "2026-11-17T12:00:00Z", GRACE_MS, &["2026-11-16"]);
    check(zone, "2026-11-13", "2026-11-16T22:07:00Z", 0, &["2026-11-14", "2026-11-15", "2026-11-16"]);
}

#[test]
fn days_of_23_and_25_hours_are_due_at_their_own_end() {
    let zone = Tz::Asia__Jerusalem;
    check(zone, "2026-03-26", "2026-03-27T20:59:59Z", 0, &[]);
    check(zone, "2026-03-26", "2026-03-27T21:00:00Z", 0, &["2026-03-27"]);
    check(zone, "2026-10-24", "2026-10-25T21:59:59Z", 0, &[]);
    check(zone, "2026-10-24", "2026-10-25T22:00:00Z", 0, &["2026-10-25"]);
}

#[test]
fn a_date_that_the_zone_skipped_is_no_day() {
    let zone = Tz::Pacific__Apia;
    check(zone, "2011-12-28", "2011-12-30T12:00:00Z", 0, &["2011-12-29"]);
    check(zone, "2011-12-29", "2011-12-31T12:00:00Z", 0, &["2011-12-31"]);
}

#[test]
fn after_a_change_of_the_zone_no_day_comes_twice() {
    // The 16th was closed in the east; in the west it has not ended, and then not begun.
    check(Tz::America__New_York, "2026-11-16", "2026-11-16T23:00:00Z", 0, &[]);
    check(Tz::America__New_York, "2026-11-16", "2026-11-17T05:07:00Z", 0, &[]);
    check(Tz::America__New_York, "2026-11-16", "2026-11-18T05:07:00Z", 0, &["2026-11-17"]);
    check(Tz::Pacific__Auckland, "2026-11-15", "2026-11-16T11:07:00Z", 0, &["2026-11-16"]);
}

#[test]
fn thirty_days_are_caught_up_by_events_and_older_ones_are_stale() {
    let today = Day::at(at("2026-11-16T12:00:00Z"), Tz::UTC);
    let first = first_open(Some(date("2026-10-06")), None, &today);
    let days = due(first, today.start_ms(), &today);
    assert_eq!(days.len(), 40);
    let stale: Vec<_> = days.iter().filter(|due| due.is_stale).map(|due| due.day.date()).collect();
    assert_eq!((stale.len(), stale.last()), (10, Some(&date("2026-10-16"))));
}

#[test]
fn a_workspace_that_was_never_closed_begins_where_it_was_first_seen() {
    let today = Day::at(at("2026-11-16T12:00:00Z"), Tz::UTC);
    assert_eq!(first_open(None, None, &today), today);
    let seen = first_open(None, Some(at("2026-11-14T23:59:59Z")), &today);
    assert_eq!(seen.date(), date("2026-11-14"));
    let ancient = first_open(Some(date("1970-01-01")), None, &today);
    assert!(due(ancient, today.start_ms(), &today).len() <= 4_000);
}
