//! Slots in the plainest way: walks through the year minute by minute, asks chrono-tz what the clock shows, and matches
//! fields by itself. It uses neither croner nor the code under test.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Offset, TimeZone};
use chrono_tz::Tz;

use crate::script::{DAY, When};

/// The six fields of a pattern, a table of truth each.
struct Fields {
    tables: [Vec<bool>; 6],
    any_day: bool,
    any_weekday: bool,
    follows_clock: bool,
}

const BOUNDS: [(usize, usize); 6] = [(0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Fields {
    fn parse(text: &str) -> Self {
        let mut texts: Vec<&str> = text.split(' ').collect();
        if texts.len() == 5 {
            texts.insert(0, "0");
        }
        let tables = std::array::from_fn(|index| table(texts[index], BOUNDS[index]));
        let follows_clock = texts[1].starts_with('*') || texts[2].starts_with('*');
        Self { tables, any_day: texts[3] == "*", any_weekday: texts[5] == "*", follows_clock }
    }

    /// Whether the pattern matches within the minute that a wall shows, given in seconds as if it were UTC.
    fn matches(&self, wall: i64) -> bool {
        let of_day = wall.rem_euclid(DAY);
        let (hour, minute) = ((of_day / 3_600) as usize, (of_day / 60 % 60) as usize);
        if !self.tables[1][minute] || !self.tables[2][hour] {
            return false;
        }
        let date = DateTime::from_timestamp(wall, 0).unwrap();
        let weekday = date.weekday().num_days_from_sunday() as usize;
        let day = self.tables[3][date.day() as usize];
        let weekday = self.tables[5][weekday] || weekday == 0 && self.tables[5][7];
        let fits = match (self.any_day, self.any_weekday) {
            (true, true) => true,
            (false, true) => day,
            (true, false) => weekday,
            (false, false) => day || weekday,
        };
        fits && self.tables[4][date.month() as usize]
    }
}

fn table(field: &str, (least, most): (usize, usize)) -> Vec<bool> {
    let number =
        |text: &str| WEEKDAYS.iter().position(|day| *day == text).unwrap_or_else(|| text.parse().unwrap());
    let mut table = vec![false; most + 1];
    for part in field.split(',') {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (number(from), number(to)),
            None => (number(range), number(range)),
        };
        (from..=to).step_by(step.parse().unwrap()).for_each(|value| table[value] = true);
    }
    table
}

/// The slots of a schedule after one instant and up to another, both on a full minute.
pub(crate) fn slots(when: &When, zone: Tz, after: i64, until: i64) -> Vec<i64> {
    match when {
        When::Every(secs) => (after + 1..=until).filter(|at| at % secs == 0).collect(),
        When::Cron(pattern) => of_pattern(pattern, zone, after, until),
    }
}

/// The slots of a pattern.
pub(crate) fn of_pattern(pattern: &str, zone: Tz, after: i64, until: i64) -> Vec<i64> {
    let fields = Fields::parse(pattern);
    let mut slots = BTreeSet::new();
    // A day earlier, so that what the clock showed before is known.
    let mut shown_until = i64::MIN;
    for at in (after - DAY..=until).step_by(60) {
        let utc = DateTime::from_timestamp(at, 0).unwrap().naive_utc();
        let wall = at + i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc());
        assert_eq!(wall % 60, 0, "{zone} does not keep whole minutes");
        let skipped = wall - shown_until.max(wall - DAY);
        let first = wall >= shown_until;
        if (fields.follows_clock || first) && fields.matches(wall) {
            let seconds = fields.tables[0].iter().enumerate().filter(|(_, matches)| **matches);
            slots.extend(seconds.map(|(second, _)| at + second as i64));
        }
        let jumped = shown_until != i64::MIN && skipped > 0 && skipped <= 3 * 3_600;
        let dropped = || (shown_until..wall).step_by(60).any(|wall| fields.matches(wall));
        if jumped && !fields.follows_clock && dropped() {
            slots.insert(at);
        }
        shown_until = shown_until.max(wall + 60);
    }
    slots.into_iter().filter(|at| after < *at && *at <= until).collect()
}
