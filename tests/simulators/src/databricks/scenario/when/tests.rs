//! Instants as they are written. Whole scenarios are loaded elsewhere.

use chrono_tz::Tz;

use super::{Frame, When};

#[test]
fn instants_are_read_as_people_write_them() {
    let frame = Frame { zone: Tz::Asia__Jerusalem, start: Some(1_794_808_800_000) };
    let read = |text: &str| When::from(text).millis(frame).unwrap();
    assert_eq!(read("2026-11-16T06:03:00Z"), 1_794_808_980_000);
    assert_eq!(read("2026-11-16 08:03"), 1_794_808_980_000);
    assert_eq!(read("2026-11-16T08:03:00"), 1_794_808_980_000);
    assert_eq!(read("08:03"), 1_794_808_980_000);
    assert_eq!(read("08:03:00.250"), 1_794_808_980_250);
    assert_eq!(read("+3m"), 1_794_808_980_000);
    assert_eq!(read("-2h"), 1_794_801_600_000);
    assert_eq!(When::from(5).millis(frame).unwrap(), 5);
}

#[test]
fn what_is_no_instant_is_told() {
    let told = |text: &str, start| {
        let frame = Frame { zone: Tz::Asia__Jerusalem, start };
        format!("{:#}", When::from(text).millis(frame).unwrap_err())
    };
    assert!(told("soon", Some(0)).contains("\"soon\" is no instant"), "{}", told("soon", Some(0)));
    assert!(told("+3x", Some(0)).contains("ends in s, m, h or d"));
    assert!(told("+3m", None).contains("counted from itself"));
    assert!(told("08:00", None).contains("needs a date"));
    assert!(told("2026-03-27 02:30", Some(0)).contains("skip it"));
}
