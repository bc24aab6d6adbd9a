//! A file that is there whole or not at all, and that replaces another only when told to. It does not know what it writes.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

/// What to do where a file is already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Leave it and fail.
    Keep,
    /// Replace it; who may read it stays as it was.
    Replace,
}

/// Why a file was not saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// There is one, and it was not to be replaced.
    #[error("{} exists already: choose another name, or ask to replace it", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It could not be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Saves a file through a temporary one beside it. A new file is for its owner only: it has addresses in it.
/// It blocks: not for async code.
pub fn save(path: &Path, bytes: &[u8], existing: Existing) -> Result<(), SaveError> {
    let failed = |source| SaveError::Write { path: path.to_owned(), source };
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    match existing {
        Existing::Keep => {
            file.as_file().sync_all().map_err(failed)?;
            file.persist_noclobber(path).map_err(|error| match error.error.kind() {
                io::ErrorKind::AlreadyExists => SaveError::Exists { path: path.to_owned() },
                _ => failed(error.error),
            })?;
        }
        Existing::Replace => {
            if let Ok(old) = fs::metadata(path) {
                file.as_file().set_permissions(old.permissions()).map_err(failed)?;
            }
            file.as_file().sync_all().map_err(failed)?;
            file.persist(path).map_err(|error| failed(error.error))?;
        }
    }
    // The name is durable only with its folder.
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}
