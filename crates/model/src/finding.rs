//! What a look at a host, a store or a task finds. It looks at nothing.

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingLevel {
    /// All is well.
    Ok,
    /// It works, but a person should know.
    Warning,
    /// It does not work.
    Failure,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub level: FindingLevel,
    /// What was looked at: `reach https://netbox.example.com`.
    pub what: String,
    /// What was found; a sentence without full stop.
    pub found: String,
    /// What to do about it; absent where all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// The role of the credentials that were tried, if any were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn ok(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            level: FindingLevel::Ok,
            what: what.into(),
            found: found.into(),
            advice: None,
            credential: None,
        }
    }

    /// It works, but a person should know.
    pub fn warning(what: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: FindingLevel::Warning, advice: Some(advice.into()), ..Self::ok(what, found) }
    }

    /// It does not work.
    pub fn failure(what: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: FindingLevel::Failure, ..Self::warning(what, found, advice) }
    }

    /// The same finding, about these credentials.
    #[must_use]
    pub fn about_credential(self, role: impl Into<String>) -> Self {
        Self { credential: Some(role.into()), ..self }
    }
}
