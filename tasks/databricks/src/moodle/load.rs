//! A course file from disk into memory, and no more of it than such a file can have. It looks at no byte of it.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// Far more than a course has; what is larger is another file.
const MAX_BYTES: u64 = 32 << 20;

/// Why a file could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is no list of students.
    #[error("{} has more than {MAX_BYTES} bytes: no course file is that large", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
}

/// Loads a file. It blocks: not for async code.
pub fn load(path: &Path) -> Result<Vec<u8>, LoadError> {
    let failed = |source| LoadError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(LoadError::TooLarge { path: path.to_owned() });
    }
    Ok(bytes)
}
