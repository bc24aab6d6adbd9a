//! Where values come from, and the listing of everything in effect. It decides no value.

use std::{fmt, path::PathBuf};

use crate::problem::Place;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody wrote it.
    Default,
    /// It is written in a file.
    File(Place),
    /// An environment variable has it.
    Variable(String),
    /// The kind that a task uses has it.
    Kind(String),
    /// The system this runs on has it.
    System,
    /// It belongs to a built-in task.
    BuiltIn,
    /// It belongs to the task of a kind whose file asks for one.
    Header(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(place) => write!(f, "{}:{}", place.file.display(), place.line),
            Self::Variable(name) => write!(f, "environment {name}"),
            Self::Kind(name) => write!(f, "kind {name}"),
            Self::System => f.write_str("system"),
            Self::BuiltIn => f.write_str("built-in task"),
            Self::Header(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    pub(crate) const fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }
}

/// One value in effect. Secrets in it are asterisks already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The key, its tables before it: `tasks.dns.timeout`.
    pub key: String,
    /// The value as text.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

impl Row {
    pub(crate) fn new(key: impl Into<String>, value: impl fmt::Display, origin: &Origin) -> Self {
        Self { key: key.into(), value: value.to_string(), origin: origin.clone() }
    }
}
