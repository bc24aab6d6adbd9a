//! The words and small tables that keys take, and what they are called where they count. Defaults of keys are not here.

use std::path::PathBuf;

use roundsman_notify::SmtpEncryption;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{quota, uptime};

/// Who we are in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// A personal access token.
    #[default]
    Pat,
    /// A service principal of Databricks.
    OauthM2m,
    /// A service principal of Entra.
    AzureSp,
}

/// How uptime is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// By the running time of clusters.
    #[default]
    Classic,
}

/// Thresholds of one cluster or group.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Override {
    /// Minutes after which it is warned.
    pub soft: Option<f64>,
    /// Minutes after which it is stopped.
    pub hard: Option<f64>,
    /// It is only measured.
    pub exempt: Option<bool>,
}

/// How running time is learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UptimeSource {
    /// From the clusters' events; from the list where they cannot be had.
    #[default]
    Events,
    /// From looks at the list alone.
    Sampling,
}

/// What has a counter of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuotaScope {
    /// Each cluster.
    #[default]
    Id,
    /// All clusters of one number together.
    Number,
}

/// Where a run begins to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountFrom {
    /// At the launch of the driver node.
    #[default]
    Driver,
    /// When it runs.
    Running,
    /// When it was asked for.
    Pending,
}

/// What becomes of clusters that are not managed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unmanaged {
    /// Nothing.
    Ignore,
    /// The report names them.
    #[default]
    Report,
    /// They have the same thresholds; there is no group to block or to mail to, so admins are told.
    Enforce,
}

/// What is left to a group that is blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BlockLevel {
    /// It may attach notebooks.
    #[default]
    CanAttachTo,
    /// Nothing.
    None,
}

/// Whose grants a block lowers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevokeScope {
    /// The group's.
    #[default]
    Group,
    /// Those of its members too.
    Students,
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// The server. User and password, if it wants them, are the fields `user` and `password` of the credentials `mail`.
    pub host: String,
    /// Its port; 587 or, with `tls`, 465 where it is absent.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub encryption: Encryption,
    /// Who sends.
    pub sender: String,
    /// Certificates in PEM that are trusted besides the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// How the connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// Encrypted after the greeting, or not at all.
    #[default]
    Starttls,
    /// Encrypted from the beginning.
    Tls,
    /// In the open; for this machine itself.
    None,
}

impl From<CountFrom> for uptime::CountFrom {
    fn from(from: CountFrom) -> Self {
        match from {
            CountFrom::Driver => Self::Driver,
            CountFrom::Running => Self::Running,
            CountFrom::Pending => Self::Pending,
        }
    }
}

impl From<QuotaScope> for quota::QuotaScope {
    fn from(scope: QuotaScope) -> Self {
        match scope {
            QuotaScope::Id => Self::Id,
            QuotaScope::Number => Self::Number,
        }
    }
}

impl From<BlockLevel> for crate::permissions::BlockLevel {
    fn from(level: BlockLevel) -> Self {
        match level {
            BlockLevel::CanAttachTo => Self::CanAttachTo,
            BlockLevel::None => Self::None,
        }
    }
}

impl From<Encryption> for SmtpEncryption {
    fn from(encryption: Encryption) -> Self {
        match encryption {
            Encryption::Starttls => Self::StartTls,
            Encryption::Tls => Self::Tls,
            Encryption::None => Self::None,
        }
    }
}
