//! Schedules in plain English: short for what people usually write, true for everything. It computes no slots.

mod days;
mod times;

use chrono::DateTime;

use super::{
    at::Moment,
    field::{DAY, Field, MONTH, RULES, Term},
};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
type Fields = [Field; 6];

/// A cron pattern in words.
pub(super) fn cron(fields: &Fields) -> String {
    let days = days::phrase(fields);
    let Some(times) = times::few(fields) else {
        let times = times::many(fields);
        return match days {
            None => times,
            Some(days) => format!("{times}, {days}"),
        };
    };
    match days {
        None => format!("every day at {times}"),
        Some(days) if fields[DAY].is_any() && fields[MONTH].is_any() && !days.starts_with("on ") => {
            format!("{days} at {times}")
        }
        Some(days) => format!("at {times} {days}"),
    }
}

/// An interval in words. One that does not divide the hour says from where it is counted.
pub(super) fn every(secs: u32) -> String {
    const UNITS: [(u32, &str); 4] = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let mut rest = secs;
    let parts: Vec<String> = UNITS
        .iter()
        .filter_map(|(unit, name)| {
            let count = rest / unit;
            rest %= unit;
            (count > 0).then(|| format!("{count} {name}{}", if count == 1 { "" } else { "s" }))
        })
        .collect();
    let interval = match &parts[..] {
        [only] => only.strip_prefix("1 ").unwrap_or(only).to_owned(),
        _ => list(&parts),
    };
    match secs {
        86_400 => "every day at 00:00 UTC".into(),
        _ if 3600_u32.is_multiple_of(secs) => format!("every {interval}"),
        _ if 86_400_u32.is_multiple_of(secs) => format!("every {interval}, counted from 00:00 UTC"),
        _ => format!("every {interval}, counted from 1970-01-01 00:00 UTC"),
    }
}

/// A single slot in words.
pub(super) fn at(moment: Moment, written: &str) -> String {
    match moment {
        Moment::Wall(wall) => format!("once, at {}", clock(wall, true)),
        Moment::Instant(_) => format!("once, at {}", written.replacen(['T', 't'], " ", 1)),
    }
}

/// The months by name, `January and July` or `June to August`.
pub(super) fn month_names(field: &Field) -> String {
    let name = |month: u8| MONTHS[usize::from(month) - 1];
    match field.0[..] {
        [Term::Range { from, to, step: 1 }] if to > from + 1 => format!("{} to {}", name(from), name(to)),
        _ => list(&field.values(&RULES[MONTH]).iter().map(|month| name(*month)).collect::<Vec<_>>()),
    }
}

/// A wall time as `02:30`, with seconds where there are any; with its date before it where asked.
pub(super) fn clock(wall: i64, with_date: bool) -> String {
    let time = DateTime::from_timestamp(wall, 0).unwrap_or(DateTime::UNIX_EPOCH);
    let date = if with_date { time.format("%Y-%m-%d ").to_string() } else { String::new() };
    let format = if wall % 60 == 0 { "%H:%M" } else { "%H:%M:%S" };
    format!("{date}{}", time.format(format))
}

/// `a, b and c`.
pub(super) fn list<T: AsRef<str>>(words: &[T]) -> String {
    match words {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [head @ .., last] => {
            let head: Vec<&str> = head.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", head.join(", "), last.as_ref())
        }
    }
}

fn values(fields: &Fields, place: usize) -> Vec<u8> {
    fields[place].values(&RULES[place])
}

fn numbers(values: &[u8]) -> String {
    list(&values.iter().map(u8::to_string).collect::<Vec<_>>())
}
