//! What a database's errors mean, and the words for people. It repeats nothing and reconnects nowhere.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use roundsman_model::DocumentError;

use crate::{StoreError, StoreUrl, sql::Fault};

/// What kind of trouble an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Away,
    Slow,
    Denied,
    Corrupt,
    Unwritable,
    Disk,
    /// Somebody else came between: the same again may succeed.
    Raced,
    Refused,
}

/// An error of a database, sorted.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    pub(crate) kind: Kind,
    cause: Arc<str>,
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    Trouble(Trouble),
    Document(DocumentError),
}

impl Trouble {
    /// Trouble of a kind, with its cause in words.
    pub(crate) fn new(kind: Kind, cause: impl Into<Arc<str>>) -> Self {
        Self { kind, cause: cause.into() }
    }

    /// What an error means; `of_code` knows the codes of the database.
    pub(crate) fn from(error: &sqlx::Error, of_code: fn(&str) -> Kind) -> Self {
        use sqlx::Error as E;
        let kind = match error {
            E::Database(error) => error.code().map_or(Kind::Refused, |code| of_code(&code)),
            E::Io(_) | E::Tls(_) | E::WorkerCrashed | E::PoolClosed | E::Protocol(_) => Kind::Away,
            E::PoolTimedOut => Kind::Slow,
            _ => Kind::Refused,
        };
        let cause = match error {
            E::Database(error) => error.message().to_owned(),
            E::Io(error) => error.to_string(),
            other => other.to_string(),
        };
        Self::new(kind, cause)
    }
}

impl Failure {
    /// What became of a command.
    pub(crate) fn from(fault: Fault, of_code: fn(&str) -> Kind) -> Self {
        match fault {
            Fault::Database(error) => Self::Trouble(Trouble::from(&error, of_code)),
            Fault::Unreadable(cause) => Self::Trouble(Trouble::new(Kind::Refused, cause)),
            Fault::Raced => {
                Self::Trouble(Trouble::new(Kind::Raced, "other transactions came between, again and again"))
            }
            Fault::Document(error) => Self::Document(error),
        }
    }

    /// Whether it is trouble of this kind.
    pub(crate) fn is(&self, kind: Kind) -> bool {
        matches!(self, Self::Trouble(trouble) if trouble.kind == kind)
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// Which store, and how long a call may take: what messages need.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) url: StoreUrl,
    pub(crate) limit: Duration,
}

impl Place {
    /// The store, without its password.
    pub(crate) fn shown(&self) -> String {
        self.url.to_string()
    }

    /// No answer within the limit.
    pub(crate) fn slow(&self, what: &'static str) -> StoreError {
        StoreError::Slow { what, store: self.shown(), limit: self.limit }
    }

    /// Trouble in words for people.
    pub(crate) fn explain(&self, what: &'static str, trouble: &Trouble) -> StoreError {
        let (store, path) = (self.shown(), self.path());
        let source = Box::new(Cause(trouble.cause.clone()));
        match trouble.kind {
            Kind::Away => StoreError::Away { what, store, source },
            Kind::Slow | Kind::Raced => self.slow(what),
            Kind::Denied => StoreError::Denied { store, source },
            Kind::Corrupt => StoreError::Corrupt { path, source },
            Kind::Unwritable => StoreError::Unwritable { path, source },
            Kind::Disk => StoreError::Disk { what, store, source },
            Kind::Refused => StoreError::Refused { what, store, source },
        }
    }

    fn path(&self) -> PathBuf {
        self.url.file().map(PathBuf::from).unwrap_or_default()
    }
}

/// A cause that several may share.
#[derive(Debug)]
struct Cause(Arc<str>);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}
