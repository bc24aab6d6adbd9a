//! What a run tells those that follow it: how many files came, and where each one is, with its hash, rows and columns. It
//! looks at no file but the manifest.

use std::path::Path;

use roundsman_task::Counts;
use serde_json::{Map, Value, json};

use crate::export::{
    manifest::{ColumnEntry, Entry, Fate, Manifest},
    names::MANIFEST,
};

/// The most bytes of a detail: it is kept with each run, and goes whole to each task that follows. As much as a document.
const MOST: usize = 1 << 20;

/// What is told of a run.
pub(super) struct Told<'a> {
    pub(super) root: &'a Path,
    pub(super) folder: &'a str,
    pub(super) manifest: &'a Manifest,
    pub(super) is_failure: bool,
    /// What a person should know of items that came to nothing.
    pub(super) notes: &'a [String],
    /// What ended it before its files were looked at.
    pub(super) error: Option<Value>,
}

/// How much is told of each file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    All,
    WithoutColumns,
    /// Where it is, and what tells it apart.
    Place,
    Nothing,
}

/// How many files met which fate.
pub(super) fn counts(units: &[Entry]) -> Counts {
    let of = |fate: Fate| units.iter().filter(|unit| unit.status == fate).count() as u64;
    Counts {
        processed: units.len() as u64,
        ok: of(Fate::Ok) + of(Fate::SkippedDone) + of(Fate::Unchanged),
        failed: of(Fate::Failed),
        skipped: of(Fate::SkippedDone),
        changed: of(Fate::Ok),
        unchanged: of(Fate::Unchanged),
        ..Counts::default()
    }
}

/// The rows of all files.
pub(super) fn rows(units: &[Entry]) -> u64 {
    units.iter().filter_map(|unit| unit.rows).sum()
}

impl Told<'_> {
    /// What a following task needs. Where that is too much, the manifest has the rest, and this says so.
    pub(super) fn detail(&self) -> Value {
        let whole = self.at(Depth::All, None);
        if fits(&whole) {
            return whole;
        }
        let rest = |what: &str| {
            format!("{what}: together they are more than {} MiB; {MANIFEST} has them", MOST >> 20)
        };
        let parts = [
            (Depth::WithoutColumns, "the columns of all files"),
            (Depth::Place, "everything but where the files are"),
        ];
        let shorter = parts.into_iter().map(|(depth, what)| self.at(depth, Some(rest(what))));
        shorter.into_iter().find(fits).unwrap_or_else(|| self.at(Depth::Nothing, Some(rest("all files"))))
    }

    fn at(&self, depth: Depth, left_out: Option<String>) -> Value {
        let folder = self.root.join(self.folder);
        let manifest_path = folder.join(MANIFEST);
        let units = self.manifest.units.iter().map(|entry| self.unit(entry, depth));
        let mut detail = json!({
            "output_dir": self.root,
            "folder": folder,
            "manifest": manifest_path.is_file().then_some(manifest_path),
            "base_url": self.manifest.base_url,
            "server_version": self.manifest.server_version,
            "status": self.manifest.status,
            "counts_as_failure": self.is_failure,
            "notes": self.notes,
            "units": if depth == Depth::Nothing { Value::Null } else { units.collect() },
        });
        for (key, value) in [("error", self.error.clone()), ("left_out", left_out.map(Value::from))] {
            if let Some(value) = value {
                detail[key] = value;
            }
        }
        detail
    }

    fn unit(&self, entry: &Entry, depth: Depth) -> Value {
        let Value::Object(mut told) = json!(entry) else { return Value::Null };
        told.remove("column_types");
        if let Some(path) = &entry.path {
            told.insert("path".to_owned(), json!(self.root.join(path)));
        }
        match depth {
            Depth::All => {
                if let Some(columns) = columns(entry) {
                    told.insert("columns".to_owned(), json!(columns));
                }
            }
            Depth::WithoutColumns => drop(told.remove("columns")),
            Depth::Place | Depth::Nothing => told = place(told),
        }
        Value::Object(told)
    }
}

fn fits(detail: &Value) -> bool {
    detail.to_string().len() <= MOST
}

/// The columns with their types.
fn columns(entry: &Entry) -> Option<Vec<ColumnEntry>> {
    let types = entry.column_types.clone().unwrap_or_default().into_iter().chain(std::iter::repeat(None));
    let titles = entry.columns.as_ref()?.iter();
    Some(titles.cloned().zip(types).map(|(name, column_type)| ColumnEntry { name, column_type }).collect())
}

fn place(told: Map<String, Value>) -> Map<String, Value> {
    let is_of_it = |key: &str| matches!(key, "item" | "card_id" | "path" | "status" | "rows" | "sha256");
    told.into_iter().filter(|(key, _)| is_of_it(key)).collect()
}
