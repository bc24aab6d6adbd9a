//! Work on files that blocks, on a thread that may. It ends soon after the attempt is to stop, or nobody waits for it any
//! more, and has removed what it began by then. What the work is stands elsewhere.

use std::{
    io::{self, Read, Seek, SeekFrom},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use roundsman_task::{TaskContext, TaskError};

use super::failure::UnitFailure;
use crate::server::{Again, FailureClass, ServerFailure};

/// Says that the work is to stop. Whoever works looks at it every few thousand bytes.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// An error once the work is to stop.
    pub fn look(&self) -> io::Result<()> {
        if self.is_raised() { Err(io::Error::other("the attempt is to stop")) } else { Ok(()) }
    }

    /// A file that can no longer be read once the work is to stop.
    pub fn reading<R>(&self, of: R) -> Reading<R> {
        Reading { of, stop: self.clone() }
    }
}

/// What reads until the work is to stop.
#[derive(Debug)]
pub struct Reading<R> {
    of: R,
    stop: Stop,
}

impl<R: Read> Read for Reading<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stop.look()?;
        self.of.read(buffer)
    }
}

impl<R: Seek> Seek for Reading<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.of.seek(to)
    }
}

/// Raised when the work is no longer waited for, whatever the reason.
struct Waiting(Stop);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Does work of this name on a thread of its own, and waits until it is over.
pub async fn blocking<T: Send + 'static>(
    cx: &TaskContext,
    name: &'static str,
    work: impl FnOnce(&Stop) -> Result<T, UnitFailure> + Send + 'static,
) -> Result<T, UnitFailure> {
    if cx.is_cancelled() {
        return Err(stopped());
    }
    let stop = Stop::default();
    let waiting = Waiting(stop.clone());
    let watched = stop.clone();
    let mut work = tokio::task::spawn_blocking(move || work(&watched));
    let ended = tokio::select! {
        ended = &mut work => ended,
        () = cx.cancelled() => {
            drop(waiting);
            work.await
        }
    };
    match ended {
        Ok(Err(_)) if cx.is_cancelled() => Err(stopped()),
        Ok(ended) => ended,
        Err(error) => Err(UnitFailure::disk(format!("{name} ended: {error}"))),
    }
}

fn stopped() -> UnitFailure {
    let failure = ServerFailure::new(FailureClass::Cancelled, Again::Never, "the attempt is to stop");
    ServerFailure { task: Some(TaskError::Cancelled), ..failure }.into()
}

#[cfg(test)]
mod tests;
