//! The file of a plugin, as it was accepted: copied into memory that nobody can change, and compared there. What was
//! hashed is thus what is loaded, whatever becomes of the file meanwhile. It loads nothing.

use std::{
    fs::File,
    io::{ErrorKind, Read, Write},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::fs::OpenOptionsExt,
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{MemfdFlags, OFlags, SealFlags, fcntl_add_seals, memfd_create},
    io::Errno,
};
use sha2::{Digest, Sha256};

use super::elf;

/// More is no plugin, but would fill the memory.
const MAX_BYTES: u64 = 512 << 20;
/// Bytes read at once.
const PORTION: usize = 256 << 10;
/// A plugin's bytes, in a file without a name that can no longer be written.
pub(super) struct Copied {
    pub(super) path: PathBuf,
    /// Stays open as long as the process: debuggers and backtraces find the file through it.
    memory: File,
}

/// Why there is nothing to load.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// It is not the accepted version.
    Changed(String),
    /// It never will be a plugin.
    NoPlugin(String),
}

impl Copied {
    /// The file, if it still has the hash it was accepted with.
    pub(super) fn accepted(path: &Path, sha256: &str) -> Result<Self, Unusable> {
        let refuse = |why: String| Unusable::NoPlugin(format!("{}: {why}", path.display()));
        if !path.is_absolute() {
            return Err(refuse("a plugin is loaded by an absolute path only".to_owned()));
        }
        let flags = (OFlags::NONBLOCK | OFlags::CLOEXEC).bits().cast_signed();
        let file = match File::options().read(true).custom_flags(flags).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Unusable::Changed(format!("{} is gone", path.display())));
            }
            Err(error) => return Err(refuse(format!("it cannot be opened: {error}"))),
        };
        let about = file.metadata().map_err(|error| refuse(error.to_string()))?;
        if !about.is_file() || about.len() > MAX_BYTES {
            return Err(refuse(format!("it is no file of at most {} MiB", MAX_BYTES >> 20)));
        }
        let (bytes, found, memory) =
            copy(file).map_err(|error| refuse(format!("it cannot be copied into memory: {error}")))?;
        if found != sha256 {
            return Err(Unusable::Changed(format!(
                "{} has SHA-256 {}…, the accepted version has {}…; a reload accepts it",
                path.display(),
                short(&found),
                short(sha256)
            )));
        }
        elf::check(&memory, bytes).map_err(refuse)?;
        Ok(Self { path: path.to_owned(), memory })
    }

    /// Where the dynamic linker finds the copy.
    pub(super) fn place(&self) -> String {
        format!("/proc/self/fd/{}", self.memory.as_raw_fd())
    }
}

/// Copies it, and says how long the copy is and which hash it has.
fn copy(mut file: File) -> std::io::Result<(u64, String, File)> {
    let mut memory = File::from(memory()?);
    let mut hash = Sha256::new();
    let (mut portion, mut bytes) = (vec![0; PORTION], 0_u64);
    loop {
        let read = match file.read(&mut portion) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        bytes += read as u64;
        if bytes > MAX_BYTES {
            return Err(ErrorKind::FileTooLarge.into());
        }
        hash.update(&portion[..read]);
        memory.write_all(&portion[..read])?;
    }
    let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    fcntl_add_seals(&memory, seals)?;
    let digits = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((bytes, digits, memory))
}

/// Loading needs no right to execute the file itself, and hosts that are careful refuse to give it.
fn memory() -> std::io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match memfd_create("roundsman-plugin", flags | MemfdFlags::NOEXEC_SEAL) {
        // Linux before 6.3 does not know the last flag.
        Err(Errno::INVAL) => Ok(memfd_create("roundsman-plugin", flags)?),
        made => Ok(made?),
    }
}

fn short(sha256: &str) -> &str {
    &sha256[..sha256.floor_char_boundary(12)]
}

#[cfg(test)]
mod tests;
