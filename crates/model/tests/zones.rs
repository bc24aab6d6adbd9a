//! Slots over every change of the clocks from 2000 to 2037 in zones with odd habits, against a walk minute by minute.
#![expect(clippy::unwrap_used, reason = "a test may panic, its functions included")]

#[path = "zones/oracle.rs"]
mod oracle;

use std::{collections::HashMap, sync::LazyLock};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use oracle::{Change, Fields, Walk, changes, local};
use proptest::prelude::*;
use roundsman_model::schedule::{Schedule, ScheduleError};

const ZONES: [Tz; 27] = [
    Tz::Africa__Cairo,
    Tz::Africa__Casablanca,
    Tz::America__Caracas,
    Tz::America__Havana,
    Tz::America__New_York,
    Tz::America__Recife,
    Tz::America__Sao_Paulo,
    Tz::America__St_Johns,
    Tz::Antarctica__Casey,
    Tz::Antarctica__Troll,
    Tz::Asia__Beirut,
    Tz::Asia__Gaza,
    Tz::Asia__Kathmandu,
    Tz::Asia__Kolkata,
    Tz::Asia__Pyongyang,
    Tz::Asia__Tehran,
    Tz::Australia__Lord_Howe,
    Tz::Europe__Berlin,
    Tz::Europe__Dublin,
    Tz::Europe__Istanbul,
    Tz::Europe__Lisbon,
    Tz::Pacific__Apia,
    Tz::Pacific__Chatham,
    Tz::Pacific__Fakaofo,
    Tz::Pacific__Fiji,
    Tz::Pacific__Kiritimati,
    Tz::UTC,
];

/// The changes of each zone.
static CHANGES: LazyLock<Vec<(Tz, Vec<Change>)>> =
    LazyLock::new(|| ZONES.into_iter().map(|zone| (zone, changes(zone))).collect());

const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

fn every_change() -> impl Iterator<Item = (Tz, Change)> {
    CHANGES.iter().flat_map(|(zone, changes)| changes.iter().map(|change| (*zone, *change)))
}

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(secs, 0).unwrap()
}

fn ours(schedule: &Schedule, after: i64, until: i64, zone: Tz) -> Vec<i64> {
    schedule.slots(at(after), at(until), zone).map(|slot| slot.timestamp()).collect()
}

/// Compares both for one pattern between two instants, asked from the first one and from many in between.
fn compare(zone: Tz, walk: &Walk, pattern: &str, after: i64, until: i64, step: i64) {
    let schedule = Schedule::cron(pattern).unwrap();
    let expected = walk.slots(&Fields::parse(pattern), after, until, step);
    let found = ours(&schedule, after, until, zone);
    let first = expected.iter().zip(&found).find(|(expected, found)| expected != found);
    assert!(
        expected == found,
        "`{pattern}` in {zone} after {}: {} expected, {} found; the first that differ: {:?}",
        local(zone, after),
        expected.len(),
        found.len(),
        first.map(|(expected, found)| (local(zone, *expected), local(zone, *found))),
    );
    assert!(found.is_sorted_by(|earlier, later| earlier < later), "`{pattern}` in {zone} does not increase");
    // Whoever starts to ask in the middle, within a repeated hour too, gets the same answer.
    let middle = i64::midpoint(after, until);
    let near = (-6..=6).map(|part| middle + part * 593).filter(|start| (after..until).contains(start));
    for start in near.chain((0..=8).map(|part| after + (until - after) * part / 8)) {
        let expected = expected.get(expected.partition_point(|slot| *slot <= start));
        let found = schedule.next_after(at(start), zone).map(|slot| slot.timestamp());
        let found = found.filter(|slot| *slot <= until);
        assert_eq!(found, expected.copied(), "`{pattern}` in {zone} after {start}: {}", local(zone, start));
    }
}

fn over_minutes(patterns: &[&str], reach: i64) {
    for (zone, Change { at, delta }) in every_change() {
        let (after, until) = (at - reach, at + reach + delta.abs());
        let walk = Walk::new(zone, after - DAY, until, 60);
        for pattern in patterns {
            compare(zone, &walk, pattern, after, until, 60);
        }
    }
}

