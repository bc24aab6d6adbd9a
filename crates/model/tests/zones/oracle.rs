//! The truth to compare with: walks through a zone step by step, asks chrono-tz what the clock shows, and matches
//! fields by itself. It uses neither croner nor the code under test, and makes no use of a shortcut.

use std::collections::HashSet;

use chrono::{DateTime, Datelike, NaiveDateTime, Offset, TimeZone, Timelike};
use chrono_tz::Tz;

/// A numeric cron pattern, one table of truth per field.
pub(crate) struct Fields {
    seconds: Vec<bool>,
    minutes: Vec<bool>,
    hours: Vec<bool>,
    days: Vec<bool>,
    last_day: bool,
    any_day: bool,
    months: Vec<bool>,
    weekdays: Vec<bool>,
    nth_weekdays: Vec<(usize, u32)>,
    last_weekdays: Vec<usize>,
    any_weekday: bool,
    follows_clock: bool,
}

impl Fields {
    pub(crate) fn parse(text: &str) -> Self {
        let mut texts: Vec<&str> = text.split(' ').collect();
        if texts.len() == 5 {
            texts.insert(0, "0");
        }
        let [seconds, minutes, hours, days, months, weekdays] = texts[..] else {
            panic!("{text} has no six fields")
        };
        let mut weekday_table = table(weekdays, 0, 7);
        weekday_table[0] |= weekday_table[7];
        let special = |part: &&str| part.contains(['#', 'L']);
        let specials: Vec<&str> = weekdays.split(',').filter(special).collect();
        Self {
            seconds: table(seconds, 0, 59),
            minutes: table(minutes, 0, 59),
            hours: table(hours, 0, 23),
            days: table(days, 1, 31),
            last_day: days.split(',').any(|part| part == "L"),
            any_day: ["*", "*/1"].contains(&days),
            months: table(months, 1, 12),
            weekdays: weekday_table,
            nth_weekdays: specials
                .iter()
                .filter_map(|part| part.split_once('#'))
                .map(|(day, nth)| (day.parse::<usize>().unwrap() % 7, nth.parse().unwrap()))
                .collect(),
            last_weekdays: specials
                .iter()
                .filter_map(|part| part.strip_suffix('L'))
                .map(|day| day.parse::<usize>().unwrap() % 7)
                .collect(),
            any_weekday: ["*", "*/1"].contains(&weekdays),
            follows_clock: minutes.starts_with('*') || hours.starts_with('*'),
        }
    }

    fn matches(&self, wall: &Wall) -> bool {
        self.minutes[wall.minute]
            && self.hours[wall.hour]
            && self.seconds[wall.second]
            && self.months[wall.month]
            && self.matches_day(wall)
    }

    fn matches_day(&self, wall: &Wall) -> bool {
        let day = self.days[wall.day] || self.last_day && wall.days_left == 0;
        let nth = (wall.day as u32).div_ceil(7);
        let weekday = self.weekdays[wall.weekday]
            || self.nth_weekdays.contains(&(wall.weekday, nth))
            || self.last_weekdays.contains(&wall.weekday) && wall.days_left < 7;
        match (self.any_day, self.any_weekday) {
            (true, true) => true,
            (false, true) => day,
            (true, false) => weekday,
            (false, false) => day || weekday,
        }
    }
}

fn table(field: &str, min: usize, max: usize) -> Vec<bool> {
    let mut table = vec![false; max + 1];
    for part in field.split(',').filter(|part| !part.contains(['#', 'L'])) {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (min, max),
            Some((from, to)) => (from.parse().unwrap(), to.parse().unwrap()),
            None => (range.parse().unwrap(), range.parse().unwrap()),
        };
        (from..=to).step_by(step.parse().unwrap()).for_each(|value| table[value] = true);
    }
    table
}

/// What a clock on the wall shows.
struct Wall {
    second: usize,
    minute: usize,
    hour: usize,
    day: usize,
    days_left: usize,
    month: usize,
    weekday: usize,
}

impl Wall {
    fn new(wall: NaiveDateTime) -> Self {
        Self {
            second: wall.second() as usize,
            minute: wall.minute() as usize,
            hour: wall.hour() as usize,
            day: wall.day() as usize,
            days_left: usize::from(wall.num_days_in_month()) - wall.day() as usize,
            month: wall.month() as usize,
            weekday: wall.weekday().num_days_from_sunday() as usize,
        }
    }
}

/// One step of a walk.
struct Step {
    at: i64,
    wall: Wall,
    /// The clock has not shown this before.
    first: bool,
    /// The times that the clock has jumped over to come here.
    skipped: Vec<Wall>,
}

/// A walk through a zone, remembered.
pub(crate) struct Walk(Vec<Step>);

impl Walk {
    /// From one instant to another in steps of so many seconds.
    pub(crate) fn new(zone: Tz, from: i64, until: i64, step: i64) -> Self {
        let mut shown = HashSet::new();
        let mut before: Option<i64> = None;
        let mut steps = Vec::new();
        for at in (from..=until).step_by(step as usize) {
            let naive = local(zone, at);
            let now = naive.and_utc().timestamp();
            assert_eq!(now.rem_euclid(step), 0, "{zone} does not keep whole steps at {at}");
            let jumped = before.map_or(now, |before| before + step);
            let skipped = (jumped..now).step_by(step as usize).map(|wall| Wall::new(utc(wall))).collect();
            steps.push(Step { at, wall: Wall::new(naive), first: shown.insert(now), skipped });
            before = Some(now);
        }
        Self(steps)
    }

    /// The slots of the fields after one instant and up to another, by the rules of Vixie cron.
    pub(crate) fn slots(&self, fields: &Fields, after: i64, until: i64, step: i64) -> Vec<i64> {
        let mut slots = Vec::new();
        for walk in &self.0 {
            let shown = fields.matches(&walk.wall);
            let due = if fields.follows_clock {
                shown
            } else {
                let drops = walk.skipped.len() as i64 * step > 3 * 3600;
                shown && walk.first || !drops && walk.skipped.iter().any(|wall| fields.matches(wall))
            };
            if due && after < walk.at && walk.at <= until {
                slots.push(walk.at);
            }
        }
        slots
    }
}

/// A change of a zone's offset: the first instant after it, and by how many seconds clocks go forward.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) at: i64,
    pub(crate) delta: i64,
}

/// Every change of a zone's offset from 2000 to 2037, found by looking every six hours.
pub(crate) fn changes(zone: Tz) -> Vec<Change> {
    let (start, end) = (946_684_800, 2_145_916_800);
    let offset = |at| local(zone, at).and_utc().timestamp() - at;
    let offsets: Vec<(i64, i64)> = (start..=end).step_by(6 * 3600).map(|at| (at, offset(at))).collect();
    let changed = offsets.windows(2).filter(|pair| pair[0].1 != pair[1].1);
    changed
        .map(|pair| {
            let [(_, before), (to, after)] = pair[..] else { unreachable!("windows of two") };
            let hour =
                (0..6).map(|hours| to - hours * 3600).find(|at| offset(at - 3600) == before).unwrap() - 3600;
            let at = (hour..=to).find(|at| offset(*at) == after).unwrap();
            Change { at, delta: after - before }
        })
        .collect()
}

/// What the clock of a zone shows at an instant.
pub(crate) fn local(zone: Tz, at: i64) -> NaiveDateTime {
    let offset = zone.offset_from_utc_datetime(&utc(at)).fix().local_minus_utc();
    utc(at + i64::from(offset))
}

fn utc(at: i64) -> NaiveDateTime {
    DateTime::from_timestamp(at, 0).unwrap().naive_utc()
}
