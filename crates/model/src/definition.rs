//! A task as configured at one time. It says what is wanted; it does not check the kind's own config.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    AfterBlackout, Blackout, Code, HumanDuration, KindName, LeaseName, Misfire, NodeLabel, Overlap, PoolName,
    RetryPolicy, Sandbox, Schedule, TaskName, Timestamp, Upstream,
};

/// What is kept of a task's runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum History {
    /// Every run, until it is pruned.
    #[default]
    All,
    /// Changes of state, failures and hourly sums; successes that only repeat the one before go.
    Changes,
}

impl History {
    /// Whether it is what tasks have that say nothing.
    pub fn is_default(&self) -> bool {
        *self == Self::All
    }
}

/// What a run needs and keeps to, taken from its definition when it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunTerms {
    /// The pool it takes a place in.
    pub pool: Option<PoolName>,
    /// What it has to itself.
    pub leases: Vec<LeaseName>,
    /// Labels a node must have.
    pub runs_on: Vec<NodeLabel>,
    /// How long it may wait for its first attempt.
    pub start_within: Option<HumanDuration>,
    /// Whether two attempts of the task must never overlap, so that a worker has to end with its lease.
    pub alone: bool,
}

/// A task as configured. Two definitions with equal [`hash`](TaskDefinition::hash) mean the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDefinition {
    /// The task's name.
    pub name: TaskName,
    /// The kind it uses.
    pub kind: KindName,
    /// A sentence for listings.
    pub about: Option<String>,
    /// Switched off tasks keep their history; their slots are skipped.
    pub enabled: bool,
    /// When it runs; without one it runs on request only.
    pub schedule: Option<Schedule>,
    /// The zone its schedule is read in.
    pub timezone: Tz,
    /// Each slot fires up to this much later, by an offset that is the task's own and stays.
    pub jitter: HumanDuration,
    /// The longest an attempt may take.
    pub timeout: HumanDuration,
    /// Between the polite and the final signal at a time-out or cancel.
    pub grace: HumanDuration,
    /// When to try again.
    pub retry: RetryPolicy,
    /// The rule for slots that come while a run is active.
    pub overlap: Overlap,
    /// The rule for slots that fell due while nothing could fire.
    pub misfire: Misfire,
    /// How old a slot may be and still be caught up.
    pub window: HumanDuration,
    /// Whether it runs once when a daemon sees it for the first time.
    pub run_at_first_start: bool,
    /// The objective behind the schedule: its result shall never be older.
    pub fresh_within: Option<HumanDuration>,
    /// How long a run may wait for its first attempt; absent means as long as `window`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_within: Option<HumanDuration>,
    /// The pool whose places its runs share with those of other tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolName>,
    /// What a run has to itself, taken all together before its attempt starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leases: Vec<LeaseName>,
    /// The tasks it follows; one that follows has no schedule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Upstream>,
    /// The times at which its slots are skipped: its own and those of the daemon.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blackouts: Vec<Blackout>,
    /// What follows a blackout that covered slots.
    #[serde(default, skip_serializing_if = "AfterBlackout::is_default")]
    pub after_blackout: AfterBlackout,
    /// Labels that a node must have to run it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs_on: Vec<NodeLabel>,
    /// What is kept of its runs.
    #[serde(default, skip_serializing_if = "History::is_default")]
    pub history: History,
    /// Names of environment variables passed on to the worker.
    pub env: Vec<String>,
    /// What its processes may use and reach.
    #[serde(default, skip_serializing_if = "Sandbox::is_default")]
    pub sandbox: Sandbox,
    /// The user its processes run as, by name; absent means the daemon's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The credentials it gets: by role, the section they are in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub credentials: BTreeMap<String, String>,
    /// Where the kind's code is, in the version that was accepted.
    #[serde(default, skip_serializing_if = "Code::is_compiled")]
    pub code: Code,
    /// The kind's own config as written: references such as `${VAR}` are not resolved.
    pub with: serde_json::Value,
}

impl TaskDefinition {
    /// A task of which nothing is said but its name and kind: on request only, and all else as tasks have it that say nothing.
    pub fn new(name: TaskName, kind: KindName) -> Self {
        Self {
            name,
            kind,
            about: None,
            enabled: true,
            schedule: None,
            timezone: Tz::UTC,
            jitter: HumanDuration::default(),
            timeout: HumanDuration::from_secs(600),
            grace: HumanDuration::from_secs(10),
            retry: RetryPolicy::default(),
            overlap: Overlap::Skip,
            misfire: Misfire::Latest,
            window: HumanDuration::from_secs(86_400),
            run_at_first_start: false,
            fresh_within: None,
            start_within: None,
            pool: None,
            leases: Vec::new(),
            after: Vec::new(),
            blackouts: Vec::new(),
            after_blackout: AfterBlackout::default(),
            runs_on: Vec::new(),
            history: History::default(),
            env: Vec::new(),
            sandbox: Sandbox::default(),
            user: None,
            credentials: BTreeMap::new(),
            code: Code::Compiled,
            with: serde_json::json!({}),
        }
    }

    /// A stable fingerprint of everything that matters: the first 16 hex digits of SHA-256 over the canonical JSON.
    pub fn hash(&self) -> String {
        let canonical = serde_json::to_vec(self).expect("a definition is always representable as JSON");
        Sha256::digest(canonical).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The first slot strictly after an instant.
    pub fn next_slot(&self, after: Timestamp) -> Option<Timestamp> {
        self.schedule.as_ref().filter(|_| self.enabled)?.next_after(after, self.timezone)
    }

    /// What its runs need and keep to.
    pub fn terms(&self) -> RunTerms {
        RunTerms {
            pool: self.pool.clone(),
            leases: self.leases.clone(),
            runs_on: self.runs_on.clone(),
            start_within: Some(self.start_within.unwrap_or(self.window)),
            alone: !matches!(self.overlap, Overlap::Allow(_)),
        }
    }

    /// How much later than its slot a run falls due.
    pub fn jitter_offset(&self) -> std::time::Duration {
        crate::schedule::jitter_offset(self.name.as_str(), self.jitter.get())
    }
}
