//! Why the server did not give what was asked for, and whether asking again makes sense. It asks nothing itself.

use roundsman_http::{Class, HttpError};
use roundsman_task::{AskError, DocumentError, TaskError, Timestamp};

use crate::scan::Fate;

/// What the code of a failed query begins with, before the server's word for it.
pub(super) const QUERY: &str = "query:";

/// What a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureClass {
    /// The address, the certificate, the proxy or a parameter is wrong.
    Config,
    /// The server does not know us, or something before it asks for a login.
    Auth,
    /// Too many requests or logins.
    Throttled,
    /// What was asked for is not there, or not visible.
    NotFound,
    /// We may not.
    Permission,
    /// The server refuses the request as it is.
    BadRequest,
    /// The query failed.
    QueryFailed,
    /// No connection, or it broke.
    Network,
    /// The server, or what is before it, failed.
    HttpServer,
    /// An answer that is not what was announced.
    Unexpected,
    /// It took too long.
    Timeout,
    /// Others use the server as much as all of us may.
    Busy,
    /// The attempt is to stop.
    Cancelled,
    /// Our own side failed: the store, or the wire to it.
    Internal,
}

/// How much of a run a failure concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureScope {
    /// What was asked for.
    Unit,
    /// Whatever would be asked next too.
    Run,
}

/// Whether asking again makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// It would only fail again.
    Never,
    /// Once more, in case.
    Once,
    /// As often as the policy has it.
    Yes,
}

impl FailureClass {
    /// One word for metrics and manifests.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Auth => "auth",
            Self::Throttled => "throttled",
            Self::NotFound => "not_found",
            Self::Permission => "permission",
            Self::BadRequest => "bad_request",
            Self::QueryFailed => "query_failed",
            Self::Network => "network",
            Self::HttpServer => "http_server",
            Self::Unexpected => "unexpected",
            Self::Timeout => "timeout",
            Self::Busy => "busy",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }

    /// What a person can do.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Config => "look at base_url, ca_file, proxy and params in the configuration",
            Self::Auth => "look at the credentials, and whether a single sign-on stands before the server",
            Self::Throttled => "wait until then: each further try makes it longer",
            Self::NotFound => "look whether it was archived or moved, and whether our group may see it",
            Self::Permission => "give our group the right to see and download it",
            Self::BadRequest => "look at the parameters and at the server's version",
            Self::QueryFailed => "run the question in Metabase; the database refuses it there too",
            Self::Network => "look whether the server can be reached from here",
            Self::HttpServer => "look at the server's log",
            Self::Unexpected => "look what answers at base_url: it does not speak as Metabase does",
            Self::Timeout => "make the question faster, or the limits under `timeouts` larger",
            Self::Busy => "let the others finish, or raise max_concurrent_exports",
            Self::Cancelled => "nothing: somebody stopped it",
            Self::Internal => "look at the log of the daemon and at its store",
        }
    }

    /// How much of a run it concerns.
    pub const fn scope(self) -> FailureScope {
        match self {
            Self::Config | Self::Auth | Self::Throttled | Self::Busy | Self::Cancelled | Self::Internal => {
                FailureScope::Run
            }
            _ => FailureScope::Unit,
        }
    }
}

/// Why the server did not give what was asked for. Its text holds no secrets.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ServerFailure {
    /// What it is.
    pub class: FailureClass,
    /// Whether asking again makes sense.
    pub again: Again,
    /// Not before this instant.
    pub not_before: Option<Timestamp>,
    /// For people.
    pub message: String,
    /// The server's own word: `invalid-query`, `archived`.
    pub code: Option<String>,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// What the attempt itself said, where it is the reason.
    pub task: Option<TaskError>,
}

impl ServerFailure {
    /// A failure of this class.
    pub fn new(class: FailureClass, again: Again, message: impl Into<String>) -> Self {
        Self { class, again, not_before: None, message: message.into(), code: None, status: None, task: None }
    }

    /// The same, before this instant without hope.
    #[must_use]
    pub fn until(self, not_before: Timestamp) -> Self {
        Self { not_before: Some(not_before), ..self }
    }

    /// The same with the server's word for it.
    #[must_use]
    pub fn coded(self, code: &str) -> Self {
        Self { code: Some(code.to_owned()), ..self }
    }

    /// Whether asking again can only fail.
    pub fn is_permanent(&self) -> bool {
        self.again == Again::Never
    }

    /// How often something is tried that so far ended with failures like this one, out of so many tries.
    pub fn tries(&self, most: u32) -> u32 {
        match self.again {
            Again::Never => 1,
            Again::Once => most.min(2),
            Again::Yes => most,
        }
    }

