//! Files on their way: written under a name of their own beside the place where they will be, and given their name in one
//! step when they are whole. What whole means is decided elsewhere.

mod sweep;

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, BufWriter, Write as _},
    num::NonZeroU64,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Advice, FlockOperation},
    io::Errno,
};

pub use self::sweep::{sweep, sweep_here};

/// How much is written before the file system is looked at again.
const LOOK_EVERY: u64 = 64 << 20;
/// How much is written at a time.
const BUFFER: usize = 64 << 10;
/// How much is written before the disk is asked to begin with it, so that the end has less to wait for.
const BEGIN_EVERY: u64 = 16 << 20;
/// The mode of files that are not whole.
const PRIVATE: u32 = 0o600;
/// The mode of folders.
const FOLDER: u32 = 0o750;

/// The file system would not.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} {}: {source}", .path.display())]
pub struct DiskError {
    /// What was tried.
    pub what: &'static str,
    /// On what.
    pub path: PathBuf,
    /// Why it was not to be.
    pub source: io::Error,
}

impl DiskError {
    fn of(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { what, path, source }
    }

    /// Whether the next file would meet the same: no space, no right, nothing may be written.
    pub fn concerns_all(&self) -> bool {
        let errno = Errno::from_io_error(&self.source);
        let all = [Errno::NOSPC, Errno::ROFS, Errno::ACCESS, Errno::PERM, Errno::DQUOT, Errno::IO];
        errno.is_none_or(|errno| all.contains(&errno))
    }
}

/// Who writes: the run, its attempt, and the try of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writer {
    /// The run's number.
    pub run: i64,
    /// The number of its attempt.
    pub attempt: u32,
    /// The number of the try.
    pub tried: u32,
}

/// A file that is not whole. Unless it is published it is gone when this is dropped.
#[derive(Debug)]
pub struct Part {
    path: PathBuf,
    /// Gone while somebody else writes.
    pen: Option<Pen>,
    /// The file when nothing more is added: it stays locked until it has its name.
    closed: Option<File>,
    published: bool,
}

/// What adds to a file that is not whole, also on another thread than the one that will name or remove it.
#[derive(Debug)]
pub struct Pen {
    file: BufWriter<File>,
    path: PathBuf,
    min_free: u64,
    unlooked: u64,
    written: u64,
    /// So much of it the disk was asked to begin with.
    begun: u64,
}

impl Pen {
    /// Adds to the end of the file.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), DiskError> {
        self.file.write_all(bytes).map_err(DiskError::of("write", &self.path))?;
        self.unlooked += bytes.len() as u64;
        self.written += bytes.len() as u64;
        if self.written - self.begun >= BEGIN_EVERY {
            // Of what is not on disk yet, nothing is dropped from memory: it is only begun with. An error costs nothing.
            let length = NonZeroU64::new(self.written - self.begun);
            let _ = rustix::fs::fadvise(self.file.get_ref(), self.begun, length, Advice::DontNeed);
            self.begun = self.written;
        }
        if self.unlooked >= LOOK_EVERY {
            self.unlooked = 0;
            look_for_space(self.path.parent().unwrap_or(&self.path), self.min_free)?;
        }
        Ok(())
    }
}

impl Part {
    /// A new file beside `target`, whose folder is made.
    pub fn create(target: &Path, writer: Writer, min_free: u64) -> Result<Self, DiskError> {
        let (folder, name) = (target.parent().unwrap_or(target), target.file_name().unwrap_or_default());
        make_folder(folder)?;
        look_for_space(folder, min_free)?;
        let Writer { run, attempt, tried } = writer;
        let path = folder.join(format!(".{}.{run}.{attempt}-{tried}.part", name.to_string_lossy()));
        let file = locked(&path)?;
        let file = BufWriter::with_capacity(BUFFER, file);
        let pen = Some(Pen { file, path: path.clone(), min_free, unlooked: 0, written: 0, begun: 0 });
        Ok(Self { path, pen, closed: None, published: false })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds to its end.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), DiskError> {
        match &mut self.pen {
            Some(pen) => pen.write(bytes),
            None => Err(self.without_pen()),
        }
    }

