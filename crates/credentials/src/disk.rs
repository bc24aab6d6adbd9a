//! Files that are never half there: read whole, replaced whole, changed by one process at a time. It does not know what
//! they hold.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::{
    fs::{FlockOperation, Gid, Uid, fchown, flock},
    process::geteuid,
};
use zeroize::Zeroizing;

use crate::Error;

/// How long a change waits for another one.
const LOCK_WAIT: Duration = Duration::from_secs(10);
/// How often it looks whether its turn has come.
const LOCK_RHYTHM: Duration = Duration::from_millis(20);
/// What only the owner may read and write.
const PRIVATE: u32 = 0o600;

/// A step of a change, told before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The new file is made beside the old one.
    Create,
    /// It gets its content.
    Write,
    /// Its content is made durable.
    Sync,
    /// It takes the place of the old one.
    Rename,
    /// That is made durable.
    SyncFolder,
    /// All is done.
    Done,
}

/// Hears of each step; for tests that end a process in the middle of a change.
pub type OnStep = fn(Step);

/// A file as it was read.
pub(crate) struct Content {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    pub(crate) metadata: Metadata,
}

/// Reads a file, if it is there.
pub(crate) fn read(path: &Path) -> Result<Option<Content>, Error> {
    let failed = |source| Error::Disk { attempted: "read", path: path.to_owned(), source };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let metadata = file.metadata().map_err(failed)?;
    // Large enough at once: what a vector leaves behind when it grows is not wiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 64));
    file.read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(Content { bytes, metadata }))
}

/// The right to change a file, until it is dropped.
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock ends when it is closed")] File);

/// Waits for the right to change a file. The lock is a file beside it that stays.
pub(crate) fn lock(path: &Path) -> Result<Lock, Error> {
    let target = target(path);
    let beside = beside(&target, ".lock");
    let failed = |source| Error::Disk { attempted: "lock", path: beside.clone(), source };
    let file = OpenOptions::new().create(true).append(true).mode(PRIVATE).open(&beside).map_err(failed)?;
    hand_over(&file, &target).map_err(failed)?;
    let until = Instant::now() + LOCK_WAIT;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Lock(file)),
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < until => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "the kernel does not wait for a lock with a limit"
                )]
                std::thread::sleep(LOCK_RHYTHM);
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(Error::Busy { path: beside.clone(), seconds: LOCK_WAIT.as_secs() });
            }
            Err(error) => return Err(failed(error.into())),
        }
    }
}

/// Puts new content in the place of a file that is locked; at no time is there none, or half of one. A link stays and
/// leads to it.
pub(crate) fn replace(path: &Path, content: &[u8], on_step: OnStep) -> Result<(), Error> {
    let target = target(path);
    let failed = |source| Error::Disk { attempted: "write", path: target.clone(), source };
    on_step(Step::Create);
    let temporary = beside(&target, ".tmp");
    let written = write_new(&temporary, &target, content, on_step);
    written.inspect_err(|_| drop(fs::remove_file(&temporary))).map_err(failed)?;
    on_step(Step::SyncFolder);
    let folder = target.parent().unwrap_or(Path::new("/"));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    on_step(Step::Done);
    Ok(())
}

fn write_new(temporary: &Path, target: &Path, content: &[u8], on_step: OnStep) -> io::Result<()> {
    // One that a process left when it was ended: we hold the lock, so nobody writes it.
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(temporary)?;
    hand_over(&file, target)?;
    on_step(Step::Write);
    file.write_all(content)?;
    on_step(Step::Sync);
    file.sync_all()?;
    on_step(Step::Rename);
    fs::rename(temporary, target)
}

/// Gives a file that root writes to whom it is for: the owner of the one it replaces, else the owner of the folder.
fn hand_over(file: &File, target: &Path) -> io::Result<()> {
    if !geteuid().is_root() {
        return Ok(());
    }
    let like = fs::metadata(target).or_else(|_| fs::metadata(target.parent().unwrap_or(Path::new("/"))))?;
    Ok(fchown(file, Some(Uid::from_raw(like.uid())), Some(Gid::from_raw(like.gid())))?)
}

/// Where the file is in truth, if links lead to it.
fn target(path: &Path) -> PathBuf {
    let Ok(link) = fs::read_link(path) else { return path.to_owned() };
    fs::canonicalize(path).unwrap_or_else(|_| path.parent().unwrap_or(Path::new("/")).join(link))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(ending);
    path.with_file_name(name)
}
