//! What exit codes of programs mean for a run. It ends no process.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an exit code means for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
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

/// What exit codes mean; each code may stand in one list only. All others are failures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExitCodes {
    /// Everything was done.
    pub success: Vec<u8>,
    /// Something was done and something failed.
    pub partial: Vec<u8>,
    /// Worth another attempt, if the task's retry policy allows one.
    pub retry: Vec<u8>,
    /// There was nothing to do.
    pub skipped: Vec<u8>,
}

impl Default for ExitCodes {
    fn default() -> Self {
        Self { success: vec![0], partial: Vec::new(), retry: Vec::new(), skipped: Vec::new() }
    }
}

/// A code that stands in two lists.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("exit code {code} stands under both `{first}` and `{second}`; it can mean only one of them")]
pub struct SharedCode {
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
    pub fn check(&self) -> Result<(), SharedCode> {
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

    /// What this exit code means; none is the end by a signal, which is always a failure.
    pub fn meaning(&self, code: Option<i32>) -> Meaning {
        let Some(code) = code else { return Meaning::Failure };
        let fits = |codes: &[u8]| codes.iter().any(|known| i32::from(*known) == code);
        let list = self.lists().into_iter().find(|(_, codes, _)| fits(codes));
        list.map_or(Meaning::Failure, |(_, _, meaning)| meaning)
    }
}
