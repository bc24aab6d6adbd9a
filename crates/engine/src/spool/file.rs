//! The files of the spool: one result each, written whole or not at all, readable by this user only. It knows no order
//! but that of names, and those begin with the time.

use std::{
    io,
    path::{Path, PathBuf},
};

use roundsman_model::{StoreId, time::to_micros};
use roundsman_store::Settlement;
use serde::{Deserialize, Serialize};
use tokio::{
    fs::{DirBuilder, File, OpenOptions},
    io::AsyncWriteExt as _,
};

const ENDING: &str = "json";
const UNFINISHED: &str = "new";

/// A result and the store it is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) store: StoreId,
    pub(super) settlement: Settlement,
}

impl Kept {
    fn file_name(&self) -> String {
        let Settlement { lease, at, .. } = &self.settlement;
        format!("{:020}-{}-{}.{ENDING}", to_micros(*at), lease.run, lease.attempt)
    }
}

/// Writes a result so that it survives a loss of power once this returns.
pub(super) async fn write(folder: &Path, kept: &Kept) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).await?;
    let path = folder.join(kept.file_name());
    let unfinished = path.with_extension(UNFINISHED);
    let bytes = serde_json::to_vec(kept)?;
    let written = async {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished).await?;
        file.write_all(&bytes).await?;
        file.flush().await?;
        file.sync_all().await?;
        tokio::fs::rename(&unfinished, &path).await?;
        File::open(folder).await?.sync_all().await
    };
    if let Err(error) = written.await {
        let _ = tokio::fs::remove_file(&unfinished).await;
        return Err(error);
    }
    Ok(path)
}

/// The results in a folder, oldest first. What a write left unfinished is removed.
pub(super) async fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = match tokio::fs::read_dir(folder).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    while let Some(entry) = entries.next_entry().await? {
        let path = entry.path();
        match path.extension().and_then(|ending| ending.to_str()) {
            Some(ENDING) => files.push(path),
            Some(UNFINISHED) => remove(&path).await,
            _ => {}
        }
    }
    files.sort();
    Ok(files)
}

/// Reads a result.
pub(super) async fn read(path: &Path) -> io::Result<Kept> {
    Ok(serde_json::from_slice(&tokio::fs::read(path).await?)?)
}

/// Removes a file that is not needed any more.
pub(super) async fn remove(path: &Path) {
    if let Err(error) = tokio::fs::remove_file(path).await {
        // It will be replayed once more and come to the same.
        tracing::warn!("cannot remove {}: {error}", path.display());
    }
}

/// Renames a file, so that it is not read again and a person can look at it.
pub(super) async fn set_aside(path: &Path, why: &str) {
    if let Err(error) = tokio::fs::rename(path, path.with_extension(format!("{ENDING}.{why}"))).await {
        tracing::error!("cannot set {} aside: {error}", path.display());
    }
}
