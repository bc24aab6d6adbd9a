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

/// Makes the directory in which those are made that are given to other users: they may go through it, but not look
/// around. It lies where everybody may make directories: where somebody else was there first, it has another name that
/// nobody could foresee. Returns where it is.
pub(crate) fn make_user_root(root: &Path) -> io::Result<PathBuf> {
    match DirBuilder::new().mode(0o711).create(root) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let root = match user_roots(root).into_iter().next() {
        Some(ours) => ours,
        None => beside(root)?,
    };
    if fs::symlink_metadata(&root)?.mode() & 0o7777 != 0o711 {
        fs::set_permissions(&root, Permissions::from_mode(0o711))?;
    }
    Ok(root)
}

/// The directory of this name and those that were made instead of it, as far as they are ours.
pub(crate) fn user_roots(root: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (root.parent(), root.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let instead = format!("{name}-");
    let is_instead = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(&instead);
    let others = fs::read_dir(folder).into_iter().flatten().flatten().filter(is_instead);
    let all = std::iter::once(root.to_owned()).chain(others.map(|entry| entry.path()));
    all.filter(|path| is_ours(path)).collect()
}

fn is_ours(path: &Path) -> bool {
    // Of a link only itself is looked at.
    let found = fs::symlink_metadata(path);
    found.is_ok_and(|found| found.is_dir() && found.uid() == rustix::process::geteuid().as_raw())
}

fn beside(root: &Path) -> io::Result<PathBuf> {
    let (folder, name) = (root.parent().unwrap_or(Path::new("/")), root.file_name().unwrap_or_default());
    let prefix = format!("{}-", name.to_string_lossy());
    let mode = Permissions::from_mode(0o711);
    let made =
        tempfile::Builder::new().prefix(&prefix).rand_bytes(16).permissions(mode).tempdir_in(folder)?;
    tracing::warn!(
        path = %root.display(), instead = %made.path().display(),
        "the folder for work directories of other users belongs to somebody else; another is used"
    );
    Ok(made.keep())
}

/// Where the work directories of other users are, for the executor whose own ones are in `work_root`. Not there: nobody
/// else can go through the state directory. In the daemon's `TMPDIR`, else in `/var/tmp`.
pub(crate) fn user_root(work_root: &Path) -> PathBuf {
    let base = std::env::var_os("TMPDIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| Some(PathBuf::from("/var/tmp")).filter(|path| path.is_dir()));
    let mut hasher = std::hash::DefaultHasher::new();
    std::hash::Hash::hash(work_root, &mut hasher);
    let name = format!("roundsman-work-{:016x}", std::hash::Hasher::finish(&hasher));
    base.unwrap_or_else(|| "/tmp".into()).join(name)
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
