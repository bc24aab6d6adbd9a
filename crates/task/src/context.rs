//! What a kind gets to work with. Everything it can ask of the outside goes through one [`Port`].

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono_tz::Tz;
use roundsman_model::{
    ActionName, Answer, Artifact, AskError, BudgetRule, Clock, Credential, Credentials, DocumentError,
    DocumentOp, DocumentPlace, DocumentReply, LeaseName, MetricValue, Question, RunId, TaskError, TaskName,
    Timestamp, artifact::MAX_STORED_BYTES, question::MAX_INPUT_PIECE,
};
use tokio_util::sync::CancellationToken;

use crate::{ArtifactError, Budget, Documents, Upstream};

/// What is known about the attempt under way.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The run's number.
    pub run: RunId,
    /// The task's name.
    pub task: TaskName,
    /// The slot it is for; absent for runs on request.
    pub slot: Option<Timestamp>,
    /// The round it belongs to, if others follow it or it follows others.
    pub round: Option<String>,
    /// 1 for the first attempt.
    pub number: u32,
    /// When the attempt is stopped.
    pub deadline: Timestamp,
    /// The task's zone.
    pub timezone: Tz,
    /// The action asked for; absent for the scheduled work.
    pub action: Option<ActionName>,
    /// Parameters of the action.
    pub params: serde_json::Value,
    /// Whether writes only become a plan.
    pub dry_run: bool,
    /// The credentials it was given, by role.
    pub credentials: Credentials,
}

/// How far the work is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Steps done.
    pub done: u64,
    /// Steps in all, where that is known.
    pub total: Option<u64>,
    /// What it is at.
    pub note: String,
}

/// What stands behind a context: the wire to the daemon, or memory in tests.
#[async_trait]
pub trait Port: Send + Sync + 'static {
    /// Tells how far the work is; only the latest matters.
    fn progress(&self, progress: Progress);
    /// Reports a sample of a declared metric.
    fn metric(&self, metric: MetricValue);
    /// Asks something of documents.
    async fn document(&self, place: &DocumentPlace, op: DocumentOp) -> Result<DocumentReply, DocumentError>;
    /// Keeps an artifact.
    async fn artifact(&self, name: &str, media_type: &str, bytes: Vec<u8>)
    -> Result<Artifact, ArtifactError>;
    /// Lets time pass. Contexts of tests let it pass on their own clock.
    async fn sleep(&self, length: Duration) {
        tokio::time::sleep(length).await;
    }
    /// Asks anything else.
    async fn ask(&self, question: Question) -> Result<Answer, AskError>;
}

/// What a kind gets to work with. Cheap to clone. Log lines go through `tracing`.
#[derive(Clone)]
pub struct TaskContext {
    inner: Arc<Inner>,
    budgets: &'static [(&'static str, BudgetRule)],
}

struct Inner {
    attempt: Attempt,
    clock: Arc<dyn Clock>,
    cancelled: CancellationToken,
    port: Arc<dyn Port>,
}

impl TaskContext {
    /// A context on these foundations. `cancelled` fires when the attempt is to stop.
    pub fn new(
        attempt: Attempt,
        clock: Arc<dyn Clock>,
        cancelled: CancellationToken,
        port: Arc<dyn Port>,
    ) -> Self {
        Self { inner: Arc::new(Inner { attempt, clock, cancelled, port }), budgets: &[] }
    }

