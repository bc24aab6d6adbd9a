//! One run of a cluster as it is kept between polls. How intervals come about is not told here.

use serde::{Deserialize, Serialize};

/// Where an interval comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The cluster's events.
    Events,
    /// Looks at the list of clusters.
    Sample,
}

/// A time during which a cluster ran. The order of the fields is the order of intervals.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Interval {
    /// The first instant.
    pub start_ms: i64,
    /// The first instant after it; none while it lasts.
    pub end_ms: Option<i64>,
    /// Where it comes from.
    pub source: Source,
    /// Whether the start is known and not guessed.
    pub start_exact: bool,
    /// Whether the end is known and not guessed.
    pub end_exact: bool,
    /// Whether it rests on the list alone, because the events lag behind; they are asked for again.
    pub provisional: bool,
    /// The last poll that saw the cluster run; none if no poll did.
    pub last_seen_ms: Option<i64>,
    /// When its driver node was launched, if a poll saw that.
    pub driver_start_ms: Option<i64>,
    /// Who started it, if it is known.
    pub started_by: Option<String>,
    /// Why it ended, if it is known: the code of the termination.
    pub end_reason: Option<String>,
}

impl Interval {
    /// An interval from an instant on, of which nothing else is known.
    pub(super) fn open(start_ms: i64, source: Source) -> Self {
        Self {
            start_ms,
            end_ms: None,
            source,
            start_exact: false,
            end_exact: false,
            provisional: false,
            last_seen_ms: None,
            driver_start_ms: None,
            started_by: None,
            end_reason: None,
        }
    }

    /// The end, for comparisons: an open interval ends after all others.
    pub(super) fn end_or_max(&self) -> i64 {
        self.end_ms.unwrap_or(i64::MAX)
    }

    /// Whether there is an instant of which both are.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.start_ms < other.end_or_max() && other.start_ms < self.end_or_max()
    }
}
