//! Who this process is among nodes: an id, a boot, and an exclusive lock that proves to others whether it lives. It
//! never trusts a process id.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use roundsman_engine::Neighbours;
use roundsman_model::{BootId, NodeId};
use roundsman_store::Holder;
use uuid::Uuid;

/// How long a start tries for the lock of its state directory.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Why a node could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The state directory cannot be made or written.
    #[error(
        "cannot write the state directory {}: make it writable for this user, or name another one with \
         ROUNDSMAN_STATE_DIR or `state_dir` in [daemon]", .path.display()
    )]
    StateDir {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another daemon has this state directory.
    #[error(
        "another daemon (pid {pid}) uses the state directory {}: stop it first, or give this one a directory of its own",
        .path.display()
    )]
    Running {
        /// The directory.
        path: PathBuf,
        /// The other daemon's process id, as it wrote it down.
        pid: String,
    },
}

/// This process as a node. The lock is held as long as this value lives.
pub struct Node {
    holder: Holder,
    locks: PathBuf,
    lock: PathBuf,
    _held: File,
    one_shot: bool,
}

impl Node {
    /// The daemon of a state directory; its id is kept there.
    pub fn daemon(state_dir: &Path) -> Result<Self, NodeError> {
        let locks = prepare(state_dir)?;
        let id_file = state_dir.join("node-id");
        let id = match fs::read_to_string(&id_file) {
            Ok(text) if is_plain(text.trim()) => text.trim().to_owned(),
            Ok(_) => write_id(state_dir, &id_file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => write_id(state_dir, &id_file)?,
            Err(source) => return Err(NodeError::StateDir { path: id_file, source }),
        };
        Self::lock(state_dir, locks, id, false)
    }

    /// A one-shot node with an id of its own.
    pub fn one_shot(state_dir: &Path) -> Result<Self, NodeError> {
        let locks = prepare(state_dir)?;
        Self::lock(state_dir, locks, format!("run-task-{}", Uuid::now_v7()), true)
    }

    fn lock(state_dir: &Path, locks: PathBuf, id: String, one_shot: bool) -> Result<Self, NodeError> {
        let lock = locks.join(format!("{id}.lock"));
        let failed = |source| NodeError::StateDir { path: lock.clone(), source };
        let mut file = open_lock(&lock).map_err(failed)?;
        match try_for_a_while(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.read_to_string(&mut pid);
                return Err(NodeError::Running { path: state_dir.to_owned(), pid: pid.trim().to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(failed)?;
        let boot = BootId::new(Uuid::now_v7().to_string());
        Ok(Self { holder: Holder { node: NodeId::new(id), boot }, locks, lock, _held: file, one_shot })
    }

    /// Node and boot.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// What proves that other nodes of this state directory have ended.
    pub fn neighbours(&self) -> LockNeighbours {
        LockNeighbours { me: self.holder.clone(), locks: self.locks.clone() }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if self.one_shot {
            // Its id is never used again; a daemon's lock file stays for the next start.
            let _ = fs::remove_file(&self.lock);
        }
    }
}

/// Proves by locks that nodes of the same state directory have ended.
pub struct LockNeighbours {
    me: Holder,
    locks: PathBuf,
}

impl Neighbours for LockNeighbours {
    fn is_proved_dead(&self, holder: &Holder) -> bool {
        if holder.node == self.me.node {
            return holder.boot != self.me.boot;
        }
        if !is_plain(holder.node.as_str()) {
            return false;
        }
        let path = self.locks.join(format!("{}.lock", holder.node));
        match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file.try_lock().is_ok(),
            Err(_) => false,
        }
    }
}

fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.len() <= 80 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Makes the state directory where there is none: nobody else's to read.
pub(crate) fn make_state_dir(state_dir: &Path) -> Result<(), NodeError> {
    prepare(state_dir).map(drop)
}

fn prepare(state_dir: &Path) -> Result<PathBuf, NodeError> {
    let locks = state_dir.join("nodes");
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&locks)
        .map_err(|source| NodeError::StateDir { path: state_dir.to_owned(), source })?;
    Ok(locks)
}

/// Takes the lock. Whoever asks whether a neighbour lives holds the neighbour's lock for an instant, which is no reason
/// for that one not to start.
#[expect(
    clippy::disallowed_methods,
    reason = "a lock of a file tells nobody when it is free; nothing else runs yet"
)]
fn try_for_a_while(file: &File) -> Result<(), TryLockError> {
    let until = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(LOCK_PAUSE),
            other => return other,
        }
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn write_id(state_dir: &Path, id_file: &Path) -> Result<String, NodeError> {
    let failed = |source| NodeError::StateDir { path: id_file.to_owned(), source };
    let id = Uuid::now_v7().to_string();
    let temporary = state_dir.join(format!(".node-id.{}", std::process::id()));
    let mut file = File::create(&temporary).map_err(failed)?;
    writeln!(file, "{id}").and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&temporary, id_file).map_err(failed)?;
    Ok(id)
}

#[cfg(test)]
mod tests;
