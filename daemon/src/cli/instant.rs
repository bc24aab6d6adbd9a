//! Instants as people write them: `2026-11-21 02:00`, `yesterday 02:00`, `-2h`, RFC 3339. It knows no tasks.

#[cfg(test)]
mod tests;

use chrono::{
    DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound as _, TimeDelta, TimeZone as _,
    Utc,
};
use chrono_tz::Tz;
use roundsman_model::{HumanDuration, Timestamp, time::delta};

/// An instant as it was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instant {
    /// The instant.
    pub(crate) at: Timestamp,
    /// Whether it was written to the minute, so that any second of it may be meant.
    pub(crate) to_the_minute: bool,
    /// What had to be decided to read it.
    pub(crate) note: Option<String>,
}

/// Why a text is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a time: write \"2026-11-21T02:00\", \"2026-11-21 02:00:30 +01:00\", \"02:00\", \
     \"yesterday 02:00\", or \"-2h\""
)]
pub(crate) struct InvalidInstant {
    text: String,
}

/// The instant that a text names, without any doubt about it told.
pub(crate) fn parse(text: &str, now: Timestamp, zone: Tz) -> Result<Timestamp, String> {
    read(text, zone, now).map(|instant| instant.at).map_err(|error| error.to_string())
}

/// Reads an instant; wall-clock times are those of the zone.
pub(crate) fn read(text: &str, zone: Tz, now: Timestamp) -> Result<Instant, InvalidInstant> {
    let text = text.trim();
    let invalid = || InvalidInstant { text: text.to_owned() };
    if let Some(at) = absolute(text) {
        return Ok(Instant { at, to_the_minute: false, note: None });
    }
    if let Some(length) = away(text) {
        // Slots are whole seconds; nobody means the microsecond at which the key was pressed.
        let at = now.trunc_subsecs(0).checked_add_signed(length).ok_or_else(invalid)?;
        return Ok(Instant { at, to_the_minute: false, note: None });
    }
    let today = now.with_timezone(&zone).date_naive();
    let (wall, to_the_minute) = wall(text, today).ok_or_else(invalid)?;
    let (at, note) = on_the_clock(wall, zone).ok_or_else(invalid)?;
    Ok(Instant { at, to_the_minute, note })
}

fn absolute(text: &str) -> Option<Timestamp> {
    const FORMATS: [&str; 6] = [
        "%Y-%m-%d %H:%M:%S%.f %:z",
        "%Y-%m-%d %H:%M %:z",
        "%Y-%m-%dT%H:%M%:z",
        "%Y-%m-%d %H:%M%:z",
        "%Y-%m-%dT%H:%M:%S%.f%z",
        "%Y-%m-%d %H:%M:%S%.f%z",
    ];
    // What we print ourselves ends in the zone's name; the offset before it says all.
    let text =
        text.rsplit_once(' ').filter(|(_, zone)| zone.parse::<Tz>().is_ok()).map_or(text, |(rest, _)| rest);
    let zulu = text.strip_suffix(['Z', 'z']).map(|rest| format!("{}+00:00", rest.trim_end()));
    let text = zulu.as_deref().unwrap_or(text);
    let parsed = DateTime::parse_from_rfc3339(text).ok();
    parsed
        .or_else(|| FORMATS.iter().find_map(|format| DateTime::parse_from_str(text, format).ok()))
        .map(|at| at.with_timezone(&Utc))
}

/// How far away from now: `now`, `-2h`, `2h ago`, `+15m`, `in 15m`.
fn away(text: &str) -> Option<TimeDelta> {
    let length = |text: &str| text.trim().parse::<HumanDuration>().ok().map(|length| delta(length.get()));
    let back = text.strip_prefix('-').or_else(|| text.strip_suffix("ago")).and_then(length);
    let ahead = text.strip_prefix('+').or_else(|| text.strip_prefix("in ")).and_then(length);
    match text {
        "now" => Some(TimeDelta::zero()),
        _ => back.map(|length| -length).or(ahead),
    }
}

fn wall(text: &str, today: NaiveDate) -> Option<(NaiveDateTime, bool)> {
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (day(date.trim(), today)?, time.trim()),
        None if text.contains(':') => (today, text),
        None => (day(text, today)?, "00:00"),
    };
    let to_the_minute = NaiveTime::parse_from_str(time, "%H:%M");
    let time = to_the_minute.or_else(|_| NaiveTime::parse_from_str(time, "%H:%M:%S")).ok()?;
    Some((date.and_time(time), to_the_minute.is_ok()))
}

fn day(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    match text {
        "today" => Some(today),
        "yesterday" => today.pred_opt(),
        "tomorrow" => today.succ_opt(),
        date => NaiveDate::parse_from_str(date, "%Y-%m-%d").ok(),
    }
}

/// A wall-clock time as an instant. One that occurs twice means the first; one that is skipped, the end of the gap.
fn on_the_clock(wall: NaiveDateTime, zone: Tz) -> Option<(Timestamp, Option<String>)> {
    let said = wall.format("%Y-%m-%d %H:%M");
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(at) => Some((at.with_timezone(&Utc), None)),
        LocalResult::Ambiguous(first, second) => {
            let note = format!(
                "{said} occurs twice in {zone}; the first time is meant ({}), add {} for the second",
                first.format("%:z"),
                second.format("%:z")
            );
            Some((first.with_timezone(&Utc), Some(note)))
        }
        LocalResult::None => {
            let end = gap_end(wall, zone)?;
            let resumed = end.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S %:z");
            let note = format!("{said} does not exist in {zone}: the clocks go forward; {resumed} is meant");
            Some((end, Some(note)))
        }
    }
}

/// The first instant after the gap that swallows a wall-clock time. Gaps begin and end on whole seconds.
fn gap_end(wall: NaiveDateTime, zone: Tz) -> Option<Timestamp> {
    let exists = |minutes: i64| zone.from_local_datetime(&(wall + TimeDelta::minutes(minutes))).earliest();
    let after = (1..=27 * 60).find_map(exists)?;
    let before = after - TimeDelta::minutes(1);
    let offset = |at: i64| zone.timestamp_opt(at, 0).single().map(|at| at.naive_local() - at.naive_utc());
    let new_offset = offset(after.timestamp());
    let first = (before.timestamp()..=after.timestamp()).find(|at| offset(*at) == new_offset)?;
    DateTime::from_timestamp(first, 0)
}
