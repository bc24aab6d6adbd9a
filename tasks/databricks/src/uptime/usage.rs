//! What of a cluster's intervals lies on a day (B.1): the measure of their union, cut at midnight. Thresholds are not here.

use serde::{Deserialize, Serialize};

use super::{
    interval::{Interval, Source},
    union::union,
};
use crate::day::Day;

/// How a day's usage is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// From events alone.
    Exact,
    /// From looks at the list alone.
    Sampled,
    /// From both, or with a boundary that is guessed.
    Mixed,
}

impl Certainty {
    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Sampled => "sampled",
            Self::Mixed => "mixed",
        }
    }
}

/// What a cluster used on a day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DayUsage {
    /// How long it ran.
    pub used_ms: i64,
    /// How many runs there were.
    pub sessions: u32,
    /// When the first of them began, or the day.
    pub first_start_ms: Option<i64>,
    /// When the last of them ended, or the day; none while it lasts.
    pub last_stop_ms: Option<i64>,
    /// How this is known; none if there is nothing to know.
    pub certainty: Option<Certainty>,
}

/// What of the intervals lies on the day, up to `now_ms`.
pub fn usage(intervals: &[Interval], day: &Day, now_ms: i64) -> DayUsage {
    let mut usage = DayUsage::default();
    let mut last: Option<Interval> = None;
    for run in union(intervals) {
        let end_ms = run.end_or_max().min(now_ms);
        let part_ms = day.overlap_ms(run.start_ms, end_ms);
        if part_ms == 0 {
            continue;
        }
        usage.used_ms += part_ms;
        usage.sessions += u32::from(!last.is_some_and(|last| continues(&last, &run)));
        usage.first_start_ms.get_or_insert(run.start_ms.max(day.start_ms()));
        let lasts = run.end_or_max() > now_ms && now_ms < day.end_ms();
        usage.last_stop_ms = (!lasts).then_some(end_ms.min(day.end_ms()));
        let certainty = certainty(&run, day);
        let is_same = usage.certainty.is_none_or(|known| known == certainty);
        usage.certainty = Some(if is_same { certainty } else { Certainty::Mixed });
        last = Some(run);
    }
    usage
}

/// Whether one run is told by both: what was sampled right at the edge of what events tell.
fn continues(last: &Interval, run: &Interval) -> bool {
    last.end_ms == Some(run.start_ms) && last.source != run.source
}

fn certainty(run: &Interval, day: &Day) -> Certainty {
    // A boundary on another day does not change what lies on this one.
    let knows_start = run.start_exact || run.start_ms < day.start_ms();
    let knows_end = run.end_exact || run.end_or_max() >= day.end_ms();
    match run.source {
        Source::Sample => Certainty::Sampled,
        Source::Events if knows_start && knows_end && !run.provisional => Certainty::Exact,
        Source::Events => Certainty::Mixed,
    }
}
