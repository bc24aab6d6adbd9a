//! What clusters used: today as it stands, a matrix of days, and sums. It reads what polls kept and asks the workspace
//! nothing, so that it costs none of its budget; what runs now is counted up to now.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use roundsman_task::{ActionInfo, Outcome, TaskError, no_params, params_of};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{listing::table, read_params};
use crate::{day::Day, lab::Lab, state::UsageRow, uptime};

const fn report(name: &'static str, about: &'static str, params: fn() -> Value) -> ActionInfo {
    let timeout = Duration::from_mins(5);
    ActionInfo { name, about, timeout, exclusive: false, writes: false, params }
}

/// Today.
pub(super) const CLUSTER_USAGE: ActionInfo =
    report("cluster-usage", "tells what clusters used today, and who was warned and stopped", no_params);
/// Days.
pub(super) const USAGE: ActionInfo =
    report("usage", "tells what clusters used on each of the last days, in seconds", params_of::<Span>);
/// Sums.
pub(super) const CUMULATIVE: ActionInfo =
    report("cumulative", "tells what clusters used in all, most first", params_of::<Span>);

/// Which days.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    /// How many days, today included; for `cumulative` all that are known if nothing is said.
    #[serde(default)]
    #[schemars(range(min = 1, max = 3660))]
    days: Option<u32>,
}

/// How many days a matrix has if nothing is said.
const USUAL_DAYS: u32 = 30;
/// How far sums go back if nothing is said.
const ALL_DAYS: u32 = 3_660;

/// What clusters used today (C).
pub(super) async fn cluster_usage(lab: &Lab) -> Result<Outcome, TaskError> {
    let now_ms = lab.cx.now().timestamp_millis();
    let day = Day::at(now_ms, lab.zone());
    let today = today(lab, &day, now_ms).await?;
    let total: i64 = today.values().map(|row| row.usage.used_ms).sum();
    let mut rows: Vec<_> = today.iter().collect();
    rows.sort_by_key(|(id, row)| (row.number.unwrap_or(u32::MAX), row.name.clone(), (*id).clone()));
    let rows = rows.into_iter().map(|(id, row)| {
        let uptime = hours_minutes(row.usage.used_ms);
        json!([id, row.name, uptime, clock(row.warned_ms, lab.zone()), clock(row.stopped_ms, lab.zone())])
    });
    let summary = format!("{}: Total time {:.1} hours", day.date(), total as f64 / 3_600_000.0);
    Ok(table(summary, &["ID", "name", "uptime", "warn sent", "killed"], rows.collect()))
}

/// A line per day, a column per cluster, in seconds.
pub(super) async fn usage(lab: &Lab) -> Result<Outcome, TaskError> {
    let Span { days } = read_params(lab)?;
    let days = read_days(lab, days.unwrap_or(USUAL_DAYS)).await?;
    let names: BTreeSet<(u32, &str, &str)> = days
        .values()
        .flatten()
        .map(|(id, row)| (row.number.unwrap_or(u32::MAX), &*row.name, &**id))
        .collect();
    let mut columns = vec!["date".to_owned()];
    columns.extend(names.iter().map(|(_, name, id)| heading(name, id, &names)));
    let rows: Vec<Value> = days
        .iter()
        .map(|(date, rows)| {
            let used = |id: &str| rows.get(id).map_or(0, |row| row.usage.used_ms / 1_000);
            let cells = names.iter().map(|(_, _, id)| json!(used(id)));
            Value::Array(std::iter::once(json!(date.to_string())).chain(cells).collect())
        })
        .collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    Ok(table(format!("{} days, {} clusters", rows.len(), names.len()), &columns, rows))
}

/// What each cluster used in all, most first.
pub(super) async fn cumulative(lab: &Lab) -> Result<Outcome, TaskError> {
    let Span { days } = read_params(lab)?;
    let mut sums: BTreeMap<String, (String, i64)> = BTreeMap::new();
    for (id, row) in read_days(lab, days.unwrap_or(ALL_DAYS)).await?.into_values().flatten() {
        let sum = sums.entry(id).or_default();
        // Days are in order, so the latest name stays.
        sum.0 = row.name;
        sum.1 += row.usage.used_ms;
    }
    let total: i64 = sums.values().map(|(_, used)| used).sum();
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(id, (name, used))| (std::cmp::Reverse(*used), name.clone(), id.clone()));
    let rows = sums.iter().map(|(id, (name, used))| json!([name, id, hours_minutes(*used)])).collect();
    Ok(table(format!("{} in all", hours_minutes(total)), &["cluster", "ID", "uptime"], rows))
}

/// The rows of each of the last days that has any, today's as it stands.
async fn read_days(
    lab: &Lab,
    count: u32,
) -> Result<BTreeMap<NaiveDate, BTreeMap<String, UsageRow>>, TaskError> {
    let now_ms = lab.cx.now().timestamp_millis();
    let day = Day::at(now_ms, lab.zone());
    let first =
        day.date().checked_sub_days(Days::new(u64::from(count.saturating_sub(1)))).unwrap_or(day.date());
    let mut days = lab.state.usage_between(first, day.date()).await?;
    days.insert(day.date(), today(lab, &day, now_ms).await?);
    days.retain(|_, rows| !rows.is_empty());
    Ok(days)
}

/// Today's rows; clusters that run are counted up to now.
async fn today(lab: &Lab, day: &Day, now_ms: i64) -> Result<BTreeMap<String, UsageRow>, TaskError> {
    let (mut rows, clusters) = (lab.state.usage(day.date()).await?, lab.state.clusters().await?);
    for (id, cluster) in clusters {
        let usage = uptime::usage(&cluster.recent, day, now_ms);
        if usage.used_ms == 0 && !rows.contains_key(&id) {
            continue;
        }
        let row = rows.entry(id).or_insert_with(|| UsageRow {
            name: cluster.name.clone(),
            number: cluster.number,
            creator: cluster.creator.clone(),
            ..UsageRow::default()
        });
        row.usage = usage;
    }
    Ok(rows)
}

/// The name, with the id where another cluster has the same one.
fn heading(name: &str, id: &str, all: &BTreeSet<(u32, &str, &str)>) -> String {
    let same = all.iter().filter(|(_, other, _)| *other == name).count();
    if same > 1 || name.is_empty() { format!("{name} ({id})") } else { name.to_owned() }
}

/// Hours and minutes; hours may be more than a day's.
fn hours_minutes(ms: i64) -> String {
    let minutes = ms / 60_000;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The time on the wall; nothing where there is none.
fn clock(at_ms: Option<i64>, zone: Tz) -> Option<String> {
    let at = chrono::DateTime::from_timestamp_millis(at_ms?)?;
    Some(at.with_timezone(&zone).format("%H:%M:%S").to_string())
}
