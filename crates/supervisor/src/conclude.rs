//! What an attempt ended as, from all that was seen of it. Pure: it sees neither process nor clock.

use std::time::Duration;

use roundsman_model::{AttemptEnd, ByteSize, Outcome, TaskError};
use roundsman_wire::CancelReason;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// What the kind reported.
    pub(crate) report: Option<Result<Outcome, TaskError>>,
    /// Whether the report came before the attempt was told to stop.
    pub(crate) in_time: bool,
    /// Why the attempt was told to stop, by us or by its own guard.
    pub(crate) stop: Option<CancelReason>,
    /// Whether its end was ordered without a reason: the daemon stops at once.
    pub(crate) killed: bool,
    /// Message and place of the last panic.
    pub(crate) panic: Option<(String, String)>,
    /// What was wrong with the wire.
    pub(crate) wire: Option<String>,
    /// The limit of memory, if the kernel killed something because of it.
    pub(crate) memory_exceeded: Option<ByteSize>,
    /// The code the worker exited with.
    pub(crate) exit: Option<i32>,
    /// The signal that ended the worker.
    pub(crate) signal: Option<i32>,
    /// The last lines of its standard error.
    pub(crate) stderr: String,
}

/// Judges it. An outcome that came before the order to stop counts whatever happened then.
pub(crate) fn conclude(seen: Seen, limit: Duration) -> AttemptEnd {
    let in_time = seen.in_time;
    match (seen.stop, seen.report.clone()) {
        (_, Some(report)) if in_time => reported(report),
        (Some(CancelReason::Deadline), _) => AttemptEnd::TimedOut { after: limit },
        // The work was done all the same.
        (Some(_), Some(Ok(outcome))) => AttemptEnd::Finished { outcome },
        (Some(CancelReason::Person), _) => erred(TaskError::Cancelled),
        (Some(CancelReason::Drain), Some(Err(error @ TaskError::Snooze { .. }))) => erred(error),
        (Some(CancelReason::Drain), _) => erred(TaskError::Interrupted),
        (Some(CancelReason::Lease), _) => {
            let cause = "stopped: the run's lease was not renewed in time".to_owned();
            AttemptEnd::Lost { cause }
        }
        (None, Some(report)) => reported(report),
        (None, None) if seen.killed => erred(TaskError::Interrupted),
        (None, None) => crashed(seen),
    }
}

fn reported(report: Result<Outcome, TaskError>) -> AttemptEnd {
    match report {
        Ok(outcome) => AttemptEnd::Finished { outcome },
        Err(error) => erred(error),
    }
}

const fn erred(error: TaskError) -> AttemptEnd {
    AttemptEnd::Erred { error }
}

fn crashed(seen: Seen) -> AttemptEnd {
    let message = match (seen.panic, seen.wire) {
        (None, _) if let Some(limit) = seen.memory_exceeded => format!("killed: it used more than {limit}"),
        (Some((message, place)), _) => format!("panicked at {place}: {message}"),
        (None, Some(wire)) => format!("the worker broke the protocol: {wire}"),
        (None, None) => String::new(),
    };
    AttemptEnd::Crashed { signal: seen.signal, exit: seen.exit, message, stderr: seen.stderr }
}

#[cfg(test)]
mod tests;
