//! One struct per event: `emit` writes the log line and moves the metric. Fields are the same everywhere.

use std::time::Duration;

use metrics::{counter, gauge, histogram};
use roundsman_model::{Ended, RunId, RunState, TaskName};
use tracing::{debug, error, info, warn};

use crate::names;

/// An attempt was started in a worker.
pub struct AttemptStarted<'a> {
    /// The task.
    pub task: &'a TaskName,
    /// The run.
    pub run: RunId,
    /// 1 for the first.
    pub attempt: u32,
    /// The worker's process id.
    pub pid: Option<u32>,
    /// From slot (or request) to start; told for first attempts.
    pub lag: Option<Duration>,
}

impl AttemptStarted<'_> {
    /// Tells it.
    pub fn emit(&self) {
        debug!(task.name = %self.task, run.id = %self.run, attempt = self.attempt, pid = self.pid, "attempt started");
        if let Some(lag) = self.lag {
            histogram!(names::START_LAG, "task" => self.task.to_string()).record(lag.as_secs_f64());
        }
    }
}

/// An attempt ended and was recorded.
pub struct AttemptEnded<'a> {
    /// The task.
    pub task: &'a TaskName,
    /// The run.
    pub run: RunId,
    /// 1 for the first.
    pub attempt: u32,
    /// How it ended.
    pub ended: Ended,
    /// What it said, or what happened.
    pub message: &'a str,
    /// What the run does next.
    pub next: RunState,
}

impl AttemptEnded<'_> {
    /// Tells it.
    pub fn emit(&self) {
        counter!(names::ATTEMPTS, "task" => self.task.to_string(), "outcome" => self.ended.as_str())
            .increment(1);
        info!(
            task.name = %self.task, run.id = %self.run, attempt = self.attempt, ended = self.ended.as_str(),
            next = self.next.as_str(), "{}", self.message
        );
    }
}

/// A run ended.
pub struct RunEnded<'a> {
    /// The task.
    pub task: &'a TaskName,
    /// From its first start to its end.
    pub duration: Duration,
}

impl RunEnded<'_> {
    /// Tells it.
    pub fn emit(&self) {
        histogram!(names::RUN_DURATION, "task" => self.task.to_string()).record(self.duration.as_secs_f64());
    }
}

/// A run was found whose worker or daemon is gone.
pub struct RunRescued<'a> {
    /// The task.
    pub task: &'a TaskName,
    /// The run.
    pub run: RunId,
    /// What is known.
    pub cause: &'a str,
    /// Processes that had to be ended first.
    pub leftovers: u32,
}

impl RunRescued<'_> {
    /// Tells it.
    pub fn emit(&self) {
        warn!(task.name = %self.task, run.id = %self.run, leftovers = self.leftovers, "attempt lost: {}", self.cause);
    }
}

/// Samples of a kind were refused.
pub struct MetricsRefused<'a> {
    /// The task.
    pub task: &'a TaskName,
    /// Why, for the first of them.
    pub why: &'a str,
}

impl MetricsRefused<'_> {
    /// Tells it.
    pub fn emit(&self) {
        counter!(names::METRICS_REFUSED, "task" => self.task.to_string()).increment(1);
        debug!(task.name = %self.task, "metric refused: {}", self.why);
    }
}

/// The store stopped answering.
pub struct StoreLost<'a> {
    /// What was attempted and why it failed.
    pub error: &'a (dyn std::error::Error + 'static),
}

impl StoreLost<'_> {
    /// Tells it; called once per outage.
    pub fn emit(&self) {
        error!("{}; going on as soon as it is back", chain(self.error));
    }
}

/// The store answers again.
pub struct StoreBack {
    /// How long it was away.
    pub after: Duration,
}

impl StoreBack {
    /// Tells it.
    pub fn emit(&self) {
        info!(away_secs = self.after.as_secs(), "the store is back");
    }
}

/// Somebody else wrote ledgers, or our own writing was carried out without our hearing of it.
pub struct FiringMoved<'a> {
    /// One of the tasks.
    pub task: &'a TaskName,
    /// How many there are.
    pub tasks: usize,
}

impl FiringMoved<'_> {
    /// Tells it.
    pub fn emit(&self) {
        info!(task.name = %self.task, tasks = self.tasks, "the store was ahead of us in ledgers; going on from there");
    }
}

/// The wall clock moved by itself.
pub struct ClockOdd {
    /// By how much, in milliseconds; negative for back.
    pub step_ms: i64,
}

impl ClockOdd {
    /// Tells it.
    pub fn emit(&self) {
        warn!(step_ms = self.step_ms, "the wall clock was stepped");
    }
}

/// Who fires changed, as far as it concerns this node.
pub enum LeadChanged {
    /// This node fires from now on.
    Taken {
        /// Its epoch.
        epoch: i64,
    },
    /// Another node took over.
    Lost {
        /// The epoch that is over.
        epoch: i64,
    },
    /// This node gave the lead up.
    Resigned {
        /// The epoch that is over.
        epoch: i64,
    },
}

impl LeadChanged {
    /// Tells it.
    pub fn emit(&self) {
        let leads = matches!(self, Self::Taken { .. });
        gauge!(names::LEADER).set(f64::from(u8::from(leads)));
        match self {
            Self::Taken { epoch } => info!(epoch, "this node leads: it fires slots"),
            Self::Lost { epoch } => warn!(epoch, "another node leads now; this one fires no more"),
            Self::Resigned { epoch } => info!(epoch, "gave up the lead"),
        }
    }
}

/// New definitions are in force.
pub struct Reloaded {
    /// Tasks that are new.
    pub added: usize,
    /// Tasks that left.
    pub removed: usize,
    /// Tasks with another definition.
    pub changed: usize,
}

impl Reloaded {
    /// Tells it.
    pub fn emit(&self) {
        info!(added = self.added, removed = self.removed, changed = self.changed, "configuration reloaded");
    }
}

/// A service of the daemon panicked.
pub struct ServicePanicked<'a> {
    /// The service.
    pub service: &'a str,
    /// The panic's message.
    pub message: &'a str,
}

impl ServicePanicked<'_> {
    /// Tells it.
    pub fn emit(&self) {
        counter!(names::SERVICE_PANICS).increment(1);
        error!(service = self.service, "a service panicked: {}", self.message);
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
