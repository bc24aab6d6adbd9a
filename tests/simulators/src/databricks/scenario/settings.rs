//! How the simulated workspace behaves where a real one may behave in several ways, and how long things take. Tests turn
//! these; a scenario for people leaves most of them alone.

use serde::{Deserialize, Serialize};

/// How the workspace behaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The most clusters in one answer of `clusters/list`.
    pub clusters_page_size: usize,
    /// The most events in one answer of `clusters/events`.
    pub events_page_size: usize,
    /// The most users or groups in one answer.
    pub scim_page_size: usize,
    /// How `clusters/events` says that there is more.
    pub events_paging: Paging,
    /// Between two pages of `clusters/list` comes an empty one with a token.
    pub empty_pages: bool,
    /// Each page of events begins with the last event of the one before.
    pub repeat_events: bool,
    /// Events are shown so late.
    pub events_lag_secs: u64,
    /// Large whole numbers are written as text.
    pub int64_as_text: bool,
    /// How a cluster that is not there is told: 400 or 404.
    pub missing_cluster_status: u16,
    /// From the request of a start to RUNNING.
    pub start_takes_secs: u64,
    /// From the request of a restart to RUNNING.
    pub restart_takes_secs: u64,
    /// From TERMINATING to TERMINATED.
    pub stop_takes_secs: u64,
    /// Clusters whose end is not scripted end `autotermination_minutes` after RUNNING.
    pub autoterminates: bool,
    /// How long one library takes on a running cluster.
    pub library_takes_secs: u64,
    /// Libraries whose identity has one of these texts fail.
    pub failing_libraries: Vec<String>,
    /// How many clusters may be pinned.
    pub pinned_limit: usize,
    /// Terminated clusters that are not pinned are listed so long.
    pub listed_days: u32,
    /// They can be asked for by id so long.
    pub kept_days: u32,
    /// The most bytes that `workspace/export` and `workspace/import` take.
    pub export_limit_bytes: usize,
    /// More requests within one second are answered 429.
    pub requests_per_sec: Option<usize>,
    /// More writes of users and groups within one minute are answered 429.
    pub scim_writes_per_minute: Option<usize>,
    /// Addresses that exist in the account but not in this workspace.
    pub account_only_users: Vec<String>,
    /// Groups come from the account: none can be created here.
    pub federated_groups: bool,
    /// An unknown token is answered 403 with a numeric code, as older workspaces do, not 401.
    pub legacy_forbidden: bool,
    /// `/oidc/.well-known/oauth-authorization-server` answers.
    pub oidc_discovery: bool,
    /// How long tokens of `/oidc/v1/token` are good for.
    pub oidc_expires_in_secs: u64,
}

/// How more events are announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Paging {
    /// By `next_page_token`.
    #[default]
    Token,
    /// By `next_page`, the next request as a whole.
    NextPage,
    /// By both.
    Both,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            clusters_page_size: 100,
            events_page_size: 500,
            scim_page_size: 100,
            events_paging: Paging::Token,
            empty_pages: false,
            repeat_events: false,
            events_lag_secs: 0,
            int64_as_text: false,
            missing_cluster_status: 400,
            start_takes_secs: 180,
            restart_takes_secs: 60,
            stop_takes_secs: 30,
            autoterminates: false,
            library_takes_secs: 60,
            failing_libraries: Vec::new(),
            pinned_limit: 100,
            listed_days: 30,
            kept_days: 60,
            export_limit_bytes: 10 * 1024 * 1024,
            requests_per_sec: None,
            scim_writes_per_minute: None,
            account_only_users: Vec::new(),
            federated_groups: false,
            legacy_forbidden: false,
            oidc_discovery: true,
            oidc_expires_in_secs: 3_600,
        }
    }
}
