//! Standard output and error of a tree of processes as log lines: bounded in every way, and read to the end whatever
//! comes, so that nobody ever waits for a reader. It does not store anything.

mod lines;

use std::{
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use roundsman_model::Clock;
use roundsman_model::terminal::readable;
use roundsman_wire::{Host, LogLine, LogStream};
use tokio::{io::AsyncReadExt, net::unix::pipe::Receiver};
use tokio_util::sync::CancellationToken;

use self::lines::{Part, Splitter, Tail};

/// Bytes read at once: as much as a pipe holds.
const PORTION: usize = 64 << 10;
/// Bytes of the end of a stream that are kept when its beginning has used up the room.
const TAIL_BYTES: usize = 32 << 10;

/// One stream of an attempt.
pub(crate) struct Output {
    pub(crate) stream: LogStream,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Bytes that may still be logged, shared by both streams.
    pub(crate) room: Arc<AtomicUsize>,
    /// Fires when nobody is left who should write: what is there is read, and no more waited for.
    pub(crate) closing: CancellationToken,
}

impl Output {
    /// Reads to the end. Returns the last bytes.
    pub(crate) async fn read(self, pipe: OwnedFd) -> String {
        let mut progress = Progress::default();
        if let Ok(mut pipe) = Receiver::from_owned_fd(pipe) {
            let mut portion = vec![0; PORTION];
            loop {
                let read = tokio::select! {
                    biased;
                    read = pipe.read(&mut portion) => read,
                    () = self.closing.cancelled() => break,
                };
                match read {
                    Ok(0) | Err(_) => break,
                    Ok(read) => self.take(&mut progress, &portion[..read]),
                }
            }
        }
        self.finish(&mut progress);
        readable(&progress.tail.bytes())
    }

    fn take(&self, progress: &mut Progress, bytes: &[u8]) {
        progress.tail.push(bytes);
        if !progress.cut && self.reserve(bytes.len()) {
            progress.splitter.push(bytes, |line, part| self.log(readable(line), part));
            return;
        }
        if !progress.cut {
            progress.cut = true;
            progress.splitter.end(|line, part| self.log(readable(line), part));
            // The tail begins anew: what it held is in the log already.
            progress.tail = Tail::new(TAIL_BYTES);
            progress.tail.push(bytes);
        }
        progress.unlogged += bytes.len() as u64;
        progress.unlogged_lines += line_ends(bytes);
    }

    fn finish(&self, progress: &mut Progress) {
        progress.splitter.end(|line, part| self.log(readable(line), part));
        if !progress.cut {
            return;
        }
        let tail = progress.tail.bytes();
        let left_out = progress.unlogged - tail.len() as u64;
        if left_out > 0 {
            let lines = line_ends(&tail);
            self.host.dropped(progress.unlogged_lines - lines, 0);
            let text = format!("{left_out} bytes of {} are left out here", name(self.stream));
            self.host.log(self.line(LogStream::Roundsman, "warn", text));
        }
        let mut splitter = Splitter::default();
        splitter.push(&tail, |line, part| self.log(readable(line), part));
        splitter.end(|line, part| self.log(readable(line), part));
    }

    fn reserve(&self, bytes: usize) -> bool {
        let take = |room: usize| room.checked_sub(bytes);
        self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    fn log(&self, text: String, part: Part) {
        let line = self.line(self.stream, "info", text);
        match part {
            Part::Line => self.host.log(line),
            Part::Piece => self.host.log_piece(line),
        }
    }

    fn line(&self, stream: LogStream, level: &str, text: String) -> LogLine {
        LogLine { at: self.clock.now(), stream, level: level.to_owned(), text }
    }
}

struct Progress {
    splitter: Splitter,
    tail: Tail,
    cut: bool,
    unlogged: u64,
    unlogged_lines: u64,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            splitter: Splitter::default(),
            tail: Tail::new(TAIL_BYTES),
            cut: false,
            unlogged: 0,
            unlogged_lines: 0,
        }
    }
}

fn line_ends(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

const fn name(stream: LogStream) -> &'static str {
    match stream {
        LogStream::Stderr => "standard error",
        _ => "standard output",
    }
}
