//! One look at a file: its bytes, hash and state, all from one open descriptor. It judges neither owner nor content.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const CHUNK_BYTES: usize = 64 * 1024;

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    /// SHA-256 of its content, in hexadecimal digits.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
    /// When its content last changed, in nanoseconds since the Unix epoch.
    pub mtime_ns: i64,
    /// Its number on its file system.
    pub inode: u64,
}

/// Why a file was not read to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is a folder, a pipe, a device or a socket.
    #[error("this is no regular file")]
    Irregular,
    /// It is larger than what anybody would put there.
    #[error("it has {size} bytes; at most {limit} are read")]
    TooLarge {
        /// What it has.
        size: u64,
        /// What is read at most.
        limit: u64,
    },
    /// Somebody wrote to it meanwhile.
    #[error("it changed while it was read; it is looked at again when it is complete")]
    Changing,
    /// The system said no.
    #[error("cannot read it")]
    Io(#[from] io::Error),
}

/// A file that was read: its state, its mode, and its first bytes.
pub(crate) struct Look {
    pub(crate) state: FileState,
    pub(crate) mode: u32,
    pub(crate) head: Vec<u8>,
    file: File,
    stat: Metadata,
}

/// A file that was read and stays open, so that one can tell later whether it is as it was, and where it was.
#[derive(Debug)]
pub struct HeldFile {
    path: PathBuf,
    file: File,
    read: Metadata,
    state: FileState,
}

impl HeldFile {
    /// Reads a file that has at most `limit` bytes.
    pub fn read(path: &Path, limit: u64) -> Result<Self, Refused> {
        let Look { state, file, stat, .. } = look(path, limit, 0)?;
        Ok(Self { path: path.to_owned(), file, read: stat, state })
    }

    /// Where it was read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file as it was read.
    pub fn state(&self) -> &FileState {
        &self.state
    }

    /// When it, its mode or its name last changed, in nanoseconds since the Unix epoch.
    pub fn changed_ns(&self) -> i64 {
        self.read.ctime().saturating_mul(1_000_000_000).saturating_add(self.read.ctime_nsec())
    }

    /// Whether nobody wrote to it, renamed it or changed its mode since it was read, and its path still leads to it. A change
    /// that comes within a tick of the file system's clock after the one before it cannot be seen.
    pub fn is_as_read(&self) -> bool {
        let as_read = |now: io::Result<Metadata>| now.is_ok_and(|now| same(&self.read, &now));
        as_read(self.file.metadata()) && as_read(self.path.metadata())
    }
}

/// The SHA-256 of a file, in hexadecimal digits.
pub fn hash_file(path: &Path) -> Result<String, Refused> {
    state_of(path, u64::MAX).map(|state| state.sha256)
}

/// Hash, size, time and inode of a file that has at most `limit` bytes.
pub fn state_of(path: &Path, limit: u64) -> Result<FileState, Refused> {
    look(path, limit, 0).map(|look| look.state)
}

/// Reads a file once. What changes meanwhile is half written and refused.
pub(crate) fn look(path: &Path, limit: u64, head_bytes: usize) -> Result<Look, Refused> {
    look_while(path, limit, head_bytes, || {})
}

/// The same; `reading` is called between the first bytes and the rest, so that tests can write at the worst moment.
pub(crate) fn look_while(
    path: &Path,
    limit: u64,
    head_bytes: usize,
    reading: impl FnOnce(),
) -> Result<Look, Refused> {
    let mut file = open(path)?;
    let before = file.metadata()?;
    if !before.is_file() {
        return Err(Refused::Irregular);
    }
    if before.len() > limit {
        return Err(Refused::TooLarge { size: before.len(), limit });
    }
    let mut head = Vec::new();
    (&mut file).take(head_bytes as u64).read_to_end(&mut head)?;
    reading();
    let mut hash = Sha256::new();
    hash.update(&head);
    let mut read = head.len() as u64;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let count = match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        hash.update(&chunk[..count]);
        read += count as u64;
        // One that grows as fast as it is read would never end.
        if read > before.len() {
            return Err(Refused::Changing);
        }
    }
    let after = file.metadata()?;
    if read != before.len() || !same(&before, &after) || !still_there(path, &before) {
        return Err(Refused::Changing);
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let state = FileState { sha256, size: before.len(), mtime_ns: nanoseconds(&before), inode: before.ino() };
    Ok(Look { state, mode: before.mode(), head, file, stat: before })
}

/// Opened without waiting: a pipe in the folder must not hold the daemon.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

fn same(before: &Metadata, after: &Metadata) -> bool {
    let mark = |stat: &Metadata| {
        (stat.dev(), stat.ino(), stat.len(), stat.mode(), nanoseconds(stat), stat.ctime(), stat.ctime_nsec())
    };
    mark(before) == mark(after)
}

/// Whether the path still leads to the file that was read, not to one that took its place.
fn still_there(path: &Path, read: &Metadata) -> bool {
    path.metadata().is_ok_and(|now| (now.dev(), now.ino()) == (read.dev(), read.ino()))
}

fn nanoseconds(stat: &Metadata) -> i64 {
    stat.mtime().saturating_mul(1_000_000_000).saturating_add(stat.mtime_nsec())
}

#[cfg(test)]
mod tests;
