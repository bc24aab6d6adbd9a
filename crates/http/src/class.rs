//! What an answer means for what is done next. Products say more exactly what their answers mean; nothing is sent here.

use std::time::Duration;

use reqwest::{StatusCode, header::HeaderMap};

/// What an answer, or its absence, means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// No connection: name, route, refusal, time.
    Unreachable,
    /// The other side cannot be trusted, or speaks no TLS that we speak.
    Tls,
    /// The answer did not come in time, or broke off. The request may have been carried out.
    Broken,
    /// The request is wrong.
    BadRequest,
    /// The credentials are not accepted.
    Unauthenticated,
    /// The credentials do not suffice.
    Denied,
    /// What was asked for is not there.
    NotFound,
    /// It is there already.
    Exists,
    /// It contradicts what is there; may be well a moment later.
    Conflict,
    /// What is there is in no state for it: to be looked at before anything else is asked of it.
    WrongState,
    /// Too many requests.
    Throttled,
    /// The other side is not ready.
    Unavailable,
    /// The other side failed. The request may have been carried out.
    Server,
    /// The other side says that it stumbled and will not the next time. The request may have been carried out.
    Transient,
    /// The answer leads elsewhere, where we do not go, or came from there: a login page where JSON was due.
    Redirected,
    /// The answer is not what was announced: no JSON, other JSON, too large.
    Unexpected,
}

/// When something is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// In any case: nothing was carried out.
    Always,
    /// Where carrying it out twice does no harm.
    IfRepeatable,
    /// It would only fail again.
    Never,
}

impl Class {
    /// When a request that ended so is tried again.
    pub const fn again(self) -> When {
        match self {
            Self::Throttled | Self::Unavailable | Self::Conflict => When::Always,
            Self::Unreachable | Self::Broken | Self::Server | Self::Transient => When::IfRepeatable,
            Self::Tls
            | Self::BadRequest
            | Self::Unauthenticated
            | Self::Denied
            | Self::NotFound
            | Self::Exists
            | Self::WrongState
            | Self::Redirected
            | Self::Unexpected => When::Never,
        }
    }

    /// Whether the other side is at fault, as far as a breaker counts faults.
    pub const fn is_outage(self) -> bool {
        matches!(self, Self::Unreachable | Self::Broken | Self::Server | Self::Transient | Self::Unavailable)
    }

    /// One word for metrics and logs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Broken => "broken",
            Self::BadRequest => "bad_request",
            Self::Unauthenticated => "unauthenticated",
            Self::Denied => "denied",
            Self::NotFound => "not_found",
            Self::Exists => "exists",
            Self::Conflict => "conflict",
            Self::WrongState => "wrong_state",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Server => "server",
            Self::Transient => "transient",
            Self::Redirected => "redirected",
            Self::Unexpected => "unexpected",
        }
    }
}

/// An answer without success, as far as it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it means.
    pub class: Class,
    /// The product's own word for it, by which a kind tells apart what no class does.
    pub code: Option<String>,
    /// What it says for people: the message in the body. Not longer than a few lines, and without secrets.
    pub message: Option<String>,
    /// The pause that the body asks for; a `Retry-After` counts more.
    pub pause: Option<Duration>,
}

impl Refusal {
    /// A refusal of this class that says nothing more.
    pub const fn of(class: Class) -> Self {
        Self { class, code: None, message: None, pause: None }
    }

    /// What HTTP says by itself.
    pub fn of_status(status: StatusCode) -> Self {
        Self::of(of_status(status))
    }

    /// The same with the product's word for it.
    #[must_use]
    pub fn code(self, code: Option<String>) -> Self {
        Self { code, ..self }
    }

    /// The same with what it says for people.
    #[must_use]
    pub fn message(self, message: Option<String>) -> Self {
        Self { message, ..self }
    }
}

/// What a product's answers without success mean.
pub trait Reading: Send + Sync + 'static {
    /// Understands one. Redirects are not asked about.
    fn read(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Refusal;
}

/// The reading where nothing more is known than HTTP says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Standard;

impl Reading for Standard {
    fn read(&self, status: StatusCode, _: &HeaderMap, _: &[u8]) -> Refusal {
        Refusal::of_status(status)
    }
}

/// What a status means by itself.
fn of_status(status: StatusCode) -> Class {
    match status.as_u16() {
        401 => Class::Unauthenticated,
        403 => Class::Denied,
        404 | 410 => Class::NotFound,
        408 | 499 => Class::Broken,
        409 => Class::Exists,
        412 | 423 => Class::Conflict,
        429 => Class::Throttled,
        300..=399 => Class::Redirected,
        400..=498 => Class::BadRequest,
        // 520 to 527: what proxies say of a server behind them.
        503 => Class::Unavailable,
        _ => Class::Server,
    }
}
