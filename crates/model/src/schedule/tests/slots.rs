//! Slots where people look first: known days of known zones, limits, intervals, jitter.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use expect_test::{Expect, expect};

use super::{
    super::{Schedule, jitter_offset},
    instant,
};

fn check(pattern: &str, zone: Tz, after: &str, until: &str, expected: Expect) {
    let schedule = Schedule::parse(pattern).unwrap();
    let slots = schedule.slots(instant(after), instant(until), zone);
    let lines: Vec<String> = slots.map(|slot| slot.with_timezone(&zone).to_rfc3339() + "\n").collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn a_skipped_hour_in_berlin() {
    let (after, until) = ("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z");
    check(
        "30 2 * * *",
        Tz::Europe__Berlin,
        after,
        until,
        expect![[r#"
        2026-03-29T03:00:00+02:00
        2026-03-30T02:30:00+02:00
    "#]],
    );
    check(
        "0,15,30 2-3 * * *",
        Tz::Europe__Berlin,
        after,
        until,
        expect![[r#"
        2026-03-29T03:00:00+02:00
        2026-03-29T03:15:00+02:00
        2026-03-29T03:30:00+02:00
        2026-03-30T02:00:00+02:00
        2026-03-30T02:15:00+02:00
        2026-03-30T02:30:00+02:00
        2026-03-30T03:00:00+02:00
        2026-03-30T03:15:00+02:00
        2026-03-30T03:30:00+02:00
    "#]],
    );
    check(
        "*/30 2 * * *",
        Tz::Europe__Berlin,
        after,
        until,
        expect![[r#"
        2026-03-30T02:00:00+02:00
        2026-03-30T02:30:00+02:00
    "#]],
    );
}

#[test]
fn a_repeated_hour_in_berlin() {
    let (after, until) = ("2026-10-24T22:00:00Z", "2026-10-25T03:00:00Z");
    check(
        "30 2 * * *",
        Tz::Europe__Berlin,
        after,
        until,
        expect![[r#"
        2026-10-25T02:30:00+02:00
    "#]],
    );
    check(
        "*/30 2 * * *",
        Tz::Europe__Berlin,
        after,
        until,
        expect![[r#"
        2026-10-25T02:00:00+02:00
        2026-10-25T02:30:00+02:00
        2026-10-25T02:00:00+01:00
        2026-10-25T02:30:00+01:00
    "#]],
    );
    check(
        "0 * * * *",
        Tz::Europe__Berlin,
        after,
        until,
        expect![[r#"
        2026-10-25T01:00:00+02:00
        2026-10-25T02:00:00+02:00
        2026-10-25T02:00:00+01:00
        2026-10-25T03:00:00+01:00
        2026-10-25T04:00:00+01:00
    "#]],
    );
    check(
        "0 0-23 * * *",
        Tz::Europe__Berlin,
        after,
        until,
        expect![[r#"
        2026-10-25T01:00:00+02:00
        2026-10-25T02:00:00+02:00
        2026-10-25T03:00:00+01:00
        2026-10-25T04:00:00+01:00
    "#]],
    );
}

#[test]
fn a_skipped_date_in_apia_and_a_gap_of_three_hours_in_casey() {
    let (after, until) = ("2011-12-29T09:00:00Z", "2012-01-01T00:00:00Z");
    check(
        "0 12 * * *",
        Tz::Pacific__Apia,
        after,
        until,
        expect![[r#"
        2011-12-29T12:00:00-10:00
        2011-12-31T12:00:00+14:00
        2012-01-01T12:00:00+14:00
    "#]],
    );
    check(
        "0 0 * * *",
        Tz::Pacific__Apia,
        after,
        until,
        expect![[r#"
        2011-12-29T00:00:00-10:00
        2011-12-31T00:00:00+14:00
        2012-01-01T00:00:00+14:00
    "#]],
    );
    let (after, until) = ("2020-10-02T12:00:00Z", "2020-10-04T12:00:00Z");
    check(
        "30 1 * * *",
        Tz::Antarctica__Casey,
        after,
        until,
        expect![[r#"
        2020-10-03T01:30:00+08:00
        2020-10-04T03:01:00+11:00
    "#]],
    );
}

#[test]
fn both_day_fields_and_rare_dates() {
    check(
        "0 0 13 * 5",
        Tz::UTC,
        "2026-02-01T00:00:00Z",
        "2026-03-14T00:00:00Z",
        expect![[r#"
        2026-02-06T00:00:00+00:00
        2026-02-13T00:00:00+00:00
        2026-02-20T00:00:00+00:00
        2026-02-27T00:00:00+00:00
        2026-03-06T00:00:00+00:00
        2026-03-13T00:00:00+00:00
    "#]],
    );
    check(
        "0 0 29 2 *",
        Tz::UTC,
        "2095-01-01T00:00:00Z",
        "2108-12-31T00:00:00Z",
        expect![[r#"
        2096-02-29T00:00:00+00:00
        2104-02-29T00:00:00+00:00
        2108-02-29T00:00:00+00:00
    "#]],
    );
    check(
        "0 0 * 2 1#5",
        Tz::UTC,
        "2026-01-01T00:00:00Z",
        "2110-12-31T00:00:00Z",
        expect![[r#"
        2044-02-29T00:00:00+00:00
        2072-02-29T00:00:00+00:00
    "#]],
    );
}

#[test]
fn a_slot_lies_strictly_after_and_until_is_included() {
    let schedule = Schedule::parse("0 2 * * *").unwrap();
    let slot = instant("2026-05-05T02:00:00Z");
    assert!(schedule.is_slot(slot, Tz::UTC));
    assert!(!schedule.is_slot(slot + TimeDelta::nanoseconds(1), Tz::UTC));
    assert!(!schedule.is_slot(slot, Tz::Europe__Berlin));
    assert_eq!(schedule.next_after(slot, Tz::UTC), Some(slot + TimeDelta::days(1)));
    assert_eq!(schedule.next_after(slot - TimeDelta::nanoseconds(1), Tz::UTC), Some(slot));
    assert_eq!(schedule.slots(slot - TimeDelta::seconds(1), slot, Tz::UTC).count(), 1);
    assert_eq!(schedule.slots(slot, slot, Tz::UTC).count(), 0);
    assert_eq!(schedule.slots(slot, slot - TimeDelta::days(3), Tz::UTC).count(), 0);
}

#[test]
fn the_ends_of_time_are_no_trouble() {
    let zone = Tz::Pacific__Apia;
    for schedule in [Schedule::parse("* * * * *"), Schedule::parse("0 0 29 2 *"), Schedule::every("1h")] {
        let schedule = schedule.unwrap();
        assert_eq!(schedule.next_after(DateTime::<Utc>::MAX_UTC, zone), None);
        assert!(schedule.next_after(DateTime::<Utc>::MIN_UTC, zone).is_some());
        assert!(!schedule.is_slot(DateTime::<Utc>::MIN_UTC, zone));
        assert_eq!(schedule.next_after(instant("9999-12-31T23:59:59Z"), zone), None);
        assert!(
            schedule.slots(instant("9998-12-30T00:00:00Z"), DateTime::<Utc>::MAX_UTC, zone).take(9).count()
                < 10
        );
        assert!(schedule.notes(DateTime::<Utc>::MIN_UTC, instant("1900-01-01T00:00:00Z"), zone).len() < 5);
    }
}

#[test]
fn intervals_are_counted_from_the_epoch_in_every_zone() {
    let schedule = Schedule::every("7h").unwrap();
    let after = instant("2026-03-29T00:30:00Z");
    let slot = schedule.next_after(after, Tz::Europe__Berlin).unwrap();
    assert_eq!(slot.timestamp() % (7 * 3600), 0);
    assert!(slot > after && slot - after <= TimeDelta::hours(7));
    assert_eq!(schedule.next_after(after, Tz::Asia__Kathmandu), Some(slot));
    assert_eq!(schedule.next_after(slot, Tz::UTC), Some(slot + TimeDelta::hours(7)));
    let before_epoch = instant("1969-12-31T23:59:59.5Z");
    assert_eq!(schedule.next_after(before_epoch, Tz::UTC), Some(DateTime::UNIX_EPOCH));
}

#[test]
fn jitter_is_stable_and_spread_evenly() {
    let jitter = Duration::from_mins(1);
    assert_eq!(jitter_offset("palo-hardware", jitter), jitter_offset("palo-hardware", jitter));
    assert_eq!(jitter_offset("palo-hardware", Duration::ZERO), Duration::ZERO);
    // The value itself is pinned: another one would move every task after an upgrade.
    expect!["17.227s"].assert_eq(&format!("{:?}", jitter_offset("palo-hardware", jitter)));
    let mut tenths = [0; 10];
    for task in 0..10_000 {
        let offset = jitter_offset(&format!("task-{task}"), jitter);
        assert!(offset < jitter && offset.subsec_nanos().is_multiple_of(1_000_000));
        tenths[offset.as_millis() as usize / 6000] += 1;
    }
    assert!(tenths.iter().all(|count| (900..1100).contains(count)), "{tenths:?}");
}

#[test]
fn shortly_after_midnight_in_jerusalem_on_days_of_25_and_23_hours() {
    let night = "7 0 * * *";
    let zone = Tz::Asia__Jerusalem;
    check(
        night,
        zone,
        "2026-10-24T12:00:00Z",
        "2026-10-26T12:00:00Z",
        expect![[r#"
        2026-10-25T00:07:00+03:00
        2026-10-26T00:07:00+02:00
    "#]],
    );
    check(
        night,
        zone,
        "2026-03-26T12:00:00Z",
        "2026-03-28T12:00:00Z",
        expect![[r#"
        2026-03-27T00:07:00+02:00
        2026-03-28T00:07:00+03:00
    "#]],
    );
}