    /// The same context for a kind that declares these budgets.
    #[must_use]
    pub fn declaring(&self, budgets: &'static [(&'static str, BudgetRule)]) -> Self {
        Self { inner: self.inner.clone(), budgets }
    }

    /// What is known about the attempt.
    pub fn attempt(&self) -> &Attempt {
        &self.inner.attempt
    }

    /// The run's number.
    pub fn run_id(&self) -> RunId {
        self.inner.attempt.run
    }

    /// The task's name.
    pub fn task(&self) -> &TaskName {
        &self.inner.attempt.task
    }

    /// The slot it is for; absent for runs on request.
    pub fn slot(&self) -> Option<Timestamp> {
        self.inner.attempt.slot
    }

    /// The round it belongs to: one slot or request of one task, and all runs that follow from it. Absent if nothing
    /// follows it and it follows nothing.
    pub fn round(&self) -> Option<&str> {
        self.inner.attempt.round.as_deref()
    }

    /// When the attempt is stopped.
    pub fn deadline(&self) -> Timestamp {
        self.inner.attempt.deadline
    }

    /// The task's zone.
    pub fn timezone(&self) -> Tz {
        self.inner.attempt.timezone
    }

    /// The action asked for; absent for the scheduled work.
    pub fn action(&self) -> Option<&str> {
        self.inner.attempt.action.as_ref().map(ActionName::as_str)
    }

    /// Parameters of the action.
    pub fn params(&self) -> &serde_json::Value {
        &self.inner.attempt.params
    }

    /// Whether writes only become a plan.
    pub fn dry_run(&self) -> bool {
        self.inner.attempt.dry_run
    }

    /// The credentials of a role that the kind declares.
    pub fn credential(&self, role: &str) -> Result<&Credential, TaskError> {
        self.credential_if_any(role).ok_or_else(|| {
            TaskError::config(format!(
                "there are no credentials for {role:?}: name their section under `credentials` of the task"
            ))
        })
    }

    /// The credentials of a role that the kind declares as optional.
    pub fn credential_if_any(&self, role: &str) -> Option<&Credential> {
        self.inner.attempt.credentials.get(role)
    }

    /// All credentials it was given, by role; for kinds that hand them on.
    pub fn credentials(&self) -> &Credentials {
        &self.inner.attempt.credentials
    }

    /// The wall-clock time.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The clock itself, for those who pass it on.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.inner.clock.clone()
    }

    /// Returns when the attempt is to stop.
    pub async fn cancelled(&self) {
        self.inner.cancelled.cancelled().await;
    }

    /// Whether the attempt is to stop.
    pub fn is_cancelled(&self) -> bool {
        self.inner.cancelled.is_cancelled()
    }

    /// Waits so long. Ends with [`TaskError::Cancelled`] when the attempt is to stop meanwhile.
    pub async fn sleep(&self, length: Duration) -> Result<(), TaskError> {
        tokio::select! {
            biased;
            () = self.cancelled() => Err(TaskError::Cancelled),
            () = self.inner.port.sleep(length) => Ok(()),
        }
    }

    /// A named collection of the task's own documents.
    pub fn documents(&self, collection: &str) -> Documents {
        Documents::new(self.clone(), DocumentPlace::own(collection))
    }

    /// A named collection of a space that the kind declares: shared with all tasks whose configuration gives this space
    /// the same scope.
    pub fn documents_in(&self, space: &str, collection: &str) -> Documents {
        Documents::new(self.clone(), DocumentPlace::shared(space, collection))
    }

    /// Asks documents in the words that travel to the daemon; for kinds that hand on what others ask.
    pub async fn ask_documents(
        &self,
        place: &DocumentPlace,
        op: DocumentOp,
    ) -> Result<DocumentReply, DocumentError> {
        op.check()?;
        self.inner.port.document(place, op).await
    }

    /// Asks anything else in the words that travel to the daemon; for kinds that hand on what others ask.
    pub async fn ask(&self, question: Question) -> Result<Answer, AskError> {
        self.inner.port.ask(question).await
    }

    /// Keeps a file that people or later runs want to see.
    pub async fn artifact(
        &self,
        name: &str,
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Result<Artifact, TaskError> {
        if bytes.len() > MAX_STORED_BYTES {
            let error =
                ArtifactError::TooLarge { name: name.to_owned(), size: bytes.len(), limit: MAX_STORED_BYTES };
            return Err(error.into());
        }
        Ok(self.inner.port.artifact(name, media_type, bytes).await?)
    }

    /// The parameters with which something was handed in; for code that does not know its parameters.
    pub async fn inputs(&self) -> Result<Vec<String>, TaskError> {
        match self.port().ask(Question::Inputs).await? {
            Answer::Inputs { names } => Ok(names),
            other => Err(unexpected(&other)),
        }
    }

    /// What was handed in with a parameter of type input (`"format": "input"` in the schema of its parameters), whole.
    pub async fn input(&self, name: &str) -> Result<Vec<u8>, TaskError> {
        let mut whole = Vec::new();
        loop {
            let question = Question::Input { name: name.to_owned(), offset: whole.len() as u64 };
            match self.port().ask(question).await? {
                Answer::Input { bytes } => {
                    whole.extend_from_slice(&bytes);
                    if bytes.len() < MAX_INPUT_PIECE {
                        return Ok(whole);
                    }
                }
                other => return Err(unexpected(&other)),
            }
        }
    }

    /// What came of a task that this one follows, directly or through others, in the same round. Nothing when this run
    /// belongs to no round, as when a person started it alone, or when that task has no run in it.
    pub async fn upstream(&self, task: &str) -> Result<Option<Upstream>, TaskError> {
        let task = task.parse().map_err(TaskError::permanent)?;
        match self.port().ask(Question::Upstream { task }).await? {
            Answer::Upstream { run } => Ok(run.map(|run| Upstream::new(self.clone(), *run))),
            other => Err(unexpected(&other)),
        }
    }

    /// What came of all tasks that this one follows, directly or through others, in the same round; nearest first.
    pub async fn upstreams(&self) -> Result<Vec<Upstream>, TaskError> {
        match self.port().ask(Question::Upstreams).await? {
            Answer::Upstreams { runs } => {
                Ok(runs.into_iter().map(|run| Upstream::new(self.clone(), run)).collect())
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Takes a named lease, if nobody else has it: then it is this attempt's alone, among all tasks on all nodes, until the
    /// attempt ends. It never waits; what a task always needs belongs under `leases` in its configuration.
    pub async fn try_lease(&self, name: &str) -> Result<bool, TaskError> {
        let name: LeaseName = name.parse().map_err(TaskError::permanent)?;
        match self.port().ask(Question::TryLease { name: name.clone() }).await? {
            Answer::Lease { busy: None } => Ok(true),
            Answer::Lease { busy: Some((task, run)) } => {
                tracing::info!("lease {name} is taken by run {run} of {task}");
                Ok(false)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Gives back a lease that [`try_lease`](Self::try_lease) took, before the attempt ends: for what is needed only for a
    /// part of it. One that this attempt does not have stays with whoever has it.
    pub async fn free_lease(&self, name: &str) -> Result<(), TaskError> {
        let name: LeaseName = name.parse().map_err(TaskError::permanent)?;
        match self.port().ask(Question::FreeLease { name }).await? {
            Answer::LeaseFreed => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// A budget that the kind declares or the configuration names.
    pub fn budget(&self, name: &str) -> Budget {
        let declared = self.budgets.iter().find(|(declared, _)| *declared == name);
        Budget::new(self.clone(), name, declared.map(|(_, rule)| rule.clone()))
    }

    /// A budget that follows this rule where the configuration does not name it.
    pub fn budget_or(&self, name: &str, rule: BudgetRule) -> Budget {
        Budget::new(self.clone(), name, Some(rule))
    }

    /// Tells how far the work is: steps done, steps in all where known, and what it is at.
    pub fn progress(&self, done: u64, total: Option<u64>, note: impl Into<String>) {
        self.inner.port.progress(Progress { done, total, note: note.into() });
    }

    /// Reports a sample of a metric that the kind declares.
    pub fn metric(&self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: BTreeMap<_, _> = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        self.inner.port.metric(MetricValue { name: name.to_owned(), labels, value });
    }

    pub(crate) fn port(&self) -> &dyn Port {
        &*self.inner.port
    }
}

pub(crate) fn unexpected(answer: &Answer) -> TaskError {
    TaskError::retry(format!("the daemon gave an answer to another question: {answer:?}"))
}
