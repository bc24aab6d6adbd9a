//! Counting slots finds what walking through them finds.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::instant;
use crate::{Schedule, misfire::Passed};

const SCHEDULES: [&str; 12] = [
    "* * * * *",
    "*/7 * * * *",
    "30 2 * * *",
    "0 0 * * *",
    "59 23 * * 1-5",
    "15 1-3 * * *",
    "*/20 2 * * SUN",
    "0 12 29 2 *",
    "0 0 1,15 * FRI",
    "10 */30 4 * * *",
    "0 3 31 * *",
    "*/30 0-1 * 3,10 *",
];
const ZONES: [Tz; 6] = [
    Tz::UTC,
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::Australia__Lord_Howe,
    Tz::Africa__Casablanca,
    Tz::Pacific__Apia,
];

fn walked(schedule: &Schedule, after: DateTime<Utc>, until: DateTime<Utc>, zone: Tz) -> Option<Passed> {
    schedule.slots(after, until, zone).fold(None, |range, slot| {
        let range = range.unwrap_or(Passed { first: slot, last: slot, count: 0 });
        Some(Passed { last: slot, count: range.count + 1, ..range })
    })
}

proptest! {
    #[test]
    fn counting_is_walking(
        schedule in 0..SCHEDULES.len(),
        zone in 0..ZONES.len(),
        from_secs in 1_200_000_000_i64..1_900_000_000,
        length_secs in 0_i64..15_000_000,
    ) {
        let schedule = Schedule::parse(SCHEDULES[schedule]).unwrap();
        let after = DateTime::from_timestamp(from_secs, 500_000_000).unwrap();
        let until = after + TimeDelta::seconds(length_secs);
        let zone = ZONES[zone];
        prop_assert_eq!(schedule.tally(after, until, zone), walked(&schedule, after, until, zone));
    }

    #[test]
    fn intervals_are_counted(secs in 1_u64..100_000, from_secs in -100_000_i64..100_000, length_secs in 0_i64..300_000) {
        let schedule = Schedule::every_duration(Duration::from_secs(secs)).unwrap();
        let after = DateTime::from_timestamp(from_secs, 1).unwrap();
        let until = after + TimeDelta::seconds(length_secs);
        prop_assert_eq!(schedule.tally(after, until, Tz::UTC), walked(&schedule, after, until, Tz::UTC));
    }
}

#[test]
fn a_single_instant_is_one() {
    let schedule = Schedule::at("2026-12-01T02:00").unwrap();
    let (after, until) = (instant("2026-11-01T00:00:00Z"), instant("2036-11-01T00:00:00Z"));
    let slot = instant("2026-12-01T01:00:00Z");
    let once = Some(Passed { first: slot, last: slot, count: 1 });
    assert_eq!(schedule.tally(after, until, Tz::Europe__Berlin), once);
    assert_eq!(schedule.tally(slot, until, Tz::Europe__Berlin), None);
}

#[test]
fn ten_years_of_ten_seconds_are_counted_at_once() {
    let schedule = Schedule::parse("*/10 * * * * *").unwrap();
    let (after, until) = (instant("2026-01-01T00:00:00Z"), instant("2036-01-01T00:00:00Z"));
    let all = schedule.tally(after, until, Tz::UTC).unwrap();
    assert_eq!((all.count, all.last), (3_652 * 8_640, until));
}
