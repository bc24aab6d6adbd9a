//! A context for kinds under test, in memory. It starts no worker and opens no store.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use roundsman_testkit::TestContext;
//!
//! let test = TestContext::builder().task("dns").dry_run().build();
//! test.cx().documents("records").put("a", 1, None).await.unwrap();
//! assert_eq!(test.document("records", "a").unwrap().version, 1);
//!
//! let next = test.next_run(); // same documents and clock, nothing recorded yet
//! assert!(next.document("records", "a").is_some());
//! # });
//! ```

mod builder;
mod documents;
mod memory;
mod surroundings;

use std::{sync::Arc, time::Duration};

use chrono_tz::Tz;
use roundsman_model::{
    Artifact, AskError, Clock, Document, DocumentError, DocumentPlace, MetricValue, RunId, Timestamp, time,
};
use roundsman_task::{Attempt, KindInfo, Progress, TaskContext};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

pub use self::{builder::TestContextBuilder, documents::DocumentTally, surroundings::TestUpstream};
use self::{documents::MemoryDocuments, memory::MemoryPort, surroundings::Surroundings};

/// A context on an in-memory port, and everything the kind did with it.
pub struct TestContext {
    cx: TaskContext,
    cancelled: CancellationToken,
    port: Arc<MemoryPort>,
    time_left: Duration,
}

impl Default for TestContext {
    fn default() -> Self {
        Self::builder().build()
    }
}

impl TestContext {
    /// A context that is described step by step.
    pub fn builder() -> TestContextBuilder {
        TestContextBuilder::default()
    }

    /// What the kind is given.
    pub fn cx(&self) -> &TaskContext {
        &self.cx
    }

    /// The next run of the same task: the same documents, clock and parameters, with nothing recorded yet and as much time
    /// from now on as this one had.
    pub fn next_run(&self) -> Self {
        let mut attempt = self.cx.attempt().clone();
        attempt.run = RunId(attempt.run.0 + 1);
        self.with_attempt(attempt)
    }

    /// The next run of the same task, after it was given another zone.
    pub fn next_run_in(&self, timezone: Tz) -> Self {
        let mut attempt = self.cx.attempt().clone();
        attempt.run = RunId(attempt.run.0 + 1);
        attempt.timezone = timezone;
        self.with_attempt(attempt)
    }

    /// The next run of the same task, as a dry run.
    pub fn next_dry_run(&self) -> Self {
        let mut attempt = self.cx.attempt().clone();
        attempt.run = RunId(attempt.run.0 + 1);
        attempt.dry_run = true;
        self.with_attempt(attempt)
    }

    /// The next run, of an action of the same task.
    pub fn next_action(&self, name: &str, params: Value) -> Self {
        let mut attempt = self.cx.attempt().clone();
        attempt.run = RunId(attempt.run.0 + 1);
        attempt.action = Some(name.parse().expect("an action name"));
        attempt.params = params;
        self.with_attempt(attempt)
    }

    /// The next attempt of the same run, as after a crash or a retry.
    pub fn next_attempt(&self) -> Self {
        let mut attempt = self.cx.attempt().clone();
        attempt.number += 1;
        self.with_attempt(attempt)
    }

    fn with_attempt(&self, attempt: Attempt) -> Self {
        self.port.surroundings.end_attempt();
        let (documents, surroundings) = (self.port.documents.clone(), self.port.surroundings.clone());
        Self::assemble(attempt, self.cx.clock(), self.time_left, documents, surroundings)
    }

    fn assemble(
        mut attempt: Attempt,
        clock: Arc<dyn Clock>,
        time_left: Duration,
        documents: Arc<MemoryDocuments>,
        surroundings: Arc<Surroundings>,
    ) -> Self {
        attempt.deadline = clock.now() + time::delta(time_left);
        let cancelled = CancellationToken::new();
        let port = Arc::new(MemoryPort::new(documents, surroundings));
        let cx = TaskContext::new(attempt, clock, cancelled.clone(), port.clone());
        Self { cx, cancelled, port, time_left }
    }

    /// Tells the kind to stop.
    pub fn cancel(&self) {
        self.cancelled.cancel();
    }

    /// The document under a key, past the kind.
    pub fn document(&self, collection: &str, key: &str) -> Option<Document> {
        self.documents(collection).into_iter().find(|document| document.key == key)
    }

    /// All documents of a collection in the order of their keys, past the kind.
    pub fn documents(&self, collection: &str) -> Vec<Document> {
        self.port.documents.all(&DocumentPlace::own(collection))
    }

