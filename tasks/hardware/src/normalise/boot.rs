//! When a machine was started. It reads no clock: "now" is the time of collection.

use chrono::{DateTime, DurationRound, TimeDelta, TimeZone, Utc};

/// How far in the future a boot time may be: clocks differ.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);
/// No machine that is still running was started before this year.
const FIRST_YEAR: i32 = 2000;

/// The boot time, and what was wrong with values that are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BootTime {
    /// When the machine was started, if that is known.
    pub at: Option<DateTime<Utc>>,
    /// Values that cannot be true.
    pub warnings: Vec<String>,
}

/// The reported boot time, else the time of collection less the uptime, rounded to the minute.
pub fn boot_time(
    reported: Option<DateTime<Utc>>,
    uptime_s: Option<u64>,
    collected_at: DateTime<Utc>,
) -> BootTime {
    let mut warnings = Vec::new();
    let mut plausible = |what: &str, at: DateTime<Utc>| {
        let problem = implausible(at, collected_at)?;
        warnings.push(format!("{what} {at} is left out: {problem}"));
        Some(())
    };
    let reported = reported.filter(|at| plausible("the reported boot time", *at).is_none());
    let at = reported.or_else(|| {
        let at = computed(uptime_s?, collected_at)?;
        plausible("the boot time that follows from the uptime", at).is_none().then_some(at)
    });
    BootTime { at, warnings }
}

fn computed(uptime_s: u64, collected_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let uptime = TimeDelta::try_seconds(i64::try_from(uptime_s).ok()?)?;
    collected_at.checked_sub_signed(uptime)?.duration_round(TimeDelta::minutes(1)).ok()
}

fn implausible(at: DateTime<Utc>, collected_at: DateTime<Utc>) -> Option<&'static str> {
    let first = Utc.with_ymd_and_hms(FIRST_YEAR, 1, 1, 0, 0, 0).single()?;
    if at < first {
        return Some("it lies before the year 2000");
    }
    (at.signed_duration_since(collected_at) > TOLERANCE).then_some("it lies in the future")
}
