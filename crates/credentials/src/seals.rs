//! Encrypts what tasks keep between runs and nobody else may read, such as sessions: with the vault's key, or, where there is
//! no vault, with a key of its own in the state directory. What is encrypted, and where it is kept, is not its matter.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use roundsman_model::Clock;
use zeroize::Zeroizing;

use crate::{
    Error, Key, KeyLookup, KeyPlace, Keys,
    disk::{self, Step},
    keys,
};

/// The file in the state directory that has the key where there is none for a vault.
const OWN: &str = "documents.key";

/// Encrypts and decrypts for the tasks of a node.
#[derive(Clone)]
pub struct Seals {
    lookup: KeyLookup,
    own: PathBuf,
    clock: Arc<dyn Clock>,
}

impl Seals {
    /// With the keys that are found like this, or one in this directory.
    pub fn new(lookup: KeyLookup, state_dir: &Path, clock: Arc<dyn Clock>) -> Self {
        Self { lookup, own: state_dir.join(OWN), clock }
    }

    /// The value, encrypted. The first time there may be a key to be made.
    pub fn seal(&self, value: &[u8]) -> Result<String, Error> {
        let keys = match self.lookup.load() {
            Err(Error::NoKey { .. }) => self.own_key()?,
            keys => keys?,
        };
        Ok(keys.newest().seal(value, self.clock.now()))
    }

    /// The value that was encrypted; nothing if none of our keys opens it.
    pub fn open(&self, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let found = self.lookup.load().ok();
        let opened = found.and_then(|keys| keys.open(sealed));
        let opened = opened.or_else(|| self.read_own().ok().flatten()?.open(sealed));
        opened.map(|(_, value)| value)
    }

    /// The key of our own; made if there is none.
    fn own_key(&self) -> Result<Keys, Error> {
        if let Some(keys) = self.read_own()? {
            return Ok(keys);
        }
        disk::make_folder(&self.own)?;
        let _lock = disk::lock(&self.own)?;
        // Somebody else may have made one while we waited.
        if let Some(keys) = self.read_own()? {
            return Ok(keys);
        }
        let keys = Keys::of(vec![Key::generate()], KeyPlace::File(self.own.clone()));
        disk::replace(&self.own, keys.text_of_documents().as_bytes(), |_: Step| {})?;
        Ok(keys)
    }

    fn read_own(&self) -> Result<Option<Keys>, Error> {
        let place = KeyPlace::File(self.own.clone());
        let text = keys::read(&self.own, &place)?;
        Ok(text.map(|text| Keys::parse(&text, place)).transpose()?.filter(|keys| keys.count() > 0))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use roundsman_testkit::FakeClock;

    use super::*;

    fn clock() -> Arc<FakeClock> {
        Arc::new(FakeClock::at("2026-11-20T12:00:00Z"))
    }

    fn seals(folder: &Path) -> Seals {
        let lookup = KeyLookup::around(|_| None, None, folder);
        Seals::new(lookup, folder, clock())
    }

    #[test]
    fn without_a_vault_there_is_a_key_of_our_own() {
        let folder = tempfile::tempdir().unwrap();
        let sealed = seals(folder.path()).seal(b"a session").unwrap();
        assert!(!sealed.contains("session"));
        assert_eq!(&*seals(folder.path()).open(&sealed).unwrap(), b"a session");
        let mode = std::fs::metadata(folder.path().join(OWN)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(seals(folder.path()).open("gAAAAA").is_none());
        // Another node has another key.
        assert!(seals(tempfile::tempdir().unwrap().path()).open(&sealed).is_none());
    }

    #[test]
    fn the_key_of_the_vault_goes_first_and_what_was_there_is_still_read() {
        let folder = tempfile::tempdir().unwrap();
        let before = seals(folder.path()).seal(b"before").unwrap();
        let key = Key::generate();
        let variable = key.text().to_string();
        let lookup = KeyLookup::around(
            move |name| (name == crate::KEY_VARIABLE).then(|| variable.clone()),
            None,
            folder.path(),
        );
        let with_vault = Seals::new(lookup, folder.path(), clock());
        let after = with_vault.seal(b"after").unwrap();
        assert_eq!(&*key.open(&after).unwrap(), b"after");
        assert_eq!(&*with_vault.open(&before).unwrap(), b"before");
    }
}
