//! History from the SQLite file of the predecessor (B.8.3), as final rows. It reads the file once and changes nothing in it;
//! what is known here already stays as it is.

use std::{collections::BTreeMap, path::Path};

use chrono::NaiveDate;
use roundsman_task::TaskError;
use sqlx::{ConnectOptions, Row, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    lab::Lab,
    quota::group_name,
    state::UsageRow,
    uptime::{DayUsage, PollInstant},
};

/// The origin of rows that the predecessor measured.
pub(super) const LEGACY: &str = "legacy";
/// Nobody runs longer than the longest day.
const LONGEST_SECS: f64 = 25.0 * 3_600.0;

/// What became of the rows of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rows that are here now, or would be after a dry run.
    pub rows: usize,
    /// The days they are of.
    pub days: usize,
    /// Rows of which there was one here before.
    pub known: usize,
    /// Rows without any time.
    pub empty: usize,
    /// Rows that mean nothing, one sentence each.
    pub problems: Vec<String>,
}

/// Reads the file and keeps what is not known yet. Days of `today` and later are not over and left out.
pub async fn import(
    lab: &Lab,
    file: &Path,
    today: NaiveDate,
    at: PollInstant,
) -> Result<Imported, TaskError> {
    let mut imported = Imported::default();
    let history = History::read(file).await.map_err(|error| {
        TaskError::permanent(format!(
            "{} cannot be read as the predecessor's SQLite file: {error}",
            file.display()
        ))
    })?;
    let clusters = lab.state.clusters().await?;
    for (day, cluster_seconds) in history.days(today, &mut imported) {
        let known = lab.state.usage(day).await?;
        let mut rows = BTreeMap::new();
        for (id, seconds) in cluster_seconds {
            if known.contains_key(&id) {
                imported.known += 1;
                continue;
            }
            let name = history.names.get(&id).or(clusters.get(&id).map(|row| &row.name)).unwrap_or(&id);
            rows.insert(id.clone(), row(lab, &id, name, seconds, at.at_ms));
        }
        lab.state.put_usage(day, &rows).await?;
        imported.rows += rows.len();
        imported.days += usize::from(!rows.is_empty());
    }
    Ok(imported)
}

fn row(lab: &Lab, id: &str, name: &str, seconds: f64, now_ms: i64) -> UsageRow {
    let number = lab.naming.number(name);
    let limits = lab.quota.limits(id, name, number).ok();
    UsageRow {
        name: name.to_owned(),
        number,
        group: number.map(group_name),
        usage: DayUsage { used_ms: (seconds * 1_000.0).round() as i64, ..DayUsage::default() },
        soft_ms: limits.map_or(0, |limits| limits.soft_ms),
        hard_ms: limits.map_or(0, |limits| limits.hard_ms),
        origin: Some(LEGACY.to_owned()),
        finalized_ms: Some(now_ms),
        ..UsageRow::default()
    }
}

/// What the file holds.
#[derive(Debug, Default)]
struct History {
    /// Names of clusters, by id.
    names: BTreeMap<String, String>,
    /// Day as written, cluster, seconds.
    used: Vec<(String, String, f64)>,
}

impl History {
    async fn read(file: &Path) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new().filename(file).read_only(true).create_if_missing(false);
        let mut file = options.connect().await?;
        let tables = tables(&mut file).await?;
        let has = |table: &str| tables.iter().any(|known| known == table);
        let mut history = Self::default();
        if has("clusterinfo") {
            let rows =
                sqlx::query("SELECT CAST(cluster_id AS TEXT), CAST(cluster_name AS TEXT) FROM clusterinfo");
            for row in rows.fetch_all(&mut file).await? {
                history.names.insert(row.try_get(0)?, row.try_get(1)?);
            }
        }
        // Its absence is an error: then it is another file.
        let rows = sqlx::query(
            "SELECT CAST(date AS TEXT), CAST(cluster_id AS TEXT), CAST(daily_use_seconds AS REAL) \
             FROM clustercumulativeuptime",
        );
        history.add(rows.fetch_all(&mut file).await?)?;
        if has("cluster_uptimes") {
            // What the predecessor had not archived yet: it belongs to the day of its last poll.
            let rows = sqlx::query(
                "SELECT CAST(last_poll_time AS TEXT), CAST(cluster_id AS TEXT), \
                 CAST(uptime_seconds + cumulative_seconds AS REAL) \
                 FROM cluster_uptimes WHERE last_poll_time IS NOT NULL",
            );
            // Its columns were others before; what is archived counts in any case.
            if let Ok(rows) = rows.fetch_all(&mut file).await {
                history.add(rows)?;
            }
        }
        Ok(history)
    }

    fn add(&mut self, rows: Vec<sqlx::sqlite::SqliteRow>) -> Result<(), sqlx::Error> {
        for row in rows {
            self.used.push((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
        }
        Ok(())
    }

    /// The seconds of clusters by day. What was archived counts before what was not.
    fn days(&self, today: NaiveDate, imported: &mut Imported) -> BTreeMap<NaiveDate, BTreeMap<String, f64>> {
        let mut days: BTreeMap<NaiveDate, BTreeMap<String, f64>> = BTreeMap::new();
        for (written, id, seconds) in &self.used {
            let date: Option<NaiveDate> = written.get(..10).and_then(|date| date.parse().ok());
            let Some(date) = date.filter(|_| *seconds <= LONGEST_SECS && *seconds >= 0.0) else {
                imported.problems.push(format!("{written:?}, {id}: {seconds} seconds is no usage of a day"));
                continue;
            };
            if date >= today {
                imported.problems.push(format!("{date}, {id}: the day is not over"));
            } else if *seconds == 0.0 {
                imported.empty += 1;
            } else {
                days.entry(date).or_default().entry(id.clone()).or_insert(*seconds);
            }
        }
        days
    }
}

async fn tables(file: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let rows =
        sqlx::query("SELECT lower(name) FROM sqlite_master WHERE type = 'table'").fetch_all(file).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}
