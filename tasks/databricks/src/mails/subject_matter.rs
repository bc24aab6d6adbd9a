//! What mails are about, as facts without words.

use chrono::NaiveDate;

use crate::uptime::DayUsage;

/// A cluster at a threshold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The day.
    pub day: NaiveDate,
    /// The cluster.
    pub cluster_id: String,
    /// Its name.
    pub name: String,
    /// Its group; none if it is not managed, and then only admins are told.
    pub group: Option<String>,
    /// How long it ran that day when the threshold was noticed.
    pub used_ms: i64,
    /// Its soft threshold.
    pub soft_ms: i64,
    /// Its hard threshold.
    pub hard_ms: i64,
    /// When the threshold was noticed.
    pub at_ms: i64,
    /// When the counter begins anew: the end of the day.
    pub reset_ms: i64,
}

/// The report of a closed day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The day.
    pub day: NaiveDate,
    /// Managed clusters that ran, sorted by number and name.
    pub rows: Vec<ReportRow>,
    /// How many managed clusters there are.
    pub managed: usize,
    /// Clusters that are not managed and ran; empty with `unmanaged = "ignore"`.
    pub unmanaged: Vec<UnmanagedRow>,
    /// What a person should know: clusters not released, mails not sent, groups without members, numbers used twice, late or
    /// sampled times, failures.
    pub problems: Vec<String>,
}

/// A managed cluster that ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// Its name.
    pub name: String,
    /// The cluster.
    pub cluster_id: String,
    /// Its number.
    pub number: Option<u32>,
    /// Its group.
    pub group: String,
    /// How long it ran, in how many runs.
    pub usage: DayUsage,
    /// Its soft threshold.
    pub soft_ms: i64,
    /// Its hard threshold.
    pub hard_ms: i64,
    /// When its group was warned.
    pub warned_ms: Option<i64>,
    /// When it was stopped.
    pub stopped_ms: Option<i64>,
    /// How often it was stopped again.
    pub restarts_blocked: u32,
    /// How its time is known, in one word: `exact`, `sampled`, `mixed`, `legacy`.
    pub source: String,
}

/// A cluster that is not managed and ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmanagedRow {
    /// Its name.
    pub name: String,
    /// Who created it.
    pub creator: Option<String>,
    /// How long it ran.
    pub used_ms: i64,
}

/// Why polls fail, as far as admins are told. How often and since when they do is in the row of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Incident {
    /// What kind of failure the last one is, in one or two words: `unreachable`, `denied`.
    pub class: String,
    /// The workspace does not let us in (401, 403): admins are told at once.
    pub is_refused: bool,
    /// Names of clusters over their limit, as far as is known.
    pub over_limit: Vec<String>,
}
