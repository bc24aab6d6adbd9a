//! The metrics of exports: declared here, reported where their values come about. No label names a question, a person or an
//! address.

use std::time::Duration;

use roundsman_task::{MetricInfo, MetricType, TaskContext};

use super::manifest::{Entry, Fate};
use crate::server::Server;

/// Units by what became of them.
pub const UNITS: &str = "roundsman_metabase_export_units_total";
/// Rows of published files.
pub const ROWS: &str = "roundsman_metabase_export_rows_total";
/// Bytes of published files.
pub const BYTES: &str = "roundsman_metabase_export_bytes_total";
/// How long units took, together.
pub const SECONDS: &str = "roundsman_metabase_export_seconds_total";
/// Requests to the server.
pub const REQUESTS: &str = "roundsman_metabase_requests_total";
/// How long requests waited because the server wanted a pause.
pub const THROTTLED: &str = "roundsman_metabase_throttle_seconds_total";
/// Whether the last run counts as a failure.
pub const RUN_FAILED: &str = "roundsman_metabase_run_failed";
/// The rows of the last run.
pub const LAST_ROWS: &str = "roundsman_metabase_last_run_rows";

/// All of them.
pub const ALL: &[MetricInfo] = &[
    counter(
        UNITS,
        "Files by what became of them: ok, unchanged, skipped_done, or how they failed.",
        &["status"],
    ),
    counter(ROWS, "Rows of published files.", &[]),
    counter(BYTES, "Bytes of published files.", &[]),
    counter(SECONDS, "How long exports took, tries and pauses included, by format.", &["format"]),
    counter(REQUESTS, "Requests to the server by endpoint and status.", &["endpoint", "code"]),
    counter(THROTTLED, "How long requests waited because the server wanted a pause.", &[]),
    gauge(RUN_FAILED, "Whether the last run counts as a failure (fail_run_if): 1 or 0.", &[]),
    gauge(LAST_ROWS, "The rows of all files of the last run.", &[]),
];

const fn gauge(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> MetricInfo {
    MetricInfo { name, help, metric_type: MetricType::Gauge, labels }
}

const fn counter(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> MetricInfo {
    MetricInfo { name, help, metric_type: MetricType::Counter, labels }
}

/// Of a unit that is over. Nothing is said of the time of one that was not asked for.
pub fn of_unit(cx: &TaskContext, entry: &Entry, lasted: Option<Duration>) {
    let status = entry.error.as_ref().map_or(entry.status.as_str(), |error| error.class.as_str());
    cx.metric(UNITS, &[("status", status)], 1.0);
    if let Some(lasted) = lasted {
        cx.metric(SECONDS, &[("format", &entry.format)], lasted.as_secs_f64());
    }
    if entry.status == Fate::Ok {
        cx.metric(ROWS, &[], entry.rows.unwrap_or_default() as f64);
        cx.metric(BYTES, &[], entry.bytes.unwrap_or_default() as f64);
    }
}

/// Of a run that is over.
pub fn of_run(cx: &TaskContext, is_failure: bool, rows: u64) {
    cx.metric(RUN_FAILED, &[], f64::from(u8::from(is_failure)));
    cx.metric(LAST_ROWS, &[], rows as f64);
}

/// Of a run that ended with an error.
pub fn of_failed_run(cx: &TaskContext) {
    of_run(cx, true, 0);
}

/// Of the requests of a run that is over.
pub fn of_server(cx: &TaskContext, server: &Server) {
    for ((endpoint, code), count) in server.tally().answers() {
        cx.metric(REQUESTS, &[("endpoint", endpoint), ("code", &code)], count as f64);
    }
    let throttled = server.throttled_for();
    if !throttled.is_zero() {
        cx.metric(THROTTLED, &[], throttled.as_secs_f64());
    }
}
