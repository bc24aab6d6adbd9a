//! The private directory of an attempt: made before its worker starts, removed after its tree has ended. A lock on it
//! says that its owner lives, so that directories of dead owners can be removed by anyone. It never follows a link out.

use std::{
    fs::{self, DirBuilder, File, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};

/// A directory that exists, held by its lock.
#[derive(Debug)]
pub(crate) struct WorkDir {
    path: PathBuf,
    lock: File,
}

/// Makes the directory in which the others are made, for this user alone.
pub(crate) fn make_root(root: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(root)
}

impl WorkDir {
    /// Makes a directory for an attempt.
    pub(crate) fn make(root: &Path, name: &str) -> io::Result<Self> {
        loop {
            let made = tempfile::Builder::new()
                .prefix(&format!("{name}-"))
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(root)?;
            let lock = File::open(made.path())?;
            // Whoever sweeps may have found it between these two lines; then it is gone, and another is made.
            if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() && is_same(&lock, made.path()) {
                return Ok(Self { path: made.keep(), lock });
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it with everything in it. What cannot be removed is left for a later sweep and told in the log.
    pub(crate) fn remove(self) {
        if let Err(error) = remove(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a work directory cannot be removed");
        }
        drop(self.lock);
    }

    /// Whether it is empty and thus quickly removed. If so, it is gone.
    pub(crate) fn remove_if_empty(&self) -> bool {
        fs::remove_dir(&self.path).is_ok()
    }
}

/// Removes the directories of owners that are dead. Returns how many.
pub(crate) fn remove_stale(root: &Path) -> io::Result<u32> {
    let mut removed = 0;
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        let Ok(lock) = File::open(entry.path()) else { continue };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() && remove(&entry.path()).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}

fn is_same(open: &File, path: &Path) -> bool {
    let same = || Ok::<_, io::Error>(open.metadata()?.ino() == fs::symlink_metadata(path)?.ino());
    same().unwrap_or(false)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            // A task may have made directories that even their owner cannot write to. Its tree has ended, so nobody
            // can put a link in the place of a directory while this goes on.
            open_up(path)?;
            fs::remove_dir_all(path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn open_up(directory: &Path) -> io::Result<()> {
    fs::set_permissions(directory, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        // The type of the entry itself: a link to a directory is not one.
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
