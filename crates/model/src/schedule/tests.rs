//! Tables for schedules. What they do at every change of the clocks is in `tests/zones.rs`.
#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

mod explaining;
mod slots;
mod tallies;
mod words;
mod writing;

use chrono::{DateTime, Utc};

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
