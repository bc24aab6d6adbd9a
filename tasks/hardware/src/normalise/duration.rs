//! Lengths of time as devices write them: how long they have been running. Instants are `boot`'s matter.

use std::time::Duration;

/// `65 days, 8:44:39`, `1 day, 0:00:05` and `8:44:39`.
pub fn from_days_and_clock(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (days, clock) = match text.split_once(',') {
        Some((days, clock)) => (days_of(days)?, clock.trim()),
        None => (0, text),
    };
    let mut parts = clock.split(':').map(number);
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || minutes > 59 || seconds > 59 {
        return None;
    }
    let whole_hours = days.checked_mul(24)?.checked_add(hours)?;
    let seconds = whole_hours.checked_mul(3600)?.checked_add(minutes * 60 + seconds)?;
    Some(Duration::from_secs(seconds))
}

/// Nanoseconds, as Fleet reports them.
pub const fn from_nanoseconds(nanoseconds: u64) -> Duration {
    Duration::from_nanos(nanoseconds)
}

/// Hundredths of a second, as SNMP's `sysUpTime` counts them.
pub const fn from_hundredths(hundredths: u64) -> Duration {
    Duration::new(hundredths / 100, (hundredths % 100) as u32 * 10_000_000)
}

fn days_of(text: &str) -> Option<u64> {
    let count = text.trim().strip_suffix("days").or_else(|| text.trim().strip_suffix("day"))?;
    number(count.trim())
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
