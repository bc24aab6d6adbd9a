//! Why a unit did not become a file, and what follows: for its next try, for the other units, for the run. It waits for
//! nothing and writes nothing.

use std::io::ErrorKind;

use roundsman_task::{TaskError, Timestamp};
use serde::{Deserialize, Serialize};

use super::part::DiskError;
use crate::{
    scan::{Fate, Flaw, ServerError, xlsx::ExamineError},
    server::{Again, FailureClass, FailureScope, Server, ServerFailure},
};

/// What a failure of a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The server, or what is before it, gave nothing to export.
    Server(FailureClass),
    /// The export was cut or damaged on its way.
    Truncated,
    /// The answer is no export of the format that was asked for.
    ContentType,
    /// It has as many rows as the server gives at most.
    CapReached,
    /// It is not what was expected of it.
    CheckFailed,
    /// The file system would not.
    Disk,
    /// It was not tried: the run was given up before.
    NotTried,
}

impl Class {
    /// One word for metrics and manifests.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Server(class) => class.code(),
            Self::Truncated => "truncated",
            Self::ContentType => "unexpected_content_type",
            Self::CapReached => "cap_reached",
            Self::CheckFailed => "check_failed",
            Self::Disk => "disk",
            Self::NotTried => "not_tried",
        }
    }

    /// What a person can do.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Server(class) => class.hint(),
            Self::Truncated => "look at time limits of the server and of proxies before it",
            Self::ContentType => "look what answers at base_url: a login page, a proxy",
            Self::CapReached => {
                "narrow the question with parameters, export it in parts, or raise MB_DOWNLOAD_ROW_LIMIT of the server for csv and \
                 json; on_cap = \"warn\" takes it as it is"
            }
            Self::CheckFailed => "look at the question, or at what the item expects of it",
            Self::Disk => "look at output_dir: space, rights, whether it may be written",
            Self::NotTried => "look at the failures before it",
        }
    }
}

/// Why a unit did not become a file.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct UnitFailure {
    /// What it is.
    pub class: Class,
    /// Whether another try makes sense.
    pub again: Again,
    /// How much of the run it concerns.
    pub scope: FailureScope,
    /// Not before this instant.
    pub not_before: Option<Timestamp>,
    /// For people; without secrets.
    pub message: String,
    /// The server's own word for it.
    pub code: Option<String>,
    /// What the run ends with, if it ends because of this.
    task: Option<TaskError>,
}

impl UnitFailure {
    /// A failure of one unit.
    pub fn new(class: Class, again: Again, message: impl Into<String>) -> Self {
        let (scope, message) = (FailureScope::Unit, message.into());
        Self { class, again, scope, not_before: None, message, code: None, task: None }
    }

    /// Something is not as it was expected; another try would show the same.
    pub fn check(message: impl Into<String>) -> Self {
        Self::new(Class::CheckFailed, Again::Never, message)
    }

    /// The export is not whole; another try may be.
    pub fn truncated(message: impl Into<String>) -> Self {
        Self::new(Class::Truncated, Again::Yes, message)
    }

    /// The unit was not tried, for this reason.
    pub fn not_tried(message: impl Into<String>) -> Self {
        Self::new(Class::NotTried, Again::Yes, message)
    }

    /// Whether another run would only meet the same.
    pub fn is_permanent(&self) -> bool {
        self.again == Again::Never
    }

    /// Whether it ends the run for all units.
    pub fn ends_run(&self) -> bool {
        self.scope == FailureScope::Run
    }

    /// How often the unit is tried that failed so.
    pub fn tries(&self, most: u32) -> u32 {
        match self.again {
            Again::Never => 1,
            Again::Once => most.min(2),
            Again::Yes => most,
        }
    }

    /// The same without our secrets, should the server have repeated them in an export.
    #[must_use]
    pub fn masked(self, server: &Server) -> Self {
        let code = self.code.map(|code| server.mask(&code));
        Self { message: server.mask(&self.message), code, ..self }
    }

    /// Whether it says something of the server rather than of the unit.
    pub fn is_outage(&self) -> bool {
        use FailureClass::{HttpServer, Network, Timeout};
        matches!(self.class, Class::Truncated | Class::Server(HttpServer | Network | Timeout))
    }

    /// Whether the run comes back later instead of failing.
    pub fn is_wait(&self) -> bool {
        use FailureClass::{Busy, Cancelled, Throttled};
        matches!(self.class, Class::Server(Busy | Cancelled | Throttled))
    }

    /// What the run ends with when this ends it.
    pub fn into_task(self) -> TaskError {
        if let Some(error) = self.task {
            return error;
        }
        let cause = format!("{} ({})", self.message, self.class.hint());
        match self.again {
            Again::Never => TaskError::Permanent { cause },
            Again::Once | Again::Yes => TaskError::Retry { cause, not_before: self.not_before },
        }
    }

    /// What the manifest says of it.
    pub fn told(&self) -> Told {
        Told {
            class: self.class.code().to_owned(),
            permanent: self.is_permanent(),
            message: self.message.clone(),
            hint: self.class.hint().to_owned(),
            error_type: self.code.clone(),
        }
    }
}

/// A failure in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// What it is, in a word.
    pub class: String,
    /// Whether it would only happen again.
    pub permanent: bool,
    /// What happened.
    pub message: String,
    /// What a person can do.
    pub hint: String,
    /// The server's own word for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
}

impl From<ServerFailure> for UnitFailure {
    fn from(failure: ServerFailure) -> Self {
        Self {
            class: Class::Server(failure.class),
            again: failure.again,
            scope: failure.class.scope(),
            not_before: failure.not_before,
            message: failure.message.clone(),
            code: failure.code.clone(),
            task: Some(failure.into()),
        }
    }
}

impl From<Flaw> for UnitFailure {
    fn from(flaw: Flaw) -> Self {
        let message = flaw.to_string();
        match flaw {
            Flaw::ErrorDocument(error) => of_document(&error, message),
            Flaw::NotThisFormat(_) => Self::new(Class::ContentType, Again::Once, message),
            _ => Self::truncated(message),
        }
    }
}

impl From<ExamineError> for UnitFailure {
    fn from(error: ExamineError) -> Self {
        match error {
            ExamineError::Flaw(flaw) => flaw.into(),
            ExamineError::Io(_) => Self::disk(format!("cannot read what was just written: {error}")),
        }
    }
}

impl From<DiskError> for UnitFailure {
    fn from(error: DiskError) -> Self {
        let concerns_all = error.concerns_all();
        // Who took the folder away may be done with it; it is made anew.
        let again = if error.source.kind() == ErrorKind::NotFound { Again::Once } else { Again::Never };
        let told = Self { again, ..Self::disk(error.to_string()) };
        if concerns_all { told } else { Self { scope: FailureScope::Unit, ..told } }
    }
}

impl UnitFailure {
    /// The file system would not, and would not for the next unit either.
    pub fn disk(message: impl Into<String>) -> Self {
        Self { scope: FailureScope::Run, ..Self::new(Class::Disk, Again::Never, message) }
    }
}

/// The server wrote that the query failed.
fn of_document(error: &ServerError, message: String) -> UnitFailure {
    let again = match error.fate() {
        Fate::Permanent => Again::Never,
        Fate::Retryable => Again::Yes,
        Fate::Unknown => Again::Once,
    };
    let failure = UnitFailure::new(Class::Server(FailureClass::QueryFailed), again, message);
    UnitFailure { code: error.error_type.clone(), ..failure }
}
