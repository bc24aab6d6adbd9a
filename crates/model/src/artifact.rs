//! Artifacts: files that a run leaves behind. Here is what is known about one, not its bytes.

use serde::{Deserialize, Serialize};

/// The most bytes of an artifact that the store itself keeps.
pub const MAX_STORED_BYTES: usize = 16 << 20;

/// The artifact in which our own kinds keep what a program said last. Its words are covered where they are secret; other
/// artifacts with secrets are refused, for what is not ours cannot be changed.
pub const LAST_LINES: &str = "last-lines.json";

/// How the names of artifacts begin that hold what was handed in with a parameter: they are recorded with the run, and no
/// attempt writes them.
pub const INPUT_PREFIX: &str = "input:";

/// The name of the artifact that holds what was handed in with a parameter.
pub fn of_input(param: &str) -> String {
    format!("{INPUT_PREFIX}{param}")
}

/// What is known about an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its name, unique in its run, such as `record.json`.
    pub name: String,
    /// Such as `application/json`.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}
