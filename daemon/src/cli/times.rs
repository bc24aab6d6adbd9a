//! Instants and lengths of time as people read them: with zone and offset, and how far away. It reads no clock.

#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono_tz::Tz;
use roundsman_model::Timestamp;

/// `2026-11-21 14:00:00 +01:00`.
pub(crate) fn stamp(at: Timestamp, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// `2026-11-21 14:00:00 +01:00 Europe/Berlin`.
pub(crate) fn full(at: Timestamp, zone: Tz) -> String {
    format!("{} {zone}", stamp(at, zone))
}

/// A text in which instants such as `2026-11-21T13:00:00Z` are told in a zone: stores tell them without one.
pub(crate) fn zoned(text: &str, zone: Tz) -> String {
    let word = |word: &str| {
        let core = word.trim_end_matches([',', ':', ';', ')']);
        let at = core.parse::<Timestamp>().ok().filter(|_| core.contains('T') && core.ends_with('Z'));
        at.map_or_else(|| word.to_owned(), |at| format!("{}{}", stamp(at, zone), &word[core.len()..]))
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// `2026-11-21 14:00:00 +01:00 Europe/Berlin, in 12 min`.
pub(crate) fn with_distance(at: Timestamp, zone: Tz, now: Timestamp) -> String {
    format!("{}, {}", full(at, zone), distance(at, now))
}

/// `14:00:00`, with the date before it where that is another one than the reference's.
pub(crate) fn beside(at: Timestamp, reference: Timestamp, zone: Tz) -> String {
    let (at, reference) = (at.with_timezone(&zone), reference.with_timezone(&zone));
    let same_day = at.date_naive() == reference.date_naive() && at.offset() == reference.offset();
    at.format(if same_day { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S %:z" }).to_string()
}

/// `in 12 min`, `3 h ago`, `now`.
pub(crate) fn distance(at: Timestamp, now: Timestamp) -> String {
    let ahead = at > now;
    let length = (if ahead { at - now } else { now - at }).to_std().unwrap_or_default();
    match (length.as_millis(), ahead) {
        (..500, _) => "now".to_owned(),
        (_, true) => format!("in {}", rough(length)),
        (_, false) => format!("{} ago", rough(length)),
    }
}

/// The same for what is past for sure: `just now` instead of `now`.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    match distance(at, now).as_str() {
        "now" => "just now".to_owned(),
        other => other.to_owned(),
    }
}

/// The largest unit or two, rounded: `12 s`, `12 min`, `1 h 20 min`, `7 h`, `3 d`.
pub(crate) fn rough(length: Duration) -> String {
    let secs = (length.as_millis() + 500) / 1000;
    let minutes = (secs + 30) / 60;
    let hours = (secs + 1800) / 3600;
    let days = (secs + 43_200) / 86_400;
    match secs {
        0..60 => format!("{secs} s"),
        60..3570 => format!("{minutes} min"),
        3570..18_000 if minutes.is_multiple_of(60) => format!("{} h", minutes / 60),
        3570..18_000 => format!("{} h {} min", minutes / 60, minutes % 60),
        18_000..171_000 => format!("{hours} h"),
        171_000..63_115_200 => format!("{days} d"),
        _ => format!("{} years", (days + 182) / 365),
    }
}

/// How long something took: `48 ms`, `1.2 s`, `3 min 20 s`, `1 h 5 min`.
pub(crate) fn length(length: Duration) -> String {
    let millis = length.as_millis();
    let secs = (millis + 500) / 1000;
    match millis {
        0..1000 => format!("{millis} ms"),
        1000..9950 => format!("{:.1} s", length.as_secs_f64()).replace(".0 s", " s"),
        9950..59_500 => format!("{secs} s"),
        59_500..3_599_500 => two(secs, 60, "min", 1, "s"),
        3_599_500..86_400_000 => two(secs, 3600, "h", 60, "min"),
        _ => two(secs, 86_400, "d", 3600, "h"),
    }
}

/// How long it took from one instant to another; a clock that was put back makes that zero.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> String {
    length((to - from).to_std().unwrap_or_default())
}

fn two(secs: u128, large: u128, large_unit: &str, small: u128, small_unit: &str) -> String {
    match secs % large / small {
        0 => format!("{} {large_unit}", secs / large),
        rest => format!("{} {large_unit} {rest} {small_unit}", secs / large),
    }
}

/// An amount of bytes, rounded: `812 B`, `1.4 KiB`, `23 MiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1023.5 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if unit == "B" || value >= 9.95 { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}