#[test]
fn the_zones_change_their_clocks_as_often_as_history_says() {
    let count: HashMap<_, _> = CHANGES.iter().map(|(zone, changes)| (*zone, changes.len())).collect();
    assert_eq!([Tz::UTC, Tz::Asia__Kolkata, Tz::Pacific__Fakaofo].map(|zone| count[&zone]), [0, 0, 1]);
    assert_eq!([Tz::Asia__Pyongyang, Tz::America__Caracas].map(|zone| count[&zone]), [2, 2]);
    assert!(count[&Tz::Africa__Casablanca] > 60 && count[&Tz::Europe__Berlin] > 50, "{count:?}");
    assert!(count.values().sum::<usize>() > 1000, "{count:?}");
}

#[test]
fn fixed_times_agree_with_the_walk() {
    over_minutes(
        &[
            "0 0 * * *",
            "1 0 * * *",
            "30 0 * * *",
            "0 1 * * *",
            "30 1 * * *",
            "0 2 * * *",
            "30 2 * * *",
            "0 3 * * *",
            "30 23 * * *",
            "59 23 * * *",
            "15,45 1-3 * * *",
            "0 0-23 * * *",
            "30 2 * * 0",
            "0 0 30,31 12 *",
            "5 1 L * *",
            "30 0 13 * 5L,0#2",
        ],
        2 * DAY,
    );
}

#[test]
fn wildcards_agree_with_the_walk() {
    over_minutes(
        &["0 * * * *", "30 * * * *", "*/30 2 * * *", "*/20 0,1,23 * * *", "15 */2 * * *", "0 */3 * * 6,0"],
        2 * DAY,
    );
}

#[test]
fn dense_schedules_agree_with_the_walk() {
    over_minutes(&["* * * * *", "*/7 * * * *", "0-59 0-23 * * *", "3-59/5 1-2 * * *"], 4 * HOUR);
}

#[test]
fn seconds_agree_with_the_walk() {
    let patterns =
        ["*/10 * * * * *", "17 * * * * *", "5 0-59/2 0-23 * * *", "*/20 0,30 0-3 * * *", "59 59 * * * *"];
    for (zone, Change { at, delta }) in every_change() {
        let (after, until) = (at - 600, at + delta.abs() + 600);
        let walk = Walk::new(zone, after - delta.abs(), until, 1);
        for pattern in patterns {
            compare(zone, &walk, pattern, after, until, 1);
        }
    }
}

#[test]
fn a_daily_time_has_exactly_one_slot_on_each_date_that_exists() {
    let (start, end) = (at(946_684_800 - 2 * DAY), at(2_145_916_800 + 2 * DAY));
    let (first, last) = (NaiveDate::from_ymd_opt(2000, 1, 1), NaiveDate::from_ymd_opt(2037, 12, 31));
    for zone in ZONES {
        let dates: Vec<NaiveDate> = first
            .unwrap()
            .iter_days()
            .take_while(|date| *date <= last.unwrap())
            .filter(|date| exists(zone, *date))
            .collect();
        assert!(dates.len() >= 13_879, "{zone} has only {} dates", dates.len());
        for (hour, minute) in [(0, 0), (0, 30), (1, 0), (2, 30), (12, 0), (23, 30)] {
            let time = NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
            let schedule = Schedule::cron(&format!("{minute} {hour} * * *")).unwrap();
            let mut slots = schedule.slots(start, end, zone).map(|slot| slot.timestamp()).peekable();
            while slots.next_if(|slot| local(zone, *slot) < dates[0].and_time(time)).is_some() {}
            for date in &dates {
                let (wall, slot) = (date.and_time(time), slots.next().unwrap());
                let (shown, before) = (local(zone, slot), local(zone, slot - 1));
                let passed = before < wall && wall <= shown;
                assert!(passed, "{zone}: {wall} has its slot when the clock goes from {before} to {shown}");
            }
        }
    }
}

/// Whether a clock in the zone ever shows the date.
fn exists(zone: Tz, date: NaiveDate) -> bool {
    let noon = date.and_hms_opt(12, 0, 0).unwrap().and_utc().timestamp();
    (-26..=26).any(|hours| local(zone, noon + hours * HOUR).date() == date)
}

