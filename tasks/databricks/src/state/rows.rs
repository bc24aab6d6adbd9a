//! The documents themselves, as types. Fields that later versions add have defaults, so that older documents can be read.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{
    permissions::Snapshot,
    quota::MeasureKind,
    uptime::{DayUsage, Event, Interval},
};

/// What is known of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkspaceRow {
    /// The `now` of the last poll that was carried through.
    pub last_poll_ms: Option<i64>,
    /// The last day whose end was done.
    pub last_closed: Option<NaiveDate>,
    /// How many polls failed one after the other.
    pub failures: u32,
    /// Since when they fail.
    pub failing_since_ms: Option<i64>,
    /// When admins were last told that polls fail; absent when they have been told that they work again.
    pub incident_told_ms: Option<i64>,
    /// The id of that mail's day and number, so that the one about the recovery belongs to it.
    pub incident_seq: u32,
    /// What went wrong last, without secrets.
    pub last_error: Option<String>,
    /// The run whose failure was counted last: a poll that is tried again counts once.
    pub failed_run: Option<i64>,
}

/// A cluster and its recent intervals.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterRow {
    /// Its name at the last poll.
    pub name: String,
    /// Its number, if it is managed.
    pub number: Option<u32>,
    /// Who created it, while that user exists.
    pub creator: Option<String>,
    /// The vendor's `cluster_source`.
    pub source: Option<String>,
    /// The vendor's word for its state at the last poll.
    pub state: String,
    /// Whether it is pinned, as far as the list says so.
    pub pinned: bool,
    /// The latest stored event, or the last successful fetch, whichever is later.
    pub cursor_ms: Option<i64>,
    /// When its events were last asked for.
    pub looked_at_ms: Option<i64>,
    /// The first poll that saw it.
    pub first_seen_ms: i64,
    /// The last poll that saw it; of one of which nothing changes, the first of that day.
    pub last_seen_ms: i64,
    /// The first poll that no longer found it.
    pub deleted_ms: Option<i64>,
    /// Its intervals that end after the start of the day before the last closed one, sorted.
    pub recent: Vec<Interval>,
    /// Its last event before an instant from which on all events are kept; none if no events were had yet.
    pub before: Option<Before>,
}

/// The last event before an instant, if there was one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Before {
    /// The instant.
    pub from_ms: i64,
    /// The event.
    pub event: Option<Event>,
}

/// What a cluster used on a day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UsageRow {
    /// Its name that day.
    pub name: String,
    /// Its number, if it is managed.
    pub number: Option<u32>,
    /// Its group, if it is managed.
    pub group: Option<String>,
    /// Who created it, while that user exists.
    pub creator: Option<String>,
    /// How long it ran, in how many runs, and how this is known.
    pub usage: DayUsage,
    /// Its soft threshold that day.
    pub soft_ms: i64,
    /// Its hard threshold that day.
    pub hard_ms: i64,
    /// When its group was warned.
    pub warned_ms: Option<i64>,
    /// When it was stopped.
    pub stopped_ms: Option<i64>,
    /// How often it was stopped again after it had been started in spite of the block.
    pub restarts_blocked: u32,
    /// Where it comes from if not from a poll: `legacy`, or `sampling` for days that were closed too late.
    pub origin: Option<String>,
    /// When the day was closed; a final row never gets smaller unless somebody asks for that.
    pub finalized_ms: Option<i64>,
}

/// How far something that was decided is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureState {
    /// It was decided; whether it was done is not known.
    Asked,
    /// It was asked for and is to be looked at again.
    Verifying,
    /// It was done. For mails: it is in the outbox.
    Done,
    /// It cannot be done: the group or the cluster is not there.
    Impossible,
}

/// Something that was decided about a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasureRow {
    /// The day it belongs to.
    pub day: NaiveDate,
    /// The cluster.
    pub cluster_id: String,
    /// What.
    pub kind: MeasureKind,
    /// The how-manieth of the day.
    pub seq: u32,
    /// How far it is.
    pub state: MeasureState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was decided.
    pub asked_ms: i64,
    /// When it was done.
    #[serde(default)]
    pub done_ms: Option<i64>,
    /// What went wrong last.
    #[serde(default)]
    pub error: Option<String>,
    /// Who started the cluster in spite of the block, for measures that follow from it.
    #[serde(default)]
    pub user: Option<String>,
}

/// A block that is not released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockRow {
    /// The day it began.
    pub day: NaiveDate,
    /// The how-manieth of that day.
    pub seq: u32,
    /// The group.
    pub group: String,
    /// The cluster's name then.
    pub name: String,
    /// When it was decided.
    pub since_ms: i64,
    /// The grants from before.
    pub snapshot: Snapshot,
    /// The members whose own grants it lowers, by address; only with `revoke_scope = "students"`.
    #[serde(default)]
    pub students: Vec<String>,
    /// Why it could not be released so far.
    #[serde(default)]
    pub error: Option<String>,
}
