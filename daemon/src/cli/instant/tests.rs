//! What people write for a time, and what it then means.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use std::fmt::Write as _;

use chrono_tz::Tz;
use expect_test::{Expect, expect};

use super::read;

fn check(zone: Tz, texts: &[&str], expected: Expect) {
    let now = "2026-11-21T13:48:00Z".parse().unwrap();
    let mut table = String::new();
    for text in texts {
        let meant = match read(text, zone, now) {
            Ok(instant) => {
                let minute = if instant.to_the_minute { " (minute)" } else { "" };
                let note = instant.note.map_or_else(String::new, |note| format!("\n    {note}"));
                format!("{}{minute}{note}", instant.at.to_rfc3339())
            }
            Err(error) => error.to_string(),
        };
        writeln!(table, "{text} → {meant}").unwrap();
    }
    expected.assert_eq(&table);
}

#[test]
fn absolute_times_carry_their_offset() {
    let texts = [
        "2026-11-21T02:00:00Z",
        "2026-11-21T02:00Z",
        "2026-11-21 02:00:00 Z",
        "2026-11-21T02:00:00+01:00",
        "2026-11-21T02:00+01:00",
        "2026-11-21 02:00 +01:00",
        "2026-11-21 02:00:00 +01:00 Europe/Berlin",
        "2026-11-21T02:00:00.250+0530",
    ];
    check(
        Tz::America__New_York,
        &texts,
        expect![[r#"
        2026-11-21T02:00:00Z → 2026-11-21T02:00:00+00:00
        2026-11-21T02:00Z → 2026-11-21T02:00:00+00:00
        2026-11-21 02:00:00 Z → 2026-11-21T02:00:00+00:00
        2026-11-21T02:00:00+01:00 → 2026-11-21T01:00:00+00:00
        2026-11-21T02:00+01:00 → 2026-11-21T01:00:00+00:00
        2026-11-21 02:00 +01:00 → 2026-11-21T01:00:00+00:00
        2026-11-21 02:00:00 +01:00 Europe/Berlin → 2026-11-21T01:00:00+00:00
        2026-11-21T02:00:00.250+0530 → 2026-11-20T20:30:00.250+00:00
    "#]],
    );
}

#[test]
fn wall_clock_times_are_those_of_the_zone() {
    let texts = [
        "2026-11-21T02:00",
        "2026-11-21 02:00",
        "2026-11-21 02:00:30",
        "02:00",
        "23:59:59",
        "yesterday 02:00",
        "today 14:30",
        "tomorrow 00:00",
        "2026-11-20",
        "yesterday",
    ];
    check(
        Tz::Europe__Berlin,
        &texts,
        expect![[r#"
        2026-11-21T02:00 → 2026-11-21T01:00:00+00:00 (minute)
        2026-11-21 02:00 → 2026-11-21T01:00:00+00:00 (minute)
        2026-11-21 02:00:30 → 2026-11-21T01:00:30+00:00
        02:00 → 2026-11-21T01:00:00+00:00 (minute)
        23:59:59 → 2026-11-21T22:59:59+00:00
        yesterday 02:00 → 2026-11-20T01:00:00+00:00 (minute)
        today 14:30 → 2026-11-21T13:30:00+00:00 (minute)
        tomorrow 00:00 → 2026-11-21T23:00:00+00:00 (minute)
        2026-11-20 → 2026-11-19T23:00:00+00:00 (minute)
        yesterday → 2026-11-19T23:00:00+00:00 (minute)
    "#]],
    );
}

#[test]
fn distances_count_from_now() {
    check(
        Tz::UTC,
        &["-2h", "-1h 30m", "+15m", "in 15m", "2h ago", "now"],
        expect![[r#"
        -2h → 2026-11-21T11:48:00+00:00
        -1h 30m → 2026-11-21T12:18:00+00:00
        +15m → 2026-11-21T14:03:00+00:00
        in 15m → 2026-11-21T14:03:00+00:00
        2h ago → 2026-11-21T11:48:00+00:00
        now → 2026-11-21T13:48:00+00:00
    "#]],
    );
}

#[test]
fn changes_of_the_clocks_are_said() {
    check(
        Tz::Europe__Berlin,
        &["2026-03-29 02:30", "2026-10-25 02:30", "2026-10-25 02:30 +01:00"],
        expect![[r#"
        2026-03-29 02:30 → 2026-03-29T01:00:00+00:00 (minute)
            2026-03-29 02:30 does not exist in Europe/Berlin: the clocks go forward; 2026-03-29 03:00:00 +02:00 is meant
        2026-10-25 02:30 → 2026-10-25T00:30:00+00:00 (minute)
            2026-10-25 02:30 occurs twice in Europe/Berlin; the first time is meant (+02:00), add +01:00 for the second
        2026-10-25 02:30 +01:00 → 2026-10-25T01:30:00+00:00
    "#]],
    );
    check(
        Tz::Pacific__Apia,
        &["2011-12-30 12:00"],
        expect![[r#"
        2011-12-30 12:00 → 2011-12-30T10:00:00+00:00 (minute)
            2011-12-30 12:00 does not exist in Pacific/Apia: the clocks go forward; 2011-12-31 00:00:00 +14:00 is meant
    "#]],
    );
}

#[test]
fn everything_else_is_refused() {
    let texts =
        ["", "noon", "25:00", "2026-13-01", "2026-02-30 02:00", "-2", "-9999999999d", "02:00 tomorrow"];
    check(
        Tz::UTC,
        &texts,
        expect![[r#"
         → "" is not a time: write "2026-11-21T02:00", "2026-11-21 02:00:30 +01:00", "02:00", "yesterday 02:00", or "-2h"
        noon → "noon" is not a time: write "2026-11-21T02:00", "2026-11-21 02:00:30 +01:00", "02:00", "yesterday 02:00", or "-2h"
        25:00 → "25:00" is not a time: write "2026-11-21T02:00", "2026-11-21 02:00:30 +01:00", "02:00", "yesterday 02:00", or "-2h"
        2026-13-01 → "2026-13-01" is not a time: write "2026-11-21T02:00", "2026-11-21 02:00:30 +01:00", "02:00", "yesterday 02:00", or "-2h"
        2026-02-30 02:00 → "2026-02-30 02:00" is not a time: write "2026-11-21T02:00", "2026-11-21 02:00:30 +01:00", "02:00", "yesterday 02:00", or "-2h"
        -2 → "-2" is not a time: write "2026-11-21T02:00", "2026-11-21 02:00:30 +01:00", "02:00", "yesterday 02:00", or "-2h"
        -9999999999d → "-9999999999d" is not a time: write "2026-11-21T02:00", "2026-11-21 02:00:30 +01:00", "02:00", "yesterday 02:00", or "-2h"
        02:00 tomorrow → "02:00 tomorrow" is not a time: write "2026-11-21T02:00", "2026-11-21 02:00:30 +01:00", "02:00", "yesterday 02:00", or "-2h"
    "#]],
    );
}
