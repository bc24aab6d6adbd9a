//! A writer whose bytes a thread of its own takes, a few pieces ahead: whoever fills it is not held up by compression and
//! the disk as long as they keep pace. It knows nothing of what goes through.

use std::{
    io::{self, Write},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::JoinHandle,
};

/// The size of a piece.
const PIECE: usize = 256 << 10;
/// How many pieces may lie in the pipe.
const AHEAD: usize = 4;

/// The end that is written to.
pub(super) struct Pipe {
    piece: Vec<u8>,
    pieces: Option<SyncSender<Vec<u8>>>,
    taker: Option<JoinHandle<io::Result<u64>>>,
}

impl Pipe {
    /// A pipe into a function that takes pieces until there are no more.
    pub(super) fn into(
        take: impl FnOnce(Receiver<Vec<u8>>) -> io::Result<u64> + Send + 'static,
    ) -> io::Result<Self> {
        let (pieces, receiver) = sync_channel(AHEAD);
        let taker = std::thread::Builder::new().name("export".to_owned()).spawn(move || take(receiver))?;
        Ok(Self { piece: Vec::with_capacity(PIECE), pieces: Some(pieces), taker: Some(taker) })
    }

    /// Ends the pipe and returns what taking came to.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        // Whoever took them may have failed; that is what is told.
        let sent = self.flush();
        let taken = self.join();
        taken.and_then(|taken| sent.map(|()| taken))
    }

    /// Ends the pipe before its time: what takes the pieces learns that they are not all.
    pub(super) fn join(&mut self) -> io::Result<u64> {
        self.pieces.take();
        match self.taker.take().map(JoinHandle::join) {
            Some(Ok(taken)) => taken,
            _ => Err(io::Error::other("the writing thread panicked")),
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        let sent = self.pieces.as_ref().is_some_and(|pieces| pieces.send(piece).is_ok());
        if sent { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }
}
