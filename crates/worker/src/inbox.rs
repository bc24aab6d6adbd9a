//! What comes over the wire: answers go to whoever asked, everything else to the guard. It never waits for the kind.

use std::{
    collections::HashMap,
    io::{self, Read},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use roundsman_model::{Answer, Artifact, AskError, DocumentError, DocumentReply};
use roundsman_wire::{CodecError, Decoder, ToWorker};
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::guard::Guard;

/// Bytes read at once.
const PORTION: usize = 64 << 10;

/// Why no frame came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The other end is closed.
    #[error("the wire was closed")]
    Closed,
    /// The socket failed.
    #[error("the wire cannot be read")]
    Io(#[from] io::Error),
    /// The bytes are no frames.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// Reads frames, waiting for each.
pub(crate) struct FrameReader<R> {
    wire: R,
    decoder: Decoder,
    portion: Vec<u8>,
}

impl<R: Read> FrameReader<R> {
    pub(crate) fn new(wire: R) -> Self {
        Self { wire, decoder: Decoder::new(), portion: vec![0; PORTION] }
    }

    /// The same reader, with what it holds, over another handle of the same wire.
    pub(crate) fn over<S: Read>(self, wire: S) -> FrameReader<S> {
        FrameReader { wire, decoder: self.decoder, portion: self.portion }
    }

    pub(crate) fn next<T: DeserializeOwned>(&mut self) -> Result<T, ReadError> {
        loop {
            if let Some(frame) = self.decoder.next()? {
                return Ok(frame);
            }
            match self.wire.read(&mut self.portion) {
                Ok(0) => return Err(ReadError::Closed),
                Ok(read) => self.decoder.feed(&self.portion[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Questions that wait for an answer. A question that the kind gave up still holds its permit until the answer comes, so
/// that the daemon never has more to answer than there are permits.
#[derive(Default)]
pub(crate) struct Questions {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    last_id: u64,
    waiting: HashMap<u64, (Waiting, OwnedSemaphorePermit)>,
    closed: bool,
}

/// Who waits for an answer.
pub(crate) enum Waiting {
    Document(oneshot::Sender<Result<DocumentReply, DocumentError>>),
    Artifact(oneshot::Sender<Result<Artifact, String>>),
    Answer(oneshot::Sender<Result<Answer, AskError>>),
}

impl Questions {
    /// Notes who waits; gives the number of the question, or nothing when no answer can come any more.
    pub(crate) fn ask(&self, waiting: Waiting, permit: OwnedSemaphorePermit) -> Option<u64> {
        let mut open = self.lock();
        if open.closed {
            return None;
        }
        open.last_id += 1;
        let id = open.last_id;
        open.waiting.insert(id, (waiting, permit));
        Some(id)
    }

    /// Forgets a question that was never sent.
    pub(crate) fn withdraw(&self, id: u64) {
        self.lock().waiting.remove(&id);
    }

    fn answer_document(&self, id: u64, result: Result<DocumentReply, DocumentError>) {
        if let Some((Waiting::Document(waiting), _)) = self.lock().waiting.remove(&id) {
            let _ = waiting.send(result);
        }
    }

    fn answer_artifact(&self, id: u64, result: Result<Artifact, String>) {
        if let Some((Waiting::Artifact(waiting), _)) = self.lock().waiting.remove(&id) {
            let _ = waiting.send(result);
        }
    }

    fn answer(&self, id: u64, result: Result<Answer, AskError>) {
        if let Some((Waiting::Answer(waiting), _)) = self.lock().waiting.remove(&id) {
            let _ = waiting.send(result);
        }
    }

    /// No answer comes any more: whoever waits is told by the drop of its channel.
    fn close(&self) {
        let mut open = self.lock();
        open.closed = true;
        open.waiting.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads until the wire closes. For a thread of its own; `goodbye` is dropped with it.
pub(crate) fn read_all<R: Read>(
    mut reader: FrameReader<R>,
    guard: &Guard,
    questions: &Arc<Questions>,
    goodbye: &std::sync::mpsc::Sender<()>,
) {
    loop {
        match reader.next() {
            Ok(ToWorker::Renew { lease }) => guard.renew(lease),
            Ok(ToWorker::Cancel { .. }) => guard.cancel(),
            Ok(ToWorker::DocumentReply { id, result }) => questions.answer_document(id, result),
            Ok(ToWorker::ArtifactReply { id, result }) => questions.answer_artifact(id, result),
            Ok(ToWorker::Answer { id, result }) => questions.answer(id, result),
            Ok(ToWorker::Goodbye) => _ = goodbye.send(()),
            Ok(ToWorker::Hello { .. } | ToWorker::Request { .. } | ToWorker::Unknown) => {}
            Err(_) => break,
        }
    }
    questions.close();
    guard.wire_closed();
}
