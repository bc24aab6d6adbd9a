//! The metrics of both kinds (B.11): declared here, reported where their values come about. No label names a person or an id.

use roundsman_task::{MetricInfo, MetricType};

/// Polls by what became of them: `ok`, `skipped`, `deferred`, `failed`.
pub const POLL_TOTAL: &str = "roundsman_databricks_poll_total";
/// How long the last poll took.
pub const POLL_SECONDS: &str = "roundsman_databricks_poll_seconds";
/// When a poll was last carried through.
pub const LAST_SUCCESS: &str = "roundsman_databricks_last_success_timestamp_seconds";
/// What a managed cluster has used today.
pub const CLUSTER_USED: &str = "roundsman_databricks_cluster_used_seconds";
/// Clusters by state.
pub const CLUSTERS: &str = "roundsman_databricks_clusters";
/// Clusters that are blocked.
pub const BLOCKED: &str = "roundsman_databricks_blocked_clusters";
/// Measures by kind and what became of them.
pub const ACTIONS: &str = "roundsman_databricks_actions_total";
/// Mails by kind and what became of them.
pub const MAILS: &str = "roundsman_databricks_mail_total";
/// Mails that wait.
pub const MAIL_QUEUE: &str = "roundsman_databricks_mail_queue";
/// What the mail service would still take.
pub const MAIL_BUDGET: &str = "roundsman_databricks_mail_budget_remaining";
/// Requests to the workspace.
pub const API_REQUESTS: &str = "roundsman_databricks_api_requests_total";
/// Requests that were sent again.
pub const API_RETRIES: &str = "roundsman_databricks_api_retries_total";
/// How far the steps of the end of the day are.
pub const EOD_STEP: &str = "roundsman_databricks_eod_step_state";
/// How far the workspace's clock is ahead of ours.
pub const CLOCK_SKEW: &str = "roundsman_databricks_clock_skew_seconds";

/// All of them, for both kinds.
pub const ALL: &[MetricInfo] = &[
    counter(POLL_TOTAL, "Polls by result: ok, skipped, deferred, failed.", &["result"]),
    gauge(POLL_SECONDS, "How long the last poll took.", &[]),
    gauge(LAST_SUCCESS, "When a poll was last carried through.", &[]),
    gauge(CLUSTER_USED, "How long a managed cluster ran today.", &["cluster"]),
    gauge(CLUSTERS, "Clusters by state.", &["state"]),
    gauge(BLOCKED, "Clusters whose group may not start them.", &[]),
    counter(ACTIONS, "Measures about clusters by kind and result.", &["kind", "result"]),
    counter(MAILS, "Mails by kind and result.", &["kind", "result"]),
    gauge(MAIL_QUEUE, "Mails that wait to be sent.", &[]),
    gauge(MAIL_BUDGET, "How many mails may still be sent within the window.", &["window"]),
    counter(API_REQUESTS, "Requests to the workspace by endpoint and status.", &["endpoint", "code"]),
    counter(API_RETRIES, "Requests that were sent again, by reason.", &["reason"]),
    gauge(EOD_STEP, "Steps of the end of the last day: 1 when done, 0 when open.", &["step"]),
    gauge(CLOCK_SKEW, "How far the workspace's clock is ahead of this machine's.", &[]),
];

const fn gauge(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> MetricInfo {
    MetricInfo { name, help, metric_type: MetricType::Gauge, labels }
}

const fn counter(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> MetricInfo {
    MetricInfo { name, help, metric_type: MetricType::Counter, labels }
}