    /// Whether this is the server's word for it.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

/// Whether a failed query is worth another try (2.7), by the server's word and message.
pub fn of_query(error_type: Option<&str>, message: &str) -> Again {
    match Fate::of(error_type, message) {
        Fate::Permanent => Again::Never,
        Fate::Retryable => Again::Yes,
        Fate::Unknown => Again::Once,
    }
}

impl From<TaskError> for ServerFailure {
    fn from(error: TaskError) -> Self {
        let (class, again) = match &error {
            TaskError::Retry { .. } | TaskError::Snooze { .. } => (FailureClass::Busy, Again::Yes),
            TaskError::Cancelled | TaskError::Interrupted => (FailureClass::Cancelled, Again::Never),
            TaskError::Config { .. } => (FailureClass::Config, Again::Never),
            TaskError::Permanent { .. } => (FailureClass::Internal, Again::Never),
        };
        let not_before = match &error {
            TaskError::Retry { not_before, .. } => *not_before,
            TaskError::Snooze { until, .. } => Some(*until),
            _ => None,
        };
        Self { not_before, task: Some(error.clone()), ..Self::new(class, again, error.to_string()) }
    }
}

impl From<DocumentError> for ServerFailure {
    fn from(error: DocumentError) -> Self {
        Self { class: FailureClass::Internal, ..TaskError::from(error).into() }
    }
}

impl From<AskError> for ServerFailure {
    fn from(error: AskError) -> Self {
        Self { class: FailureClass::Internal, ..TaskError::from(error).into() }
    }
}

impl From<HttpError> for ServerFailure {
    fn from(error: HttpError) -> Self {
        let (message, not_before) = (error.to_string(), error.not_before());
        let (class, code, status, told) = match error {
            HttpError::Failed { class, code, status, told, .. } => (class, code, status, told),
            HttpError::Task(error) => return error.into(),
            HttpError::Suspended { .. } => {
                return Self { not_before, ..Self::new(FailureClass::HttpServer, Again::Yes, message) };
            }
            _ => return Self::new(FailureClass::Config, Again::Never, message),
        };
        // A server that wants a pause wants it for all requests: which one it was says nothing.
        let message = if class == Class::Throttled { told.clone() } else { message };
        let code: Option<String> = code.map(Into::into);
        let status = status.map(|status| status.as_u16());
        let (class, again) = meaning(class, code.as_deref(), status, &told);
        let code = code.map(|code| code.strip_prefix(QUERY).map_or(code.clone(), str::to_owned));
        Self { not_before, code, status, ..Self::new(class, again, message) }
    }
}

/// What the class of an answer means here.
fn meaning(class: Class, code: Option<&str>, status: Option<u16>, told: &str) -> (FailureClass, Again) {
    if let Some(error_type) = code.and_then(|code| code.strip_prefix(QUERY)) {
        let error_type = Some(error_type).filter(|word| !word.is_empty());
        return (FailureClass::QueryFailed, of_query(error_type, told));
    }
    match class {
        Class::Broken if status == Some(408) => (FailureClass::HttpServer, Again::Yes),
        Class::Broken if told.contains("no answer within") || told.contains("nothing came for") => {
            (FailureClass::Timeout, Again::Yes)
        }
        Class::Unreachable | Class::Broken => (FailureClass::Network, Again::Yes),
        Class::Tls => (FailureClass::Config, Again::Never),
        Class::Unauthenticated | Class::Redirected => (FailureClass::Auth, Again::Never),
        Class::Denied => (FailureClass::Permission, Again::Never),
        Class::NotFound => (FailureClass::NotFound, Again::Never),
        Class::Throttled => (FailureClass::Throttled, Again::Yes),
        Class::Unavailable | Class::Transient => (FailureClass::HttpServer, Again::Yes),
        Class::Server => (FailureClass::HttpServer, Again::Once),
        Class::Unexpected => (FailureClass::Unexpected, Again::Once),
        _ => (FailureClass::BadRequest, Again::Never),
    }
}

impl From<ServerFailure> for TaskError {
    fn from(failure: ServerFailure) -> Self {
        let ServerFailure { class, again, not_before, message, task, .. } = failure;
        if let Some(error) = task {
            return error;
        }
        if let (FailureClass::Throttled, Some(until)) = (class, not_before) {
            // It says itself what it waits for; there is nothing else to be done.
            return Self::Snooze { cause: message, until };
        }
        let cause = format!("{message} ({})", class.hint());
        match (class, again) {
            (FailureClass::Config | FailureClass::Auth, Again::Never) => Self::Config { cause },
            (_, Again::Never) => Self::Permanent { cause },
            _ => Self::Retry { cause, not_before },
        }
    }
}
