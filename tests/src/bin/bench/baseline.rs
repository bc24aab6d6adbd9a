//! What a worker costs with nothing around it: posix_spawn and wait of `worker`, which exits after the handshake because
//! the wire closes. No store, no engine, no supervisor.

use std::{
    io::{Read as _, Write as _},
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use roundsman_wire::{Decoder, FromWorker, PROTOCOL, ToWorker, check_protocol, encode};

use crate::{bench::this_program, lags::Lags};

/// A worker that does not greet within this is broken.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was seen.
pub(crate) struct Workers {
    /// Workers started and reaped in a second.
    pub(crate) per_second: f64,
    /// From the start to the end of each.
    pub(crate) lags: Lags,
}

/// Starts and reaps so many workers, so many at a time.
pub(crate) fn start_workers(count: usize, at_a_time: usize) -> Result<Workers> {
    let each = count.div_ceil(at_a_time);
    let begun = Instant::now();
    let threads: Vec<_> = (0..at_a_time)
        .map(|_| thread::spawn(move || (0..each).map(|_| start_worker()).collect::<Result<Vec<f64>>>()))
        .collect();
    let mut millis = Vec::new();
    for thread in threads {
        millis.extend(thread.join().ok().context("a thread of the baseline panicked")??);
    }
    let per_second = millis.len() as f64 / begun.elapsed().as_secs_f64();
    Ok(Workers { per_second, lags: Lags::new(millis) })
}

/// One worker's life in milliseconds.
#[expect(clippy::disallowed_methods, reason = "a process started the plain way is what is compared with")]
fn start_worker() -> Result<f64> {
    let begun = Instant::now();
    let (ours, theirs) = UnixStream::pair()?;
    let mut command = Command::new(this_program());
    command.arg("worker").env_clear().env("PATH", "/usr/bin:/bin").stdin(OwnedFd::from(theirs));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    // Our copy of the worker's end, so that its death closes the wire.
    drop(command);
    let greeted = greet(ours);
    child.wait()?;
    greeted.map(|()| begun.elapsed().as_secs_f64() * 1e3)
}

/// Exchanges greetings and closes the wire.
fn greet(mut wire: UnixStream) -> Result<()> {
    wire.set_read_timeout(Some(PATIENCE))?;
    wire.write_all(&encode(&ToWorker::Hello { protocol: PROTOCOL })?)?;
    let mut decoder = Decoder::new();
    let mut portion = [0; 4_096];
    loop {
        match decoder.next()? {
            Some(FromWorker::Hello { protocol, .. }) => return Ok(check_protocol(protocol)?),
            Some(other) => bail!("the worker greets with {other:?}"),
            None => {}
        }
        match wire.read(&mut portion).context("the worker does not greet")? {
            0 => bail!("the worker ended before it greeted"),
            read => decoder.feed(&portion[..read]),
        }
    }
}
