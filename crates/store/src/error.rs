//! What can go wrong between us and a database. It never carries a password.

use std::{path::PathBuf, time::Duration};

/// The result of a store call.
pub type StoreResult<T> = Result<T, StoreError>;

/// Why a store call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database cannot be reached, or the connection broke.
    #[error("cannot {what}: the store at {store} is away")]
    Away {
        /// What was attempted: "claim runs".
        what: &'static str,
        /// The store, without its password.
        store: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No answer in time.
    #[error("cannot {what}: the store at {store} gave no answer within {} s", .limit.as_secs())]
    Slow {
        /// What was attempted.
        what: &'static str,
        /// The store, without its password.
        store: String,
        /// The limit.
        limit: Duration,
    },
    /// A newer version of Roundsman wrote this store.
    #[error(
        "the store at {store} was written by a newer Roundsman (schema {found}; this version reads up to {ours}): \
         start the newer version, or restore the backup made before the upgrade"
    )]
    TooNew {
        /// The store, without its password.
        store: String,
        /// The lowest schema that may still read it.
        found: i64,
        /// The newest schema this version knows.
        ours: i64,
    },
    /// The store needs a migration that only the daemon or `db migrate` makes.
    #[error(
        "the store at {store} has schema {found}, this version needs {ours}: run `roundsman db migrate` first"
    )]
    NeedsMigration {
        /// The store, without its password.
        store: String,
        /// Its schema.
        found: i64,
        /// The schema this version needs.
        ours: i64,
    },
    /// The file is no SQLite database, or a damaged one.
    #[error("{} is not a readable SQLite database: move it away to start afresh, or restore a backup", .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file or its folder cannot be written.
    #[error("cannot write {}: check that the folder exists and belongs to the user the daemon runs as", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The disk below the store is full or fails.
    #[error("cannot {what}: the disk of the store at {store} is full or fails")]
    Disk {
        /// What was attempted.
        what: &'static str,
        /// The store, without its password.
        store: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no store yet, and reading makes none.
    #[error("there is no store at {store} yet: start the daemon first, or run `roundsman db migrate`")]
    Missing {
        /// The store, without its password.
        store: String,
    },
    /// The database is in use for something else.
    #[error("the database at {store} holds tables of another program: give Roundsman one of its own")]
    Foreign {
        /// The store, without its password.
        store: String,
    },
    /// Another daemon has this SQLite file.
    #[error(
        "another daemon (pid {pid}) uses {}: two daemons need a Postgres store, or a file each", .path.display()
    )]
    Held {
        /// The file.
        path: PathBuf,
        /// The other daemon's process id, as it wrote it down.
        pid: String,
    },
    /// The URL names no store.
    #[error("{url:?} is no store: write \"sqlite:FILE\" or \"postgres://USER@HOST/DATABASE\"")]
    BadUrl {
        /// The URL, without its password.
        url: String,
    },
    /// The database refused a statement: a bug here, or a schema changed by hand.
    #[error("cannot {what}: the store at {store} refused it")]
    Refused {
        /// What was attempted.
        what: &'static str,
        /// The store, without its password.
        store: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An import began here and did not come to its end.
    #[error(
        "the store at {store} holds a part of an import that was interrupted: run `roundsman db import FILE` again"
    )]
    HalfImported {
        /// The store, without its password.
        store: String,
    },
    /// An import needs an empty store.
    #[error("the store at {store} is not empty: import into a new one, or move this one away first")]
    NotEmpty {
        /// The store, without its password.
        store: String,
    },
    /// An import needs the store to itself.
    #[error("{who} uses the store at {store}: stop it before importing")]
    InUse {
        /// The store, without its password.
        store: String,
        /// Who uses it.
        who: String,
    },
    /// What was to be imported is no export, or a damaged one.
    #[error("the export is damaged at line {line}: {what}; use another copy of it, or export again")]
    BadExport {
        /// The line, counted from 1.
        line: u64,
        /// What is wrong there.
        what: String,
    },
    /// Another version of Roundsman wrote the export.
    #[error(
        "the export was written by Roundsman {version} with schema {found}, and this version has schema {ours}: import \
         it with that version, then run `roundsman db migrate` with the newer of the two on the store at {store}"
    )]
    ForeignExport {
        /// The version that wrote it.
        version: String,
        /// Its schema.
        found: i64,
        /// The store, without its password.
        store: String,
        /// The schema of this version.
        ours: i64,
    },
    /// What is exported could not be written, or what is imported could not be read.
    #[error("cannot {what}")]
    Stream {
        /// What was attempted: "write the export".
        what: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The database refused the user, the password or the database name.
    #[error("the store at {store} refuses us: check user, password and database name")]
    Denied {
        /// The store, without its password.
        store: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// Whether the same call may succeed later without anybody doing anything.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Away { .. } | Self::Slow { .. } | Self::Disk { .. })
    }

    /// Whether the database understood the call and will not have it: the same call will be refused again. Every other
    /// error ends when somebody mends what keeps us out, be it a password or a folder.
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}
