//! What is said of a request that failed, and what the task does then. It decides over no try.

use reqwest::{Method, StatusCode};
use roundsman_model::{HumanDuration, TaskError, Timestamp};

use crate::{Class, InvalidUrl};

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The last try failed.
    #[error("{method} {url} failed{}: {told}", in_words(*.tries))]
    Failed {
        /// The method.
        method: Method,
        /// The address, secrets masked.
        url: String,
        /// What it means.
        class: Class,
        /// The status, if there was an answer.
        status: Option<StatusCode>,
        /// The product's own word for it, if it has one.
        code: Option<Box<str>>,
        /// What the answer said, or what broke.
        told: String,
        /// How many tries there were.
        tries: u32,
        /// It may go well after this instant, for which there was no time.
        not_before: Option<Timestamp>,
    },
    /// Too many requests failed one after the other; none is sent for a while.
    #[error("{host} failed {faults} times in a row; nothing is asked of it for {}", HumanDuration(*.pause))]
    Suspended {
        /// The host.
        host: String,
        /// How many failures there were.
        faults: u32,
        /// What is left of the pause.
        pause: std::time::Duration,
        /// When it ends.
        until: Timestamp,
    },
    /// The address is none.
    #[error(transparent)]
    Address(#[from] InvalidUrl),
    /// The client cannot be set up.
    #[error("the HTTP client cannot be set up: {told}")]
    Setup {
        /// Why.
        told: String,
    },
    /// The request cannot be made of what it was given.
    #[error("the request to {url} cannot be made: {told}")]
    Request {
        /// The address, secrets masked.
        url: String,
        /// Why.
        told: String,
    },
    /// The attempt is to stop, or its budget has no turn in time.
    #[error(transparent)]
    Task(#[from] TaskError),
}

impl HttpError {
    /// What the last answer means; absent where none was to be had.
    pub const fn class(&self) -> Option<Class> {
        match self {
            Self::Failed { class, .. } => Some(*class),
            _ => None,
        }
    }

    /// The status of the last answer.
    pub const fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Failed { status, .. } => *status,
            _ => None,
        }
    }

    /// The product's own word for what the last answer means.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Failed { code, .. } => code.as_deref(),
            _ => None,
        }
    }

    /// When it may go well, where that is known: there was no time to wait so long.
    pub const fn not_before(&self) -> Option<Timestamp> {
        match self {
            Self::Failed { not_before, .. } | Self::Task(TaskError::Retry { not_before, .. }) => *not_before,
            Self::Suspended { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// Whether what was asked for is not there.
    pub fn is_not_found(&self) -> bool {
        self.class() == Some(Class::NotFound)
    }

    /// Whether the request may have been carried out although it failed.
    pub const fn is_ambiguous(&self) -> bool {
        matches!(self.class(), Some(Class::Broken | Class::Server | Class::Transient))
    }
}

fn in_words(tries: u32) -> String {
    if tries > 1 { format!(" {tries} times") } else { String::new() }
}

impl From<HttpError> for TaskError {
    fn from(error: HttpError) -> Self {
        let cause = error.to_string();
        match error {
            HttpError::Task(error) => error,
            HttpError::Address(_) | HttpError::Setup { .. } => Self::config(cause),
            HttpError::Request { .. } => Self::permanent(cause),
            HttpError::Suspended { until, .. } => Self::Retry { cause, not_before: Some(until) },
            HttpError::Failed { class, not_before, .. } => match class {
                Class::Unauthenticated | Class::Redirected | Class::Tls => Self::config(cause),
                Class::BadRequest | Class::Denied | Class::NotFound | Class::Exists | Class::WrongState => {
                    Self::permanent(cause)
                }
                _ => Self::Retry { cause, not_before },
            },
        }
    }
}
