//! One daemon for each SQLite file: an exclusive lock on a file beside it, which the kernel gives up when its holder ends,
//! however it ends. The pid in it is for messages only; nobody decides by it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use crate::{StoreError, StoreResult};

/// The lock, held until dropped.
pub(super) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the lock of a SQLite file, or names who has it.
    pub(super) fn take(store: &Path) -> StoreResult<Self> {
        let mut name = store.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        let unwritable =
            |source: io::Error| StoreError::Unwritable { path: path.clone(), source: Box::new(source) };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.take(20).read_to_string(&mut pid);
                let pid = if pid.trim().is_empty() { "unknown".to_owned() } else { pid.trim().to_owned() };
                return Err(StoreError::Held { path: store.to_owned(), pid });
            }
            Err(TryLockError::Error(error)) => return Err(unwritable(error)),
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(unwritable)?;
        Ok(Self { _file: file })
    }
}
