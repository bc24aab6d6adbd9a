//! One daemon for each SQLite file: an exclusive lock on a file beside it, which the kernel gives up when its holder ends,
//! however it ends. The pid in it is for messages only; nobody decides by it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{StoreError, StoreResult};

/// How long a start tries: whoever only asks whether a daemon has the file holds the lock for an instant.
const PATIENCE: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_millis(10);

/// The lock, held until dropped.
pub(super) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the lock of a SQLite file, or names who has it.
    pub(super) async fn take(store: &Path) -> StoreResult<Self> {
        let path = beside(store);
        let unwritable =
            |source: io::Error| StoreError::Unwritable { path: path.clone(), source: Box::new(source) };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(unwritable)?;
        match try_for_a_while(&file).await {
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

/// Whether it is proved that no daemon has a SQLite file at the moment. It blocks nobody, and asks without waiting.
pub(crate) fn is_free(store: &Path) -> bool {
    match File::open(beside(store)) {
        Ok(file) => file.try_lock_shared().is_ok(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn beside(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

async fn try_for_a_while(file: &File) -> Result<(), TryLockError> {
    let until = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                tokio::time::sleep(PAUSE).await;
            }
            other => return other,
        }
    }
}
