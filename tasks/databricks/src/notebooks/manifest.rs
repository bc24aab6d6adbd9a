//! What was saved, line by line: a line is added as soon as its file is there, and the last line about a path counts. So a
//! process that is killed leaves a manifest that is good, but for a line that may be torn and is passed over. It opens no file.

mod lines;

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufWriter, Write},
    os::unix::fs::FileExt,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use self::lines::Lines;
use crate::api::workspace_files::{Format, Language, Object, ObjectType};

/// What became of something when it was last to be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// It is saved.
    Ok,
    /// It is not; if it was before, that is still there.
    Failed,
    /// It is larger than the vendor exports.
    TooLarge,
    /// It is nothing that is exported.
    NotExported,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) path: String,
    #[serde(default)]
    pub(super) object_id: Option<i64>,
    #[serde(default, rename = "type")]
    pub(super) object_type: ObjectType,
    #[serde(default)]
    pub(super) language: Option<Language>,
    #[serde(default)]
    pub(super) format: Option<Format>,
    #[serde(default)]
    pub(super) bytes: Option<u64>,
    #[serde(default)]
    pub(super) sha256: Option<String>,
    #[serde(default)]
    pub(super) local: Option<String>,
    pub(super) status: Status,
    #[serde(default)]
    pub(super) error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) modified_at: Option<i64>,
}

impl Entry {
    /// A line about something in the workspace of which nothing is saved.
    pub(super) fn about(object: &Object, status: Status) -> Self {
        Self {
            path: object.path.clone(),
            object_id: object.object_id,
            object_type: object.object_type.clone(),
            language: object.language.clone(),
            format: None,
            bytes: None,
            sha256: None,
            local: None,
            status,
            error: None,
            modified_at: object.modified_ms,
        }
    }

    /// Whether it is about a thing of this kind, written so: its file may be called as before.
    pub(super) fn is_alike(&self, object: &Object, format: &Format) -> bool {
        self.object_type == object.object_type
            && self.language == object.language
            && self.format.as_ref() == Some(format)
    }

    /// Whether it is about this very thing, which has not changed since as far as that is told.
    pub(super) fn is_of(&self, object: &Object) -> bool {
        self.object_id == object.object_id && self.modified_at == object.modified_ms
    }

    /// The file that holds what was saved, and the hash of it.
    pub(super) fn saved(&self) -> Option<(&str, &str)> {
        Some((self.local.as_deref()?, self.sha256.as_deref()?))
    }
}

/// Stands for a path.
type Mark = [u8; 16];

/// A manifest: where the last line about each path begins.
pub(super) struct Manifest {
    file: File,
    latest: HashMap<Mark, u64>,
    end: u64,
    /// Lines that no longer count.
    stale: u64,
}

impl Manifest {
    /// Reads a manifest through.
    pub(super) fn read(file: File) -> io::Result<Self> {
        let mut manifest = Self { latest: HashMap::new(), end: 0, stale: 0, file };
        let mut lines = Lines::of(&manifest.file)?;
        while let Some((at, entry)) = lines.next()? {
            match entry {
                Some(entry) => {
                    let old = manifest.latest.insert(mark(&entry.path), at);
                    manifest.stale += u64::from(old.is_some());
                }
                None => manifest.stale += 1,
            }
        }
        manifest.end = lines.at();
        Ok(manifest)
    }

    /// How many paths it tells of.
    pub(super) fn len(&self) -> usize {
        self.latest.len()
    }

    /// What it tells of a path.
    pub(super) fn get(&self, path: &str) -> io::Result<Option<Entry>> {
        let Some(at) = self.latest.get(&mark(path)) else {
            return Ok(None);
        };
        let found = Lines::from(&self.file, *at)?.next()?.and_then(|(_, entry)| entry);
        Ok(found.filter(|entry| entry.path == path))
    }

    /// All that counts, in the order in which it was written.
    pub(super) fn entries(&self) -> io::Result<Entries> {
        Ok(Entries(Lines::of(&self.file)?))
    }

    /// The next of these that counts.
    pub(super) fn next(&self, entries: &mut Entries) -> io::Result<Option<Entry>> {
        while let Some((at, entry)) = entries.0.next()? {
            if let Some(entry) = entry.filter(|entry| self.latest.get(&mark(&entry.path)) == Some(&at)) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// Adds a line, which is durable then.
    pub(super) fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        // What a torn line left must not swallow this one.
        if self.end > 0 && !self.ends_well()? {
            line.insert(0, b'\n');
        }
        let at = self.end + u64::from(line[0] == b'\n');
        if let Err(error) = self.file.write_all_at(&line, self.end).and_then(|()| self.file.sync_data()) {
            // The next one begins where this one did.
            drop(self.file.set_len(self.end));
            return Err(error);
        }
        self.end += line.len() as u64;
        let old = self.latest.insert(mark(&entry.path), at);
        self.stale += u64::from(old.is_some());
        Ok(())
    }

    /// Whether some of its lines no longer count.
    pub(super) const fn is_stale(&self) -> bool {
        self.stale > 0
    }

    /// Writes what counts somewhere else.
    pub(super) fn copy_to(&self, target: impl Write) -> io::Result<()> {
        let (mut entries, mut target) = (self.entries()?, BufWriter::new(target));
        while let Some(entry) = self.next(&mut entries)? {
            serde_json::to_writer(&mut target, &entry)?;
            target.write_all(b"\n")?;
        }
        target.flush()
    }

    fn ends_well(&self) -> io::Result<bool> {
        let mut last = [0];
        self.file.read_exact_at(&mut last, self.end - 1)?;
        Ok(last == *b"\n")
    }
}

/// A way through a manifest, as far as it has come.
pub(super) struct Entries(Lines);

fn mark(path: &str) -> Mark {
    let digest = Sha256::digest(path.as_bytes());
    std::array::from_fn(|at| digest[at])
}

#[cfg(test)]
mod tests;
