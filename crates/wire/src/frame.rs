//! The frames. Fields and frames that one side does not know are tolerated by it; nothing here encodes bytes.

use roundsman_model::{
    ActionName, Answer, Artifact, AskError, Code, Credentials, DocumentError, DocumentOp, DocumentPlace,
    DocumentReply, KindName, MetricValue, Outcome, Protected, Question, RunId, Sandbox, TaskError, TaskName,
    Timestamp,
};
use serde::{Deserialize, Serialize};

/// The version of the protocol. The handshake refuses another.
pub const PROTOCOL: u16 = 1;

/// What a worker is asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The run's number.
    pub run: RunId,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// The task's name.
    pub task: TaskName,
    /// The kind to run.
    pub kind: KindName,
    /// The slot it is for.
    #[serde(default)]
    pub slot: Option<Timestamp>,
    /// The round it belongs to, if others follow it or it follows others.
    #[serde(default)]
    pub round: Option<String>,
    /// The task's zone, by its IANA name.
    pub timezone: String,
    /// The action asked for.
    #[serde(default)]
    pub action: Option<ActionName>,
    /// Parameters of the action.
    #[serde(default)]
    pub params: serde_json::Value,
    /// Whether writes only become a plan.
    #[serde(default)]
    pub dry_run: bool,
    /// The kind's config, references resolved.
    pub with: serde_json::Value,
    /// When the attempt is to stop, on the wall clock.
    pub deadline: Timestamp,
    /// Milliseconds from now until the worker ends its own tree, whatever the kind does.
    pub time_limit_ms: u64,
    /// Milliseconds between the polite and the final signal.
    pub grace_ms: u64,
    /// How long the worker may go on without a further `renew`; absent means as long as the wire is open.
    #[serde(default)]
    pub lease: Option<crate::Lease>,
    /// What is wanted of the kind.
    #[serde(default)]
    pub purpose: Purpose,
    /// Where the kind's code is.
    #[serde(default)]
    pub code: Code,
    /// Credentials by role, in the open: this frame is the only place where they are.
    #[serde(default)]
    pub credentials: Credentials,
    /// What the worker confines itself to before the kind's code runs.
    #[serde(default)]
    pub confinement: Confinement,
    /// The process that holds the other end; the worker ends if its parent is another.
    pub parent_pid: u32,
}

/// What is wanted of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Its work, or the action that the request names.
    #[default]
    Run,
    /// Its description: the outcome's detail is a `KindDescription`. For plugins.
    Describe,
    /// A look whether it could work: the outcome's detail is a list of findings.
    Preflight,
}

/// What a worker confines itself to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Confinement {
    /// What its processes may use and reach, as far as this host can enforce it.
    pub sandbox: Sandbox,
    /// The user to become, by name.
    pub user: Option<String>,
    /// Files and folders of the daemon that are out of reach, or only to be read.
    pub protected: Protected,
    /// Whether memory and processes are limited from outside already, by a cgroup that the worker is in.
    pub in_cgroup: bool,
}

/// Frames to a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum ToWorker {
    /// The first frame: the protocol the daemon speaks.
    Hello {
        /// The protocol's version.
        protocol: u16,
    },
    /// The second frame: what to do. Boxed, as it is by far the largest.
    Request {
        /// What to do.
        request: Box<Request>,
    },
    /// The run's lease was renewed.
    Renew {
        /// How long the worker may go on.
        lease: crate::Lease,
    },
    /// Stop: tell the kind, then end the tree after the grace.
    Cancel {
        /// Why.
        reason: crate::CancelReason,
    },
    /// The answer to a `document` frame.
    DocumentReply {
        /// The number of the question.
        id: u64,
        /// The answer.
        result: Result<DocumentReply, DocumentError>,
    },
    /// The answer to an `artifact` frame.
    ArtifactReply {
        /// The number of the question.
        id: u64,
        /// What was kept, or why not.
        result: Result<Artifact, String>,
    },
    /// The answer to an `ask` frame.
    Answer {
        /// The number of the question.
        id: u64,
        /// The answer.
        result: Result<Answer, AskError>,
    },
    /// The outcome was received; the worker may exit.
    Goodbye,
    /// A frame of a later version: passed over.
    #[serde(other)]
    Unknown,
}

/// Where a log line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    /// The kind's own log.
    Log,
    /// Standard output of the worker or a process it started.
    Stdout,
    /// Standard error of the worker or a process it started.
    Stderr,
    /// What Roundsman itself says about the attempt.
    Roundsman,
}

/// One line of a run's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// Where it comes from.
    pub stream: LogStream,
    /// `error`, `warn`, `info`, `debug` or `trace`; `info` for the streams of processes.
    pub level: String,
    /// The text, without a line end.
    pub text: String,
}

/// Frames from a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum FromWorker {
    /// The first frame: who is there.
    Hello {
        /// The protocol's version.
        protocol: u16,
        /// The worker's version, for messages.
        version: String,
    },
    /// A line of the kind's log.
    Log {
        /// The line.
        line: LogLine,
    },
    /// How far the work is.
    Progress {
        /// Steps done.
        done: u64,
        /// Steps in all.
        #[serde(default)]
        total: Option<u64>,
        /// What it is at.
        #[serde(default)]
        note: String,
    },
    /// A sample of a metric.
    Metric {
        /// The sample.
        metric: MetricValue,
    },
    /// Lines, samples or steps that did not fit into the worker's queue.
    Dropped {
        /// Log lines.
        logs: u64,
        /// Metric samples.
        metrics: u64,
    },
    /// A question to a collection of documents; answered by `document_reply`.
    Document {
        /// The number of the question.
        id: u64,
        /// Of which documents.
        #[serde(flatten)]
        place: DocumentPlace,
        /// The question.
        op: DocumentOp,
    },
    /// An artifact to keep; answered by `artifact_reply`.
    Artifact {
        /// The number of the question.
        id: u64,
        /// Its name.
        name: String,
        /// Its media type.
        media_type: String,
        /// Its bytes in base64.
        base64: String,
    },
    /// Any other question; answered by `answer`.
    Ask {
        /// The number of the question.
        id: u64,
        /// The question.
        question: Question,
    },
    /// The worker ends its tree of its own accord: asked to by a signal, or because a limit passed.
    Stopping {
        /// Why.
        reason: crate::CancelReason,
    },
    /// The kind's code has ended, and what it left behind was ended too.
    Tidied {
        /// How many processes the kind left behind that the worker had to end.
        #[serde(default)]
        leftovers: u32,
        /// Whether the worker has no process below it any more.
        #[serde(default)]
        alone: bool,
        /// The most memory that the worker, or a process it waited for, had resident, in bytes.
        #[serde(default)]
        peak_memory: Option<u64>,
    },
    /// The kind's report; after it the worker only waits for `goodbye`.
    Outcome {
        /// An outcome or an instruction.
        result: Result<Outcome, TaskError>,
    },
    /// The kind's code panicked.
    Panicked {
        /// The panic's message.
        message: String,
        /// File and line.
        place: String,
    },
    /// A frame of a later version: passed over.
    #[serde(other)]
    Unknown,
}
