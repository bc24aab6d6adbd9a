//! What the end of a program means for its run, and what is told of it. It reads no stream.

use std::time::Duration;

use roundsman_model::artifact::LAST_LINES;
use roundsman_task::{Counts, ExitCodes, Meaning, Outcome, TaskContext, TaskError};
use serde::Serialize;

use crate::{Ended, Exit, Tail};

/// A program that ended.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub exit: Exit,
    /// How long that took.
    pub took: Duration,
    /// What it said.
    pub stdout: Tail,
    /// What it said on its standard error.
    pub stderr: Tail,
}

/// The details of an outcome.
#[derive(Debug, Serialize)]
pub struct Detail {
    exit_code: Option<i32>,
    duration_secs: f64,
    /// The last lines, shortened where they are very long.
    stdout: Vec<String>,
    stderr: Vec<String>,
    stdout_bytes: u64,
    stderr_bytes: u64,
}

impl Ran {
    /// A program that ended and had said this.
    pub fn new(ended: Ended, mut stdout: Tail, mut stderr: Tail) -> Self {
        stdout.finish();
        stderr.finish();
        Self { exit: ended.exit, took: ended.took, stdout, stderr }
    }

    /// How it ended, with the last line that it said.
    pub fn told(&self) -> String {
        let exit = self.exit;
        let last_line = self.stderr.last().or_else(|| self.stdout.last());
        last_line.map_or_else(|| exit.to_string(), |line| format!("{exit}: {line}"))
    }

    /// What its exit code means for the run. An error comes with the details, for which it has no place.
    pub fn conclude(self, exit_codes: &ExitCodes) -> Result<Outcome, (TaskError, Detail)> {
        let (exit, took, told) = (self.exit, self.took, self.told());
        let one = Counts { processed: 1, ..Counts::default() };
        let detail = self.into_detail();
        let outcome = match exit_codes.meaning(exit.code()) {
            Meaning::Success => Outcome::success(format!("{exit} after {:.1} s", took.as_secs_f64()))
                .with_counts(Counts { ok: 1, ..one }),
            Meaning::Partial => Outcome::partial(told).with_counts(Counts { ok: 1, ..one }),
            Meaning::Skipped => Outcome::skipped(told).with_counts(Counts { skipped: 1, ..one }),
            Meaning::Retry => return Err((TaskError::retry(told), detail)),
            Meaning::Failure => return Err((TaskError::permanent(told), detail)),
        };
        Ok(outcome.with_detail(detail))
    }

    /// The details.
    pub fn into_detail(self) -> Detail {
        Detail {
            exit_code: self.exit.code(),
            duration_secs: (self.took.as_secs_f64() * 1e3).round() / 1e3,
            stdout_bytes: self.stdout.bytes(),
            stderr_bytes: self.stderr.bytes(),
            stdout: self.stdout.into_lines(),
            stderr: self.stderr.into_lines(),
        }
    }
}

/// Keeps the details of a failure as an artifact: a failure has no outcome that could hold its last lines, and the daemon
/// may be too busy to take them as they come.
pub async fn keep_last_lines(cx: &TaskContext, detail: &Detail) {
    let lines = serde_json::to_vec_pretty(detail).unwrap_or_default();
    if let Err(error) = cx.artifact(LAST_LINES, "application/json", lines).await {
        tracing::warn!("the last lines could not be kept: {error}");
    }
}