#[test]
fn a_single_wall_time_runs_when_the_clock_first_reaches_it() {
    for (zone, Change { at: change, delta }) in every_change() {
        let (after, until) = (change - DAY - delta.abs(), change + DAY + delta.abs());
        let walk = Walk::new(zone, after, until, 60);
        let end = local(zone, change - 60);
        for minutes in [-90, -30, 0, 1, 30, 31, 60, 61, 90, 150] {
            let wall = end + chrono::TimeDelta::minutes(minutes + delta / 120);
            let expected =
                walk.slots(&Fields::parse(&wall.format("%-M %-H %-d %-m *").to_string()), after, until, 60);
            let schedule = Schedule::at(&wall.format("%Y-%m-%dT%H:%M").to_string()).unwrap();
            assert_eq!(ours(&schedule, after, until, zone), expected, "{wall} in {zone}");
            let from_afar = schedule.next_after(at(change - 200 * DAY), zone).map(|slot| slot.timestamp());
            assert_eq!(from_afar, expected.first().copied(), "{wall} in {zone} from afar");
        }
    }
}

#[test]
fn far_slots_are_the_same_from_afar() {
    for (zone, Change { at: change, delta }) in every_change() {
        let (after, until) = (change - DAY - delta.abs(), change + DAY + delta.abs());
        let walk = Walk::new(zone, after, until, 60);
        for minutes in [-1, 0, 30, 60] {
            let wall = local(zone, change) + chrono::TimeDelta::minutes(minutes - delta / 60);
            for pattern in ["%-M %-H %-d %-m *", "*/7 %-H %-d %-m *", "%-M */2 %-d %-m *"] {
                let pattern = wall.format(pattern).to_string();
                let Some(first) = walk.slots(&Fields::parse(&pattern), after, until, 60).first().copied()
                else {
                    continue;
                };
                let schedule = Schedule::cron(&pattern).unwrap();
                for days in [2, 3, 4, 5, 30, 300] {
                    let found =
                        schedule.next_after(at(change - days * DAY), zone).map(|slot| slot.timestamp());
                    assert_eq!(found, Some(first), "`{pattern}` in {zone}, {days} days before {wall}");
                }
            }
        }
    }
}

fn value(min: u8, max: u8) -> impl Strategy<Value = String> {
    let range = move || (min..=max, min..=max).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let part = prop_oneof![
        3 => (min..=max).prop_map(|value| value.to_string()),
        2 => range().prop_map(|(from, to)| format!("{from}-{to}")),
        1 => (range(), 1..=max).prop_map(|((from, to), step)| format!("{from}-{to}/{step}")),
    ];
    prop_oneof![
        3 => Just("*".to_owned()),
        2 => (1..=max).prop_map(|step| format!("*/{step}")),
        4 => prop::collection::vec(part, 1..4).prop_map(|parts| parts.join(",")),
    ]
}

fn days() -> impl Strategy<Value = (String, String)> {
    let any = || Just("*".to_owned());
    let days = prop_oneof![value(1, 31), Just("L".to_owned()), Just("1,L".to_owned())];
    let special = (0_u8..=7, 1_u8..=5).prop_map(|(day, nth)| format!("{day}#{nth},{day}L"));
    let weekdays = prop_oneof![value(0, 7), special];
    prop_oneof![3 => (any(), any()), 1 => (days, any()), 1 => (any(), weekdays), 1 => (Just("13".to_owned()), value(0, 7))]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_patterns_agree_with_the_walk(
        (zone, change) in (0..ZONES.len(), any::<prop::sample::Index>()),
        (minute, hour) in (value(0, 59), value(0, 23)),
        (day, weekday) in days(),
        month in prop_oneof![3 => Just("*".to_owned()), 1 => value(1, 12)],
        second in prop_oneof![Just(None), value(0, 59).prop_map(Some)],
    ) {
        let (zone, changes) = &CHANGES[zone];
        let zone = *zone;
        let change = if changes.is_empty() {
            Change { at: 1_772_000_000 / HOUR * HOUR, delta: 0 }
        } else {
            changes[change.index(changes.len())]
        };
        let minutes = format!("{minute} {hour} {day} {month} {weekday}");
        let (pattern, step, reach) = match second {
            Some(second) => (format!("{second} {minutes}"), 1, 600),
            None => (minutes, 60, DAY),
        };
        match Schedule::cron(&pattern) {
            Ok(_) => {
                let (after, until) = (change.at - reach, change.at + change.delta.abs() + reach);
                let walk = Walk::new(zone, after - change.delta.abs() - reach, until, step);
                compare(zone, &walk, &pattern, after, until, step);
            }
            Err(error) => prop_assert!(matches!(
                error,
                ScheduleError::NeverFires { .. } | ScheduleError::SecondsFirst { .. } | ScheduleError::StarDay { .. }
            ), "{error}"),
        }
    }
}
