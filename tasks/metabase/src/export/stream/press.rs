//! The way of an export's bytes into its file: looked at and written on one thread that may block, hashed on another, while
//! the next ones come. It knows nothing of where they come from.

use std::sync::Arc;

use futures::{FutureExt as _, future::BoxFuture};
use sha2::{Digest, Sha256};
use tokio::task::{JoinError, spawn_blocking};

use crate::{
    export::{failure::UnitFailure, part::Pen},
    scan::{Flaw, Scanner},
};

/// How much of an answer that is no export is told.
pub(super) const EXCERPT: usize = 200;
/// So many bytes wait at most, and the piece that came last.
const BATCH: usize = 256 << 10;

/// What a scanner and a file make of the bytes together.
pub(super) struct Funnel {
    pub(super) scanner: Box<dyn Scanner>,
    pub(super) pen: Pen,
    pub(super) bytes: u64,
    pub(super) head: Vec<u8>,
}

impl Funnel {
    fn take(&mut self, bytes: &[u8]) -> Result<(), UnitFailure> {
        let missing = EXCERPT.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..missing]);
        self.scanner.feed(bytes)?;
        self.pen.write(bytes)?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

/// A funnel and a hash with their threads. Bytes that come while these are busy wait and go in together.
pub(super) struct Press {
    /// Here while the threads have nothing to do.
    idle: Option<(Funnel, Sha256)>,
    /// There otherwise.
    working: Option<BoxFuture<'static, Result<Pressed, JoinError>>>,
    waiting: Vec<u8>,
    spare: Vec<u8>,
    bytes: u64,
    rows: u64,
}

/// What the two threads give back.
struct Pressed {
    funnel: Funnel,
    result: Result<(), UnitFailure>,
    hash: Sha256,
    bytes: Arc<Vec<u8>>,
}

impl Press {
    pub(super) fn new(scanner: Box<dyn Scanner>, pen: Pen) -> Self {
        let funnel = Funnel { scanner, pen, bytes: 0, head: Vec::new() };
        let (waiting, spare) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
        Self { idle: Some((funnel, Sha256::new())), working: None, waiting, spare, bytes: 0, rows: 0 }
    }

    /// The bytes and rows that are through.
    pub(super) fn seen(&self) -> (u64, u64) {
        (self.bytes, self.rows)
    }

    /// Whether the threads have something to do.
    pub(super) fn is_working(&self) -> bool {
        self.working.is_some()
    }

    /// Takes the next bytes; waits where there is no room for them.
    pub(super) async fn put(&mut self, bytes: &[u8]) -> Result<(), UnitFailure> {
        while self.is_working() && self.waiting.len() + bytes.len() > BATCH {
            self.through().await?;
        }
        self.waiting.extend_from_slice(bytes);
        self.go_on();
        Ok(())
    }

    /// Waits until the threads are through with what they have, and gives them what waits.
    pub(super) async fn through(&mut self) -> Result<(), UnitFailure> {
        let Some(working) = &mut self.working else { return Ok(()) };
        let pressed = working.await;
        self.working = None;
        let ended = |error| UnitFailure::disk(format!("writing an export ended: {error}"));
        let Pressed { funnel, result, hash, bytes } = pressed.map_err(ended)?;
        self.spare = Arc::into_inner(bytes).unwrap_or_default();
        self.spare.clear();
        (self.bytes, self.rows) = (funnel.bytes, funnel.scanner.rows());
        self.idle = Some((funnel, hash));
        result?;
        self.go_on();
        Ok(())
    }

    /// Everything is through.
    pub(super) async fn end(mut self) -> Result<(Funnel, Sha256), UnitFailure> {
        while self.is_working() {
            self.through().await?;
        }
        Ok(self.idle.expect("they are here unless the threads work"))
    }

    /// The way broke off: the reason, unless the server wrote an error before, which is then the reason.
    pub(super) async fn broken(self, reason: impl Into<UnitFailure>) -> UnitFailure {
        match self.end().await {
            Err(flaw) => flaw,
            Ok((mut funnel, _)) => match funnel.scanner.finish() {
                Err(flaw @ Flaw::ErrorDocument(_)) => flaw.into(),
                _ => reason.into(),
            },
        }
    }

    fn go_on(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let Some((mut funnel, mut hash)) = self.idle.take() else { return };
        let bytes = Arc::new(std::mem::replace(&mut self.waiting, std::mem::take(&mut self.spare)));
        let (written, hashed) = (bytes.clone(), bytes.clone());
        let funnel = spawn_blocking(move || {
            let result = funnel.take(&written);
            (funnel, result)
        });
        let hash = spawn_blocking(move || {
            hash.update(&*hashed);
            hash
        });
        let both = async { tokio::try_join!(funnel, hash) };
        let pressed =
            both.map(|both| both.map(|((funnel, result), hash)| Pressed { funnel, result, hash, bytes }));
        self.working = Some(pressed.boxed());
    }
}

#[cfg(test)]
mod tests;
