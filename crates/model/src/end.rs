//! How an attempt ended, seen from outside: what the kind said, or what happened to its worker. It decides nothing.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Outcome, TaskError};

/// The end of an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ended")]
pub enum AttemptEnd {
    /// The kind reported an outcome.
    Finished {
        /// Its report.
        outcome: Outcome,
    },
    /// The kind gave up with an instruction.
    Erred {
        /// The instruction.
        error: TaskError,
    },
    /// It was stopped at its time limit.
    TimedOut {
        /// The limit.
        after: Duration,
    },
    /// The worker ended without a report: a panic, a signal, an exit.
    Crashed {
        /// The signal that ended it.
        signal: Option<i32>,
        /// The code it exited with.
        exit: Option<i32>,
        /// The panic's message and place, or what else is known.
        message: String,
        /// The last lines of its standard error.
        stderr: String,
    },
    /// Nobody saw it end: the worker or its daemon vanished.
    Lost {
        /// What is known.
        cause: String,
    },
}

/// The kinds of ends, as metrics and listings name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// A success, or nothing to do.
    Ok,
    /// Some targets failed.
    Partial,
    /// The kind gave up.
    Error,
    /// The time limit.
    Timeout,
    /// No report.
    Crash,
    /// Vanished.
    Lost,
    /// Stopped by a person.
    Cancelled,
    /// Stopped because the daemon stops.
    Interrupted,
    /// Not counted: come back later.
    Snoozed,
}

impl Ended {
    /// Every kind of end.
    pub const ALL: [Ended; 9] = [
        Ended::Ok,
        Ended::Partial,
        Ended::Error,
        Ended::Timeout,
        Ended::Crash,
        Ended::Lost,
        Ended::Cancelled,
        Ended::Interrupted,
        Ended::Snoozed,
    ];

    /// The word in the store, in metrics and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Ended::Ok => "ok",
            Ended::Partial => "partial",
            Ended::Error => "error",
            Ended::Timeout => "timeout",
            Ended::Crash => "crash",
            Ended::Lost => "lost",
            Ended::Cancelled => "cancelled",
            Ended::Interrupted => "interrupted",
            Ended::Snoozed => "snoozed",
        }
    }

    /// The end a stored word means.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ended| ended.as_str() == word)
    }
}

impl AttemptEnd {
    /// Which kind of end it is.
    pub fn ended(&self) -> Ended {
        match self {
            AttemptEnd::Finished { outcome } => match outcome.status {
                crate::OutcomeStatus::Partial => Ended::Partial,
                _ => Ended::Ok,
            },
            AttemptEnd::Erred { error } => match error {
                TaskError::Cancelled => Ended::Cancelled,
                TaskError::Interrupted => Ended::Interrupted,
                TaskError::Snooze { .. } => Ended::Snoozed,
                TaskError::Retry { .. } | TaskError::Permanent { .. } | TaskError::Config { .. } => {
                    Ended::Error
                }
            },
            AttemptEnd::TimedOut { .. } => Ended::Timeout,
            AttemptEnd::Crashed { .. } => Ended::Crash,
            AttemptEnd::Lost { .. } => Ended::Lost,
        }
    }
}

impl fmt::Display for AttemptEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AttemptEnd::Finished { outcome } => f.write_str(&outcome.summary),
            AttemptEnd::Erred { error } => error.fmt(f),
            AttemptEnd::TimedOut { after } => {
                write!(f, "timed out after {}", crate::HumanDuration(*after))
            }
            AttemptEnd::Crashed { signal: Some(signal), message, .. } => {
                write!(f, "worker ended by signal {signal}")?;
                if message.is_empty() { Ok(()) } else { write!(f, ": {message}") }
            }
            AttemptEnd::Crashed { message, .. } if !message.is_empty() => f.write_str(message),
            AttemptEnd::Crashed { exit, .. } => {
                write!(f, "worker exited with code {} and no outcome", exit.unwrap_or(-1))
            }
            AttemptEnd::Lost { cause } => f.write_str(cause),
        }
    }
}
