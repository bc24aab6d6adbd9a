//! Why an artifact could not be kept. The bytes travel through the context's port.

use roundsman_model::TaskError;
use serde::{Deserialize, Serialize};

/// Why an artifact could not be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "error")]
pub enum ArtifactError {
    /// More bytes than the store keeps.
    #[error("artifact {name:?} has {size} bytes; at most {limit} are kept")]
    TooLarge {
        /// The artifact.
        name: String,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The store did not take it.
    #[error("artifact {name:?} cannot be kept: {cause}")]
    Unavailable {
        /// The artifact.
        name: String,
        /// What is known.
        cause: String,
    },
}

impl From<ArtifactError> for TaskError {
    fn from(error: ArtifactError) -> Self {
        match error {
            ArtifactError::TooLarge { .. } => Self::permanent(error),
            ArtifactError::Unavailable { .. } => Self::retry(error),
        }
    }
}
