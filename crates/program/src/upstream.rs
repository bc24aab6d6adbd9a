//! What came of the tasks that this one follows, as a file for programs. It brings no artifacts: of those only name, size
//! and hash are told.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use roundsman_task::{TaskContext, TaskError, UpstreamRun};

/// The variable that names the file.
pub const VARIABLE: &str = "ROUNDSMAN_UPSTREAM";
/// The file's name.
const FILE: &str = "upstream.json";

/// Writes the file into a folder, if there is anything to tell.
pub async fn write(cx: &TaskContext, folder: &Path) -> Result<Option<PathBuf>, TaskError> {
    if cx.round().is_none() {
        return Ok(None);
    }
    let upstreams = match cx.upstreams().await {
        Ok(upstreams) => upstreams,
        Err(TaskError::Permanent { cause }) => {
            tracing::warn!("there is no file with what came of the tasks it follows: {cause}");
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if upstreams.is_empty() {
        return Ok(None);
    }
    let runs: BTreeMap<&str, &UpstreamRun> =
        upstreams.iter().map(|upstream| (upstream.run().task.as_str(), upstream.run())).collect();
    let file = folder.join(FILE);
    let text = serde_json::to_vec_pretty(&runs).map_err(TaskError::permanent)?;
    std::fs::write(&file, text)
        .map_err(|error| TaskError::retry(format!("{} cannot be written: {error}", file.display())))?;
    Ok(Some(file))
}

#[cfg(test)]
mod tests;
