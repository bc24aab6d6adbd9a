//! The manifest of a run: what was exported, proved how, and what was not. It is written last, so that whoever finds one
//! finds all that it names.

use std::{fs, path::Path};

use roundsman_task::{TaskContext, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    failure::Told,
    judge::Verified,
    ledger::{DoneRow, RunRow},
    names::MANIFEST,
    part::{DiskError, Part, Writer},
};

/// The version of what a manifest holds.
const SCHEMA: u32 = 1;

/// A manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of its form.
    pub schema: u32,
    /// The task.
    pub task: String,
    /// The run's number.
    pub run_id: i64,
    /// The slot it is for.
    pub slot: Option<Timestamp>,
    /// The server.
    pub base_url: String,
    /// Its version, as it writes it.
    pub server_version: Option<String>,
    /// When it was begun.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// `success`, `partial` or `failed`.
    pub status: String,
    /// One for each file that there is or should be.
    pub units: Vec<Entry>,
}

/// What became of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It was exported.
    Ok,
    /// It was there already, whole, from an earlier attempt or run for the same slot.
    SkippedDone,
    /// It is the same as last time; the file of then stays.
    Unchanged,
    /// It was not.
    Failed,
}

impl Fate {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::SkippedDone => "skipped_done",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
        }
    }
}

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnEntry {
    /// Its title in the file.
    pub name: String,
    /// Its type, as the server has it: `type/Integer`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none", default)]
    pub column_type: Option<String>,
}

/// One unit in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The item it belongs to.
    pub item: String,
    /// The question, if it is one.
    pub card_id: Option<u64>,
    /// Its name.
    pub name: String,
    /// The dashboard it was exported from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dashboard_id: Option<u64>,
    /// What its parameters hash to.
    pub params_sha256: String,
    /// The format.
    pub format: String,
    /// Where the file is, below the output folder.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
    /// What became of it.
    pub status: Fate,
    /// Its rows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rows: Option<u64>,
    /// Its columns.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub columns: Option<Vec<String>>,
    /// Their types, as the server has them and as far as it tells: `type/Integer`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column_types: Option<Vec<Option<String>>>,
    /// How long the file is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bytes: Option<u64>,
    /// Its hash.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
    /// The hash of what the server sent, where something was done to it afterwards.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content_sha256: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// How long it took.
    pub duration_ms: u64,
    /// What was looked at.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verification: Option<Verified>,
    /// Why it is not there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<Told>,
}

impl Entry {
    /// The same with what is remembered of its file.
    #[must_use]
    pub fn of(self, row: &DoneRow) -> Self {
        Self {
            path: Some(row.path.clone()),
            rows: Some(row.rows),
            columns: row.columns.clone(),
            bytes: Some(row.bytes),
            sha256: Some(row.sha256.clone()),
            content_sha256: (row.content_sha256 != row.sha256).then(|| row.content_sha256.clone()),
            attempts: row.attempts,
            duration_ms: row.duration_ms,
            verification: Some(row.verification.clone()),
            ..self
        }
    }

    /// Whether both are of one export.
    pub fn is_of_the_same(&self, other: &Self) -> bool {
        let of = |entry: &Self| {
            (entry.card_id, entry.dashboard_id, entry.item.clone(), entry.name.clone(), entry.format.clone())
        };
        of(self) == of(other) && self.params_sha256 == other.params_sha256
    }
}

impl Manifest {
    /// That of a run which ends now.
    pub fn of(
        cx: &TaskContext,
        row: &RunRow,
        server: (String, Option<String>),
        status: &str,
        units: Vec<Entry>,
    ) -> Self {
        let (base_url, server_version) = server;
        Self {
            schema: SCHEMA,
            task: cx.task().to_string(),
            run_id: cx.run_id().0,
            slot: cx.slot(),
            base_url,
            server_version,
            started_at: row.started_at,
            finished_at: cx.now(),
            status: status.to_owned(),
            units,
        }
    }

    /// As it stands in the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a manifest is plain data");
        bytes.push(b'\n');
        bytes
    }

    /// The same in as few bytes as possible.
    pub fn to_dense_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a manifest is plain data")
    }

    /// Puts it into the folder of the run, in the place of what may be there.
    pub fn write(&self, folder: &Path, writer: Writer, mode: u32) -> Result<(), DiskError> {
        let target = folder.join(MANIFEST);
        let mut part = Part::create(&target, writer, 0)?;
        part.write(&self.to_bytes())?;
        part.publish(&target, mode)
    }

    /// The one in a folder, if there is one that can be read.
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join(MANIFEST)).ok()?).ok()
    }
}
