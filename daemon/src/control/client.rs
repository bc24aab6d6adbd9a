//! The command line's end of the control socket. A daemon that is not there is no reason to fail for anybody but those
//! who want an answer from it.

use std::{io, path::Path, path::PathBuf, time::Duration};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::UnixStream,
};

use super::{
    protocol::{Order, Reloaded, Status},
    socket_path,
};

/// How long a hint may take: it is worth no more.
const HINT: Duration = Duration::from_millis(500);
/// How long the daemon may take to say how it is.
const STATUS: Duration = Duration::from_secs(2);
/// How long a reload may take.
const RELOAD: Duration = Duration::from_mins(2);

/// Why a daemon did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    /// Nobody listens.
    #[error(
        "no daemon listens at {}: is it running, with this state directory? (`roundsman status` lists nodes)",
        .path.display()
    )]
    Absent {
        /// The socket.
        path: PathBuf,
    },
    /// The socket belongs to somebody else.
    #[error("the daemon's socket {} may only be used by its own user and by root", .path.display())]
    Forbidden {
        /// The socket.
        path: PathBuf,
    },
    /// The conversation failed.
    #[error("cannot talk to the daemon at {}", .path.display())]
    Broken {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It answered, and refused.
    #[error("{0}")]
    Refused(String),
}

/// Asks the daemon of this state directory, if there is one, to look at the store at once. That it cannot be told is no
/// failure: it looks by itself within seconds.
pub(crate) async fn hint(state_dir: &Path) {
    let _ = ask(state_dir, &Order::Wake, HINT).await;
}

/// Asks the daemon to load its configuration again.
pub(crate) async fn reload(state_dir: &Path, by: String) -> Result<Reloaded, ControlError> {
    read(state_dir, ask(state_dir, &Order::Reload { by: Some(by) }, RELOAD).await?)
}

/// Asks the daemon how it is.
pub(crate) async fn status(state_dir: &Path) -> Result<Status, ControlError> {
    read(state_dir, ask(state_dir, &Order::Status, STATUS).await?)
}

fn read<T: DeserializeOwned>(state_dir: &Path, answer: Value) -> Result<T, ControlError> {
    serde_json::from_value(answer)
        .map_err(|error| ControlError::Broken { path: socket_path(state_dir), source: error.into() })
}

async fn ask(state_dir: &Path, order: &Order, patience: Duration) -> Result<Value, ControlError> {
    let path = socket_path(state_dir);
    let answer = tokio::time::timeout(patience, converse(&path, order)).await;
    let silent = || io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {patience:?}"));
    let answer = answer.unwrap_or_else(|_| Err(silent())).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            ControlError::Absent { path: path.clone() }
        }
        io::ErrorKind::PermissionDenied => ControlError::Forbidden { path: path.clone() },
        _ => ControlError::Broken { path: path.clone(), source },
    })?;
    if answer.get("ok").and_then(Value::as_bool) == Some(true) {
        return Ok(answer);
    }
    let why = answer.get("error").and_then(Value::as_str).unwrap_or("it gave no reason");
    Err(ControlError::Refused(why.to_owned()))
}

async fn converse(path: &Path, order: &Order) -> io::Result<Value> {
    let mut stream = UnixStream::connect(path).await?;
    let line = format!("{}\n", serde_json::to_string(order)?);
    stream.write_all(line.as_bytes()).await?;
    let mut answer = String::new();
    if BufReader::new(stream).read_line(&mut answer).await? == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it hung up without an answer"));
    }
    Ok(serde_json::from_str(&answer)?)
}
