//! The key `sandbox` as written. What a host can enforce of it is decided elsewhere.

use std::{
    num::{NonZeroU32, NonZeroU64},
    path::PathBuf,
};

use roundsman_model::{ByteSize, Enforce, HumanDuration};
use schemars::JsonSchema;
use serde::Deserialize;

/// What the processes of a task may use and reach.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct SandboxTable {
    /// Memory of all processes together where a cgroup v2 is delegated to the daemon, else data of each one
    /// (RLIMIT_DATA); at least 16 MiB.
    #[schemars(extend("x-default" = "none", "x-min" = "16 MiB", "examples" = ["512M"]))]
    pub(crate) memory: Option<ByteSize>,
    /// How many processes and threads there may be at a time. Needs a cgroup v2 that is delegated to the daemon, or a
    /// `user` that only this task has.
    #[schemars(range(min = 4), extend("x-default" = "none", "examples" = [64]))]
    pub(crate) processes: Option<NonZeroU32>,
    /// Processor time of each process (RLIMIT_CPU), in whole seconds.
    #[schemars(extend("x-default" = "none", "x-min" = "1s", "examples" = ["10m"]))]
    pub(crate) cpu_time: Option<HumanDuration>,
    /// Open files of each process (RLIMIT_NOFILE), at least 64.
    #[schemars(range(min = 64), extend("x-default" = "4096, or the daemon's own if that is less", "examples" = [256]))]
    pub(crate) open_files: Option<NonZeroU64>,
    /// Whether the network may be used.
    #[schemars(extend("default" = true))]
    pub(crate) network: Option<bool>,
    /// The folders and files in which it may write, besides its work directory. Without this it may write wherever its
    /// user may, save in what belongs to the daemon.
    #[schemars(extend("x-default" = "anywhere", "uniqueItems" = true, "examples" = [["/data/exports"]]))]
    #[schemars(extend("items" = { "type": "string", "format": "absolute-path" }))]
    pub(crate) write: Option<Vec<PathBuf>>,
    /// The folders and files in which it may read, besides the system's programs and libraries, its own code, and where it
    /// may write. Without this it may read wherever its user may, save in what belongs to the daemon.
    #[schemars(extend("x-default" = "anywhere", "uniqueItems" = true, "examples" = [["/data/imports"]]))]
    #[schemars(extend("items" = { "type": "string", "format": "absolute-path" }))]
    pub(crate) read: Option<Vec<PathBuf>>,
    /// Whether what belongs to the daemon (its state, its vault and keys, its configuration) and all processes outside the
    /// task are out of its reach, as far as the kernel's Landlock goes. `false` is for tasks that mount file systems, start
    /// containers, or make files directly in a folder above one of the daemon's own, such as `/etc`. The header of a
    /// script cannot say it.
    #[schemars(extend("default" = true))]
    pub(crate) protect: Option<bool>,
    /// What becomes of a rule that the host cannot enforce: with `"strict"` the task does not start, with
    /// `"best-effort"` it starts with a warning that `roundsman status` shows.
    #[schemars(extend("default" = "best-effort"))]
    pub(crate) enforce: Option<Enforce>,
}