    /// All documents of a collection of a shared space in the order of their keys, past the kind.
    pub fn documents_in(&self, space: &str, collection: &str) -> Vec<Document> {
        self.port.documents.all(&DocumentPlace::shared(space, collection))
    }

    /// What this run asked of documents so far, refused questions left out.
    pub fn document_tally(&self) -> DocumentTally {
        self.port.document_tally()
    }

    /// From now on every question to documents is answered with this error; `None` ends it.
    pub fn fail_documents(&self, error: impl Into<Option<DocumentError>>) {
        self.port.documents.fail_with(error.into());
    }

    /// From now on every question about upstreams, leases and budgets is answered with this error; `None` ends it.
    pub fn fail_questions(&self, error: impl Into<Option<AskError>>) {
        self.port.surroundings.fail_with(error.into());
    }

    /// How long the kind waited, each time.
    pub fn waits(&self) -> Vec<Duration> {
        self.port.surroundings.waits()
    }

    /// Another task has this lease from now on. Panics if the task's name is no name.
    pub fn take_lease_for(&self, name: &str, task: &str) {
        self.port.surroundings.take_lease_for(name, task);
    }

    /// Nobody has this lease any more.
    pub fn free_lease(&self, name: &str) {
        self.port.surroundings.free_lease(name);
    }

    /// This was handed in with a parameter of type input.
    pub fn hand_in(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.port.surroundings.hand_in(name, bytes.into());
    }

    /// The leases that the attempt has, by name.
    pub fn leases(&self) -> Vec<String> {
        self.port.surroundings.own_leases()
    }

    /// So many are left in a budget; who wants more is told to wait an hour. Without this everything is granted.
    pub fn leave_in_budget(&self, name: &str, left: u32) {
        self.port.surroundings.leave_in_budget(name, left);
    }

    /// How many were taken from a budget, over all runs.
    pub fn taken_from_budget(&self, name: &str) -> u64 {
        self.port.surroundings.taken(name)
    }

    /// Until when the kind asked everybody to leave a budget alone.
    pub fn budget_held_until(&self, name: &str) -> Option<Timestamp> {
        self.port.surroundings.held_until(name)
    }

    /// Budgets used without a rule, which work only where the configuration names them: the kind neither declares them
    /// nor gives a rule. [`TaskContext::declaring`] makes a context know what a kind declares.
    pub fn undeclared_budgets(&self) -> Vec<String> {
        self.port.surroundings.undeclared()
    }

    /// What is known about the artifacts, by name.
    pub fn artifacts(&self) -> Vec<Artifact> {
        self.port.artifacts().into_iter().map(|(artifact, _)| artifact).collect()
    }

    /// The bytes of an artifact.
    pub fn artifact(&self, name: &str) -> Option<Vec<u8>> {
        self.port.artifacts().into_iter().find(|(artifact, _)| artifact.name == name).map(|(_, bytes)| bytes)
    }

    /// An artifact read as JSON; panics with its name if it is missing or not JSON.
    pub fn artifact_json(&self, name: &str) -> Value {
        let bytes = self.artifact(name).unwrap_or_else(|| panic!("no artifact {name:?} was kept"));
        serde_json::from_slice(&bytes)
            .unwrap_or_else(|error| panic!("artifact {name:?} is not JSON: {error}"))
    }

    /// Every report of progress, oldest first.
    pub fn progress(&self) -> Vec<Progress> {
        self.port.progress()
    }

    /// Every sample of a metric, oldest first.
    pub fn metrics(&self) -> Vec<MetricValue> {
        self.port.metrics()
    }

    /// The latest sample with this name and exactly these labels.
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let same = |sample: &MetricValue| {
            sample.name == name
                && sample.labels.len() == labels.len()
                && labels
                    .iter()
                    .all(|(key, value)| sample.labels.get(*key).is_some_and(|found| found == value))
        };
        self.metrics().into_iter().rev().find(same).map(|sample| sample.value)
    }

    /// Samples that the daemon would refuse, because the kind does not declare the name or not exactly these labels.
    pub fn undeclared_metrics(&self, info: &KindInfo) -> Vec<MetricValue> {
        let declared = |sample: &MetricValue| {
            info.metrics.iter().any(|metric| {
                metric.name == sample.name
                    && metric.labels.len() == sample.labels.len()
                    && metric.labels.iter().all(|label| sample.labels.contains_key(*label))
            })
        };
        self.metrics().into_iter().filter(|sample| !declared(sample)).collect()
    }
}

#[cfg(test)]
mod tests;
