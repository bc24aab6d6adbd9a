//! What a cell of CSV is in a workbook. Workbooks hold numbers as binary floats, show fifteen digits of them, and count days
//! from 1900; whatever that would change stays text.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};

use crate::local::ColumnType;

/// More digits a spreadsheet does not show, and loses as soon as somebody edits the cell.
const DIGITS: usize = 15;
const DAY: f64 = 86_400.0;

/// A value that means what the text says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    /// The text as it is.
    Text,
    Number(f64),
    Boolean(bool),
    /// Days since the beginning of 1900.
    Date(f64),
    /// The same with a part of a day. Zones are unknown to workbooks: it is the time as written, which the server has
    /// already brought to its report zone.
    DateTime(f64),
    /// A part of a day.
    Time(f64),
}

/// Whether a number of days ends between two seconds. Spreadsheets round to the next second where they show none of it.
pub(super) fn has_fraction(days: f64) -> bool {
    let seconds = days.fract() * DAY;
    // Half a microsecond is what the float itself may be off.
    (seconds - seconds.round()).abs() > 1e-6
}

impl Value {
    /// The value of a text in a column of this type.
    pub(super) fn of(text: &str, kind: ColumnType) -> Self {
        let value = match kind {
            ColumnType::Text | ColumnType::Unknown => None,
            ColumnType::Integer | ColumnType::Decimal => {
                number(text).filter(|(_, digits)| *digits <= DIGITS).map(|(number, _)| Self::Number(number))
            }
            // What was binary before loses nothing.
            ColumnType::Float => number(text).map(|(number, _)| Self::Number(number)),
            ColumnType::Boolean => match text {
                "true" | "TRUE" | "True" => Some(Self::Boolean(true)),
                "false" | "FALSE" | "False" => Some(Self::Boolean(false)),
                _ => None,
            },
            ColumnType::Date | ColumnType::DateTime => instant(text, kind),
            ColumnType::Time => time(without_zone(text)).map(|time| Self::Time(part_of_day(time))),
        };
        value.unwrap_or(Self::Text)
    }
}

/// A number that comes out of a binary float as it went in, and how many significant digits it has.
fn number(text: &str) -> Option<(f64, usize)> {
    let written = Digits::of(text)?;
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
    let kept = Digits::of(&format!("{number:e}"))?;
    (written == kept).then_some((number, written.significant.len()))
}

/// A decimal number without zeros at its ends: digits and the power of ten of the last one.
#[derive(Debug, PartialEq, Eq)]
struct Digits {
    negative: bool,
    significant: String,
    power: i64,
}

impl Digits {
    /// Numbers as JSON writes them: no plus, no zero in front, digits around the point.
    fn of(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some(both) => both,
            None => (mantissa, ""),
        };
        let only_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !only_digits(whole) || !only_digits(fraction) {
            return None;
        }
        if whole.len() > 1 && whole.starts_with('0') {
            return None;
        }
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0').trim_end_matches('0').to_owned();
        let zeros = all.len() - all.trim_end_matches('0').len();
        let power = i64::from(exponent) - i64::try_from(fraction.len()).ok()? + i64::try_from(zeros).ok()?;
        let power = if digits.is_empty() { 0 } else { power };
        Some(Self { negative: negative && !digits.is_empty(), significant: digits, power })
    }
}

/// A day, or a day and a time.
fn instant(text: &str, kind: ColumnType) -> Option<Value> {
    if let Some(date) = date(text) {
        return serial(date).map(Value::Date);
    }
    let (day, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', ' '])?;
    let instant = NaiveDateTime::new(date(day)?, time(without_zone(rest))?);
    let midnight = instant.time() == NaiveTime::MIN;
    let days = serial(instant.date())?;
    // A float that counts days since 1900 is too coarse for less than a microsecond.
    if !instant.nanosecond().is_multiple_of(1_000) {
        return None;
    }
    Some(match kind {
        ColumnType::Date if midnight => Value::Date(days),
        _ => Value::DateTime(days + part_of_day(instant.time())),
    })
}

/// `2026-11-20`, and nothing else.
fn date(text: &str) -> Option<NaiveDate> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if shape { NaiveDate::parse_from_str(text, "%Y-%m-%d").ok() } else { None }
}

/// `08:00`, `08:00:00`, `08:00:00.123456`. A leap second has no place in a workbook.
fn time(text: &str) -> Option<NaiveTime> {
    let shape = text.bytes().enumerate().all(|(at, byte)| match at {
        2 | 5 => byte == b':',
        8 => byte == b'.',
        _ => byte.is_ascii_digit(),
    });
    let known = match text.len() {
        5 => NaiveTime::parse_from_str(text, "%H:%M"),
        8 | 10..=18 => NaiveTime::parse_from_str(text, "%H:%M:%S%.f"),
        _ => return None,
    };
    known.ok().filter(|time| shape && time.nanosecond() < 1_000_000_000)
}

/// A time without `Z`, `+01:00` or `+0100` behind it.
fn without_zone(text: &str) -> &str {
    if let Some(rest) = text.strip_suffix('Z') {
        return rest;
    }
    let Some(at) = text.rfind(['+', '-']) else { return text };
    let zone = &text.as_bytes()[at + 1..];
    let digits = zone.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_zone = matches!((zone.len(), digits), (2, 2) | (4, 4))
        || (zone.len() == 5 && digits == 4 && zone[2] == b':');
    if is_zone { &text[..at] } else { text }
}

/// The number of a day. Spreadsheets believe in a 29 February 1900, so the days before it have numbers of their own.
fn serial(date: NaiveDate) -> Option<f64> {
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day);
    let first = day(1900, 1, 1)?;
    let zero = if date < day(1900, 3, 1)? { day(1899, 12, 31)? } else { day(1899, 12, 30)? };
    let days = date.signed_duration_since(zero).num_days();
    (date >= first).then(|| f64::from(i32::try_from(days).unwrap_or(i32::MAX)))
}

fn part_of_day(time: NaiveTime) -> f64 {
    (f64::from(time.num_seconds_from_midnight()) + f64::from(time.nanosecond()) / 1e9) / DAY
}

#[cfg(test)]
mod tests;
