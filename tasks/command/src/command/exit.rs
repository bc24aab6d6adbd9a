//! What exit codes mean. Pure; it ends no process.

use std::{fmt, os::unix::process::ExitStatusExt, process::ExitStatus};

use nix::sys::signal::Signal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// By itself.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => Self::Code(-1),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            // Shells report so that a program of theirs was killed.
            Self::Code(code @ 129..=192) => match Signal::try_from(code - 128) {
                Ok(signal) => write!(f, "exit code {code} (perhaps {signal})"),
                Err(_) => write!(f, "exit code {code}"),
            },
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(number) => match Signal::try_from(number) {
                Ok(signal) => write!(f, "killed by {signal}"),
                Err(_) => write!(f, "killed by signal {number}"),
            },
        }
    }
}

/// What an exit code means for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// All went well.
    Success,
    /// Some of it went well.
    Partial,
    /// There was nothing to do.
    Skipped,
    /// It may go well if it is tried again.
    Retry,
    /// It did not go well.
    Failure,
}

/// What exit codes mean; each code may stand in one list only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ExitCodes {
    /// Everything was done.
    success: Vec<u8>,
    /// Something was done and something failed.
    partial: Vec<u8>,
    /// Worth another attempt, if the task's retry policy allows one.
    retry: Vec<u8>,
    /// There was nothing to do.
    skipped: Vec<u8>,
}

impl Default for ExitCodes {
    fn default() -> Self {
        Self { success: vec![0], partial: Vec::new(), retry: Vec::new(), skipped: Vec::new() }
    }
}

/// A code that stands in two lists.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("exit code {code} stands under both `{first}` and `{second}`; it can mean only one of them")]
pub(super) struct SharedCode {
    code: u8,
    first: &'static str,
    second: &'static str,
}

impl ExitCodes {
    fn lists(&self) -> [(&'static str, &[u8], Meaning); 4] {
        [
            ("success", &self.success, Meaning::Success),
            ("partial", &self.partial, Meaning::Partial),
            ("retry", &self.retry, Meaning::Retry),
            ("skipped", &self.skipped, Meaning::Skipped),
        ]
    }

    /// Refuses a code that stands in two lists.
    pub(super) fn check(&self) -> Result<(), SharedCode> {
        let lists = self.lists();
        for (index, (first, codes, _)) in lists.iter().enumerate() {
            for (second, others, _) in &lists[index + 1..] {
                if let Some(code) = codes.iter().find(|code| others.contains(code)) {
                    return Err(SharedCode { code: *code, first, second });
                }
            }
        }
        Ok(())
    }

    /// What this end means. A signal is always a failure.
    pub(super) fn meaning(&self, exit: Exit) -> Meaning {
        let Exit::Code(code) = exit else { return Meaning::Failure };
        let fits = |codes: &[u8]| codes.iter().any(|known| i32::from(*known) == code);
        let list = self.lists().into_iter().find(|(_, codes, _)| fits(codes));
        list.map_or(Meaning::Failure, |(_, _, meaning)| meaning)
    }
}

#[cfg(test)]
mod tests;
