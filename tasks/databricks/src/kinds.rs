//! The kinds: what the daemon knows of them, and where their parts begin. What they do is in the modules beside this one.

mod end_of_day;
pub mod metrics;
mod quota;

use roundsman_task::{CredentialInfo, SpaceInfo};

pub use self::{end_of_day::DatabricksEndOfDay, quota::DatabricksQuota};
use crate::{lab, state};

/// The credentials of both kinds.
const CREDENTIALS: &[CredentialInfo] = &[
    CredentialInfo {
        name: lab::CREDENTIAL,
        about: "the workspace: token, or what `auth` names instead",
        fields: &[],
        env: &[
            ("token", "DATABRICKS_TOKEN"),
            ("token", "TF_VAR_databricks_token"),
            ("client_id", "DATABRICKS_CLIENT_ID"),
            ("client_secret", "DATABRICKS_CLIENT_SECRET"),
            ("azure_tenant_id", "ARM_TENANT_ID"),
            ("azure_client_id", "ARM_CLIENT_ID"),
            ("azure_client_secret", "ARM_CLIENT_SECRET"),
        ],
        optional: false,
    },
    CredentialInfo {
        name: "mail",
        about: "the mail service: access_key or connection_string; user and password for a mail server",
        fields: &[],
        env: &[
            ("access_key", "AZURE_EMAIL_ACCESS_KEY"),
            ("connection_string", "AZURE_EMAIL_CONNECTION_STRING"),
        ],
        optional: true,
    },
];

/// The space that tasks on one workspace share.
const SPACES: &[SpaceInfo] = &[SpaceInfo {
    name: state::SPACE,
    about: "clusters, what they used, what was done about them and the mails of one workspace; shared by tasks with the same host",
}];
