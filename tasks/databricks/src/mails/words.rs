//! How durations, instants and names are written for people. It makes no sentences.

use chrono::{DateTime, TimeZone, Utc};
use chrono_tz::Tz;

const MINUTE_MS: i64 = 60_000;
/// The most characters of a name that comes from outside.
const LONGEST_NAME: usize = 200;
/// The most characters of what somebody else said.
const LONGEST_QUOTE: usize = 2_000;
/// Around a name that runs from right to left, so that it does not turn around what stands beside it.
const ISOLATE: char = '\u{2068}';
const END_OF_ISOLATE: char = '\u{2069}';

/// A duration in mails: `3h5m`.
pub(super) fn span(ms: i64) -> String {
    let minutes = ms.max(0) / MINUTE_MS;
    format!("{}h{}m", minutes / 60, minutes % 60)
}

/// A duration in tables: `03:05`; seconds are cut off.
pub(super) fn hours(ms: i64) -> String {
    let minutes = ms.max(0) / MINUTE_MS;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Minutes, with fractions where there are any: `210`, `0.5`.
pub(super) fn minutes(ms: i64) -> String {
    if ms % MINUTE_MS == 0 {
        return (ms / MINUTE_MS).to_string();
    }
    let text = format!("{:.2}", ms as f64 / MINUTE_MS as f64);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// An instant with date, offset and zone: `2026-11-17 00:00 +02:00 (Asia/Jerusalem)`.
pub(super) fn instant(at_ms: i64, zone: Tz) -> String {
    format!("{} ({zone})", short_instant(at_ms, zone))
}

/// An instant with date and offset: `2026-11-17 00:00 +02:00`.
pub(super) fn short_instant(at_ms: i64, zone: Tz) -> String {
    local(at_ms, zone).format("%Y-%m-%d %H:%M %:z").to_string()
}

/// An instant as programs read it: `2026-11-17T00:00:00+02:00`.
pub(super) fn rfc3339(at_ms: i64, zone: Tz) -> String {
    local(at_ms, zone).to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}

/// What the clock of a zone shows.
pub(super) fn local(at_ms: i64, zone: Tz) -> DateTime<Tz> {
    zone.from_utc_datetime(&utc(at_ms).naive_utc())
}

/// Milliseconds as an instant; what no clock shows counts as the epoch.
pub(super) fn utc(at_ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at_ms).unwrap_or_default()
}

/// A name from outside on one line, and one that runs from right to left stays among itself.
pub(super) fn name(text: &str) -> String {
    let name = plain(text);
    if name.is_empty() {
        return "(no name)".to_owned();
    }
    if name.chars().any(is_right_to_left) {
        return format!("{ISOLATE}{name}{END_OF_ISOLATE}");
    }
    name
}

/// A name from outside for programs: without what would break the line or turn the text around.
pub(super) fn plain(text: &str) -> String {
    let visible = text.chars().filter(|char| !turns(*char));
    let line = visible.map(|char| if char.is_control() || breaks(char) { ' ' } else { char });
    let name: String = line.take(LONGEST_NAME).collect();
    name.trim().to_owned()
}

/// What somebody else said, on as many lines as it has, but not without end.
pub(super) fn quoted(text: &str) -> String {
    let kept = text.chars().filter(|char| (*char == '\n' || !char.is_control()) && !turns(*char));
    kept.take(LONGEST_QUOTE).collect()
}

/// How many places a text takes on a line.
pub(super) fn width(text: &str) -> usize {
    text.chars().filter(|char| !turns(*char)).count()
}

/// A text as it stands in HTML.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Marks that change the direction of what follows.
const fn turns(char: char) -> bool {
    matches!(char, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

const fn breaks(char: char) -> bool {
    matches!(char, '\u{2028}' | '\u{2029}')
}

const fn is_right_to_left(char: char) -> bool {
    matches!(
        char,
        '\u{0590}'..='\u{08ff}'
            | '\u{fb1d}'..='\u{fdff}'
            | '\u{fe70}'..='\u{fefc}'
            | '\u{10800}'..='\u{10fff}'
            | '\u{1e800}'..='\u{1efff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let check = |ms: i64, in_mails: &str, in_tables: &str, as_minutes: &str| {
            assert_eq!((span(ms).as_str(), hours(ms).as_str()), (in_mails, in_tables), "{ms}");
            assert_eq!(minutes(ms), as_minutes, "{ms}");
        };
        check(0, "0h0m", "00:00", "0");
        check(59_999, "0h0m", "00:00", "1");
        check(180 * MINUTE_MS, "3h0m", "03:00", "180");
        check(185 * MINUTE_MS + 59_000, "3h5m", "03:05", "185.98");
        check(26 * 60 * MINUTE_MS, "26h0m", "26:00", "1560");
        check(30_000, "0h0m", "00:00", "0.5");
    }

    #[test]
    fn instants_say_where() {
        let zone = chrono_tz::Asia::Jerusalem;
        assert_eq!(instant(1_794_866_400_000, zone), "2026-11-17 00:00 +02:00 (Asia/Jerusalem)");
        assert_eq!(rfc3339(1_794_808_980_123, zone), "2026-11-16T08:03:00+02:00");
        assert_eq!(rfc3339(1_790_000_000_000, zone), "2026-09-21T17:13:20+03:00");
    }

    #[test]
    fn names_from_outside() {
        let check = |text: &str, expected: &str| assert_eq!(name(text), expected);
        check("cluster_07", "cluster_07");
        check(" \r\nBcc: x ", "Bcc: x");
        check("a\u{202e}b\u{2066}c\u{2028}d", "abc d");
        check("Staff\r\nBcc: x", "Staff  Bcc: x");
        check("אשכול", "\u{2068}אשכול\u{2069}");
        check("\u{2069}אב\u{2069}", "\u{2068}אב\u{2069}");
        check("", "(no name)");
        check(&"x".repeat(999), &"x".repeat(200));
        assert_eq!(plain("\u{202e}אב\t"), "אב");
        assert_eq!(quoted("a\u{202e}\r\nb\0"), "a\nb");
        assert_eq!(width(&name("אב")), 2);
        assert_eq!(escape("<b>&\"'"), "&lt;b&gt;&amp;&quot;&#39;");
    }
}
