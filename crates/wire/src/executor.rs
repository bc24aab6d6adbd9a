//! The seam between the engine and whatever runs attempts: start one, learn how it ended, stop it. It names no means:
//! processes on this host are one implementation.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use roundsman_model::{
    Abilities, Answer, Artifact, AskError, AttemptEnd, DocumentError, DocumentOp, DocumentPlace,
    DocumentReply, MetricValue, Question,
};
use serde::{Deserialize, Serialize};

use crate::{CodecError, Lease, LogLine, Request};

/// The most questions (documents, artifacts and all others) of one attempt that may be open at a time. The worker keeps to it; an
/// executor answers what is beyond it with an error, so that it never has to stop reading.
pub const MAX_QUESTIONS: usize = 8;

/// Why an attempt is stopped before it ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// A person asked for it.
    Person,
    /// The daemon is stopping.
    Drain,
    /// The time limit.
    Deadline,
    /// The run's lease was lost.
    Lease,
}

/// Everything an executor needs to start an attempt.
#[derive(Debug, Clone)]
pub struct AttemptOrder {
    /// What the worker is to do. `time_limit_ms` and `grace_ms` hold for the executor too.
    pub request: Request,
    /// The mark that all processes of the attempt carry in `ROUNDSMAN_ATTEMPT`.
    pub mark: String,
    /// Environment variables for the worker besides the minimal ones.
    pub env: Vec<(String, String)>,
}

/// What an attempt may ask of the daemon, and what it tells.
#[async_trait]
pub trait Host: Send + Sync + 'static {
    /// A log line. Never waits: what does not fit is dropped and counted by the host.
    fn log(&self, line: LogLine);
    /// A piece of a line that goes on with the next line or piece of the same stream. Never waits.
    fn log_piece(&self, piece: LogLine) {
        self.log(piece);
    }
    /// How far the work is.
    fn progress(&self, done: u64, total: Option<u64>, note: String);
    /// A sample of a metric.
    fn metric(&self, metric: MetricValue);
    /// Log lines and samples that were dropped on the way.
    fn dropped(&self, logs: u64, metrics: u64);
    /// A question to a collection of documents.
    async fn document(&self, place: &DocumentPlace, op: DocumentOp) -> Result<DocumentReply, DocumentError>;
    /// An artifact to keep.
    async fn artifact(&self, name: &str, media_type: &str, bytes: Vec<u8>) -> Result<Artifact, String>;
    /// Any other question.
    async fn ask(&self, question: Question) -> Result<Answer, AskError>;
}

/// What the attempt used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Processor time of the worker and the processes it waited for.
    pub cpu: Duration,
    /// The most memory the worker, or a process it waited for, had resident, in bytes, where that is known.
    pub max_rss: Option<u64>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptReport {
    /// The end.
    pub end: AttemptEnd,
    /// What it used, where that is known.
    pub usage: Option<Usage>,
    /// How many processes besides the worker had to be ended.
    pub leftovers: u32,
}

/// Why an attempt could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The executable could not be run.
    #[error("cannot start a worker from {}", .path.display())]
    Exec {
        /// The executable.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The work directory could not be made.
    #[error("cannot make the work directory {}", .path.display())]
    WorkDir {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The cgroup that limits it could not be made.
    #[error("cannot make a cgroup for a worker")]
    Cgroup {
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The machine has no room for another process now.
    #[error("no room for another worker process")]
    Exhausted {
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The request is too large for the wire.
    #[error("the request cannot be sent to a worker")]
    Request {
        /// Why.
        #[source]
        source: CodecError,
    },
    /// The executor is stopping.
    #[error("the supervisor is stopping")]
    Stopping,
}

/// Starts attempts somewhere.
#[async_trait]
pub trait Executor: Send + Sync + 'static {
    /// Starts an attempt. What it asks and tells goes to `host`.
    async fn start(
        &self,
        order: AttemptOrder,
        host: Arc<dyn Host>,
    ) -> Result<Box<dyn RunningAttempt>, StartError>;

    /// Ends processes that attempts of an earlier boot left behind: all on this host whose mark satisfies `ours`.
    /// Returns how many were ended. When it returns, none of them is alive.
    async fn sweep(
        &self,
        ours: &(dyn for<'m> Fn(&'m str) -> bool + Send + Sync),
    ) -> Result<u32, std::io::Error>;

    /// What it can enforce of a task's sandbox.
    fn abilities(&self) -> Abilities;
}

/// An attempt under way. Dropping it ends its whole tree.
#[async_trait]
pub trait RunningAttempt: Send {
    /// The worker's process id, where there is one.
    fn pid(&self) -> Option<u32>;
    /// Tells the worker that its lease was renewed.
    fn renew(&self, lease: Lease);
    /// Stops it: the kind is told, then TERM to the tree, then KILL after the grace. Does not wait; see [`wait`](Self::wait).
    fn cancel(&self, reason: CancelReason);
    /// Ends the whole tree at once.
    fn kill(&self);
    /// Waits for the end. When it returns, no process of the attempt is alive and all are reaped. Cancel-safe: may be
    /// called again after being dropped.
    async fn wait(&mut self) -> AttemptReport;
}
