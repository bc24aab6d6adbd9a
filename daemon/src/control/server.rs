//! The daemon's end of the control socket. Whoever talks on it is the same user or root; whatever they send, the daemon
//! goes on. It does nothing itself but ask its [`Ears`].

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream, unix::OwnedReadHalf},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::{
    protocol::{Order, Reloaded, Status, done, refused},
    socket_path,
};

/// The longest line that is read.
const LONGEST_LINE: usize = 64 * 1024;
/// The most connections at a time; more are told to come again.
const CONNECTIONS: usize = 128;
/// How long somebody may take to say something, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause after a connection could not be taken, as when no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What the daemon does with what it is asked.
#[async_trait]
pub(crate) trait Ears: Send + Sync + 'static {
    /// Looks at the store at once.
    fn wake(&self);
    /// Tells how the daemon is.
    async fn status(&self) -> Status;
    /// Loads the configuration again, or says in sentences why everything stays as it is.
    async fn reload(&self, by: &str) -> Result<Reloaded, String>;
}

/// The socket of this daemon; its file is removed with the value.
pub(crate) struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlSocket {
    /// Listens. The caller holds the lock of the state directory, so a socket that is there belongs to a dead daemon.
    pub(crate) fn bind(state_dir: &Path) -> io::Result<Self> {
        let path = socket_path(state_dir);
        match fs::symlink_metadata(&path) {
            Ok(there) if there.file_type().is_socket() => fs::remove_file(&path)?,
            Ok(_) => {
                let what = format!("{} is in the way and is no socket: remove it", path.display());
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
            }
            Err(_) => {}
        }
        let listener = UnixListener::bind(&path)?;
        let socket = Self { listener, path };
        // Between the two calls others could connect, and are turned away for who they are.
        fs::set_permissions(&socket.path, fs::Permissions::from_mode(0o600))?;
        Ok(socket)
    }

    /// Answers until `stop`. Orders under way are not waited for.
    pub(crate) async fn serve(self, ears: Arc<dyn Ears>, stop: CancellationToken) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) if connections.len() < CONNECTIONS => {
                        connections.spawn(attend(stream, ears.clone()));
                    }
                    Ok((stream, _)) => turn_away(&stream),
                    Err(error) => {
                        tracing::warn!("cannot take a connection on the control socket: {error}");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn turn_away(stream: &UnixStream) {
    let line = format!("{}\n", refused("too many connections at the same time: try again"));
    // A fresh socket takes a short line without waiting; whoever left already needs none.
    let _ = stream.try_write(line.as_bytes());
}

/// Whether a peer may ask.
pub(super) const fn may_ask(peer: u32, own: u32) -> bool {
    peer == own || peer == 0
}

async fn attend(stream: UnixStream, ears: Arc<dyn Ears>) {
    let own = nix::unistd::geteuid().as_raw();
    let Ok(peer) = stream.peer_cred() else { return };
    if !may_ask(peer.uid(), own) {
        tracing::warn!(peer.uid = peer.uid(), "somebody else was turned away from the control socket");
        return turn_away_stranger(&stream, own);
    }
    let (reading, mut writing) = stream.into_split();
    let mut reading = BufReader::new(reading);
    loop {
        let (answer, last) = match next_line(&mut reading).await {
            Heard::Line(line) => (obey(&line, ears.as_ref(), peer.uid()).await, false),
            Heard::TooLong => {
                (refused(&format!("a line is longer than {LONGEST_LINE} bytes: it was not read")), true)
            }
            Heard::Nothing => return,
        };
        let line = format!("{answer}\n");
        let written = tokio::time::timeout(PATIENCE, writing.write_all(line.as_bytes())).await;
        if last || !matches!(written, Ok(Ok(()))) {
            return;
        }
    }
}

fn turn_away_stranger(stream: &UnixStream, own: u32) {
    let line = format!("{}\n", refused(&format!("only uid {own} and root may ask this daemon")));
    let _ = stream.try_write(line.as_bytes());
}

enum Heard {
    Line(Vec<u8>),
    TooLong,
    /// The end, half a line, or silence.
    Nothing,
}

async fn next_line(reading: &mut BufReader<OwnedReadHalf>) -> Heard {
    let mut line = Vec::new();
    let read = async {
        let mut limited = reading.take(LONGEST_LINE as u64 + 1);
        limited.read_until(b'\n', &mut line).await
    };
    match tokio::time::timeout(PATIENCE, read).await {
        Ok(Ok(_)) if line.ends_with(b"\n") => Heard::Line(line),
        Ok(Ok(_)) if line.len() > LONGEST_LINE => Heard::TooLong,
        _ => Heard::Nothing,
    }
}

async fn obey(line: &[u8], ears: &dyn Ears, peer: u32) -> Value {
    match serde_json::from_slice(line) {
        Ok(Order::Wake) => {
            ears.wake();
            done(&serde_json::json!({}))
        }
        Ok(Order::Status) => done(&ears.status().await),
        Ok(Order::Reload { by }) => {
            let by = by.filter(|by| !by.trim().is_empty()).unwrap_or_else(|| format!("uid {peer}"));
            match ears.reload(&crate::cli::look::clean(&by)).await {
                Ok(reloaded) => done(&reloaded),
                Err(why) => refused(&why),
            }
        }
        Err(error) => refused(&format!("this is no order ({error}); {{\"do\":\"status\"}} is one")),
    }
}
