//! Looks for stale files below a folder. It changes nothing.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Seconds of a day.
const DAY: u64 = 86_400;

/// A file that nobody changed for some days.
pub(crate) struct Stale {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) days: u64,
}

/// What was found below a folder.
pub(crate) struct Found {
    pub(crate) folder: PathBuf,
    pub(crate) stale: Vec<Stale>,
    /// Files looked at.
    pub(crate) seen: u64,
    /// What could not be looked at, and why.
    pub(crate) troubles: Vec<String>,
}

impl Found {
    /// Bytes of the stale files.
    pub(crate) fn bytes(&self) -> u64 {
        self.stale.iter().map(|file| file.bytes).sum()
    }
}

/// Looks below `folder`; nothing if it was told to stop.
pub(crate) fn search(folder: &Path, days: u64, stopped: &dyn Fn() -> bool) -> Option<Found> {
    let mut found = Found { folder: folder.to_owned(), stale: Vec::new(), seen: 0, troubles: Vec::new() };
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        if stopped() {
            return None;
        }
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                found.troubles.push(format!("{} cannot be read: {error}", folder.display()));
                continue;
            }
        };
        // What vanishes meanwhile is not stale.
        for entry in entries.flatten() {
            let Ok(about) = entry.metadata() else { continue };
            if about.is_dir() {
                waiting.push(entry.path());
            } else if about.is_file() {
                found.seen += 1;
                let age = about.modified().ok().and_then(|at| at.elapsed().ok()).unwrap_or_default();
                if age.as_secs() / DAY >= days {
                    let (path, bytes, days) = (entry.path(), about.len(), age.as_secs() / DAY);
                    found.stale.push(Stale { path, bytes, days });
                }
            }
        }
    }
    found.stale.sort_by(|a, b| a.path.cmp(&b.path));
    Some(found)
}
