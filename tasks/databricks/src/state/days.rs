//! What belongs to a day: usage, measures, steps of its end; and the numbers of a course. Days are dates of the task's zone.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use roundsman_task::{DocumentWrite, TaskError};
use serde::{Deserialize, Serialize};

use super::{MeasureRow, State, UsageRow};
use crate::numbering::NumberMap;

/// A step of the end of a day (B.7), in the order in which they are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Groups may start their clusters again.
    Restore,
    /// The day's usage is final.
    Finalize,
    /// The report is in the outbox.
    Report,
    /// What is old is forgotten.
    Purge,
}

impl Step {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Restore, Self::Finalize, Self::Report, Self::Purge];

    /// The name in keys and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Restore => "restore",
            Self::Finalize => "finalize",
            Self::Report => "report",
            Self::Purge => "purge",
        }
    }
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// It is to be done, or done again.
    #[default]
    Open,
    /// It was done.
    Done,
}

/// A step of the end of a day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StepRow {
    /// How far it is.
    pub state: StepState,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong last.
    pub error: Option<String>,
    /// When it was done.
    pub done_ms: Option<i64>,
    /// What is worth telling of it.
    pub note: Option<String>,
}

impl State {
    /// What clusters used on a day, by cluster.
    pub async fn usage(&self, day: NaiveDate) -> Result<BTreeMap<String, UsageRow>, TaskError> {
        let prefix = format!("{day}/");
        let rows = self.all("usage", &prefix, None).await?;
        Ok(rows.into_iter().map(|(key, row)| (key[prefix.len()..].to_owned(), row)).collect())
    }

    /// What clusters used on the days from `first` to `last`, both included, that have any rows.
    pub async fn usage_between(
        &self,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<BTreeMap<NaiveDate, BTreeMap<String, UsageRow>>, TaskError> {
        let mut days: BTreeMap<NaiveDate, BTreeMap<String, UsageRow>> = BTreeMap::new();
        for (key, row) in self.all("usage", "", Some(format!("{first}/"))).await? {
            let read = key.split_once('/').and_then(|(day, id)| Some((day.parse().ok()?, id.to_owned())));
            let Some((day, id)) = read else { continue };
            if day > last {
                break;
            }
            days.entry(day).or_default().insert(id, row);
        }
        Ok(days)
    }

    /// Keeps what clusters used on a day; up to a thousand rows are written all or none.
    pub async fn put_usage<'a>(
        &self,
        day: NaiveDate,
        rows: impl IntoIterator<Item = (&'a String, &'a UsageRow)>,
    ) -> Result<(), TaskError> {
        self.put("usage", rows.into_iter().map(|(id, row)| (format!("{day}/{id}"), row))).await
    }

    /// Keeps what is final of a day, and drops rows of clusters that did not run after all; up to a thousand changes are made all
    /// or none.
    pub async fn settle_usage<'a>(
        &self,
        day: NaiveDate,
        rows: impl IntoIterator<Item = (&'a String, &'a UsageRow)>,
        gone: impl IntoIterator<Item = &'a String>,
    ) -> Result<(), TaskError> {
        let mut writes = Vec::new();
        for (id, row) in rows {
            let value = serde_json::to_value(row).map_err(TaskError::permanent)?;
            writes.push(DocumentWrite::Put { key: format!("{day}/{id}"), value, if_version: None });
        }
        let gone = gone.into_iter().map(|id| format!("{day}/{id}"));
        writes.extend(gone.map(|key| DocumentWrite::Delete { key, if_version: None }));
        self.write("usage", writes).await
    }

    /// What was decided on a day, in the order of clusters and kinds.
    pub async fn measures(&self, day: NaiveDate) -> Result<Vec<MeasureRow>, TaskError> {
        let rows = self.all("measures", &format!("{day}/"), None).await?;
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    /// Keeps what was decided.
    pub async fn put_measures<'a>(
        &self,
        rows: impl IntoIterator<Item = &'a MeasureRow>,
    ) -> Result<(), TaskError> {
        let key =
            |row: &MeasureRow| format!("{}/{}/{}/{:03}", row.day, row.cluster_id, row.kind.as_str(), row.seq);
        self.put("measures", rows.into_iter().map(|row| (key(row), row))).await
    }

    /// The steps of the end of a day.
    pub async fn steps(&self, day: NaiveDate) -> Result<BTreeMap<Step, StepRow>, TaskError> {
        let prefix = format!("{day}/");
        let kept: BTreeMap<String, StepRow> = self.all("closing", &prefix, None).await?.into_iter().collect();
        let row = |step: Step| kept.get(&format!("{prefix}{}", step.as_str())).cloned().unwrap_or_default();
        Ok(Step::ALL.into_iter().map(|step| (step, row(step))).collect())
    }

    /// Keeps steps of the end of a day.
    pub async fn put_steps(&self, day: NaiveDate, rows: &BTreeMap<Step, StepRow>) -> Result<(), TaskError> {
        self.put("closing", rows.iter().map(|(step, row)| (format!("{day}/{}", step.as_str()), row))).await
    }

    /// Keeps a step of the end of a day.
    pub async fn put_step(&self, day: NaiveDate, step: Step, row: &StepRow) -> Result<(), TaskError> {
        self.put("closing", [(format!("{day}/{}", step.as_str()), row)]).await
    }

    /// Forgets measures and steps of days before this one. What clusters used is kept for ever.
    pub async fn forget_days_before(&self, day: NaiveDate) -> Result<(), TaskError> {
        for collection in ["measures", "closing"] {
            let write = DocumentWrite::DeleteRange { from: String::new(), until: Some(format!("{day}/")) };
            self.write(collection, vec![write]).await?;
        }
        Ok(())
    }

    /// The numbers of a course's groups. Unlike anything else they are never taken for absent when they cannot be read: every
    /// student would move to another cluster.
    pub async fn numbers(&self, course: &str) -> Result<Option<NumberMap>, TaskError> {
        let Some(document) = self.collection("numbers").get(course).await? else { return Ok(None) };
        serde_json::from_value(document.value).map(Some).map_err(|error| {
            TaskError::permanent(format!(
                "the numbers of the course {course} are kept, but cannot be read by this version: {error}"
            ))
        })
    }

    /// Keeps the numbers of a course's groups.
    pub async fn put_numbers(&self, map: &NumberMap) -> Result<(), TaskError> {
        self.put("numbers", [(map.course.clone(), map)]).await
    }
}
