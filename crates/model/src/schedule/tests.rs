//! Tables for schedules. What they do at every change of the clocks is in `tests/zones.rs`.

mod explaining;
mod slots;
mod words;
mod writing;

use chrono::{DateTime, Utc};

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
