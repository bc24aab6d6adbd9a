//! The folder on disk that holds what is saved. Nothing in it is reached through a symbolic link, and a file in it is whole or
//! not there. It blocks, and knows nothing of workspaces.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
};

use rustix::{
    fd::OwnedFd,
    fs::{AtFlags, Mode, OFlags, mkdirat, openat, renameat, unlinkat},
    io::Errno,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::names::{LOCK, MANIFEST, PARTIAL, digits};

/// What is saved has addresses in it, and works of students: for its owner only.
const OF_FOLDERS: Mode = Mode::RWXU;
const OF_FILES: Mode = Mode::RUSR.union(Mode::WUSR);

/// The folder.
pub(super) struct Folder {
    fd: OwnedFd,
    path: PathBuf,
}

impl Folder {
    /// Opens a folder, which itself may be reached in any way.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let fd = File::open(path)?;
        if !fd.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { fd: fd.into(), path: path.to_owned() })
    }

    /// The same; it is made where it is not there.
    pub(super) fn make(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Self::open(path)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps others from saving here until it is dropped; nothing if somebody else does. File systems that know no locks have
    /// none.
    pub(super) fn lock(&self) -> io::Result<Option<File>> {
        let flags = OFlags::CREATE | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = File::from(openat(&self.fd, LOCK, flags, OF_FILES)?);
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => {
                tracing::warn!("{} cannot be locked: {error}", self.path.display());
            }
            Ok(()) => {}
        }
        Ok(Some(file))
    }

    /// Takes away what was not whole when a process ended. Only for who holds the lock.
    pub(super) fn clear(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_string_lossy().starts_with(PARTIAL) && !entry.file_type()?.is_dir() {
                unlinkat(&self.fd, name, AtFlags::empty())?;
            }
        }
        Ok(())
    }

    /// The manifest, to be read.
    pub(super) fn manifest(&self) -> io::Result<Option<File>> {
        match self.read(MANIFEST) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }

    /// The manifest, to be read and written; it is made where it is not there.
    pub(super) fn open_manifest(&self) -> io::Result<File> {
        let flags = OFlags::CREATE | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = regular(openat(&self.fd, MANIFEST, flags, OF_FILES)?)?;
        rustix::fs::fsync(&self.fd)?;
        Ok(file)
    }

    /// A file in it.
    pub(super) fn read(&self, local: &str) -> io::Result<File> {
        let (folder, name) = self.folder_of(local, false)?;
        // A pipe would keep us waiting.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        regular(openat(&folder, name, flags, Mode::empty())?)
    }

    /// All bytes of a file; an error if they are more than so many.
    pub(super) fn read_all(&self, local: &str, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read(local)?.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
    }

    /// The hash of a file.
    pub(super) fn hash(&self, local: &str) -> io::Result<String> {
        let (mut file, mut hasher) = (self.read(local)?, Sha256::new());
        io::copy(&mut file, &mut hasher)?;
        Ok(digits(&hasher.finalize()))
    }

    /// Saves a file, in place of what was there. Folders above it are made.
    pub(super) fn save(
        &self,
        local: &str,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> io::Result<()> {
        let (folder, name) = self.folder_of(local, true)?;
        let mut partial = Partial::new(self)?;
        write(&mut partial.file)?;
        partial.file.sync_all()?;
        renameat(&self.fd, &partial.name, &folder, name)?;
        partial.is_done = true;
        // The name is durable only with its folder.
        Ok(rustix::fs::fsync(&folder)?)
    }

    /// The folder that a file is in, and its name there.
    fn folder_of<'a>(&self, local: &'a str, make: bool) -> io::Result<(OwnedFd, &'a str)> {
        if !is_inside(local) {
            let told = format!("{local:?} is no place in {}", self.path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, told));
        }
        let (folders, name) = local.rsplit_once('/').unwrap_or(("", local));
        let mut folder = self.fd.try_clone()?;
        for name in folders.split('/').filter(|name| !name.is_empty()) {
            folder = step(&folder, name, make)
                .map_err(|error| io::Error::new(error.kind(), format!("folder {name:?}: {error}")))?;
        }
        Ok((folder, name))
    }
}

/// Whether a place is one below a folder.
pub(super) fn is_inside(local: &str) -> bool {
    local.split('/').all(|name| !matches!(name, "" | "." | "..") && !name.contains('\0'))
}

/// From a folder to one in it.
fn step(folder: &OwnedFd, name: &str, make: bool) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let next = match openat(folder, name, flags, Mode::empty()) {
        Err(Errno::NOENT) if make => {
            match mkdirat(folder, name, OF_FOLDERS) {
                Ok(()) => rustix::fs::fsync(folder)?,
                // Another one of ours was quicker.
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            openat(folder, name, flags, Mode::empty())
        }
        other => other,
    };
    match next {
        Err(error @ (Errno::NOTDIR | Errno::LOOP)) => {
            let told = "it is a symbolic link, which is not followed, or no folder";
            Err(io::Error::new(io::Error::from(error).kind(), told))
        }
        other => Ok(other?),
    }
}

/// A file that is one.
fn regular(fd: OwnedFd) -> io::Result<File> {
    let file = File::from(fd);
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no regular file")) }
}

/// A file that is not whole yet. Unless it is done it goes.
struct Partial<'a> {
    folder: &'a Folder,
    name: String,
    file: File,
    is_done: bool,
}

impl<'a> Partial<'a> {
    fn new(folder: &'a Folder) -> io::Result<Self> {
        let name = format!("{PARTIAL}{}", Uuid::new_v4().simple());
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(openat(&folder.fd, &name, flags, OF_FILES)?);
        Ok(Self { folder, name, file, is_done: false })
    }
}

impl Drop for Partial<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            let _ = unlinkat(&self.folder.fd, &self.name, AtFlags::empty());
        }
    }
}

#[cfg(test)]
mod tests;
