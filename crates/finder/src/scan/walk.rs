//! The files of a folder and its sub-folders, in the order of their paths, within limits. It reads no file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{Broken, MAX_DEPTH, MAX_FILES, ScanError, passing};
use crate::trust::check_folder;

/// The family of scripts that are in no sub-folder.
const NO_FOLDER: &str = "scripts";

/// Something on the way.
pub(super) enum Seen {
    /// A file that may be a script.
    File { path: PathBuf, category: String },
    /// A folder that is not looked into, and why.
    Refused { path: PathBuf, broken: Broken },
}

/// All files that may be scripts.
pub(super) fn files(root: &Path) -> Result<Vec<Seen>, ScanError> {
    let mut walk = Walk { root, count: 0, seen: Vec::new() };
    walk.folder(root, entries(root)?, 0)?;
    Ok(walk.seen)
}

/// What is in a folder, sorted.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, ScanError> {
    let listing = |source| ScanError::List { path: folder.to_owned(), source };
    let paths = fs::read_dir(folder).map_err(listing)?.map(|entry| Ok(entry?.path()));
    let mut paths = paths.collect::<Result<Vec<_>, _>>().map_err(listing)?;
    paths.sort();
    Ok(paths)
}

struct Walk<'a> {
    root: &'a Path,
    count: usize,
    seen: Vec<Seen>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, paths: Vec<PathBuf>, depth: usize) -> Result<(), ScanError> {
        let category = self.category(folder);
        for path in paths {
            if path.is_dir() {
                self.sub_folder(path, depth + 1)?;
            } else if !passing::is_file(&path) {
                self.count += 1;
                if self.count > MAX_FILES {
                    return Err(ScanError::TooMany { path: self.root.to_owned() });
                }
                self.seen.push(Seen::File { path, category: category.clone() });
            }
        }
        Ok(())
    }

    fn sub_folder(&mut self, path: PathBuf, depth: usize) -> Result<(), ScanError> {
        if passing::is_folder(&path) || leads_back(&path) {
            return Ok(());
        }
        let broken = match (check_folder(&path), entries(&path)) {
            // It went away meanwhile.
            (_, Err(ScanError::List { source, .. })) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(());
            }
            (Err(distrust), _) => Broken::Distrusted(distrust),
            (Ok(()), Err(ScanError::List { source, .. })) => Broken::Unread(source.into()),
            (Ok(()), Err(other)) => return Err(other),
            (Ok(()), Ok(_)) if depth > MAX_DEPTH => Broken::TooDeep,
            (Ok(()), Ok(paths)) => return self.folder(&path, paths, depth),
        };
        self.seen.push(Seen::Refused { path, broken });
        Ok(())
    }

    /// The sub-folder, as a family of kinds.
    fn category(&self, folder: &Path) -> String {
        let below = folder.strip_prefix(self.root).unwrap_or(folder).to_string_lossy();
        if below.is_empty() {
            return NO_FOLDER.into();
        }
        below.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
    }
}

/// Whether a folder is a symbolic link to one that it is in.
fn leads_back(path: &Path) -> bool {
    path.is_symlink()
        && match (path.canonicalize(), path.parent().map(Path::canonicalize)) {
            (Ok(target), Some(Ok(parent))) => parent.starts_with(target),
            _ => true,
        }
}
