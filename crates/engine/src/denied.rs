//! What a reader of a failed run should know when something in it was denied: where tasks make nothing by default. It denies
//! nothing itself.

use std::sync::atomic::{AtomicBool, Ordering};

use roundsman_model::{AttemptEnd, OutcomeStatus, Protected, TaskDefinition};

/// How programs say that they were refused something.
const WORDS: [&str; 2] = ["Permission denied", "EACCES"];

/// Whether an attempt said that it was refused something.
#[derive(Debug, Default)]
pub(crate) struct Denials(AtomicBool);

impl Denials {
    /// Takes note of a line of its log.
    pub(crate) fn listen(&self, text: &str) {
        if WORDS.iter().any(|word| text.contains(word)) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// The line for the log of an attempt that ended so, if it may explain the end.
    pub(crate) fn explain(
        &self,
        end: &AttemptEnd,
        definition: &TaskDefinition,
        protected: &Protected,
    ) -> Option<String> {
        let sandbox = &definition.sandbox;
        let went_well =
            matches!(end, AttemptEnd::Finished { outcome } if outcome.status != OutcomeStatus::Partial);
        let folders = protected.folders_above();
        if went_well
            || sandbox.protect == Some(false)
            || folders.is_empty()
            || !self.0.load(Ordering::Relaxed)
        {
            return None;
        }
        let folders: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        let also = if sandbox.write.is_some() || sandbox.read.is_some() {
            "; and its `sandbox.write` or `sandbox.read` may not name what it needs"
        } else {
            ""
        };
        Some(format!(
            "something was denied: no task makes, renames or removes anything directly in {}, since what belongs to the \
             daemon lies below; use another folder, or `sandbox.protect = false`{also}",
            folders.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests;
