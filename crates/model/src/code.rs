//! Where the code of a kind comes from, as a definition remembers it: what was accepted is what runs. It reads no file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::ExitCodes;

/// Where the code of a kind comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Code {
    /// Compiled into the executable.
    #[default]
    Compiled,
    /// An executable file of the scripts folder.
    Script {
        /// The file; absolute.
        path: PathBuf,
        /// SHA-256 of the accepted version, in hexadecimal digits. Another one is not run.
        sha256: String,
        /// What its exit codes mean.
        #[serde(default)]
        exit_codes: ExitCodes,
        /// Whether it says of itself that it writes nothing when it is asked for a dry run. Others are not started then.
        #[serde(default)]
        dry_run: bool,
        /// The values of its params where a task's `with` says nothing; an object, or null for none.
        #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
        defaults: serde_json::Value,
    },
    /// A shared library of the plugins folder.
    Plugin {
        /// The file; absolute.
        path: PathBuf,
        /// SHA-256 of the accepted version, in hexadecimal digits. Another one is not loaded.
        sha256: String,
    },
}

impl Code {
    /// Whether it is part of the executable.
    pub fn is_compiled(&self) -> bool {
        *self == Self::Compiled
    }

    /// One word for listings: `compiled`, `script` or `plugin`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Compiled => "compiled",
            Self::Script { .. } => "script",
            Self::Plugin { .. } => "plugin",
        }
    }

    /// The file it is in, if it is in one of its own.
    pub fn path(&self) -> Option<&std::path::Path> {
        match self {
            Self::Compiled => None,
            Self::Script { path, .. } | Self::Plugin { path, .. } => Some(path),
        }
    }
}
