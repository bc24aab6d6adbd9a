//! Whether a script is still what was accepted, and still nobody else's to change: before it starts, and while it does. It
//! accepts nothing itself.

use std::{cell::Cell, io, time::Duration};

use nix::unistd::{AccessFlags, access};
use roundsman_finder::{HeldFile, MAX_SCRIPT_BYTES, Refused, check_before_run};
use roundsman_model::{TaskError, Timestamp};
use roundsman_task::TaskContext;
use tokio::time::sleep;

use super::Script;
use crate::errand::with_causes;

/// How many digits of a hash people are shown.
const DIGITS: usize = 12;
/// Longer than a tick of any file system's clock: of two changes within one the second cannot be told from the first.
const TICK: Duration = Duration::from_millis(50);
/// When a script that was started is looked at: kernel and interpreter open the file by its path, one after the other.
const LOOKS: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_millis(2),
    Duration::from_millis(3),
    Duration::from_millis(5),
    Duration::from_millis(40),
    Duration::from_millis(50),
];

/// What came of a look at a script.
pub(super) enum Looked {
    /// It is the accepted version.
    Good(Box<HeldFile>),
    /// It is something else, or may become it.
    Changed(String),
}

/// Looks whether the script may run, and holds its file open. A file that changed just now is looked at again a moment
/// later, so that whatever happens to it from here on can be seen.
pub(super) async fn hold(script: &Script, cx: &TaskContext) -> Result<Looked, TaskError> {
    let looked = look(script)?;
    let Looked::Good(held) = &looked else { return Ok(looked) };
    let settled = Timestamp::from_timestamp_nanos(held.changed_ns()) + TICK;
    if cx.now() >= settled {
        return Ok(looked);
    }
    let before = held.changed_ns();
    sleep(TICK).await;
    let again = look(script)?;
    match &again {
        Looked::Good(held) if held.changed_ns() != before => {
            Ok(Looked::Changed(format!("{} is being replaced", script.path.display())))
        }
        _ => Ok(again),
    }
}

/// Looks whether the script may run. An error is a file that this user cannot read.
pub(super) fn look(script: &Script) -> Result<Looked, TaskError> {
    let path = script.path.display();
    let changed = |how: String| Ok(Looked::Changed(how));
    let held = match HeldFile::read(&script.path, MAX_SCRIPT_BYTES) {
        Ok(held) => held,
        Err(Refused::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            return changed(format!("{path} is gone"));
        }
        Err(Refused::Io(error)) => {
            return Err(TaskError::config(format!(
                "{path} cannot be read: {error}; the user that the task runs as needs to read and execute it"
            )));
        }
        Err(refused) => return changed(format!("{path}: {refused}")),
    };
    if held.state().sha256 != script.sha256 {
        let (found, accepted) = (short(&held.state().sha256), short(&script.sha256));
        return changed(format!("{path} has the hash {found}…, the accepted version has {accepted}…"));
    }
    if access(&script.path, AccessFlags::X_OK).is_err() {
        return changed(format!("{path} may no longer be executed"));
    }
    match check_before_run(&script.path, script.accepted_by) {
        Ok(()) => Ok(Looked::Good(Box::new(held))),
        Err(distrust) => changed(with_causes(&distrust)),
    }
}

/// A file while a script is started from it.
pub(super) struct Start {
    held: Box<HeldFile>,
    over: Cell<bool>,
}

impl Start {
    pub(super) fn new(held: Box<HeldFile>) -> Self {
        Self { held, over: Cell::new(false) }
    }

    /// Ends if the file changes while the script starts; else never.
    pub(super) async fn disturbed(&self) {
        for pause in LOOKS {
            sleep(pause).await;
            if !self.held.is_as_read() {
                return;
            }
        }
        self.over.set(true);
        std::future::pending::<()>().await;
    }

    /// To be asked once the script has ended: what happened to the file before the start was over.
    pub(super) fn disturbance(&self) -> Option<String> {
        let undisturbed = self.over.get() || self.held.is_as_read();
        (!undisturbed).then(|| format!("{} changed while it was started", self.held.path().display()))
    }
}

fn short(hash: &str) -> &str {
    hash.get(..DIGITS).unwrap_or(hash)
}
