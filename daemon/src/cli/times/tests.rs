//! Rounding never shows a unit that is full, and times carry their offset.

use std::time::Duration;

use chrono_tz::Tz;

use super::{bytes, distance, full, length, rough};

#[test]
fn lengths() {
    let rows: Vec<String> =
        [0, 48, 999, 1000, 1249, 9949, 9950, 59_499, 59_500, 200_000, 3_599_499, 3_599_500]
            .into_iter()
            .chain([3_900_000, 86_399_000, 86_400_000, 200_000_000])
            .map(|millis| length(Duration::from_millis(millis)))
            .collect();
    expect_test::expect!["0 ms, 48 ms, 999 ms, 1 s, 1.2 s, 9.9 s, 10 s, 59 s, 1 min, 3 min 20 s, 59 min 59 s, 1 h, 1 h 5 min, 23 h 59 min, 1 d, 2 d 7 h"].assert_eq(&rows.join(", "));
}

#[test]
fn rough_lengths() {
    let rows: Vec<String> =
        [0, 1, 59, 60, 89, 90, 720, 3569, 3570, 4800, 7200, 17_999, 18_000, 170_999, 171_000, 864_000]
            .into_iter()
            .map(|secs| rough(Duration::from_secs(secs)))
            .collect();
    expect_test::expect![
        "0 s, 1 s, 59 s, 1 min, 1 min, 2 min, 12 min, 59 min, 1 h, 1 h 20 min, 2 h, 5 h, 5 h, 47 h, 2 d, 10 d"
    ]
    .assert_eq(&rows.join(", "));
}

#[test]
fn distances_and_zones() {
    let at = |text: &str| text.parse().unwrap();
    let now = at("2026-11-21T12:48:01Z");
    let berlin = Tz::Europe__Berlin;
    assert_eq!(full(at("2026-11-21T13:00:00Z"), berlin), "2026-11-21 14:00:00 +01:00 Europe/Berlin");
    assert_eq!(full(at("2026-07-21T13:00:00Z"), berlin), "2026-07-21 15:00:00 +02:00 Europe/Berlin");
    assert_eq!(distance(at("2026-11-21T13:00:00Z"), now), "in 12 min");
    assert_eq!(distance(at("2026-11-21T09:00:00Z"), now), "3 h 48 min ago");
    assert_eq!(distance(now, now), "now");
}

#[test]
fn sizes() {
    let rows: Vec<String> =
        [0, 812, 1023, 1024, 1433, 10_188, 24_117_248, 1 << 40].into_iter().map(bytes).collect();
    expect_test::expect!["0 B, 812 B, 1023 B, 1.0 KiB, 1.4 KiB, 9.9 KiB, 23 MiB, 1.0 TiB"]
        .assert_eq(&rows.join(", "));
}
