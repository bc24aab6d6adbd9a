//! How long the folders of runs are kept. Which files are in them plays no part.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use chrono::TimeDelta;
use roundsman_task::Timestamp;
use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use super::{LATEST, own_name};
use crate::export::{
    ledger::RunRow,
    part::{DiskError, make_folder},
};

/// How much is kept; 0 is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// So many runs of everything, and as many of each item alone.
    pub runs: u32,
    /// So many days.
    pub days: u32,
    /// So many bytes.
    pub bytes: u64,
}

/// The keys of the runs that are not kept, of those below this folder. Protected folders always are, and those that hold
/// files of runs that are kept.
pub fn expired(
    runs: &[(String, RunRow)],
    output_dir: &str,
    protected: &BTreeSet<String>,
    limits: Limits,
    now: Timestamp,
) -> Vec<String> {
    let (mut counts, mut bytes) = (BTreeMap::<Option<&str>, u32>::new(), 0_u64);
    let mut beyond = Vec::new();
    let mut held = protected.clone();
    let mut runs: Vec<_> = runs.iter().filter(|(_, row)| row.output_dir == output_dir).collect();
    // By when they were made, not by the slots they are for: an old slot may be done late.
    runs.sort_by_key(|(_, row)| std::cmp::Reverse(row.started_at));
    for (key, row) in runs {
        // Runs of one item push out none of everything, nor of another item.
        let count = counts.entry(row.item.as_deref()).or_default();
        // Runs that published nothing take no place from those that did, and go with the first one that is too many.
        let has_files = matches!(row.status.as_deref(), Some("success" | "partial"));
        if has_files {
            *count += 1;
            bytes = bytes.saturating_add(row.bytes);
        }
        let too_many = limits.runs > 0 && *count + u32::from(!has_files) > limits.runs;
        let too_old = limits.days > 0 && now - row.started_at > TimeDelta::days(i64::from(limits.days));
        let too_large = limits.bytes > 0 && bytes > limits.bytes;
        if (too_many || too_old || too_large) && !protected.contains(&row.folder) {
            beyond.push((key, row));
        } else {
            held.extend(row.refers_to.iter().cloned());
        }
    }
    let gone = beyond.into_iter().filter(|(_, row)| !held.contains(&row.folder));
    gone.map(|(key, _)| key.clone()).collect()
}

/// Removes the folder of a run, unless one is at work in it: says so. What is no folder of its own below the output folder is
/// left alone.
pub fn remove(output_dir: &Path, folder: &str) -> io::Result<bool> {
    let Some(name) = own_name(Path::new(folder)).filter(|name| name != LATEST) else { return Ok(true) };
    let path = output_dir.join(name);
    match fs::symlink_metadata(&path) {
        Ok(about) if about.is_dir() => {
            let own = File::open(&path)?;
            if flock(&own, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
                return Ok(false);
            }
            fs::remove_dir_all(&path).map(|()| true)
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(true),
    }
}

/// Makes the folder of a run, if it is not there, and holds it: nobody removes it or works in it as long as this is there. None
/// while somebody else does. Where there are no locks nothing is held.
pub fn hold(folder: &Path) -> Result<Option<File>, DiskError> {
    loop {
        make_folder(folder)?;
        let held = File::open(folder).and_then(|held| {
            let is_ours = flock(&held, FlockOperation::NonBlockingLockExclusive) != Err(Errno::WOULDBLOCK);
            let own = held.metadata()?;
            Ok((held, (own.dev(), own.ino()), is_ours))
        });
        match held {
            Ok((_, _, false)) => return Ok(None),
            Ok((held, own, true))
                if fs::metadata(folder).is_ok_and(|there| (there.dev(), there.ino()) == own) =>
            {
                return Ok(Some(held));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(DiskError { what: "open the folder", path: folder.to_owned(), source: error });
            }
            // It was removed before it was held.
            _ => {}
        }
    }
}