    /// Lends what adds to it. Until it is back nothing can be added here, and the file cannot get its name.
    pub fn lend(&mut self) -> Result<Pen, DiskError> {
        self.pen.take().ok_or_else(|| self.without_pen())
    }

    /// Takes back what was lent.
    pub fn take_back(&mut self, pen: Pen) {
        self.pen = Some(pen);
    }

    /// Nothing more will be added; what was, is in the file.
    pub fn close(&mut self) -> Result<(), DiskError> {
        if self.closed.is_some() {
            return Ok(());
        }
        let pen = self.lend()?;
        let flushed = pen.file.into_inner().map_err(io::IntoInnerError::into_error);
        self.closed = Some(flushed.map_err(DiskError::of("write", &self.path))?);
        Ok(())
    }

    fn without_pen(&self) -> DiskError {
        DiskError::of("write", &self.path)(io::Error::other("it is closed, or somebody else writes it"))
    }

    /// Gives it its name, durably. Whatever had that name before is replaced in the same step.
    pub fn publish(mut self, target: &Path, mode: u32) -> Result<(), DiskError> {
        self.close()?;
        let file = self.closed.take().ok_or_else(|| self.without_pen())?;
        file.set_permissions(Permissions::from_mode(mode))
            .map_err(DiskError::of("set the mode of", &self.path))?;
        file.sync_all().map_err(DiskError::of("sync", &self.path))?;
        fs::rename(&self.path, target).map_err(DiskError::of("rename the finished file to", target))?;
        self.published = true;
        sync_folder(target.parent().unwrap_or(target))
    }
}

/// A new file that is locked, so that whoever sweeps sees that somebody writes it.
fn locked(path: &Path) -> Result<File, DiskError> {
    loop {
        let file = OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path);
        let file = file.map_err(DiskError::of("create", path))?;
        // Where there are no locks, files are swept by their age.
        let _ = rustix::fs::flock(&file, FlockOperation::LockExclusive);
        let own = file.metadata().map_err(DiskError::of("look at", path))?;
        let there =
            fs::metadata(path).is_ok_and(|there| (there.dev(), there.ino()) == (own.dev(), own.ino()));
        if there {
            return Ok(file);
        }
        // It was swept before it was locked.
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes a folder and those above it, durably.
pub fn make_folder(folder: &Path) -> Result<(), DiskError> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
        make_folder(above)?;
    }
    if make_own_folder(folder)? || folder.is_dir() {
        return Ok(());
    }
    Err(DiskError::of("make the folder", folder)(io::ErrorKind::NotADirectory.into()))
}

/// Makes a folder in one that is there; says whether it was made, or there was something of that name.
pub fn make_own_folder(folder: &Path) -> Result<bool, DiskError> {
    match DirBuilder::new().mode(FOLDER).create(folder) {
        Ok(()) => folder.parent().map_or(Ok(true), |above| sync_folder(above).map(|()| true)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(DiskError::of("make the folder", folder)(error)),
    }
}

/// What was done to the names in a folder outlives a power cut from now on.
pub fn sync_folder(folder: &Path) -> Result<(), DiskError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(DiskError::of("sync the folder", folder))
}

/// Refuses when less than this is free where the folder is, or will be.
pub fn look_for_space(folder: &Path, min_free: u64) -> Result<(), DiskError> {
    let free = free_space(folder)?;
    if free >= min_free {
        return Ok(());
    }
    let told = format!("{} MiB are free, {} MiB must stay free (min_free_bytes)", free >> 20, min_free >> 20);
    let source = io::Error::new(io::ErrorKind::StorageFull, told);
    Err(DiskError { what: "write to", path: folder.to_owned(), source })
}

/// How much is free for us where the folder is, or will be.
pub fn free_space(folder: &Path) -> Result<u64, DiskError> {
    let there = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(folder);
    let about = rustix::fs::statvfs(there).map_err(|errno| DiskError::of("look at", there)(errno.into()))?;
    Ok(about.f_bavail.saturating_mul(about.f_frsize))
}

#[cfg(test)]
mod tests;
