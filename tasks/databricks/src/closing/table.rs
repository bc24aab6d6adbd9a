//! The rows of a closed day as the report and the action `report` show them (C). It words no mail.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat};
use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::{
    mails::{ReportRow, UnmanagedRow},
    quota::group_name,
    state::UsageRow,
};

/// Managed clusters that ran, by number and name.
pub(super) fn managed(rows: &BTreeMap<String, UsageRow>) -> Vec<ReportRow> {
    let managed = rows.iter().filter(|(_, row)| row.number.is_some() && row.usage.used_ms > 0);
    let mut managed: Vec<_> = managed.map(|(id, row)| report_row(id, row)).collect();
    managed.sort_by(|a, b| (a.number, &a.name, &a.cluster_id).cmp(&(b.number, &b.name, &b.cluster_id)));
    managed
}

/// Clusters that are not managed and ran, by name.
pub(super) fn unmanaged(rows: &BTreeMap<String, UsageRow>) -> Vec<UnmanagedRow> {
    let foreign = rows.values().filter(|row| row.number.is_none() && row.usage.used_ms > 0);
    let mut foreign: Vec<_> = foreign
        .map(|row| UnmanagedRow {
            name: row.name.clone(),
            creator: row.creator.clone(),
            used_ms: row.usage.used_ms,
        })
        .collect();
    foreign.sort_by(|a, b| a.name.cmp(&b.name));
    foreign
}

fn report_row(id: &str, row: &UsageRow) -> ReportRow {
    ReportRow {
        name: row.name.clone(),
        cluster_id: id.to_owned(),
        number: row.number,
        group: row.group.clone().or(row.number.map(group_name)).unwrap_or_default(),
        usage: row.usage.clone(),
        soft_ms: row.soft_ms,
        hard_ms: row.hard_ms,
        warned_ms: row.warned_ms,
        stopped_ms: row.stopped_ms,
        restarts_blocked: row.restarts_blocked,
        source: source(row).to_owned(),
    }
}

/// How the time is known, in one word.
fn source(row: &UsageRow) -> &str {
    match (row.origin.as_deref(), row.usage.certainty) {
        (Some(super::settle::SAMPLING), _) => "sampled",
        (Some(other), _) => other,
        (None, Some(certainty)) => certainty.as_str(),
        (None, None) => "exact",
    }
}

/// The titles of the report's table.
const COLUMNS: [&str; 11] = [
    "Cluster Name",
    "Daily Usage (HH:MM)",
    "Group",
    "Sessions",
    "First start",
    "Last stop",
    "Used %",
    "Warned at",
    "Stopped at",
    "Blocked restarts",
    "Source",
];

/// The report of a day as a table to be printed.
pub fn print(rows: &BTreeMap<String, UsageRow>, zone: Tz) -> Value {
    let at = |at_ms: Option<i64>| at_ms.map(|at_ms| instant(at_ms, zone));
    let lines = managed(rows).into_iter().map(|row| {
        let percent = if row.hard_ms > 0 { row.usage.used_ms * 100 / row.hard_ms } else { 0 };
        json!([
            row.name,
            hours_minutes(row.usage.used_ms),
            row.group,
            row.usage.sessions,
            at(row.usage.first_start_ms),
            at(row.usage.last_stop_ms),
            percent,
            at(row.warned_ms),
            at(row.stopped_ms),
            row.restarts_blocked,
            row.source,
        ])
    });
    let foreign = unmanaged(rows).into_iter().map(|row| {
        let name = format!("{} (not managed)", row.name);
        json!([name, hours_minutes(row.used_ms), null, null, null, null, null, null, null, null, null])
    });
    json!({ "columns": COLUMNS, "rows": lines.chain(foreign).collect::<Vec<_>>() })
}

/// The time that managed clusters ran in all.
pub fn total_ms(rows: &BTreeMap<String, UsageRow>) -> i64 {
    rows.values().filter(|row| row.number.is_some()).map(|row| row.usage.used_ms).sum()
}

/// `HH:MM`; hours may exceed 24, seconds are cut.
pub fn hours_minutes(length_ms: i64) -> String {
    let minutes = length_ms / 60_000;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// An instant on the wall of a zone, with its offset.
pub(super) fn instant(at_ms: i64, zone: Tz) -> String {
    let at = DateTime::from_timestamp_millis(at_ms).unwrap_or_default().with_timezone(&zone);
    at.to_rfc3339_opts(SecondsFormat::Secs, false)
}
