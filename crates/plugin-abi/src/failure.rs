//! Why work was not done, as an instruction what to do next; and why the host did not do something. It retries nothing.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::raw;

/// Why a run did not finish, as an instruction what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "error")]
#[non_exhaustive]
pub enum Failure {
    /// Try again, if the task's policy allows it.
    Retry {
        /// What went wrong.
        cause: String,
        /// Not before this instant (RFC 3339), if the far side wishes so.
        not_before: Option<String>,
    },
    /// Come back later; the attempt does not count.
    Snooze {
        /// What it waits for.
        cause: String,
        /// When to come back (RFC 3339).
        until: String,
    },
    /// Trying again cannot help.
    Permanent {
        /// What went wrong.
        cause: String,
    },
    /// The task's configuration is wrong.
    Config {
        /// What is wrong in it.
        cause: String,
    },
}

impl Failure {
    /// Try again, if the task's policy allows it.
    pub fn retry(cause: impl fmt::Display) -> Self {
        Self::Retry { cause: cause.to_string(), not_before: None }
    }

    /// Trying again cannot help.
    pub fn permanent(cause: impl fmt::Display) -> Self {
        Self::Permanent { cause: cause.to_string() }
    }

    /// The task's configuration is wrong.
    pub fn config(cause: impl fmt::Display) -> Self {
        Self::Config { cause: cause.to_string() }
    }
}

/// The host did not do something.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// An argument is wrong.
    Invalid(String),
    /// The daemon said no: its words, such as `{"error": "conflict", …}`.
    Refused(Value),
    /// The plugin's function has returned already.
    Over,
}

impl Refusal {
    pub(crate) fn new(status: i32, reply: &[u8]) -> Self {
        match status {
            raw::REFUSED => Self::Refused(serde_json::from_slice(reply).unwrap_or_default()),
            raw::OVER => Self::Over,
            _ => Self::Invalid(String::from_utf8_lossy(reply).into_owned()),
        }
    }

    /// What kind of refusal the daemon's words are, such as `conflict`.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(words) => words["error"].as_str(),
            _ => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(text) => f.write_str(text),
            Self::Refused(words) => match (self.code(), words["cause"].as_str()) {
                (_, Some(cause)) => f.write_str(cause),
                (Some("not_ours"), _) => f.write_str("this attempt no longer owns its run"),
                _ => write!(f, "refused: {words}"),
            },
            Self::Over => f.write_str("the run is over"),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match &refusal {
            Refusal::Refused(_) if refusal.code() != Some("invalid") => Self::retry(refusal),
            _ => Self::permanent(refusal),
        }
    }
}
