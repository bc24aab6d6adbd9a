//! Whether a script is still what was accepted, and still nobody else's to change. It accepts nothing itself.

use std::io;

use nix::unistd::{AccessFlags, access};
use roundsman_finder::{MAX_SCRIPT_BYTES, Refused, check_before_run, state_of};
use roundsman_model::TaskError;

use super::Script;
use crate::errand::with_causes;

/// How many digits of a hash people are shown.
const DIGITS: usize = 12;

/// What has changed since the script was accepted; nothing if it may run. An error is a file that this user cannot read.
pub(super) fn change_of(script: &Script) -> Result<Option<String>, TaskError> {
    let path = script.path.display();
    let found = match state_of(&script.path, MAX_SCRIPT_BYTES) {
        Ok(state) => state.sha256,
        Err(Refused::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Some(format!("{path} is gone")));
        }
        Err(Refused::Io(error)) => {
            return Err(TaskError::config(format!(
                "{path} cannot be read: {error}; the user that the task runs as needs to read and execute it"
            )));
        }
        Err(refused) => return Ok(Some(format!("{path}: {refused}"))),
    };
    if found != script.sha256 {
        let (found, accepted) = (short(&found), short(&script.sha256));
        return Ok(Some(format!("{path} has the hash {found}…, the accepted version has {accepted}…")));
    }
    if access(&script.path, AccessFlags::X_OK).is_err() {
        return Ok(Some(format!("{path} may no longer be executed")));
    }
    let trusted = check_before_run(&script.path, script.accepted_by);
    Ok(trusted.err().map(|distrust| with_causes(&distrust)))
}

fn short(hash: &str) -> &str {
    hash.get(..DIGITS).unwrap_or(hash)
}
