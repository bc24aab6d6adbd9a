//! The control channel of a host: a socket in the state directory on which the command line asks the daemon to reload, to
//! look up at once, or how it is. Pauses, cancellations and requests are rows in the store, never words on this socket.

mod client;
mod protocol;
mod reloader;
mod server;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub(crate) use client::{ControlError, hint, reload, status};
pub(crate) use protocol::{KindChanges, Reloaded, Status};
pub(crate) use reloader::{ReloadSignals, Reloader};
pub(crate) use server::ControlSocket;

/// Where the daemon of a state directory listens.
pub(crate) fn socket_path(state_dir: &Path) -> PathBuf {
    state_dir.join("control.sock")
}
