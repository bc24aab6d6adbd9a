//! Files that a script wants kept: opened when it says so, kept one after the other while it goes on. It cuts none short,
//! and takes none from outside the work directory.

use std::{
    env,
    fs::{self, File, OpenOptions},
    io::{self, Read},
    os::{fd::AsRawFd, unix::fs::OpenOptionsExt},
    path::Path,
};

use nix::libc;
use roundsman_model::artifact::MAX_STORED_BYTES;
use roundsman_task::TaskContext;
use tokio::sync::mpsc;

use super::message::Wish;

/// How many may wait.
const WAITING: usize = 64;
/// How many a run may keep.
const MOST: usize = 1_000;
/// The most bytes of a name.
const NAME_BYTES: usize = 255;
/// Where nothing tells more.
const ANYTHING: &str = "application/octet-stream";
/// What endings of names tell.
const BY_ENDING: [(&str, &str); 14] = [
    ("csv", "text/csv"),
    ("gz", "application/gzip"),
    ("html", "text/html"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("log", "text/plain"),
    ("md", "text/markdown"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain"),
    ("xml", "application/xml"),
    ("yaml", "application/yaml"),
    ("zip", "application/zip"),
];

/// A file that waits to be kept: open, so that the script may remove it.
pub(super) struct Waiting {
    file: File,
    name: String,
    media_type: String,
}

/// Where wishes go.
pub(super) struct Shelf {
    queue: mpsc::Sender<Waiting>,
    taken: usize,
}

/// A shelf, and what comes off it.
pub(super) fn shelf() -> (Shelf, mpsc::Receiver<Waiting>) {
    let (queue, waiting) = mpsc::channel(WAITING);
    (Shelf { queue, taken: 0 }, waiting)
}

impl Shelf {
    /// Takes in a wish. The error says why the file is not kept.
    pub(super) fn take(&mut self, wish: Wish) -> Result<(), String> {
        if self.taken >= MOST {
            return Err(format!("a run keeps at most {MOST} artifacts"));
        }
        let waiting = open(wish)?;
        self.taken += 1;
        self.queue
            .try_send(waiting)
            .map_err(|_| format!("{WAITING} others wait to be kept; give it more time"))
    }
}

/// Keeps what comes, until nothing more can come or the attempt is to stop.
pub(super) async fn keep_all(cx: &TaskContext, mut waiting: mpsc::Receiver<Waiting>) {
    while let Some(next) = waiting.recv().await {
        if cx.is_cancelled() {
            return;
        }
        keep(cx, next).await;
    }
}

async fn keep(cx: &TaskContext, waiting: Waiting) {
    let Waiting { file, name, media_type } = waiting;
    let mut bytes = Vec::new();
    // One more than is allowed, so that it is refused rather than cut.
    let limit = MAX_STORED_BYTES as u64 + 1;
    let kept = match file.take(limit).read_to_end(&mut bytes) {
        Ok(_) => cx.artifact(&name, &media_type, bytes).await.map(drop).map_err(|error| error.to_string()),
        Err(error) => Err(format!("it cannot be read: {error}")),
    };
    if let Err(why) = kept {
        tracing::warn!("{name} is not kept: {why}");
    }
}

fn open(wish: Wish) -> Result<Waiting, String> {
    let file = open_below(Path::new(&wish.path), &env::current_dir().map_err(unopened)?)?;
    let stat = file.metadata().map_err(|error| format!("it cannot be looked at: {error}"))?;
    if !stat.is_file() {
        return Err("it is no regular file".into());
    }
    if stat.len() > MAX_STORED_BYTES as u64 {
        return Err(format!("it has {} bytes; at most {MAX_STORED_BYTES} are kept", stat.len()));
    }
    let path = Path::new(&wish.path);
    let own = || path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = wish.name.filter(|name| !name.is_empty()).or_else(own).ok_or("it has no name")?;
    let is_legal = |char: char| !char.is_control() && char != '/';
    if name.len() > NAME_BYTES || name == "." || name == ".." || !name.chars().all(is_legal) {
        return Err(format!("its name is no name of an artifact: at most {NAME_BYTES} bytes without '/'"));
    }
    let media_type = wish.media_type.unwrap_or_else(|| by_ending(path).to_owned());
    Ok(Waiting { file, name, media_type })
}

/// Opens a file of the work directory and no other: whoever gets a script to print a line must not get the files of the host.
fn open_below(path: &Path, folder: &Path) -> Result<File, String> {
    const OUTSIDE: &str = "it is not in the work directory; copy it there";
    let place = path.canonicalize().map_err(unopened)?;
    if !place.starts_with(folder) {
        return Err(OUTSIDE.into());
    }
    // Without waiting: a pipe that nobody writes to must not hold the worker.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_NOFOLLOW;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(&place).map_err(unopened)?;
    // A folder on the way may have become a link meanwhile. What counts is what was opened.
    let opened = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).map_err(unopened)?;
    if opened.starts_with(folder) { Ok(file) } else { Err(OUTSIDE.into()) }
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
fn unopened(error: io::Error) -> String {
    format!("it cannot be opened: {error}")
}

fn by_ending(path: &Path) -> &'static str {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    BY_ENDING.iter().find(|(known, _)| *known == ending).map_or(ANYTHING, |(_, media_type)| media_type)
}
