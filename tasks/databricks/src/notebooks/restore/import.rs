//! Importing one thing, so that it is known afterwards whether it was put there or was there. Where an answer is lost the
//! workspace is looked at; nothing is replaced unless that is wanted.

use std::time::Duration;

use roundsman_http::{Class, HttpError};
use roundsman_task::TaskContext;

use super::{
    sources::Source,
    verify::{Comparison, compare},
};
use crate::api::{Workspace, workspace_files::Import};

/// The most bytes that the vendor imports.
pub(super) const IMPORT_LIMIT: u64 = 10 << 20;
/// How often an import is sent of which nobody knows whether it was done.
const TRIES: u64 = 4;

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// It was put there.
    Put,
    /// Something is there already, and stays.
    Was,
}

/// Imports something.
pub(super) async fn import(
    cx: &TaskContext,
    workspace: &Workspace,
    source: &Source,
    target: &str,
    bytes: &[u8],
    overwrite: bool,
) -> Result<Arrival, HttpError> {
    let (format, language) = (source.format.clone(), source.language.clone());
    let import = Import { path: target, format, language, bytes, overwrite };
    let mut unclear = false;
    for nth in 1..=TRIES {
        match workspace.files().import(&import).await {
            Ok(()) => return Ok(Arrival::Put),
            Err(error) if error.class() == Some(Class::Exists) && !overwrite => {
                // An import whose answer was lost may have put it there.
                let is_ours = unclear && compare(workspace, source, target, bytes).await? == Comparison::Same;
                return Ok(if is_ours { Arrival::Put } else { Arrival::Was });
            }
            // With permission to replace the client has tried again already.
            Err(error) if error.is_ambiguous() && !overwrite && nth < TRIES => {
                unclear = true;
                cx.sleep(Duration::from_secs(nth)).await?;
            }
            Err(error) => return Err(error),
        }
    }
    unreachable!("the last try returns")
}
