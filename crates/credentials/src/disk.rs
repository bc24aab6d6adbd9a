//! Files that are never half there: read whole, replaced whole, changed by one process at a time. It does not know what
//! they hold.

use std::{
    ffi::OsStr,
    fs::{File, Metadata},
    io::{self, Read as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
    time::{Duration, Instant},
};

use rustix::{
    fs::{FileType, FlockOperation, Gid, OFlags, Uid, fchown, flock},
    io::Errno,
    process::geteuid,
};
use zeroize::Zeroizing;

use crate::{Error, spot::Spot};

/// How long a change waits for another one.
const LOCK_WAIT: Duration = Duration::from_secs(10);
/// How often it looks whether its turn has come.
const LOCK_RHYTHM: Duration = Duration::from_millis(20);
/// A file that is not there yet. A link under its name is not followed.
const NEW: OFlags = OFlags::WRONLY.union(OFlags::APPEND).union(OFlags::CREATE).union(OFlags::EXCL);

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
    /// Who owns the folder it lies in.
    pub(crate) folder_owner: u32,
}

/// Reads a file, if it is there and a plain one of at most so many bytes. Nothing is waited for.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Content>, Error> {
    let failed = |source| Error::Disk { attempted: "read", path: path.to_owned(), source };
    let spot = match Spot::find(path) {
        Err(Error::Disk { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let file = match spot.open(spot.name(), OFlags::RDONLY) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(spot.untrusted(spot.name(), "is not a plain file"));
    }
    // Who has no right to a file can still give it another name, for root to read it under.
    if spot.is_of_another() && metadata.uid() != spot.folder_owner && metadata.nlink() > 1 {
        return Err(spot.untrusted(spot.name(), "is another name of a file of another user"));
    }
    let large = || Error::TooLarge { path: path.to_owned(), limit };
    if metadata.len() > limit {
        return Err(large());
    }
    // Large enough at once: what a vector leaves behind when it grows is not wiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 64));
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(large());
    }
    Ok(Some(Content { bytes, metadata, folder_owner: spot.folder_owner }))
}

/// Makes the folder of a file, for its owner alone, where there is none.
pub(crate) fn make_folder(of: &Path) -> Result<(), Error> {
    Spot::make(of).map(drop)
}

/// The right to change a file, until it is dropped.
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock ends when it is closed")] File);

/// Waits for the right to change a file. The lock is a file beside it that stays.
pub(crate) fn lock(path: &Path) -> Result<Lock, Error> {
    let spot = Spot::find(path)?;
    let name = spot.beside(".lock");
    let beside = path.with_file_name(&name);
    let failed = |source| Error::Disk { attempted: "lock", path: beside.clone(), source };
    let file = match spot.open(&name, NEW) {
        Ok(file) => hand_over(&file, &spot).map(|()| file).map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => there(&spot, &name)?,
        Err(error) => return Err(failed(error)),
    };
    let until = Instant::now() + LOCK_WAIT;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Lock(file)),
            Err(Errno::WOULDBLOCK) if Instant::now() < until => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "the kernel does not wait for a lock with a limit"
                )]
                std::thread::sleep(LOCK_RHYTHM);
            }
            Err(Errno::WOULDBLOCK) => {
                return Err(Error::Busy { path: beside.clone(), seconds: LOCK_WAIT.as_secs() });
            }
            Err(error) => return Err(failed(error.into())),
        }
    }
}

/// A lock that is there already. It stays whose it is: whoever may write the folder may have put it there.
fn there(spot: &Spot, name: &OsStr) -> Result<File, Error> {
    let failed = |source| Error::Disk { attempted: "lock", path: spot.path_of(name), source };
    let file = match spot.open(name, OFlags::WRONLY | OFlags::APPEND) {
        Ok(file) => file,
        Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            return Err(spot.untrusted(name, "is a link, which a lock never is: remove it"));
        }
        Err(error) => return Err(failed(error)),
    };
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() || metadata.nlink() != 1 {
        return Err(spot.untrusted(name, "is not a lock, but another name of something else: remove it"));
    }
    let (owner, _) = like(spot).map_err(failed)?;
    if geteuid().is_root() && ![0, spot.folder_owner, owner].contains(&metadata.uid()) {
        return Err(
            spot.untrusted(name, "belongs to somebody else than the file it is the lock of: remove it")
        );
    }
    Ok(file)
}

/// Puts new content in the place of a file that is locked; at no time is there none, or half of one. A link stays and
/// leads to it.
pub(crate) fn replace(path: &Path, content: &[u8], on_step: OnStep) -> Result<(), Error> {
    let spot = Spot::find(path)?;
    let failed = |source| Error::Disk { attempted: "write", path: path.to_owned(), source };
    on_step(Step::Create);
    let temporary = spot.beside(".tmp");
    let written = write_new(&spot, &temporary, content, on_step);
    written.inspect_err(|_| drop(spot.remove(&temporary))).map_err(failed)?;
    on_step(Step::SyncFolder);
    spot.sync_folder().map_err(failed)?;
    on_step(Step::Done);
    Ok(())
}

fn write_new(spot: &Spot, temporary: &OsStr, content: &[u8], on_step: OnStep) -> io::Result<()> {
    // One that a process left when it was ended: we hold the lock, so nobody writes it.
    spot.remove(temporary)?;
    let mut file = spot.open(temporary, NEW)?;
    hand_over(&file, spot)?;
    on_step(Step::Write);
    file.write_all(content)?;
    on_step(Step::Sync);
    file.sync_all()?;
    on_step(Step::Rename);
    spot.replace_with(temporary)
}

/// Gives a file that root has just made to whom it is for.
fn hand_over(file: &File, spot: &Spot) -> io::Result<()> {
    if !geteuid().is_root() {
        return Ok(());
    }
    let (owner, group) = like(spot)?;
    Ok(fchown(file, Some(Uid::from_raw(owner)), Some(Gid::from_raw(group)))?)
}

/// Whose a file is, or would be: the owner of the one that is there, else the owner of the folder.
fn like(spot: &Spot) -> io::Result<(u32, u32)> {
    let there = spot.look(spot.name())?;
    let file = there.filter(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile);
    Ok(file.map_or((spot.folder_owner, spot.folder_group), |stat| (stat.st_uid, stat.st_gid)))
}
