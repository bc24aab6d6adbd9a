//! The `[daemon]` table as written. It resolves nothing and fills in no default.

use std::{fmt, num::NonZeroU32, path::PathBuf};

use roundsman_model::HumanDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BlackoutTable;

/// The daemon itself: where it keeps its state, where it listens, how it logs.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct DaemonTable {
    /// Where runs, slots, logs and documents are kept: `sqlite:FILE` (relative to the state directory) or
    /// `postgres://USER@HOST/DATABASE`. Write the password as a reference, such as
    /// `postgres://roundsman:${DB_PASSWORD}@db.example.com/roundsman`. `ROUNDSMAN_STORE` overrides it.
    #[schemars(extend("format" = "store-url", "default" = "sqlite:roundsman.db"))]
    pub(crate) store: Option<String>,
    /// The address and port of `/metrics`, `/livez` and `/readyz`. Port 0 takes a free one, which `roundsman status`
    /// shows. There is no authentication: an address other than loopback shows metrics to everyone who reaches it.
    /// `ROUNDSMAN_LISTEN` overrides it.
    #[schemars(extend("format" = "socket-address", "default" = "127.0.0.1:9464"))]
    pub(crate) listen: Option<String>,
    /// The time zone of every task that names none. `ROUNDSMAN_TIMEZONE` overrides it.
    #[schemars(extend("format" = "timezone", "x-default" = "the system's zone, else UTC", "examples" = ["Europe/Berlin"]))]
    pub(crate) timezone: Option<String>,
    /// The folder of the daemon's identity, its socket and its SQLite file. A relative path is relative to the file it
    /// is written in. `ROUNDSMAN_STATE_DIR` overrides it.
    #[schemars(extend("x-default" = "`$STATE_DIRECTORY`, else `$XDG_STATE_HOME/roundsman`, else `~/.local/state/roundsman`", "examples" = ["/var/lib/roundsman"]))]
    #[schemars(with = "Option<String>")]
    pub(crate) state_dir: Option<PathBuf>,
    /// How many attempts run at the same time, each in a worker process of its own.
    #[schemars(extend("x-default" = "4 for each processor", "examples" = [16]))]
    pub(crate) workers: Option<NonZeroU32>,
    /// Adds a task for every kind that needs no configuration, named after it and on its own schedule. Without any
    /// configuration file these tasks are there anyway.
    #[schemars(extend("default" = false))]
    pub(crate) builtin_tasks: Option<bool>,
    /// The folder of scripts: each executable file in it with a header is a kind. It must belong to the daemon's user or root,
    /// and nobody else may write to it. A relative path is relative to the file it is written in.
    #[schemars(extend("x-default" = "`scripts` beside the configuration file, if it exists", "examples" = ["/etc/roundsman/scripts"]))]
    #[schemars(with = "Option<String>")]
    pub(crate) scripts_dir: Option<PathBuf>,
    /// The folder of plugins: each `.so` file in it is a kind. It must belong to the daemon's user or root, and nobody else may
    /// write to it. A relative path is relative to the file it is written in.
    #[schemars(extend("x-default" = "`plugins` beside the configuration file, if it exists", "examples" = ["/etc/roundsman/plugins"]))]
    #[schemars(with = "Option<String>")]
    pub(crate) plugins_dir: Option<PathBuf>,
    /// What is logged: `error`, `warn`, `info`, `debug` or `trace`, for single modules too, such as
    /// `info,roundsman_engine=debug`. `ROUNDSMAN_LOG` overrides it.
    #[schemars(extend("format" = "log-filter", "default" = "info"))]
    pub(crate) log: Option<String>,
    /// How log lines are written.
    #[schemars(extend("default" = "human"))]
    pub(crate) log_format: Option<LogFormat>,
    /// What this node is called in listings and in runs.
    #[schemars(extend("format" = "node-name", "x-default" = "the host's name", "examples" = ["rounds-1"]))]
    pub(crate) node_name: Option<String>,
    /// What tasks can ask of this node with `runs_on`: where it is, what it reaches.
    #[schemars(extend("x-default" = "none", "uniqueItems" = true, "examples" = [["dmz"]]))]
    #[schemars(extend("items" = { "type": "string", "format": "node-label" }))]
    pub(crate) labels: Option<Vec<String>>,
    /// Times at which the slots of all tasks are skipped, whatever they have of their own.
    #[schemars(extend("x-default" = "none", "x-sort" = "list of tables, see [below](#blackout)", "examples" = [[{ "schedule": "0 22 * * fri", "duration": "4h" }]]))]
    pub(crate) blackout: Option<Vec<BlackoutTable>>,
    /// How long a node holds a run without renewing its hold: at least 5 s and at most 10 min, and more than 5 s above
    /// the longest `grace` of a task. Once it is used up, another node may take the run over; before that, its worker has
    /// ended its own processes.
    #[schemars(extend("x-default" = "60s, or 10 s above the longest `grace` of a task", "examples" = ["60s"], "x-min" = "5s", "x-max" = "10m"))]
    pub(crate) lease: Option<HumanDuration>,
    /// What workers do while their node cannot renew its hold on their runs, because the store is away or the daemon is.
    #[schemars(extend("x-default" = "for each run `\"finish\"` on SQLite, with one registered node, or with `overlap = { allow = … }`, else `\"stop\"`"))]
    pub(crate) without_store: Option<WithoutStore>,
    /// How long a node must have been silent before runs are taken over whose workers may finish without the store.
    #[schemars(extend("default" = "15m", "x-min" = "1m"))]
    pub(crate) node_gone_after: Option<HumanDuration>,
}

/// What workers do while their node cannot renew its hold on their runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WithoutStore {
    /// They finish. Until `node_gone_after` has passed nobody takes their runs over, which show as unconfirmed meanwhile.
    Finish,
    /// They end their own processes before the hold is used up, so that another node can repeat the run soon.
    Stop,
}

impl fmt::Display for WithoutStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finish => "finish",
            Self::Stop => "stop",
        })
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people: coloured on a terminal.
    #[default]
    Human,
    /// One JSON object per line.
    Json,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Human => "human",
            Self::Json => "json",
        })
    }
}
