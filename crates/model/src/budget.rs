//! Budgets: how often something may be done, by all tasks on all nodes together, and how people write it. Counting is the
//! store's matter.

use std::{num::NonZeroU32, time::Duration};

use serde::{Deserialize, Serialize};

/// How much of something all tasks and nodes may do together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRule {
    /// The time in which one more may be done, in microseconds: 200,000 for five a second.
    pub interval_us: u64,
    /// How many may be done at once after a rest.
    pub burst: u32,
}

/// What a draw from a budget came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// How many of those wanted may be done now.
    pub granted: u32,
    /// How long to wait before asking for more; zero if all were granted.
    pub wait: Duration,
}

/// Why a text is no rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a rate: {problem}; expected a number, a slash and `s`, `m`, `h` or `d`, such as \"5/s\", \"100/m\" or \"1000/h\""
)]
pub struct InvalidRate {
    text: String,
    problem: &'static str,
}

const SECOND_US: u64 = 1_000_000;

impl BudgetRule {
    /// The rule of a rate as written, such as `5/s`, `100/m` or `1000/h`. Without a burst, one second's worth may be done
    /// at once, and at least one. What does not divide evenly is rounded to the slower side.
    pub fn parse(rate: &str, burst: Option<NonZeroU32>) -> Result<Self, InvalidRate> {
        let invalid = |problem| InvalidRate { text: rate.chars().take(80).collect(), problem };
        let (count, unit) = rate.split_once('/').ok_or_else(|| invalid("it has no slash"))?;
        let unit_us = match unit.trim() {
            "s" => SECOND_US,
            "m" => 60 * SECOND_US,
            "h" => 3_600 * SECOND_US,
            "d" => 86_400 * SECOND_US,
            _ => return Err(invalid("what follows the slash is no unit")),
        };
        let digits = count.trim();
        let count = match digits.parse::<u64>() {
            Ok(0) => return Err(invalid("nothing could ever be done")),
            Ok(count) if digits.bytes().all(|byte| byte.is_ascii_digit()) => count,
            _ => return Err(invalid("what precedes the slash is no whole number")),
        };
        if count > unit_us {
            return Err(invalid("more than a million a second is no limit"));
        }
        let interval_us = unit_us.div_ceil(count);
        let of_a_second = u32::try_from((SECOND_US / interval_us).max(1)).unwrap_or(u32::MAX);
        Ok(Self { interval_us, burst: burst.map_or(of_a_second, NonZeroU32::get) })
    }
}

impl BudgetRule {
    /// So many a second, and as many at once after a rest.
    pub const fn per_second(count: u32) -> Self {
        assert!(count > 0, "a budget of nothing lets nothing happen");
        Self { interval_us: SECOND_US.div_ceil(count as u64), burst: count }
    }

    /// How many one attempt may draw ahead of its need: what is earned in a tenth of a second, and no more than a tenth
    /// of the burst. What it does not use is lost to everyone.
    pub fn ahead(&self) -> u32 {
        let earned = u32::try_from(SECOND_US / 10 / self.interval_us.max(1)).unwrap_or(u32::MAX);
        earned.min(self.burst / 10)
    }
}
