//! What is written under `with` of the two kinds (part E): one table for both, so that a `[shared.…]` table serves them.
//! What follows from it, such as a client or thresholds, is made elsewhere.

mod check;
mod people;
#[cfg(test)]
mod tests;
mod words;

use std::{collections::BTreeMap, num::NonZeroU32, path::PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

pub use self::{
    people::Addresses,
    words::{
        Auth, BlockLevel, CountFrom, Encryption, Mode, Override, QuotaScope, RevokeScope, Smtp, Unmanaged,
        UptimeSource,
    },
};
use crate::{notebooks::BackupFormat, provision::ProvisionSettings, quota};

/// A configuration in which nothing contradicts.
pub type Checked = roundsman_task::Checked<Config>;

/// The workspace of a teaching lab, and what its clusters may run each day.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The workspace: `https://adb-1.2.azuredatabricks.net`; scheme, path and query may be left out.
    #[schemars(extend("x-env" = ["DATABRICKS_HOST", "TF_VAR_databricks_host"]))]
    pub host: String,
    /// Who we are there: a personal access token, or a service principal of Databricks or of Entra. The fields of the
    /// credentials `databricks` follow from it: `token`; `client_id` and `client_secret`; `azure_tenant_id`, `azure_client_id`
    /// and `azure_client_secret`.
    #[serde(default)]
    pub auth: Auth,
    /// What subjects of mails begin with; the course where it is absent.
    #[serde(default)]
    pub workspace_name: Option<String>,
    /// The course, as tags of clusters and the numbers of groups know it.
    #[serde(default = "demo")]
    pub course: String,
    /// How uptime is limited. There is one way.
    #[serde(default)]
    #[schemars(extend("x-env" = ["QUOTA_MODE"]))]
    pub mode: Mode,
    /// After so many minutes of running on one day a cluster is stopped; fractions count.
    #[serde(default = "hard")]
    #[schemars(extend("x-env" = ["DATABRICKS_MAX_UPTIME"]))]
    pub max_uptime_min: f64,
    /// After so many minutes its group is warned.
    #[serde(default = "soft")]
    #[schemars(extend("x-env" = ["DATABRICKS_WARN_UPTIME"]))]
    pub warn_uptime_min: f64,
    /// Thresholds of single clusters and groups, by the cluster's id or name or the group's name.
    #[serde(default)]
    pub overrides: BTreeMap<String, Override>,
    /// Ask for an extra run at the instant at which a cluster will reach a threshold.
    #[serde(default = "yes")]
    pub adaptive_poll: bool,
    /// How running time is learnt: from the clusters' events, or only from looks at the list.
    #[serde(default)]
    pub uptime_source: UptimeSource,
    /// Whether each cluster has a counter of its own, or all of one number share one.
    #[serde(default)]
    pub quota_scope: QuotaScope,
    /// Where a run begins to count.
    #[serde(default)]
    pub count_from: CountFrom,
    /// The names of the clusters that are managed; what the parentheses capture is the number.
    #[serde(default = "managed")]
    pub managed_regex: String,
    /// What becomes of clusters with other names: nothing, a part of the report, or the same thresholds for them too.
    #[serde(default)]
    pub unmanaged: Unmanaged,
    /// What is left to the group of a cluster that reached its limit.
    #[serde(default)]
    pub block_level: BlockLevel,
    /// Whose grants a block lowers: the group's, or those of its members too.
    #[serde(default)]
    pub revoke_scope: RevokeScope,
    /// Each night, give groups back the right to start their clusters where it is missing.
    #[serde(default = "yes")]
    pub reconcile_permissions: bool,
    /// Only tell what would be done.
    #[serde(default)]
    #[schemars(extend("x-env" = ["LAB_DRY_RUN"]))]
    pub dry_run: bool,
    /// Requests per second to the workspace, of all tasks together, unless `[budgets.databricks-api]` says otherwise.
    #[serde(default = "ten")]
    pub api_rate_per_s: NonZeroU32,
    /// How many requests of one run may be under way.
    #[serde(default = "eight")]
    pub api_concurrency: NonZeroU32,
    /// How long all tries of one request may take together, in seconds.
    #[serde(default = "five_minutes")]
    pub api_retry_budget_s: NonZeroU32,
    /// Whether anything is mailed.
    #[serde(default = "yes")]
    pub mail_enabled: bool,
    /// Azure Communication Services: `https://<resource>.<region>.communication.azure.com`. Its credentials are those of
    /// `mail`: `access_key`, or `connection_string`, which brings the endpoint too.
    #[serde(default)]
    #[schemars(extend("x-env" = ["AZURE_EMAIL_ENDPOINT"]))]
    pub acs_endpoint: Option<String>,
    /// Who sends there.
    #[serde(default)]
    #[schemars(extend("x-env" = ["AZURE_EMAIL_SENDER"]))]
    pub acs_sender: Option<String>,
    /// The version of its interface; `2023-03-31` where it is absent.
    #[serde(default)]
    pub acs_api_version: Option<String>,
    /// A mail server instead of Azure Communication Services.
    #[serde(default)]
    pub smtp: Option<Smtp>,
    /// How many mails are sent per minute; by the sender's domain where it is absent.
    #[serde(default)]
    pub mail_per_min: Option<NonZeroU32>,
    /// How many mails are sent per hour; by the sender's domain where it is absent.
    #[serde(default)]
    pub mail_per_hour: Option<NonZeroU32>,
    /// How often per hour the fate of mails is asked for; by the sender's domain where it is absent.
    #[serde(default)]
    pub status_per_hour: Option<NonZeroU32>,
    /// The admins: a list, or a text with commas. They get copies, and what concerns nobody else.
    #[serde(default)]
    #[schemars(extend("x-env" = ["ADMIN_EMAIL"]))]
    pub admin_email: Addresses,
    /// Who gets the daily report: a list, or a text with commas.
    #[serde(default)]
    #[schemars(extend("x-env" = ["REPORT_RECIPIENT_EMAIL"]))]
    pub report_recipients: Addresses,
    /// Send admins a copy of each mail to students.
    #[serde(default = "yes")]
    pub cc_admin: bool,
    /// With more warnings than this waiting for longer than half an hour, admins get one digest instead of copies.
    #[serde(default = "five")]
    pub digest_threshold: u32,
    /// A folder with texts of mails that replace ours: `warn.txt`, `warn.html`, `warn.subject`, `stop.txt`…
    #[serde(default)]
    pub mail_templates: Option<PathBuf>,
    /// How long events and intervals are kept, in days.
    #[serde(default = "retention")]
    pub retention_days: NonZeroU32,
    /// The cluster policy of new clusters.
    #[serde(default)]
    #[schemars(extend("x-env" = ["POLICY_ID"]))]
    pub policy_id: Option<String>,
    /// How groups and clusters of a course are made.
    #[serde(default)]
    pub provision: ProvisionSettings,
    /// Users who are never deleted, by address.
    #[serde(default)]
    pub keep_users: Vec<String>,
    /// The only domains of students' addresses that are accepted; all where it is empty.
    #[serde(default)]
    pub allowed_domains: Vec<String>,
    /// Accept a student who is in more than one group.
    #[serde(default)]
    pub allow_multi_group: bool,
    /// Where and how notebooks are backed up.
    #[serde(default)]
    pub backup: Backup,
}

