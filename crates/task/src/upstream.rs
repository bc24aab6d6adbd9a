//! What came of a task that this one follows, as a kind sees it. Which runs may be read is the daemon's matter.

use roundsman_model::{
    Answer, Artifact, Counts, Outcome, OutcomeStatus, Question, RunState, TaskError, UpstreamRun,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{TaskContext, context::unexpected};

/// The run of an upstream task in the same round.
#[derive(Clone)]
pub struct Upstream {
    cx: TaskContext,
    run: UpstreamRun,
}

impl Upstream {
    pub(crate) fn new(cx: TaskContext, run: UpstreamRun) -> Self {
        Self { cx, run }
    }

    /// Everything that is known of the run.
    pub fn run(&self) -> &UpstreamRun {
        &self.run
    }

    /// How it ended.
    pub fn state(&self) -> RunState {
        self.run.state
    }

    /// What its kind reported; absent if it failed.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.run.outcome.as_ref()
    }

    /// How the work went, by its kind's report.
    pub fn status(&self) -> Option<OutcomeStatus> {
        self.outcome().map(|outcome| outcome.status)
    }

    /// Its kind's one line for people, or how it failed; empty if neither is known.
    pub fn summary(&self) -> &str {
        let reported = self.outcome().map(|outcome| outcome.summary.as_str());
        reported.or(self.run.cause.as_deref()).unwrap_or_default()
    }

    /// Its counts; all zero if there was no report.
    pub fn counts(&self) -> Counts {
        self.outcome().map(|outcome| outcome.counts).unwrap_or_default()
    }

    /// Its details; null if there are none.
    pub fn detail(&self) -> &Value {
        self.outcome().map_or(&Value::Null, |outcome| &outcome.detail)
    }

    /// Its details as a type. What does not fit is a permanent error that names the task.
    pub fn detail_as<T: DeserializeOwned>(&self) -> Result<T, TaskError> {
        T::deserialize(self.detail()).map_err(|error| {
            TaskError::permanent(format!(
                "the detail of run {} of {} is not as expected: {error}",
                self.run.run, self.run.task
            ))
        })
    }

    /// What is known of its artifacts, by name.
    pub fn artifacts(&self) -> &[Artifact] {
        &self.run.artifacts
    }

    /// The bytes of one of its artifacts. A missing one is a permanent error that names those that are there.
    pub async fn artifact(&self, name: &str) -> Result<Vec<u8>, TaskError> {
        if !self.run.artifacts.iter().any(|artifact| artifact.name == name) {
            let known: Vec<_> = self.run.artifacts.iter().map(|artifact| artifact.name.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(TaskError::permanent(format!(
                "run {} of {} kept no artifact {name:?} (kept: {known})",
                self.run.run, self.run.task
            )));
        }
        let question = Question::UpstreamArtifact { run: self.run.run, name: name.to_owned() };
        match self.cx.port().ask(question).await? {
            Answer::Artifact { bytes } => Ok(bytes),
            other => Err(unexpected(&other)),
        }
    }
}
