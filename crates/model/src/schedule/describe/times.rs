//! The times of day of a cron pattern in words. It does not look at days.

use super::{
    super::field::{HOUR, MINUTE, SECOND, Term},
    Fields, clock, list, numbers, values,
};

/// So many times of day are listed one by one.
const MAX_LISTED: usize = 6;

/// The times one by one, where they are few and are not better said as "every so often".
pub(super) fn few(fields: &Fields) -> Option<String> {
    if [SECOND, MINUTE, HOUR].iter().any(|place| even_step(fields, *place).is_some()) {
        return None;
    }
    let [hours, minutes, seconds] = [HOUR, MINUTE, SECOND].map(|place| values(fields, place));
    if hours.len() * minutes.len() * seconds.len() > MAX_LISTED {
        return None;
    }
    let mut times = Vec::new();
    for hour in &hours {
        for minute in &minutes {
            times.extend(seconds.iter().map(|second| time(*hour, *minute, *second)));
        }
    }
    Some(list(&times))
}

/// The times where they are many.
pub(super) fn many(fields: &Fields) -> String {
    let seconds = match values(fields, SECOND)[..] {
        [0] => return minutes_and_hours(fields),
        _ => part(fields, SECOND, "second"),
    };
    let every_minute = fields[MINUTE].is_any() && fields[HOUR].is_any();
    match (&fields[MINUTE].0[..], &fields[HOUR].0[..]) {
        _ if every_minute && seconds.starts_with("every") => seconds,
        _ if every_minute => format!("{seconds} of every minute"),
        ([Term::One(minute)], [Term::One(hour)]) => {
            format!("{seconds} from {} to {}:59", time(*hour, *minute, 0), time(*hour, *minute, 0))
        }
        _ => format!("{seconds}, {}", minutes_and_hours(fields)),
    }
}

fn minutes_and_hours(fields: &Fields) -> String {
    let minutes = part(fields, MINUTE, "minute");
    match (&values(fields, MINUTE)[..], &fields[HOUR].0[..]) {
        _ if fields[HOUR].is_any() && minutes.starts_with("every") => minutes,
        ([0], _) if even_step(fields, HOUR).is_some() => part(fields, HOUR, "hour"),
        _ if fields[HOUR].is_any() => format!("{minutes} of every hour"),
        ([_], _) if even_step(fields, HOUR).is_some() => format!("{}, {minutes}", part(fields, HOUR, "hour")),
        ([minute], [Term::Range { from, to, step: 1 }]) => {
            format!("every hour from {} to {}", time(*from, *minute, 0), time(*to, *minute, 0))
        }
        (_, [Term::Range { from, to, step: 1 }]) => {
            format!("{minutes} from {} to {}", time(*from, 0, 0), time(*to, 59, 0))
        }
        (_, [Term::One(hour)]) => format!("{minutes} from {} to {}", time(*hour, 0, 0), time(*hour, 59, 0)),
        _ => {
            let hours: Vec<String> = values(fields, HOUR).iter().map(|hour| format!("{hour:02}")).collect();
            format!("{minutes} of the hours {}", list(&hours))
        }
    }
}

/// `every 15 minutes`, `at minute 5`, `at every 2nd minute from 1 to 59`, `at minutes 0, 7, 14, …`.
fn part(fields: &Fields, place: usize, unit: &str) -> String {
    let values = values(fields, place);
    match (even_step(fields, place), &fields[place].0[..], &values[..]) {
        (Some(1), ..) => format!("every {unit}"),
        (Some(step), ..) => format!("every {step} {unit}s"),
        (_, [Term::Range { from, to, step: 1 }], _) => format!("at {unit}s {from} to {to}"),
        (_, [Term::Range { from, to, step }], many) if many.len() > MAX_LISTED => {
            format!("at every {step}{} {unit} from {from} to {to}", ordinal_suffix(*step))
        }
        (_, _, [only]) => format!("at {unit} {only}"),
        (_, _, many) => format!("at {unit}s {}", numbers(many)),
    }
}

/// The step of `*/n` where n divides the whole, so that "every n" is true around the clock.
fn even_step(fields: &Fields, place: usize) -> Option<u8> {
    let whole = if place == HOUR { 24_u8 } else { 60 };
    match fields[place].0[..] {
        [Term::Star { step }] if whole.is_multiple_of(step) => Some(step),
        _ => None,
    }
}

fn ordinal_suffix(number: u8) -> &'static str {
    match (number / 10, number % 10) {
        (1, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    }
}

fn time(hour: u8, minute: u8, second: u8) -> String {
    clock(i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second), false)
}
