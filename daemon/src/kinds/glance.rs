//! A look at the folders of kinds that opens no file: names, sizes, times, owners. Two equal glances mean that nothing has
//! changed; it does not say what.

use std::{
    fs,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use roundsman_finder::MAX_DEPTH;
use roundsman_model::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What was changed less than this ago may change again without a trace in its times.
const SETTLED_NS: i64 = 2_000_000_000;
/// More entries than a folder of kinds may have; with more, every look is a whole one.
const MOST: usize = 20_000;

/// How folders looked at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Glance(String);

/// What a glance saw.
pub(crate) struct Seen {
    /// By what it can be known again; nothing if something changed just now or could not be looked at.
    pub(crate) glance: Option<Glance>,
    /// The folders there are, with those they are in, for watching.
    pub(crate) folders: Vec<PathBuf>,
}

/// Looks at folders and what is in them.
pub(crate) fn glance<'a>(roots: impl IntoIterator<Item = &'a Path>, now: Timestamp) -> Seen {
    let now = now.timestamp_nanos_opt().unwrap_or(i64::MAX);
    let mut look = Look { sum: Sha256::new(), newest: i64::MIN, whole: true, count: 0, folders: Vec::new() };
    for root in roots {
        // Whether others may swap the folder depends on those above it.
        for above in root.ancestors().skip(1) {
            look.owner(above);
        }
        look.entry(root, 0);
    }
    let settled = look.newest < now.saturating_sub(SETTLED_NS);
    let sum = || look.sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Seen { glance: (look.whole && settled).then(|| Glance(sum())), folders: look.folders }
}

struct Look {
    sum: Sha256,
    /// The latest time of all.
    newest: i64,
    whole: bool,
    count: usize,
    folders: Vec<PathBuf>,
}

impl Look {
    fn owner(&mut self, folder: &Path) {
        if let Ok(stat) = fs::metadata(folder) {
            self.sum.update(format!("{:o} {}\n", stat.mode(), stat.uid()));
        }
    }

    fn entry(&mut self, path: &Path, depth: usize) {
        self.count += 1;
        if self.count > MOST {
            self.whole = false;
            return;
        }
        self.sum.update(path.as_os_str().as_bytes());
        let Ok(stat) = fs::symlink_metadata(path) else {
            self.sum.update(b" gone\n");
            return;
        };
        self.add(&stat);
        // What a link leads to is what is run.
        let stat = if stat.is_symlink() { fs::metadata(path).ok() } else { Some(stat) };
        let Some(stat) = stat else { return };
        self.add(&stat);
        if stat.is_dir() && depth <= MAX_DEPTH {
            self.folder(path, depth);
        }
    }

    fn folder(&mut self, path: &Path, depth: usize) {
        self.folders.push(path.to_owned());
        let Ok(entries) = fs::read_dir(path) else {
            self.whole = false;
            return;
        };
        let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        paths.sort();
        for path in &paths {
            self.entry(path, depth + 1);
        }
    }

    fn add(&mut self, stat: &fs::Metadata) {
        let times = [(stat.mtime(), stat.mtime_nsec()), (stat.ctime(), stat.ctime_nsec())];
        let times = times.map(|(secs, nanos)| secs.saturating_mul(1_000_000_000).saturating_add(nanos));
        self.newest = self.newest.max(times[0]).max(times[1]);
        let line = format!(
            " {} {} {} {:o} {} {} {times:?}\n",
            stat.dev(),
            stat.ino(),
            stat.len(),
            stat.mode(),
            stat.uid(),
            stat.gid()
        );
        self.sum.update(line);
    }
}

#[cfg(test)]
mod tests;
