//! Thresholds, decisions and crossings: rules as tables, laws as properties.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

mod counting;
mod courses;
mod decisions;
mod thresholds;

use chrono_tz::Tz;

use super::*;
use crate::{day::Day, uptime::State};

const MINUTE_MS: i64 = 60_000;

/// The thresholds of the worked example.
const LIMITS: Limits = Limits { soft_ms: 180 * MINUTE_MS, hard_ms: 210 * MINUTE_MS, exempt: false };

/// The day of the worked example.
fn today() -> Day {
    Day::of("2026-11-16".parse().unwrap(), Tz::Asia__Jerusalem)
}

/// An instant of today, by minutes since midnight.
fn minute(minute: i64) -> i64 {
    today().start_ms() + minute * MINUTE_MS
}
