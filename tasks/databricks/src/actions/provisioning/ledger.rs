//! The journal of what is done to a workspace, as documents: `runs/RUN` tells of a plan that is carried out, `steps/RUN/PLACE`
//! how far each of its steps is. What an attempt left behind that was ended in the middle is found here by the next one.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use chrono::TimeDelta;
use roundsman_task::{Document, DocumentWrite, TaskError, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{super::courses::course_file::CourseFile, told};
use crate::{
    lab::Lab,
    provision::{Entry, Journal, OpState, Plan, unfinished as unfinished_of},
};

/// How many documents are read at a time.
const PAGE: u32 = 1_000;
/// What keys of plans begin with.
const RUNS: &str = "runs/";

/// A plan that is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RunRow {
    /// The course.
    course: String,
    /// How many steps it has.
    steps: usize,
    /// When it was begun.
    at: Timestamp,
    /// Whether a later look found everything as it should be, so that nothing of it is unfinished.
    #[serde(default)]
    settled: bool,
}

/// What one attempt writes down.
pub(super) struct Ledger<'a> {
    lab: &'a Lab,
    course: Option<&'a CourseFile>,
    /// The key of the plan, without what all of them begin with.
    key: String,
    steps: AtomicU64,
    ended: AtomicU64,
}

impl<'a> Ledger<'a> {
    /// The journal of this attempt, for a course whose numbers count from its first step on.
    pub(super) fn new(lab: &'a Lab, course: Option<&'a CourseFile>) -> Self {
        let (run, attempt) = (lab.cx.run_id().0, lab.cx.attempt().number);
        let key = format!("{run:012}-{attempt:03}");
        Self { lab, course, key, steps: AtomicU64::new(0), ended: AtomicU64::new(0) }
    }
}

#[async_trait]
impl Journal for Ledger<'_> {
    async fn begin(&self, plan: &Plan) -> Result<(), TaskError> {
        let lab = self.lab;
        told::keep_plan(lab, plan).await?;
        // Before the first step: whoever goes on after this attempt must give the same numbers.
        if let Some(course) = self.course {
            course.keep_numbers(lab).await?;
        }
        let steps = plan.operations.len();
        self.steps.store(steps as u64, Ordering::Relaxed);
        if steps > 0 {
            let row = RunRow { course: plan.course.clone(), steps, at: lab.cx.now(), settled: false };
            lab.state.provisioning().put(&format!("{RUNS}{}", self.key), row, None).await?;
        }
        Ok(())
    }

    async fn write(&self, entry: &Entry) -> Result<(), TaskError> {
        let key = format!("steps/{}/{:05}", self.key, entry.ord);
        self.lab.state.provisioning().put(&key, entry, None).await?;
        let ended = u64::from(entry.state != OpState::Started);
        let done = self.ended.fetch_add(ended, Ordering::Relaxed) + ended;
        // Of whom or what is not told: progress goes where addresses do not.
        self.lab.cx.progress(done, Some(self.steps.load(Ordering::Relaxed)), entry.kind.clone());
        Ok(())
    }
}

/// The requests of clusters that earlier attempts made, or perhaps did, and never switched off.
pub(super) async fn unfinished(lab: &Lab) -> Result<BTreeSet<String>, TaskError> {
    let mut entries = Vec::new();
    for (key, _) in open_runs(lab).await? {
        let steps = list(lab, &format!("steps/{key}/")).await?;
        entries.extend(steps.into_iter().filter_map(read::<Entry>).map(|(_, entry)| entry));
    }
    Ok(unfinished_of(&entries))
}

/// Everything is as it should be: nothing of earlier attempts is unfinished, and what is old enough is forgotten.
pub(super) async fn close(lab: &Lab) -> Result<(), TaskError> {
    let documents = lab.state.provisioning();
    for (key, row) in open_runs(lab).await? {
        documents.put(&format!("{RUNS}{key}"), RunRow { settled: true, ..row }, None).await?;
    }
    let kept = TimeDelta::days(lab.config.retention_days.get().into());
    for (key, row) in runs(lab).await? {
        if row.at + kept >= lab.cx.now() {
            continue;
        }
        // `0` is what follows `/`, so that only steps of this run lie between.
        let (from, until) = (format!("steps/{key}/"), Some(format!("steps/{key}0")));
        let steps = DocumentWrite::DeleteRange { from, until };
        let run = DocumentWrite::Delete { key: format!("{RUNS}{key}"), if_version: None };
        documents.batch(vec![steps, run]).await?;
    }
    Ok(())
}

/// The plans of the course that may have left something unfinished, oldest first.
async fn open_runs(lab: &Lab) -> Result<Vec<(String, RunRow)>, TaskError> {
    let open = |(_, row): &(String, RunRow)| !row.settled && row.course == lab.config.course;
    Ok(runs(lab).await?.into_iter().filter(open).collect())
}

async fn runs(lab: &Lab) -> Result<Vec<(String, RunRow)>, TaskError> {
    let all = list(lab, RUNS).await?.into_iter().filter_map(read::<RunRow>);
    Ok(all.map(|(key, row)| (key[RUNS.len()..].to_owned(), row)).collect())
}

/// A document as what it was written from; one that cannot be read is told and passed over.
fn read<T: DeserializeOwned>(document: Document) -> Option<(String, T)> {
    let Document { key, value, .. } = document;
    let row = serde_json::from_value(value);
    row.inspect_err(|error| tracing::error!("{key} of the journal cannot be read: {error}"))
        .ok()
        .map(|row| (key, row))
}

async fn list(lab: &Lab, prefix: &str) -> Result<Vec<Document>, TaskError> {
    let (documents, mut all) = (lab.state.provisioning(), Vec::<Document>::new());
    loop {
        let after = all.last().map(|document| document.key.clone());
        let page = documents.list(prefix, after.as_deref(), PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}
