//! Running times: single lives as tables, any lives as properties. Local times are those of the worked example's day.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

mod lagging;
mod lives;
mod polls;
mod properties;
mod rebuilding;
mod sampling;
mod uniting;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;

use super::*;
use crate::day::Day;

const ZONE: Tz = Tz::Asia__Jerusalem;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

fn day(date: &str) -> Day {
    Day::of(date.parse().unwrap(), ZONE)
}

/// The day of the worked example.
fn today() -> Day {
    day("2026-11-16")
}

/// An instant: `09:10` or `09:10:00.500` today, `17 01:30` on that day of the month, or a date and a time.
fn ms(local: &str) -> i64 {
    let (date, time) = local.split_once(' ').unwrap_or(("16", local));
    let date: NaiveDate = match date.len() {
        2 => format!("2026-11-{date}").parse().unwrap(),
        _ => date.parse().unwrap(),
    };
    let time = if time.len() == 5 { format!("{time}:00") } else { time.to_owned() };
    let local: NaiveDateTime = date.and_time(time.parse().unwrap());
    ZONE.from_local_datetime(&local).unwrap().timestamp_millis()
}

/// The other way round.
fn local(at_ms: i64) -> String {
    let at = DateTime::from_timestamp_millis(at_ms).unwrap().with_timezone(&ZONE);
    let text = at.format(if at_ms % 1000 == 0 { "%d %H:%M:%S" } else { "%d %H:%M:%S%.3f" }).to_string();
    text.strip_prefix("16 ").unwrap_or(&text).to_owned()
}

/// Events, one a line: a time, a type, and a user or a reason.
fn events(script: &str) -> Vec<Event> {
    script.lines().map(str::trim).filter(|line| !line.is_empty()).map(event).collect()
}

fn event(line: &str) -> Event {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    let kind = words.iter().position(|word| EventKind::parse(word).is_some()).unwrap();
    let rest = words.split_off(kind);
    let note = rest.get(1).map(|&note| note.to_owned());
    let kind = EventKind::parse(rest[0]).unwrap();
    let (user, reason) = if kind == EventKind::Terminating { (None, note) } else { (note, None) };
    Event { at_ms: ms(&words.join(" ")), kind, user, reason }
}

/// A cluster that the list has in a state, with no stamps.
fn listed(state: State) -> Listed {
    Listed {
        state,
        driver_start_ms: None,
        last_restarted_ms: None,
        terminated_ms: None,
        last_state_loss_ms: None,
    }
}

/// A cluster that runs, its driver launched and itself started at these times.
fn runs(driver: &str, restarted: &str) -> Listed {
    let (driver_start_ms, last_restarted_ms) = (Some(ms(driver)), Some(ms(restarted)));
    Listed { driver_start_ms, last_restarted_ms, ..listed(State::Running) }
}

/// A cluster that is off, and when it was last started and terminated.
fn is_off(restarted: &str, terminated: &str) -> Listed {
    let (last_restarted_ms, terminated_ms) = (Some(ms(restarted)), Some(ms(terminated)));
    Listed { last_restarted_ms, terminated_ms, ..listed(State::Terminated) }
}

/// All there is to rebuild from, as of `now`, with a window that holds everything.
fn input<'a>(events: &'a [Event], presence: Presence, now: &str) -> Rebuild<'a> {
    Rebuild {
        from_ms: ms("15 23:50"),
        now_ms: ms(now),
        count_from: CountFrom::Running,
        known: &[],
        events,
        before: None,
        presence,
    }
}

/// One interval a line: from, to, and all that is not plain about it.
fn shown(intervals: &[Interval]) -> String {
    intervals.iter().map(line).collect()
}

fn line(interval: &Interval) -> String {
    let guessed = |is_exact: bool| if is_exact { "" } else { "?" };
    let end = interval.end_ms.map(|end_ms| local(end_ms) + guessed(interval.end_exact));
    let end = end.unwrap_or_else(|| "open".to_owned());
    let times = format!("{}{} - {end}", local(interval.start_ms), guessed(interval.start_exact));
    let notes = [
        Some(times),
        (interval.source == Source::Sample).then(|| "sampled".to_owned()),
        interval.provisional.then(|| "provisional".to_owned()),
        interval.last_seen_ms.map(|at_ms| format!("seen {}", local(at_ms))),
        interval.driver_start_ms.map(|at_ms| format!("driver {}", local(at_ms))),
        interval.started_by.as_ref().map(|user| format!("by {user}")),
        interval.end_reason.clone(),
    ];
    notes.into_iter().flatten().collect::<Vec<_>>().join(", ") + "\n"
}

/// An interval from events, both ends exact, or a sampled one.
fn interval(source: Source, start_ms: i64, end_ms: Option<i64>) -> Interval {
    let is_exact = source == Source::Events;
    Interval {
        end_ms,
        start_exact: is_exact,
        end_exact: is_exact && end_ms.is_some(),
        ..Interval::open(start_ms, source)
    }
}
