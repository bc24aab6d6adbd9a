//! A look whether a script could run: the file, its hash, and the interpreter that its first line names. It starts nothing.

use std::env;

use roundsman_model::Finding;
use roundsman_program::interpreter;

use super::{
    Script,
    accepted::{self, Looked},
};

/// What is found.
pub(super) fn at(script: &Script) -> Vec<Finding> {
    let what = format!("script {}", script.path.display());
    let (fault, advice) = match accepted::look(script) {
        Ok(Looked::Good(_)) => {
            return vec![
                Finding::ok(what, "is the accepted version and may be executed"),
                interpreter(&script.path, &env::var_os("PATH").unwrap_or_default()),
            ];
        }
        Ok(Looked::Changed(change)) => {
            (change, "put the accepted version back, or wait until the daemon has accepted the new one")
        }
        Err(error) => (error.to_string(), "change the file's owner or mode, or the task's `user`"),
    };
    vec![Finding::failure(what, fault, advice)]
}
