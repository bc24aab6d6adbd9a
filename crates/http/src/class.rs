//! What an answer means for what is done next. Products say more exactly what their answers mean; nothing is sent here.

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
    /// Too many requests.
    Throttled,
    /// The other side is not ready.
    Unavailable,
    /// The other side failed. The request may have been carried out.
    Server,
    /// The answer leads elsewhere, where we do not go.
    Redirected,
    /// The answer is not what was announced: no JSON, a login page, too large.
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
            Self::Unreachable | Self::Broken | Self::Server => When::IfRepeatable,
            Self::Tls
            | Self::BadRequest
            | Self::Unauthenticated
            | Self::Denied
            | Self::NotFound
            | Self::Exists
            | Self::Redirected
            | Self::Unexpected => When::Never,
        }
    }

    /// Whether the other side is at fault, as far as a breaker counts faults.
    pub const fn is_outage(self) -> bool {
        matches!(self, Self::Unreachable | Self::Broken | Self::Server | Self::Unavailable)
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
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Server => "server",
            Self::Redirected => "redirected",
            Self::Unexpected => "unexpected",
        }
    }
}

/// What a product says of its answers.
pub trait Reading: Send + Sync + 'static {
    /// What an answer without success means.
    fn class(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Class {
        let _ = (headers, body);
        of_status(status)
    }

    /// What the answer says for people: the message in an error body. Not longer than a few lines, and without secrets.
    fn message(&self, headers: &HeaderMap, body: &[u8]) -> Option<String> {
        let _ = (headers, body);
        None
    }
}

/// The reading where nothing more is known than HTTP says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Standard;

impl Reading for Standard {}

/// What a status means by itself.
pub(crate) fn of_status(status: StatusCode) -> Class {
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
