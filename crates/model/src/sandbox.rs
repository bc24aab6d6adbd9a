//! What a task may use and reach, and what a host can enforce of it. It enforces nothing.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ByteSize, HumanDuration};

/// Threads of the worker itself, with room to spare: they are not counted among a task's `processes`.
pub const OWN_THREADS: u32 = 8;

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
    /// How many processes and threads there may be, besides the worker itself.
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
    /// Whether what belongs to the daemon is kept out of reach; absent means yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protect: Option<bool>,
    /// What becomes of a rule that cannot be enforced.
    pub enforce: Enforce,
}

/// Files and folders of the daemon that tasks are kept from. None of them need be there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Protected {
    /// Neither read nor changed: state, vault, keys, configuration.
    pub closed: Vec<PathBuf>,
    /// Read and executed, but not changed: the folders of scripts and plugins, since what is in them decides over code and
    /// credentials as the configuration does.
    pub fixed: Vec<PathBuf>,
}

impl Protected {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &PathBuf> {
        self.closed.iter().chain(&self.fixed)
    }

    /// The folders in which nothing is made, renamed or removed directly, because something protected lies below.
    pub fn folders_above(&self) -> Vec<&Path> {
        let above: BTreeSet<&Path> = self.all().flat_map(|path| path.ancestors().skip(1)).collect();
        above.into_iter().filter(|folder| !self.all().any(|path| folder.starts_with(path))).collect()
    }
}

impl Sandbox {
    /// Whether it says nothing.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a host can enforce. The user, groups and capabilities are those of the process that looked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Abilities {
    /// The version of Landlock's interface; 0 where the kernel has none or it is switched off.
    pub landlock: u32,
    /// Why there is no Landlock, where there is none.
    pub without_landlock: String,
    /// Whether a cgroup v2 with the controllers `memory` and `pids` is delegated to us.
    pub cgroup: bool,
    /// Why not, where it is not.
    pub without_cgroup: String,
    /// Whether we are root with the rights to give files away and to become another user.
    pub root: bool,
    /// The name of the user we are, or its number where it has none.
    pub user: String,
    /// Whether a process can be given a network namespace of its own.
    pub network_namespace: bool,
}

/// What a host makes of a sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SandboxVerdict {
    /// The rules that it cannot enforce as they are written. With [`Enforce::Strict`] the task does not start.
    pub unenforceable: Vec<Unenforceable>,
    /// The rules that it enforces in a way that is worth knowing.
    pub notes: Vec<SandboxNote>,
}

/// A rule that a host cannot enforce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unenforceable {
    /// The rule, as its key: `memory`, `network`, `user`.
    pub rule: String,
    /// Why, and what it would take; a sentence without full stop.
    pub why: String,
}

/// How a rule is enforced where that is not as one might expect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxNote {
    /// The rule, as its key.
    pub rule: String,
    /// How it is enforced; a sentence without full stop.
    pub how: String,
}

impl SandboxVerdict {
    /// Whether the host enforces all that is written.
    pub fn is_enforced(&self) -> bool {
        self.unenforceable.is_empty()
    }

    fn cannot(&mut self, rule: &str, why: impl Into<String>) {
        self.unenforceable.push(Unenforceable { rule: rule.to_owned(), why: why.into() });
    }

    fn note(&mut self, rule: &str, how: impl Into<String>) {
        self.notes.push(SandboxNote { rule: rule.to_owned(), how: how.into() });
    }
}

impl std::fmt::Display for Unenforceable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {}", self.rule, self.why)
    }
}

