//! A new file until it has its name: written under another one, brought to the disk, renamed. What is written is none of
//! its concern.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, BufWriter, Write},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use sha2::{Digest as _, Sha256};

use super::Watch;

/// Where a new file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    /// Its name while it is written; nothing may have it yet. In the same folder as its final one.
    pub part: &'a Path,
    /// Its final name; a file that has it is replaced.
    pub path: &'a Path,
    /// Its final mode.
    pub mode: u32,
}

/// A file that has its final name and is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// How long it is.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// A file that is being written. It goes when it is dropped before it is published.
pub(super) struct Part<'a> {
    target: Target<'a>,
    file: BufWriter<Hashed<'a>>,
    published: bool,
}

struct Hashed<'a> {
    watch: Watch<'a>,
    file: File,
    sha256: Sha256,
    bytes: u64,
}

impl<'a> Part<'a> {
    pub(super) fn create(target: Target<'a>, watch: Watch<'a>) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(target.part)?;
        let hashed = Hashed { watch, file, sha256: Sha256::new(), bytes: 0 };
        Ok(Self { target, file: BufWriter::with_capacity(super::PIECE, hashed), published: false })
    }

    /// Brings it to the disk and gives it its name.
    pub(super) fn publish(mut self) -> io::Result<Finished> {
        self.file.flush()?;
        let Hashed { file, sha256, bytes, .. } = self.file.get_ref();
        file.set_permissions(Permissions::from_mode(self.target.mode))?;
        file.sync_all()?;
        let finished = Finished { bytes: *bytes, sha256: hex(&sha256.clone().finalize()) };
        fs::rename(self.target.part, self.target.path)?;
        self.published = true;
        let folder = self.target.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(finished)
    }
}

impl Write for Part<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        if !self.published {
            // What cannot be removed now is removed with the other old parts.
            let _ = fs::remove_file(self.target.part);
        }
    }
}

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.watch)()?;
        let written = self.file.write(bytes)?;
        self.sha256.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
