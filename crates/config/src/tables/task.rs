//! A `[tasks.NAME]` table as written. It resolves nothing and fills in no default.

use std::num::NonZeroU32;

use roundsman_model::{AfterBlackout, History, HumanDuration, Misfire, RetryCause};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{AfterKey, BlackoutTable, CredentialsKey, SandboxTable};

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
    /// first; or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. Without `schedule`, `every`, `at` and
    /// `after` the task runs on request only.
    #[schemars(extend("format" = "cron", "x-default" = "none", "examples" = ["0 2 * * *"]))]
    pub(crate) schedule: Option<String>,
    /// When it runs, as an interval of elapsed time, counted from the Unix epoch and independent of the time zone.
    #[schemars(extend("format" = "every", "x-default" = "none", "examples" = ["15m"]))]
    pub(crate) every: Option<String>,
    /// When it runs, once: wall-clock time in the task's zone, or an instant with its offset.
    #[schemars(extend("format" = "at", "x-default" = "none", "examples" = ["2027-03-01T02:00"]))]
    pub(crate) at: Option<String>,
    /// The tasks it follows, in place of a schedule: it runs when the runs they have in the same round have all ended as
    /// asked, retries over. A name alone asks for success. Tasks that are followed together must come from one task with a
    /// schedule, or from several with the same.
    #[schemars(extend("x-default" = "none", "x-sort" = "task, list of tasks and tables, see [below](#after)", "examples" = [[{ "task": "collect", "on": ["succeeded", "partial"] }]]))]
    pub(crate) after: Option<AfterKey>,
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
    /// What a slot does that comes while a run of the task is queued or running. A run that only waits for its next attempt
    /// gives way to the new slot in any case.
    #[schemars(extend("default" = "skip"))]
    pub(crate) overlap: Option<OverlapKey>,
    /// What becomes of slots that fell due while nothing could fire: the daemon was down, the store away, the host
    /// suspended.
    #[schemars(extend("default" = "latest"))]
    pub(crate) misfire: Option<Misfire>,
    /// How old a slot may be and still be caught up.
    #[schemars(extend("default" = "24h", "x-min" = "1s"))]
    pub(crate) window: Option<HumanDuration>,
    /// How long a run may wait for its first attempt. One that could not start by then ends unstarted, and its slot is
    /// missed.
    #[schemars(extend("x-default" = "as long as `window`", "x-min" = "1s", "examples" = ["1h"]))]
    pub(crate) start_within: Option<HumanDuration>,
    /// The pool in which its runs take a place before they start. `[pools.NAME]` gives the size.
    #[schemars(extend("format" = "pool-name", "x-default" = "none", "examples" = ["netbox"]))]
    pub(crate) pool: Option<String>,
    /// What a run has to itself: names of anything that one run at a time may use, on all nodes. All are taken together
    /// before the run starts, so that waiting for them costs neither a worker nor the time limit.
    #[schemars(extend("x-default" = "none", "uniqueItems" = true, "examples" = [["excel-vm"]]))]
    #[schemars(extend("items" = { "type": "string", "format": "lease-name" }))]
    pub(crate) leases: Option<Vec<String>>,
    /// Times at which its slots are skipped, in addition to the daemon's own.
    #[schemars(extend("x-default" = "none", "x-sort" = "list of tables, see [below](#blackout)", "examples" = [[{ "schedule": "0 22 * * fri", "duration": "4h" }]]))]
    pub(crate) blackout: Option<Vec<BlackoutTable>>,
    /// What follows a blackout that covered slots of the task.
    #[schemars(extend("default" = "skip"))]
    pub(crate) after_blackout: Option<AfterBlackout>,
    /// Labels that a node must have, all of them, to run it.
    #[schemars(extend("x-default" = "none", "uniqueItems" = true, "examples" = [["dmz"]]))]
    #[schemars(extend("items" = { "type": "string", "format": "node-label" }))]
    pub(crate) runs_on: Option<Vec<String>>,
    /// What is kept of its runs.
    #[schemars(extend("default" = "all"))]
    pub(crate) history: Option<History>,
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
    /// The credentials it gets: the roles that its kind declares, with the section of the vault that each is in. A list names
    /// roles whose sections have the same names.
    #[schemars(extend("x-default" = "the roles of the kind", "examples" = [{ "netbox": "netbox-berlin" }]))]
    pub(crate) credentials: Option<CredentialsKey>,
    /// What its processes may use and reach. What belongs to the daemon (state, vault, keys, configuration) is out of their
    /// reach in any case, where the host has Landlock or the task a `user` of its own.
    #[schemars(extend("examples" = [{ "memory": "512M", "write": ["/data/exports"] }]))]
    pub(crate) sandbox: Option<SandboxTable>,
    /// The user that its processes run as. Needs a daemon that runs as root.
    #[schemars(extend("format" = "user-name", "x-default" = "the daemon's own", "examples" = ["roundsman"]))]
    pub(crate) user: Option<String>,
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

/// What a slot does that comes while runs of the task are active.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OverlapKey {
    /// The slot is skipped.
    Skip,
    /// One run waits for the active one; a later slot takes the place of the one that waits.
    Queue,
    /// The active run is stopped, and the new one starts when its processes are gone.
    Replace,
    /// So many runs at the same time: `{ allow = 3 }`.
    Allow(NonZeroU32),
}