/// Where and how notebooks are backed up.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Backup {
    /// The folder.
    pub dir: PathBuf,
    /// The folders of the workspace that are saved.
    pub roots: Vec<String>,
    /// The form of notebooks.
    pub format: BackupFormat,
    /// Save files too.
    pub files: bool,
}

impl Default for Backup {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("./dbx-backup"),
            roots: vec!["/Users".to_owned(), "/Shared".to_owned()],
            format: BackupFormat::Source,
            files: false,
        }
    }
}

impl Config {
    /// What subjects of mails begin with.
    pub fn label(&self) -> &str {
        self.workspace_name.as_deref().unwrap_or(&self.course)
    }

    /// Thresholds of all clusters.
    pub fn quota(&self) -> quota::Quota {
        let own = |own: &Override| quota::Override { soft: own.soft, hard: own.hard, exempt: own.exempt };
        quota::Quota {
            global: quota::Thresholds { soft_min: self.warn_uptime_min, hard_min: self.max_uptime_min },
            overrides: self.overrides.iter().map(|(name, told)| (name.clone(), own(told))).collect(),
        }
    }
}

fn demo() -> String {
    "demo".to_owned()
}

fn managed() -> String {
    quota::MANAGED_REGEX.to_owned()
}

const fn hard() -> f64 {
    210.0
}

const fn soft() -> f64 {
    180.0
}

const fn yes() -> bool {
    true
}

const fn five() -> u32 {
    5
}

const fn number(of: u32) -> NonZeroU32 {
    NonZeroU32::new(of).expect("a number above zero")
}

const fn eight() -> NonZeroU32 {
    number(8)
}

const fn ten() -> NonZeroU32 {
    number(10)
}

const fn five_minutes() -> NonZeroU32 {
    number(300)
}

const fn retention() -> NonZeroU32 {
    number(120)
}
