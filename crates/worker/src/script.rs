//! A script's attempt: what was accepted is what runs, it finds its request, what it says is understood, and its end is
//! judged. It reads no header: that was done when the script was accepted.

mod accepted;
mod artifacts;
mod channel;
mod ear;
mod inputs;
mod look;
mod message;
mod request;
mod said;
mod sieve;

use std::{cell::RefCell, path::PathBuf};

use roundsman_model::{ExitCodes, Outcome, TaskError};
use roundsman_program::{Child, Ended, Ran, Tail, keep_last_lines, pass_on, pass_on_sifted};
use roundsman_task::TaskContext;
use roundsman_wire::Purpose;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, stderr, stdout},
    net::unix::pipe::Receiver,
};

use self::{
    accepted::{Looked, Start},
    ear::Ear,
    said::Report,
    sieve::{Lines, Sieve, TooLong},
};
use crate::errand::looked;

/// How many of the last lines of each stream go into the outcome.
const TAIL_LINES: usize = 20;
/// How much of the channel is read at once.
const PORTION: usize = 64 << 10;

/// A script in the version that was accepted.
pub(crate) struct Script {
    pub(crate) path: PathBuf,
    pub(crate) sha256: String,
    pub(crate) exit_codes: ExitCodes,
    pub(crate) dry_run: bool,
    pub(crate) defaults: Value,
    /// The daemon's user, who may write to the file as root may.
    pub(crate) accepted_by: u32,
}

impl Script {
    /// Does what is wanted of it.
    pub(crate) async fn serve(
        &self,
        purpose: Purpose,
        cx: &TaskContext,
        with: Value,
    ) -> Result<Outcome, TaskError> {
        match purpose {
            Purpose::Run => self.run(cx, with).await,
            Purpose::Preflight => Ok(looked(&look::at(self))),
            Purpose::Describe => Err(TaskError::config("a script is described by its header, not by a run")),
        }
    }

    async fn run(&self, cx: &TaskContext, with: Value) -> Result<Outcome, TaskError> {
        if cx.dry_run() && !self.dry_run {
            return Ok(Outcome::skipped(
                "the script does not say that it honours dry runs (`dry_run = true` in its header), so it was not started",
            ));
        }
        if cx.is_cancelled() {
            return Err(TaskError::Cancelled);
        }
        let program = request::program(self, cx, with).await?;
        let (ours, theirs) = channel::open()
            .map_err(|error| TaskError::retry(format!("the script's channel cannot be made: {error}")))?;
        let changed = |how: String| Ok(Outcome::unstarted(format!("script changed: {how}")));
        // As late as possible: what is looked at here is what is started on the next lines.
        let start = match accepted::hold(self, cx).await? {
            Looked::Good(held) => Start::new(held),
            Looked::Changed(how) => return changed(how),
        };
        let child = program.start_with(|command| channel::give(command, theirs))?;
        let (ended, ran, said) = attend(child, cx, ours, &start).await?;
        if let Some(how) = start.disturbance() {
            return changed(how);
        }
        if ended.cancelled {
            return Err(TaskError::Cancelled);
        }
        match said::conclude(said, ran, &self.exit_codes) {
            Ok(outcome) => Ok(outcome),
            Err((error, detail)) => {
                keep_last_lines(cx, &detail).await;
                Err(error)
            }
        }
    }
}

/// Listens until the script has ended and the files it named are kept.
async fn attend(
    mut child: Child,
    cx: &TaskContext,
    channel: Receiver,
    start: &Start,
) -> Result<(Ended, Ran, Option<Report>), TaskError> {
    let (shelf, waiting) = artifacts::shelf();
    let ear = RefCell::new(Ear::new(cx, shelf));
    let (child_out, child_err) = child.streams();
    let (mut out, mut err) = (Tail::new(TAIL_LINES), Tail::new(TAIL_LINES));
    let heard = async {
        let (mut sieve, mut lines) = (Sieve::default(), Lines::default());
        let marked = |line: &[u8]| ear.borrow_mut().marked(line);
        let line = |line: Result<&[u8], TooLong>| ear.borrow_mut().line(line);
        let sift = |bytes: &[u8], plain: &mut Vec<u8>| sieve.push(bytes, plain, marked);
        let listen = async {
            tokio::join!(
                pass_on_sifted(child_out, stdout(), &mut out, sift),
                pass_on(child_err, stderr(), &mut err),
                read_channel(channel, |bytes| lines.push(bytes, line)),
            )
        };
        let ended = child.finish_unless(cx, listen, start.disturbed()).await;
        // The last line of each may have no end.
        let mut rest = Vec::new();
        sieve.finish(&mut rest, marked);
        lines.finish(line);
        out.push(&rest);
        let _ = stdout().write_all(&rest).await;
        let _ = stdout().flush().await;
        // With the ear goes the shelf, so that whoever keeps files knows of the last one.
        (ended, ear.into_inner().finish())
    };
    let ((ended, said), ()) = tokio::join!(heard, artifacts::keep_all(cx, waiting));
    let ended = ended?;
    Ok((ended, Ran::new(ended, out, err), said))
}

async fn read_channel(mut channel: Receiver, mut take: impl FnMut(&[u8])) {
    let mut portion = vec![0; PORTION];
    while let Ok(length @ 1..) = channel.read(&mut portion).await {
        take(&portion[..length]);
    }
}
