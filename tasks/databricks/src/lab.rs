//! What every run of the kinds begins with: the configuration made into a workspace, a state, names and thresholds. It asks
//! nothing of the outside yet.

use std::{num::NonZeroU32, time::Duration};

use chrono_tz::Tz;
use roundsman_http::BaseUrl;
use roundsman_task::{BudgetRule, CredentialField, TaskContext, TaskError, Timestamp};
use sha2::{Digest, Sha256};

use crate::{
    api::{Access, ENTRA, Workspace, WorkspaceSettings},
    config::{Auth, Checked},
    quota::{Naming, Quota},
    state::State,
};

/// The role of the credentials for the workspace.
pub const CREDENTIAL: &str = "databricks";

/// A workspace with everything that a run needs of it. Cheap to clone.
#[derive(Clone)]
pub struct Lab {
    /// The attempt.
    pub cx: TaskContext,
    /// What is configured.
    pub config: Checked,
    /// The workspace.
    pub workspace: Workspace,
    /// What is kept between runs.
    pub state: State,
    /// Which clusters are managed.
    pub naming: Naming,
    /// Their thresholds.
    pub quota: Quota,
    /// Whether nothing is to be written, neither outside nor here.
    pub is_dry: bool,
}

impl Lab {
    /// The workspace of this configuration.
    pub fn open(cx: &TaskContext, config: Checked) -> Result<Self, TaskError> {
        let settings = settings(cx, &config)?;
        let workspace = Workspace::new(cx, &settings)?;
        let naming =
            Naming::new(&config.managed_regex).map_err(|error| TaskError::config(error.to_string()))?;
        let is_dry = cx.dry_run() || config.dry_run;
        let (state, quota) = (State::new(cx, is_dry), config.quota());
        Ok(Self { cx: cx.clone(), config, workspace, state, naming, quota, is_dry })
    }

    /// The zone whose days count.
    pub fn zone(&self) -> Tz {
        self.cx.timezone()
    }

    /// The host, as subjects, ids of mails and confirmations name it.
    pub fn host(&self) -> String {
        self.workspace.host()
    }

    /// The same, of whose workspace nothing is asked after this instant.
    #[must_use]
    pub fn until(&self, end: Timestamp) -> Self {
        Self { workspace: self.workspace.until(end), ..self.clone() }
    }

    /// Whether this attempt is the only one now that polls, closes days and mails for the workspace (B.8.2).
    pub async fn hold(&self) -> Result<bool, TaskError> {
        self.cx.try_lease(&lease(&self.host(), "quota")).await
    }

    /// Whether this attempt is the only one now that provisions the workspace (B.8.2).
    pub async fn hold_provisioning(&self) -> Result<bool, TaskError> {
        self.cx.try_lease(&lease(&self.host(), "provision")).await
    }
}

/// The host of a configuration: the scope of what its tasks share.
pub fn host_of(config: &Checked) -> String {
    // What is no address was refused when the configuration was read.
    BaseUrl::parse(&config.host).map_or_else(|_| config.host.clone(), |base| base.origin().host())
}

/// The name of a lease on a workspace; names of hosts may be longer than names of leases.
fn lease(host: &str, what: &str) -> String {
    let digest = Sha256::digest(host.as_bytes());
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("databricks-{what}-{digest}")
}

fn settings(cx: &TaskContext, config: &Checked) -> Result<WorkspaceSettings, TaskError> {
    let mut settings = WorkspaceSettings::new(&config.host, access(cx, config.auth)?);
    settings.budget = BudgetRule::per_second(config.api_rate_per_s.get());
    settings.in_flight = count(config.api_concurrency);
    settings.retry_total = Duration::from_secs(u64::from(config.api_retry_budget_s.get()));
    Ok(settings)
}

fn count(of: NonZeroU32) -> usize {
    usize::try_from(of.get()).unwrap_or(usize::MAX)
}

fn access(cx: &TaskContext, auth: Auth) -> Result<Access, TaskError> {
    let credential = cx.credential(CREDENTIAL)?;
    let field = |name: &str| -> Result<CredentialField, TaskError> {
        credential.get(name).cloned().ok_or_else(|| {
            TaskError::config(format!(
                "the credentials {CREDENTIAL:?} have no field {name:?}, which auth needs"
            ))
        })
    };
    let text = |name: &str| field(name).map(|field| field.current().trim().to_owned());
    Ok(match auth {
        Auth::Pat => Access::Pat { token: field("token")? },
        Auth::OauthM2m => {
            Access::OauthM2m { client_id: text("client_id")?, client_secret: field("client_secret")? }
        }
        Auth::AzureSp => Access::AzureSp {
            tenant_id: text("azure_tenant_id")?,
            client_id: text("azure_client_id")?,
            client_secret: field("azure_client_secret")?,
            authority: ENTRA.to_owned(),
        },
    })
}
