//! What is done to finished files, from outside: files are made of files and read again by others' readers.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod stopping;
mod styles;
mod workbooks;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use roundsman_metabase::local::{Finished, LocalError, Refinement, Target, refine};
use tempfile::TempDir;

/// A folder with a finished export in it.
struct Folder(TempDir);

impl Folder {
    fn with(export: &[u8]) -> Self {
        let folder = Self(TempDir::new().unwrap());
        fs::write(folder.export(), export).unwrap();
        folder
    }

    fn export(&self) -> PathBuf {
        self.0.path().join("export.csv")
    }

    fn made(&self) -> PathBuf {
        self.0.path().join("made")
    }

    fn part(&self) -> PathBuf {
        self.0.path().join(".made.part")
    }

    fn refine(&self, refinement: &Refinement) -> Result<Finished, LocalError> {
        refine(&self.export(), target(&self.part(), &self.made()), refinement, &|| Ok(()))
    }

    /// What was made, after a look at what is said of it.
    fn bytes(&self, finished: &Finished) -> Vec<u8> {
        let bytes = fs::read(self.made()).unwrap();
        assert_eq!(finished.bytes, bytes.len() as u64);
        assert_eq!(finished.sha256.len(), 64);
        assert!(!self.part().exists());
        assert_eq!(mode(&self.made()), 0o640);
        bytes
    }
}

fn target<'a>(part: &'a Path, path: &'a Path) -> Target<'a> {
    Target { part, path, mode: 0o640 }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
