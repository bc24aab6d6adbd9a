//! A folder with a vault and its key. It makes no sections.

use std::{os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc};

use roundsman_credentials::{KEY_FILE, KeyLookup, Vault, Which};
use roundsman_testkit::FakeClock;

/// A folder of its own for a test.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    /// An empty folder.
    pub(crate) fn bare() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with an empty vault.
    pub(crate) fn new() -> Self {
        let stage = Self::bare();
        stage.vault().init().unwrap();
        stage
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn lookup(&self) -> KeyLookup {
        KeyLookup { own: self.path(KEY_FILE), ..KeyLookup::default() }
    }

    pub(crate) fn vault(&self) -> Vault {
        self.vault_with(self.lookup())
    }

    pub(crate) fn vault_with(&self, lookup: KeyLookup) -> Vault {
        vault_at(self.path("vault.ini"), lookup)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
        self.set_mode(name, 0o600);
    }

    pub(crate) fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o7777
    }

    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        std::fs::set_permissions(self.path(name), PermissionsExt::from_mode(mode)).unwrap();
    }

    /// The names of all files.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// The vault at a path, and a clock that stands.
pub(crate) fn vault_at(path: PathBuf, lookup: KeyLookup) -> Vault {
    Vault::new(path, lookup, Arc::new(FakeClock::at("2026-11-21T12:00:00Z")))
}

/// The current value of a field.
pub(crate) fn value(vault: &Vault, section: &str, field: &str) -> Option<String> {
    vault.get(section, field, Which::Current).unwrap().map(|value| value.to_string())
}
