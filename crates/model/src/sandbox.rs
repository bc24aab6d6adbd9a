//! What a task may use and reach, and what a host can enforce of it. It enforces nothing.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ByteSize, HumanDuration};

/// What becomes of a rule that this host cannot enforce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Enforce {
    /// The task runs, with a warning that stays visible in `status`.
    #[default]
    BestEffort,
    /// The task does not start.
    Strict,
}

/// What a task's processes may use and reach. What is absent is not limited, save that the daemon's own state, vault and
/// configuration are out of reach wherever the host can enforce it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Sandbox {
    /// Memory of all processes together (cgroup v2), else of each (RLIMIT_DATA).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<ByteSize>,
    /// How many processes and threads there may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<u32>,
    /// Processor time of each process (RLIMIT_CPU), whole seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_time: Option<HumanDuration>,
    /// Open files of each process (RLIMIT_NOFILE).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_files: Option<u64>,
    /// Whether the network may be used; absent means yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<bool>,
    /// Where files may be written, besides the work directory; absent means wherever the user may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write: Option<Vec<PathBuf>>,
    /// Where files may be read, besides the system's programs and libraries; absent means wherever the user may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<Vec<PathBuf>>,
    /// What becomes of a rule that cannot be enforced.
    pub enforce: Enforce,
}

impl Sandbox {
    /// Whether it says nothing.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a host can enforce.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Abilities {
    /// The version of Landlock's interface; 0 where the kernel has none or it is switched off.
    pub landlock: u32,
    /// Whether a cgroup v2 with the controllers `memory` and `pids` is delegated to us.
    pub cgroup: bool,
    /// Why not, where it is not.
    pub without_cgroup: String,
    /// Whether we are root, so that workers can become another user and have a network of their own.
    pub root: bool,
    /// Whether a process can be given a network namespace of its own.
    pub network_namespace: bool,
}
