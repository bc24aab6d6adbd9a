//! The parts of a scenario as they are written. They hold no behaviour but their defaults.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::when::When;

/// A user.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UserSetup {
    /// The address, which is the name.
    pub name: String,
    /// The id; a free one if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name that is shown; made of the address if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// The account is switched off.
    #[serde(skip_serializing_if = "is_false")]
    pub inactive: bool,
    /// It has no `emails`.
    #[serde(skip_serializing_if = "is_false")]
    pub without_emails: bool,
    /// It is a service principal, its name an application id.
    #[serde(skip_serializing_if = "is_false")]
    pub service_principal: bool,
    /// It is a member of `admins`.
    #[serde(skip_serializing_if = "is_false")]
    pub admin: bool,
    /// Entitlements of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entitlements: Vec<String>,
}

/// A group.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GroupSetup {
    /// The name.
    pub name: String,
    /// The id; a free one if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Users by address, groups by name. Users that are not there yet are made.
    pub members: Vec<String>,
    /// Entitlements.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entitlements: Vec<String>,
}

/// A token.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenSetup {
    /// The token, or for `oauth` the client secret.
    pub token: String,
    /// Whose it is; for `oauth` the client id, which is a service principal.
    pub user: String,
    /// What it may be used for (`clusters`, `scim`, `permissions`, `libraries`, `workspace`, `policies`); all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// It is a client secret that is exchanged at a token endpoint.
    #[serde(skip_serializing_if = "is_false")]
    pub oauth: bool,
}

/// A cluster.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterSetup {
    /// The name; need not be unique and may be empty.
    pub name: String,
    /// The id; made of a number if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Who created it; the administrator if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creator: Option<String>,
    /// When it was created; three days before the start if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<When>,
    /// `API`, `UI`, `JOB`, …; `API` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// It is pinned.
    #[serde(skip_serializing_if = "is_false")]
    pub pinned: bool,
    /// Direct grants: who, and what.
    pub acl: BTreeMap<Principal, String>,
    /// Keys of the specification besides the usual ones.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub spec: BTreeMap<String, Value>,
    /// Libraries that were installed before the start.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub libraries: Vec<Value>,
    /// When it runs.
    pub runs: Vec<RunSetup>,
}

/// A run of a cluster, or an attempt at one: if the one who starts it may not, it does not happen.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunSetup {
    /// The request; before `running` by what a start takes if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starting: Option<When>,
    /// RUNNING. Without it the start fails, at `until`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<When>,
    /// TERMINATING; it runs on without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<When>,
    /// Who starts it; nobody in particular if absent, which is always allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why it ends; inactivity if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// When it has more or fewer workers: from, until.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resizing: Vec<(When, When)>,
    /// When people restart it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub restarts: Vec<When>,
}

/// Why a cluster ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// `INACTIVITY`, `USER_REQUEST`, `AZURE_QUOTA_EXCEEDED_EXCEPTION`, …
    pub code: String,
    /// `SUCCESS`, `CLIENT_ERROR`, `CLOUD_FAILURE` or `SERVICE_FAULT`.
    #[serde(rename = "type", default = "success")]
    pub class: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

/// A folder, notebook or file of the workspace.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileSetup {
    /// Its path; folders above it are made.
    pub path: String,
    /// `DIRECTORY`, `NOTEBOOK`, `FILE`, `LIBRARY`, `REPO`, `DASHBOARD`; a notebook if there is a language, else a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_type: Option<String>,
    /// `PYTHON`, `SCALA`, `SQL`, `R`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What it holds.
    pub text: String,
}

/// A cluster policy.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicySetup {
    /// The name.
    pub name: String,
    /// The family it is made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// The definition: JSON as text.
    pub definition: String,
}

/// The mail service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AcsSetup {
    /// The access key, in base64.
    pub access_key: String,
    /// Domains that may send.
    pub domains: Vec<String>,
    /// Addresses to which nothing is delivered any more.
    pub suppressed: Vec<String>,
    /// From the acceptance of a mail to its final state.
    pub operation_takes_secs: u64,
    /// How far the date of a request may be off.
    pub skew_secs: u64,
    /// Sends per minute; by the sender's domain if absent.
    pub sends_per_minute: Option<usize>,
    /// Sends per hour; by the sender's domain if absent.
    pub sends_per_hour: Option<usize>,
    /// Questions for a status per minute; by the sender's domain if absent.
    pub statuses_per_minute: Option<usize>,
    /// Questions for a status per hour; by the sender's domain if absent.
    pub statuses_per_hour: Option<usize>,
}

/// The access key of every scenario that names none.
pub(crate) const ACCESS_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

impl Default for AcsSetup {
    fn default() -> Self {
        Self {
            access_key: ACCESS_KEY.to_owned(),
            domains: vec!["mail.example.edu".to_owned(), "sim.azurecomm.net".to_owned()],
            suppressed: Vec::new(),
            operation_takes_secs: 20,
            skew_secs: 300,
            sends_per_minute: None,
            sends_per_hour: None,
            statuses_per_minute: None,
            statuses_per_hour: None,
        }
    }
}

/// Who is granted something: `user:NAME`, `group:NAME` or `service_principal:ID`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Principal {
    /// A user, by address.
    User(String),
    /// A group, by name.
    Group(String),
    /// A service principal, by application id.
    ServicePrincipal(String),
}

impl TryFrom<String> for Principal {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("user", name)) => Ok(Self::User(name.to_owned())),
            Some(("group", name)) => Ok(Self::Group(name.to_owned())),
            Some(("service_principal", name)) => Ok(Self::ServicePrincipal(name.to_owned())),
            _ => Err(format!("{text:?} is nobody: write user:NAME, group:NAME or service_principal:ID")),
        }
    }
}

impl From<Principal> for String {
    fn from(principal: Principal) -> Self {
        match principal {
            Principal::User(name) => format!("user:{name}"),
            Principal::Group(name) => format!("group:{name}"),
            Principal::ServicePrincipal(name) => format!("service_principal:{name}"),
        }
    }
}

fn success() -> String {
    "SUCCESS".to_owned()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_false(value: &bool) -> bool {
    !*value
}
