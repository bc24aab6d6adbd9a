//! The days of a cron pattern in words. It does not look at times of day.

use super::{
    super::field::{DAY, Field, MONTH, RULES, Term, WEEKDAY},
    Fields, list, month_names, numbers, values,
};

const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

/// The days; nothing when every day is meant.
pub(super) fn phrase(fields: &Fields) -> Option<String> {
    let weekdays = || weekdays(&fields[WEEKDAY], &fields[MONTH]);
    match (fields[DAY].is_any(), fields[WEEKDAY].is_any()) {
        (true, true) if fields[MONTH].is_any() => None,
        (true, true) => Some(format!("every day{}", in_months(&fields[MONTH]))),
        (false, true) => Some(days_of_month(fields)),
        (true, false) => Some(weekdays()),
        (false, false) => {
            let weekdays = weekdays();
            let weekdays = weekdays.strip_prefix("on ").unwrap_or(&weekdays);
            Some(format!("{} and on {weekdays}", days_of_month(fields)))
        }
    }
}

fn days_of_month(fields: &Fields) -> String {
    let field = &fields[DAY];
    let last = field.0.contains(&Term::LastDay).then(|| "the last day".to_owned());
    let values = values(fields, DAY);
    let plain = match (&field.0[..], &values[..]) {
        (_, []) => None,
        (_, [day]) => Some(format!("day {day}")),
        ([Term::Range { from, to, step: 1 }], _) => Some(format!("days {from} to {to}")),
        (_, days) => Some(format!("days {}", numbers(days))),
    };
    let days: Vec<String> = plain.into_iter().chain(last).collect();
    format!("on {} of {}", days.join(" and "), of_months(&fields[MONTH]))
}

/// `every Monday`, `Monday to Friday in May`, or `on the first Monday of every month`.
fn weekdays(field: &Field, months: &Field) -> String {
    let plain = plain_weekdays(field).map(|days| days + &in_months(months));
    let special = field.0.iter().filter_map(|term| match term {
        Term::NthWeekday(day, nth) => Some(format!("the {} {}", ORDINALS[usize::from(*nth) - 1], name(*day))),
        Term::LastWeekday(day) => Some(format!("the last {}", name(*day))),
        _ => None,
    });
    let special: Vec<String> = special.collect();
    match plain {
        Some(plain) if special.is_empty() => plain,
        Some(plain) => format!("on {} of {} and on {plain}", list(&special), of_months(months)),
        None => format!("on {} of {}", list(&special), of_months(months)),
    }
}

fn plain_weekdays(field: &Field) -> Option<String> {
    let mut days: Vec<u8> = field.values(&RULES[WEEKDAY]).iter().map(|day| day % 7).collect();
    // Weeks are read from Monday on.
    days.sort_unstable_by_key(|day| (day + 6) % 7);
    days.dedup();
    match (&field.0[..], &days[..]) {
        (_, []) => None,
        (_, [1, 2, 3, 4, 5, 6, 0]) => Some("every day of the week".to_owned()),
        ([Term::Range { from, to, step: 1 }], _) if to > &(from + 1) => {
            Some(format!("{} to {}", name(*from), name(to % 7)))
        }
        (_, days) => Some(format!("every {}", list(&days.iter().map(|day| name(*day)).collect::<Vec<_>>()))),
    }
}

fn name(weekday: u8) -> &'static str {
    WEEKDAYS[usize::from(weekday)]
}

/// The months in which days are counted: `every month`, `January`, `each month from June to August`.
fn of_months(field: &Field) -> String {
    match (field.is_any(), month_names(field)) {
        (true, _) => "every month".into(),
        (false, names) if names.contains(" to ") => format!("each month from {names}"),
        (false, names) => names,
    }
}

/// The months to which weekdays are limited, with a space before.
fn in_months(field: &Field) -> String {
    match (field.is_any(), month_names(field)) {
        (true, _) => String::new(),
        (false, names) if names.contains(" to ") => format!(" from {names}"),
        (false, names) => format!(" in {names}"),
    }
}
