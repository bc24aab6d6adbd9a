//! Errors that the server writes into the body of an answer: how they are recognised, and whether another try makes sense.
//! How often and when is decided elsewhere.

mod gleaned;

use std::fmt;

pub(super) use self::gleaned::Gleaned;
use super::Flaw;

/// How much of a message is kept.
const MESSAGE: usize = 2_000;

/// What the server says went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerError {
    /// Its `error`, `message` or `cause`, or what else it says.
    pub message: String,
    /// Its `error_type`: `invalid-query`, `timed-out`, …
    pub error_type: Option<String>,
    /// The class of the exception behind it.
    pub class: Option<String>,
}

/// What becomes of a query that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It will fail again.
    Permanent,
    /// It may succeed.
    Retryable,
    /// Nobody knows: one more try, then it has failed.
    Unknown,
}

impl Fate {
    /// What becomes of a query that failed with this type and message (2.7). What the type says counts before what the words
    /// say, and a reason to give up before a reason to go on.
    pub fn of(error_type: Option<&str>, message: &str) -> Self {
        let message = message.to_lowercase();
        let typed = |types: &[&str]| error_type.is_some_and(|own| types.contains(&own));
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        if typed(PERMANENT_TYPES) {
            Self::Permanent
        } else if typed(RETRYABLE_TYPES) {
            Self::Retryable
        } else if says(PERMANENT_WORDS) {
            Self::Permanent
        } else if says(RETRYABLE_WORDS) {
            Self::Retryable
        } else {
            Self::Unknown
        }
    }
}

const PERMANENT_TYPES: &[&str] = &[
    "invalid-query",
    "missing-required-permissions",
    "missing-required-parameter",
    "invalid-parameter",
    "unsupported-feature",
    "disabled-feature",
];
const PERMANENT_WORDS: &[&str] = &["does not exist", "syntax error", "permission denied", "invalid column"];
const RETRYABLE_TYPES: &[&str] = &["timed-out"];
const RETRYABLE_WORDS: &[&str] = &[
    "connection",
    "timeout",
    "deadlock",
    "too many connections",
    "try again",
    "canceling statement",
    "communications link",
    "terminating connection",
];

impl ServerError {
    /// The error in an answer that is nothing but a failure object or a serialized exception; `None` if it is
    /// something else.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut gleaned = Gleaned::default();
        let read = gleaned.read(body);
        let whole = read.is_ok() || read.is_err_and(|error| error.is_eof());
        (whole && gleaned.is_error()).then(|| gleaned.into_error())
    }

    pub(super) fn without_reason() -> Self {
        Self { message: "it gave no reason".to_owned(), ..Self::default() }
    }

    /// Whether another try makes sense.
    pub fn fate(&self) -> Fate {
        Fate::of(self.error_type.as_deref(), &self.message)
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.error_type {
            Some(error_type) => write!(f, " ({error_type})"),
            None => Ok(()),
        }
    }
}

impl From<ServerError> for Flaw {
    fn from(error: ServerError) -> Self {
        Self::ErrorDocument(Box::new(error))
    }
}

/// The head of a text that may have any length.
fn shortened(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(MESSAGE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
