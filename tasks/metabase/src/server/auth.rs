//! Who we are at the server: an API key, a session that we begin ourselves, or one that somebody else began. It sends
//! nothing; logging in is the session's matter.

use roundsman_http::header::HeaderName;
use roundsman_task::{Credential, TaskContext, TaskError};

use super::{Server, ServerFailure, session::Session};
use crate::config::{AuthMode, Checked};

/// The role of the credentials for the server.
pub const CREDENTIAL: &str = "metabase";

/// The header of an API key. `X-Metabase-Apikey` is another key, for one other endpoint, and is never sent.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// The header of a session. There is no cookie jar: the server would look there first.
const SESSION: HeaderName = HeaderName::from_static("x-metabase-session");

/// Who we are.
pub(super) enum Auth {
    /// An API key.
    Key(String),
    /// A session that cannot be begun again.
    Token(String),
    /// User and password.
    Session(Box<Session>),
}

impl Auth {
    /// Who the configuration and the credentials make us.
    pub(super) fn of(cx: &TaskContext, config: &Checked) -> Result<Self, TaskError> {
        let credential = cx.credential(CREDENTIAL)?;
        let has = |name: &str| credential.contains_key(name);
        let mode = config.auth.unwrap_or_else(|| match () {
            () if has("api_key") => AuthMode::ApiKey,
            () if has("session_token") && !has("password") => AuthMode::SessionToken,
            () => AuthMode::Session,
        });
        Ok(match mode {
            AuthMode::ApiKey => Self::Key(field(credential, "api_key")?),
            AuthMode::SessionToken => Self::Token(field(credential, "session_token")?),
            AuthMode::Session => {
                let (user, password) = (field(credential, "username")?, field(credential, "password")?);
                Self::Session(Box::new(Session::new(cx, user, password)))
            }
        })
    }

    /// What must never be told.
    pub(super) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Key(secret) | Self::Token(secret) => vec![secret],
            Self::Session(session) => vec![session.password()],
        }
    }

    /// The header that says who we are.
    pub(super) const fn header(&self) -> HeaderName {
        match self {
            Self::Key(_) => API_KEY,
            Self::Token(_) | Self::Session(_) => SESSION,
        }
    }

    /// What stands in it now; it may take a login.
    pub(super) async fn current(&self, server: &Server) -> Result<String, ServerFailure> {
        match self {
            Self::Key(secret) | Self::Token(secret) => Ok(secret.clone()),
            Self::Session(session) => session.token(server, None).await,
        }
    }

    /// What stands in it after this one was refused; nothing where it cannot be another.
    pub(super) async fn renewed(
        &self,
        server: &Server,
        refused: &str,
    ) -> Result<Option<String>, ServerFailure> {
        match self {
            Self::Key(_) | Self::Token(_) => Ok(None),
            Self::Session(session) => session.token(server, Some(refused)).await.map(Some),
        }
    }
}

fn field(credential: &Credential, name: &str) -> Result<String, TaskError> {
    let value = credential.get(name).map(|field| field.current().trim().to_owned());
    value.filter(|value| !value.is_empty()).ok_or_else(|| {
        TaskError::config(format!(
            "the credentials {CREDENTIAL:?} have no field {name:?}: an API key needs \"api_key\", a login \"username\" and \
             \"password\", a session of somebody else \"session_token\""
        ))
    })
}
