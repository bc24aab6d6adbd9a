//! What a task remembers of its exports: the folder of each slot, the units that are done, and what was last good. Whether
//! a file is still there is looked at elsewhere.

use std::collections::BTreeMap;

use roundsman_task::{Document, DocumentError, Documents, TaskContext, TaskError, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{judge::Verified, manifest::Entry};

/// How many documents are asked for at once.
const PAGE: u32 = 500;
/// The most bytes of a document, with some left for the names of its fields.
const MOST: usize = (1 << 20) - (16 << 10);

/// The documents of a task.
#[derive(Clone)]
pub struct Ledger {
    units: Documents,
    last: Documents,
    runs: Documents,
}

/// The folder of a slot, or of a run that has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRow {
    /// When it was first begun.
    pub started_at: Timestamp,
    /// The folder that it is below.
    pub output_dir: String,
    /// Its own name below that one.
    pub folder: String,
    /// How it went, once it published something: `success`, `partial`; `empty` where it came to no file at all.
    #[serde(default)]
    pub status: Option<String>,
    /// What its files take.
    #[serde(default)]
    pub bytes: u64,
    /// Folders of other runs that hold files which are the same in this one.
    #[serde(default)]
    pub refers_to: Vec<String>,
    /// The item it is of, where it is of one only.
    #[serde(default)]
    pub item: Option<String>,
    /// How many files it comes to, once that is known.
    #[serde(default)]
    pub units: u64,
    /// Its folder was empty and is gone: whoever has that name now is somebody else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_gone: bool,
}

/// A unit that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoneRow {
    /// Where its file is, below the output folder.
    pub path: String,
    /// How long the file is.
    pub bytes: u64,
    /// Its hash.
    pub sha256: String,
    /// The hash of what the server sent.
    pub content_sha256: String,
    /// What was done to it, and how it is called apart from the time, in a word.
    #[serde(default)]
    pub made: String,
    /// How much the server sent, unpacked.
    pub received: u64,
    /// Its rows.
    pub rows: u64,
    /// Its columns.
    pub columns: Option<Vec<String>>,
    /// What was looked at.
    pub verification: Verified,
    /// How often it was tried.
    pub attempts: u32,
    /// How long it took.
    pub duration_ms: u64,
    /// When it was done.
    pub finished_at: Timestamp,
}

/// A unit that is done for a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitRow {
    /// What came of it.
    #[serde(flatten)]
    pub done: DoneRow,
    /// What a manifest says of it besides.
    pub entry: Entry,
    /// The run that did it.
    pub run: i64,
}

impl UnitRow {
    /// It as a manifest has it that was written later.
    pub fn told(&self) -> Entry {
        self.entry.clone().of(&self.done)
    }

    /// The same without its columns, where they are more than is remembered: the manifest has them.
    fn narrow(&self) -> Option<Self> {
        let length = serde_json::to_vec(self).map_or(0, |bytes| bytes.len());
        (length > MOST).then(|| Self {
            done: DoneRow { columns: None, ..self.done.clone() },
            entry: Entry { columns: None, column_types: None, ..self.entry.clone() },
            run: self.run,
        })
    }
}

impl Ledger {
    /// That of the task.
    pub fn new(cx: &TaskContext) -> Self {
        Self { units: cx.documents("units"), last: cx.documents("last"), runs: cx.documents("runs") }
    }

    /// Remembers the run of a slot.
    pub async fn put_run(&self, slot: &str, row: &RunRow) -> Result<(), TaskError> {
        self.runs.put(slot, row, None).await?;
        Ok(())
    }

    /// All runs, oldest first.
    pub async fn runs(&self) -> Result<Vec<(String, RunRow)>, TaskError> {
        let rows = all(&self.runs, "").await?;
        Ok(rows.into_iter().filter_map(|row| Some((row.key.clone(), read(row).ok()?))).collect())
    }

    /// Forgets the run of a slot, with its units.
    pub async fn forget(&self, slot: &str) -> Result<(), TaskError> {
        self.units.delete_range(&format!("{slot}/"), Some(&format!("{slot}0"))).await?;
        gone(self.runs.delete(slot, None).await)
    }

    /// The units of a slot that are done, by key.
    pub async fn done(&self, slot: &str) -> Result<BTreeMap<String, UnitRow>, TaskError> {
        let prefix = format!("{slot}/");
        let rows = all(&self.units, &prefix).await?;
        let keyed = |row: Document| Some((row.key.strip_prefix(&prefix)?.to_owned(), read(row).ok()?));
        Ok(rows.into_iter().filter_map(keyed).collect())
    }

    /// Remembers that a unit is done, and that it was good at this place.
    pub async fn put_done(&self, slot: &str, key: &str, place: &str, row: &UnitRow) -> Result<(), TaskError> {
        let narrow = row.narrow();
        let row = narrow.as_ref().unwrap_or(row);
        self.units.put(&format!("{slot}/{key}"), row, None).await?;
        self.last.put(place, &row.done, None).await?;
        Ok(())
    }

    /// What was last good, by place.
    pub async fn last(&self) -> Result<BTreeMap<String, DoneRow>, TaskError> {
        let rows = all(&self.last, "").await?;
        Ok(rows.into_iter().filter_map(|row| Some((row.key.clone(), read(row).ok()?))).collect())
    }

    /// Forgets what was last good at a place.
    pub async fn forget_last(&self, place: &str) -> Result<(), TaskError> {
        gone(self.last.delete(place, None).await)
    }
}

/// That somebody else deleted it first is as good.
fn gone(deleted: Result<(), DocumentError>) -> Result<(), TaskError> {
    match deleted {
        Err(DocumentError::Conflict { .. }) | Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn read<T: DeserializeOwned>(document: Document) -> Result<T, TaskError> {
    let key = document.key;
    serde_json::from_value(document.value)
        .map_err(|error| TaskError::permanent(format!("the document {key:?} cannot be read: {error}")))
}

async fn all(documents: &Documents, prefix: &str) -> Result<Vec<Document>, TaskError> {
    let mut found: Vec<Document> = Vec::new();
    loop {
        let page = documents.list(prefix, found.last().map(|row| row.key.as_str()), PAGE).await?;
        let whole = (page.len() as u64) < u64::from(PAGE);
        found.extend(page);
        if whole {
            return Ok(found);
        }
    }
}