impl Sandbox {
    /// What a host makes of these rules and of the user that the task's processes shall be.
    pub fn verdict(&self, user: Option<&str>, abilities: &Abilities) -> SandboxVerdict {
        let mut verdict = SandboxVerdict::default();
        abilities.judge_user(user, &mut verdict);
        if self.memory.is_some() && !abilities.cgroup {
            let how = format!(
                "limits the data of each process by itself and not of all together (RLIMIT_DATA): {}",
                abilities.without_cgroup
            );
            verdict.note("memory", how);
        }
        if self.processes.is_some() && !abilities.cgroup {
            abilities.judge_processes(user, &mut verdict);
        }
        if self.network == Some(false) && !abilities.network_namespace {
            abilities.judge_network(&mut verdict);
        }
        if self.write.is_some() {
            abilities.judge_write(&mut verdict);
        }
        if self.protect == Some(false) {
            verdict
                .note("protect", "the task may reach what belongs to the daemon, as its configuration says");
        }
        if self.read.is_some() && abilities.landlock == 0 {
            verdict.cannot("read", abilities.no_landlock());
        }
        verdict
    }
}

impl Abilities {
    /// Why processes of tasks could reach what belongs to the daemon (state, vault, configuration, other processes of its
    /// user), where nothing here keeps them from it. A `user` of their own does.
    pub fn exposure(&self, user: Option<&str>) -> Option<String> {
        let other = user.is_some_and(|user| self.root && !self.is_own(user));
        if other || self.landlock >= LANDLOCK_SIGNALS {
            return None;
        }
        Some(match self.landlock {
            1 => "the daemon's own files and processes are within reach of tasks: the Landlock of this kernel (1) would \
                  forbid every task to move files between folders; version 2 does not (Linux 5.19)"
                .to_owned(),
            0 => format!(
                "the daemon's own files and processes are within reach of tasks: {}",
                self.no_landlock()
            ),
            version => format!(
                "tasks can signal the daemon and each other's processes: this kernel's Landlock ({version}) keeps \
                 files out of reach, but signals only from version {LANDLOCK_SIGNALS} on (Linux 6.12)"
            ),
        })
    }

    fn is_own(&self, user: &str) -> bool {
        self.user == user || (self.root && user == "root")
    }

    fn no_landlock(&self) -> String {
        if self.without_landlock.is_empty() {
            "this kernel has no Landlock (Linux 5.13)".to_owned()
        } else {
            self.without_landlock.clone()
        }
    }

    fn judge_user(&self, user: Option<&str>, verdict: &mut SandboxVerdict) {
        let Some(user) = user else { return };
        if !self.root && !self.is_own(user) {
            let why = format!(
                "only root with the capabilities to do so can start tasks as another user, and the daemon is {:?}",
                self.user
            );
            verdict.cannot("user", why);
        }
    }

    fn judge_processes(&self, user: Option<&str>, verdict: &mut SandboxVerdict) {
        if self.root && user.is_some_and(|user| !self.is_own(user)) {
            let how =
                "counts all processes and threads of the user, those of other tasks included (RLIMIT_NPROC)";
            return verdict.note("processes", how);
        }
        let why = format!(
            "it takes a delegated cgroup v2, or a `user` that only this task has, and a daemon that is root: {}",
            self.without_cgroup
        );
        verdict.cannot("processes", why);
    }

    fn judge_network(&self, verdict: &mut SandboxVerdict) {
        let why = if self.landlock >= LANDLOCK_TCP {
            "TCP is refused (Landlock), but UDP and other protocols stay open: to cut off all, the daemon must be \
             root with the right to make network namespaces (CAP_SYS_ADMIN)"
        } else {
            "the daemon must be root with the right to make network namespaces (CAP_SYS_ADMIN)"
        };
        verdict.cannot("network", why);
    }

    fn judge_write(&self, verdict: &mut SandboxVerdict) {
        match self.landlock {
            0 => verdict.cannot("write", self.no_landlock()),
            1 | 2 => {
                let why = format!(
                    "this kernel's Landlock ({}) does not keep files elsewhere from being emptied (truncate); version \
                     {LANDLOCK_TRUNCATE} does (Linux 6.2)",
                    self.landlock
                );
                verdict.cannot("write", why);
            }
            _ => {}
        }
    }
}

/// The first version of Landlock's interface that keeps files from being emptied.
const LANDLOCK_TRUNCATE: u32 = 3;
/// The first that refuses TCP.
const LANDLOCK_TCP: u32 = 4;
/// The first that keeps signals inside.
const LANDLOCK_SIGNALS: u32 = 6;

#[cfg(test)]
mod tests;
