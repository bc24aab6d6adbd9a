//! A task as configured at one time. It says what is wanted; it does not check the kind's own config.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    ByteSize, HumanDuration, KindName, Misfire, Overlap, RetryPolicy, Schedule, TaskName, Timestamp,
};

/// Limits a worker sets itself before the kind's code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Open files (RLIMIT_NOFILE).
    pub open_files: Option<u64>,
    /// Address space (RLIMIT_AS).
    pub address_space: Option<ByteSize>,
    /// Processor time (RLIMIT_CPU), whole seconds.
    pub cpu_time: Option<HumanDuration>,
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
    /// Names of environment variables passed on to the worker.
    pub env: Vec<String>,
    /// Limits of the worker.
    pub limits: Limits,
    /// The kind's own config as written: references such as `${VAR}` are not resolved.
    pub with: serde_json::Value,
}

impl TaskDefinition {
    /// A stable fingerprint of everything that matters: the first 16 hex digits of SHA-256 over the canonical JSON.
    pub fn hash(&self) -> String {
        let canonical = serde_json::to_vec(self).expect("a definition is always representable as JSON");
        Sha256::digest(canonical).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The first slot strictly after an instant.
    pub fn next_slot(&self, after: Timestamp) -> Option<Timestamp> {
        self.schedule.as_ref().filter(|_| self.enabled)?.next_after(after, self.timezone)
    }

    /// How much later than its slot a run falls due.
    pub fn jitter_offset(&self) -> std::time::Duration {
        crate::schedule::jitter_offset(self.name.as_str(), self.jitter.get())
    }
}
