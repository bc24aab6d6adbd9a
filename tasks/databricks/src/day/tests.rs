//! Days of zones that change their clocks, by day, at midnight and across the date line.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};
use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::Day;

const HOUR_MS: i64 = 3_600_000;

fn day(date: &str, zone: Tz) -> Day {
    Day::of(date.parse().unwrap(), zone)
}

/// Shows days: when they begin in UTC, and how long they last.
fn check(zone: Tz, dates: &[&str], expected: Expect) {
    let shown: Vec<String> = dates
        .iter()
        .map(|date| {
            let day = day(date, zone);
            let start = DateTime::from_timestamp_millis(day.start_ms()).unwrap();
            format!("{date} from {} for {} min\n", start.format("%FT%TZ"), day.length_ms() / 60_000)
        })
        .collect();
    expected.assert_eq(&shown.concat());
}

#[test]
fn the_day_of_the_worked_example_is_exact() {
    let day = day("2026-11-16", Tz::Asia__Jerusalem);
    assert_eq!((day.start_ms(), day.end_ms()), (1_794_780_000_000, 1_794_866_400_000));
    assert!(day.contains(day.start_ms()) && day.contains(day.end_ms() - 1));
    assert!(!day.contains(day.end_ms()) && !day.contains(day.start_ms() - 1));
}

#[test]
fn days_have_the_hours_that_their_zone_gives_them() {
    check(
        Tz::Asia__Jerusalem,
        &["2026-03-26", "2026-03-27", "2026-03-28", "2026-10-24", "2026-10-25", "2026-10-26"],
        expect![[r#"
            2026-03-26 from 2026-03-25T22:00:00Z for 1440 min
            2026-03-27 from 2026-03-26T22:00:00Z for 1380 min
            2026-03-28 from 2026-03-27T21:00:00Z for 1440 min
            2026-10-24 from 2026-10-23T21:00:00Z for 1440 min
            2026-10-25 from 2026-10-24T21:00:00Z for 1500 min
            2026-10-26 from 2026-10-25T22:00:00Z for 1440 min
        "#]],
    );
}

#[test]
fn a_midnight_that_the_clock_skips_is_the_first_instant_after_it() {
    check(
        Tz::America__Sao_Paulo,
        &["2018-11-03", "2018-11-04", "2018-11-05"],
        expect![[r#"
            2018-11-03 from 2018-11-03T03:00:00Z for 1440 min
            2018-11-04 from 2018-11-04T03:00:00Z for 1380 min
            2018-11-05 from 2018-11-05T02:00:00Z for 1440 min
        "#]],
    );
}

#[test]
fn a_midnight_that_the_clock_shows_twice_is_the_first_of_both() {
    check(
        Tz::America__Havana,
        &["2026-10-31", "2026-11-01", "2026-11-02"],
        expect![[r#"
            2026-10-31 from 2026-10-31T04:00:00Z for 1440 min
            2026-11-01 from 2026-11-01T04:00:00Z for 1500 min
            2026-11-02 from 2026-11-02T05:00:00Z for 1440 min
        "#]],
    );
}

#[test]
fn a_date_that_a_zone_skipped_has_no_time() {
    check(
        Tz::Pacific__Apia,
        &["2011-12-29", "2011-12-30", "2011-12-31"],
        expect![[r#"
            2011-12-29 from 2011-12-29T10:00:00Z for 1440 min
            2011-12-30 from 2011-12-30T10:00:00Z for 0 min
            2011-12-31 from 2011-12-30T10:00:00Z for 1440 min
        "#]],
    );
}

#[test]
fn clocks_put_back_just_after_midnight_do_not_reopen_the_day() {
    // At one minute past midnight the clock went back to 23:01 of the day before.
    let zone = Tz::America__St_Johns;
    let day = day("2010-11-07", zone);
    assert_eq!(day.length_ms(), 25 * HOUR_MS);
    let again = day.start_ms() + 30 * 60_000;
    let wall = zone.timestamp_millis_opt(again).unwrap();
    assert_eq!(wall.date_naive(), NaiveDate::from_ymd_opt(2010, 11, 6).unwrap());
    assert_eq!(Day::at(again, zone), day);
}

#[test]
fn instants_beyond_all_calendars_have_a_day_too() {
    for at_ms in [i64::MIN, i64::MAX] {
        let day = Day::at(at_ms, Tz::Asia__Tokyo);
        assert_eq!(day.length_ms(), 24 * HOUR_MS);
    }
}

#[test]
fn only_what_lies_on_the_day_counts() {
    let day = day("2026-11-16", Tz::Asia__Jerusalem);
    let (start, end) = (day.start_ms(), day.end_ms());
    assert_eq!(day.overlap_ms(start - HOUR_MS, start + HOUR_MS), HOUR_MS);
    assert_eq!(day.overlap_ms(end - 7, end + HOUR_MS), 7);
    assert_eq!(day.overlap_ms(start - HOUR_MS, end + HOUR_MS), 24 * HOUR_MS);
    assert_eq!(day.overlap_ms(start - HOUR_MS, start), 0);
    assert_eq!(day.overlap_ms(start + 10, start + 5), 0);
}

/// The first minute at which a date, or a later one, is on the wall, by looking at every minute.
fn first_minute(date: NaiveDate, zone: Tz) -> i64 {
    let noon = date.and_hms_opt(12, 0, 0).unwrap().and_utc() - TimeDelta::hours(40);
    (0..80 * 60)
        .map(|minute| noon + TimeDelta::minutes(minute))
        .find(|at| at.with_timezone(&zone).date_naive() >= date)
        .unwrap()
        .timestamp_millis()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_day_begins_with_the_first_minute_of_its_date(
        zone in prop::sample::select(&TZ_VARIANTS[..]), offset in 0..20_000_i64,
    ) {
        // After 1972 all offsets are whole minutes.
        let date = NaiveDate::from_ymd_opt(1973, 1, 1).unwrap() + TimeDelta::days(offset);
        prop_assert_eq!(Day::of(date, zone).start_ms(), first_minute(date, zone));
    }

    #[test]
    fn each_instant_is_of_one_day(
        zone in prop::sample::select(&TZ_VARIANTS[..]), at_ms in -2_000_000_000_000..4_000_000_000_000_i64,
    ) {
        let day = Day::at(at_ms, zone);
        prop_assert!(day.contains(at_ms));
        prop_assert_eq!(day.next().start_ms(), day.end_ms());
        prop_assert_eq!(day.previous().end_ms(), day.start_ms());
    }
}
