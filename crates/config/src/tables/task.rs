//! A `[tasks.NAME]` table as written. It resolves nothing and fills in no default.

use std::num::{NonZeroU32, NonZeroU64};

use roundsman_model::{ByteSize, HumanDuration, Misfire, RetryCause};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// One configured use of a kind, with its own schedule and policies.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskTable {
    /// The kind that does the work. `roundsman kinds` lists them.
    #[schemars(required, extend("format" = "kind", "examples" = ["command"]))]
    pub(crate) uses: Option<String>,
    /// A sentence for listings.
    #[schemars(extend("x-default" = "none", "examples" = ["Refreshes what is known about this host"]))]
    pub(crate) about: Option<String>,
    /// Whether its schedule counts. A task that is switched off keeps its history; its slots are skipped.
    #[schemars(extend("default" = true))]
    pub(crate) enabled: Option<bool>,
    /// When it runs, as cron writes it: minute, hour, day of month, month, day of week; or six fields with seconds
    /// first; or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. Without `schedule`, `every` and `at` the task
    /// runs on request only.
    #[schemars(extend("format" = "cron", "x-default" = "none", "examples" = ["0 2 * * *"]))]
    pub(crate) schedule: Option<String>,
    /// When it runs, as an interval of elapsed time, counted from the Unix epoch and independent of the time zone.
    #[schemars(extend("format" = "every", "x-default" = "none", "examples" = ["15m"]))]
    pub(crate) every: Option<String>,
    /// When it runs, once: wall-clock time in the task's zone, or an instant with its offset.
    #[schemars(extend("format" = "at", "x-default" = "none", "examples" = ["2027-03-01T02:00"]))]
    pub(crate) at: Option<String>,
    /// The time zone its schedule is read in.
    #[schemars(extend("format" = "timezone", "x-default" = "the daemon's `timezone`", "examples" = ["Europe/Berlin"]))]
    pub(crate) timezone: Option<String>,
    /// Each slot fires up to this much later, always by the same offset for one task, so that neighbours do not pile
    /// up.
    #[schemars(extend("default" = "0s"))]
    pub(crate) jitter: Option<HumanDuration>,
    /// The longest that an attempt may take. Then its processes are asked to end and, after `grace`, killed.
    #[schemars(extend("x-default" = "the kind's", "x-min" = "1s", "examples" = ["30m"]))]
    pub(crate) timeout: Option<HumanDuration>,
    /// Between the polite and the final signal at a time-out or cancel.
    #[schemars(extend("default" = "10s"))]
    pub(crate) grace: Option<HumanDuration>,
    /// When a failed attempt is repeated.
    #[schemars(extend("examples" = [{ "attempts": 3, "backoff": "30s" }]))]
    pub(crate) retry: Option<RetryTable>,
    /// What a slot does that comes while a run of the task is queued, running or waiting for its next attempt.
    #[schemars(extend("default" = "skip"))]
    pub(crate) overlap: Option<OverlapKey>,
    /// What becomes of slots that fell due while nothing could fire: the daemon was down, the host suspended.
    #[schemars(extend("default" = "latest"))]
    pub(crate) misfire: Option<Misfire>,
    /// How old a slot may be and still be caught up.
    #[schemars(extend("default" = "24h", "x-min" = "1s"))]
    pub(crate) window: Option<HumanDuration>,
    /// Whether it runs once, at once, when a daemon sees it for the first time.
    #[schemars(extend("default" = false))]
    pub(crate) run_at_first_start: Option<bool>,
    /// The objective behind the schedule: the last success shall never be older. Shown as a metric for alert rules.
    #[schemars(extend("x-default" = "none", "x-min" = "1s", "examples" = ["26h"]))]
    pub(crate) fresh_within: Option<HumanDuration>,
    /// Names of environment variables that the worker gets as the daemon has them. It gets no others.
    #[schemars(extend("x-default" = "none", "examples" = [["HTTPS_PROXY"]]))]
    #[schemars(extend("uniqueItems" = true, "items" = { "type": "string", "format": "variable-name" }))]
    pub(crate) env: Option<Vec<String>>,
    /// Limits that the worker sets itself before the kind's code runs.
    #[schemars(extend("examples" = [{ "open_files": 1024 }]))]
    pub(crate) limits: Option<LimitsTable>,
    /// Names of `[shared.NAME]` tables that are merged below `with`.
    #[schemars(extend("x-default" = "none", "uniqueItems" = true, "examples" = [["site"]]))]
    pub(crate) share: Option<Vec<String>>,
    /// The kind's own configuration. `roundsman kinds KIND` shows its keys.
    #[expect(dead_code, reason = "it is read as a tree, where every value knows its place")]
    pub(crate) with: Option<Map<String, Value>>,
}

/// When a failed attempt is repeated.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryTable {
    /// Attempts in all, the first included.
    #[schemars(extend("x-default" = "3, or 1 if the kind cannot simply be repeated", "examples" = [3]))]
    pub(crate) attempts: Option<NonZeroU32>,
    /// The longest pause before the second attempt; doubles with each further one. The pause is drawn from zero to it.
    #[schemars(extend("default" = "30s"))]
    pub(crate) backoff: Option<HumanDuration>,
    /// The longest pause before any attempt.
    #[schemars(extend("default" = "15m"))]
    pub(crate) backoff_max: Option<HumanDuration>,
    /// No attempt begins later than this after the run was queued.
    #[schemars(extend("x-default" = "none", "x-min" = "1s", "examples" = ["2h"]))]
    pub(crate) deadline: Option<HumanDuration>,
    /// What is repeated.
    #[schemars(extend("default" = ["error", "lost"], "uniqueItems" = true))]
    pub(crate) retry_on: Option<Vec<RetryCause>>,
}

/// Limits of a worker.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsTable {
    /// Open files (RLIMIT_NOFILE), at least 16.
    #[schemars(range(min = 16), extend("x-default" = "the daemon's own", "examples" = [1024]))]
    pub(crate) open_files: Option<NonZeroU64>,
    /// Address space (RLIMIT_AS), at least 64 MiB.
    #[schemars(extend("x-default" = "none", "x-min" = "64 MiB", "examples" = ["2G"]))]
    pub(crate) address_space: Option<ByteSize>,
    /// Processor time (RLIMIT_CPU), in whole seconds.
    #[schemars(extend("x-default" = "none", "x-min" = "1s", "examples" = ["10m"]))]
    pub(crate) cpu_time: Option<HumanDuration>,
}

/// The rules for overlap that this version carries out. `unsupported.rs` has the words for the others.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OverlapKey {
    /// The slot is skipped.
    Skip,
    /// So many runs at the same time: `{ allow = 3 }`.
    Allow(NonZeroU32),
}
