//! The wall-clock times that a cron pattern matches, as bit sets: a calendar and a clock on the wall. It knows no zone.
//!
//! croner reads the pattern and judges its days; what it says is kept for every shape that a month can have.

use chrono::{Datelike, NaiveDate};
use croner::{Cron, Weekday};

const DAY_SECS: i64 = 86_400;
/// The weekdays of the Gregorian calendar repeat after so many months.
const CALENDAR_MONTHS: u32 = 400 * 12;

/// A set of wall-clock times. Times are counted in seconds from 1970-01-01T00:00:00 on the wall.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Pattern {
    seconds: u64,
    minutes: u64,
    hours: u64,
    months: u64,
    /// The days that match, by length of the month (28 to 31) and weekday of its first day (0 is Sunday).
    days: [[u32; 7]; 4],
}

impl Pattern {
    /// The times that the parsed cron pattern matches.
    pub(super) fn new(cron: &Cron) -> Self {
        let fields = &cron.pattern;
        let mut days = [[0; 7]; 4];
        // Every shape of a month occurs within the 28 years of a Julian cycle.
        for (year, month) in (2000..2028).flat_map(|year| (1..=12).map(move |month| (year, month))) {
            let (length, first) = shape(year, month);
            let known = &mut days[length as usize - 28][first as usize];
            if *known == 0 {
                *known = matching_days(cron, year, month, length, first);
            }
        }
        Self {
            seconds: bits(&fields.seconds.values()),
            minutes: bits(&fields.minutes.values()),
            hours: bits(&fields.hours.values()),
            months: bits(&fields.months.values()),
            days,
        }
    }

    /// Whether there is any date at all that matches.
    pub(super) fn fires(&self) -> bool {
        (1..=12).filter(|month| has(self.months, *month)).any(|month| {
            let lengths = match month {
                2 => 28..=29,
                4 | 6 | 9 | 11 => 30..=30,
                _ => 31..=31,
            };
            lengths.into_iter().any(|length: usize| self.days[length - 28].iter().any(|days| *days != 0))
        })
    }

    /// The first matching time after `mark`.
    pub(super) fn next_after(&self, mark: i64) -> Option<i64> {
        let from = mark + 1;
        let (day, second_of_day) = (from.div_euclid(DAY_SECS), from.rem_euclid(DAY_SECS));
        let next_day = self.day_from(day)?;
        if next_day == day
            && let Some(time) = self.time_from(second_of_day)
        {
            return Some(day * DAY_SECS + time);
        }
        let next_day = if next_day == day { self.day_from(day + 1)? } else { next_day };
        Some(next_day * DAY_SECS + self.time_from(0)?)
    }

    /// The first matching day from `day` on, both counted from 1970-01-01.
    fn day_from(&self, day: i64) -> Option<i64> {
        let date = NaiveDate::from_epoch_days(i32::try_from(day).ok()?)?;
        let (mut year, mut month, mut earliest) = (date.year(), date.month(), date.day());
        for _ in 0..=CALENDAR_MONTHS {
            if has(self.months, month) {
                let (length, first) = shape(year, month);
                let days = self.days[length as usize - 28][first as usize];
                if let Some(found) = first_from(u64::from(days), earliest) {
                    return Some(i64::from(NaiveDate::from_ymd_opt(year, month, found)?.to_epoch_days()));
                }
            }
            (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            earliest = 1;
        }
        None
    }

    /// The first matching time of day from `second_of_day` on.
    fn time_from(&self, second_of_day: i64) -> Option<i64> {
        let from = second_of_day as u32;
        let (mut hour, mut minute, mut second) = (from / 3600, from / 60 % 60, from % 60);
        loop {
            let next_hour = first_from(self.hours, hour)?;
            if next_hour > hour {
                (hour, minute, second) = (next_hour, 0, 0);
            }
            let Some(next_minute) = first_from(self.minutes, minute) else {
                (hour, minute, second) = (hour + 1, 0, 0);
                continue;
            };
            if next_minute > minute {
                (minute, second) = (next_minute, 0);
            }
            if let Some(second) = first_from(self.seconds, second) {
                return Some(i64::from(hour * 3600 + minute * 60 + second));
            }
            (minute, second) = (minute + 1, 0);
        }
    }
}

/// The length of a month and the weekday of its first day, 0 for Sunday.
fn shape(year: i32, month: u32) -> (u32, u32) {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    // Out of chrono's range the month matters to nobody; the search ends at its dates.
    let first =
        NaiveDate::from_ymd_opt(year, month, 1).map_or(0, |date| date.weekday().num_days_from_sunday());
    (length, first)
}

fn matching_days(cron: &Cron, year: i32, month: u32, length: u32, first: u32) -> u32 {
    (1..=length)
        .filter(|day| {
            let weekday = Weekday::from_days_from_sunday((first + day - 1) % 7);
            cron.pattern.day_match(year, month, *day, weekday).unwrap_or(false)
        })
        .fold(0, |days, day| days | 1 << day)
}

fn bits(values: &[u16]) -> u64 {
    values.iter().fold(0, |set, value| set | 1 << value)
}

fn has(set: u64, value: u32) -> bool {
    set & 1 << value != 0
}

/// The least member of the set that is not below `from`.
fn first_from(set: u64, from: u32) -> Option<u32> {
    let rest = set.checked_shr(from)?;
    (rest != 0).then(|| from + rest.trailing_zeros())
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pattern").finish_non_exhaustive()
    }
}
