//! Instants of a scenario as people write them. It reads no clock.

use anyhow::{Context, Result, bail};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeZone, offset::LocalResult};
use chrono_tz::Tz;
use roundsman_model::Timestamp;
use serde::{Deserialize, Serialize};

/// An instant: milliseconds since the Unix epoch, or text. Text is RFC 3339, or local to the scenario's zone as
/// `2026-11-16 08:03`, or a time of the scenario's first day as `08:03` or `08:03:30`, or counted from its start as `-3d`,
/// `+90m`, `+15s`, `-2h`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum When {
    /// Milliseconds since the Unix epoch.
    Millis(i64),
    /// As people write it.
    Text(String),
}

impl Default for When {
    fn default() -> Self {
        Self::Text("2026-11-16 08:00".to_owned())
    }
}

impl From<&str> for When {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for When {
    fn from(millis: i64) -> Self {
        Self::Millis(millis)
    }
}

impl From<Timestamp> for When {
    fn from(at: Timestamp) -> Self {
        Self::Millis(at.timestamp_millis())
    }
}

/// What texts are read against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) zone: Tz,
    /// When the scenario starts, if that is known already.
    pub(crate) start: Option<i64>,
}

impl When {
    /// The instant in milliseconds.
    pub(crate) fn millis(&self, frame: Frame) -> Result<i64> {
        match self {
            Self::Millis(millis) => Ok(*millis),
            Self::Text(text) => read(text.trim(), frame)
                .with_context(|| format!("{text:?} is no instant: write 2026-11-16 08:03, 08:03 or -3d")),
        }
    }
}

fn read(text: &str, frame: Frame) -> Result<i64> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.timestamp_millis());
    }
    if let Some(counted) = text.strip_prefix(['+', '-']) {
        let start = frame.start.context("the start of a scenario cannot be counted from itself")?;
        let length = length(counted)?;
        return Ok(if text.starts_with('-') { start - length } else { start + length });
    }
    let local = match time_of_day(text) {
        Some(time) => first_day(frame)?.and_time(time),
        None => date_time(text).context("it is neither a time nor a date with a time")?,
    };
    match frame.zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Ok(at.timestamp_millis()),
        LocalResult::None => bail!("the clocks in {} skip it", frame.zone),
    }
}

fn first_day(frame: Frame) -> Result<NaiveDate> {
    let start = frame.start.context("the start of a scenario needs a date")?;
    let start = chrono::DateTime::from_timestamp_millis(start).context("the start is out of range")?;
    Ok(start.with_timezone(&frame.zone).date_naive())
}

fn time_of_day(text: &str) -> Option<NaiveTime> {
    ["%H:%M", "%H:%M:%S", "%H:%M:%S%.3f"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok())
}

fn date_time(text: &str) -> Option<NaiveDateTime> {
    let text = text.replacen('T', " ", 1);
    ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S%.3f"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok())
}

fn length(text: &str) -> Result<i64> {
    let digits = text.trim_end_matches(|char: char| !char.is_ascii_digit());
    let seconds = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => bail!("a length ends in s, m, h or d"),
    };
    let count: i64 = digits.parse().context("a length begins with a whole number")?;
    Ok(count * seconds * 1_000)
}

#[cfg(test)]
mod tests;
