//! A new key for the vault, in steps that each leave vault and keys in order: the new key joins the old ones, the values
//! are encrypted anew, and at last the old keys go. It decides nothing about when.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{Vault, token};
use crate::{
    Error, Key, KeyPlace, Keys,
    disk::{self, Lock},
    ini::{Field, Ini},
};

/// A value, and how many keys are newer than its own.
type Value = (usize, Zeroizing<Vec<u8>>);

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// How many values were encrypted anew.
    pub values: usize,
    /// Whether a key was made; otherwise the newest one was there, and some values did not have it yet.
    pub made_key: bool,
    /// How many older keys there are.
    pub older: usize,
    /// Where the keys are.
    pub place: KeyPlace,
    /// Where dropped keys are kept, if some were dropped.
    pub kept: Option<PathBuf>,
}

impl Vault {
    /// Encrypts all values with a new key, and keeps the older ones. Where some values do not have the newest key yet, as
    /// after a rotation that was cut off or when somebody put a key in front, that one is used.
    pub fn rotate(&self) -> Result<Rotated, Error> {
        let (_lock, _keys_lock, keys) = self.lock_with_keys()?;
        let mut ini = self.read()?.0;
        let values = self.open_all(&ini, &keys)?;
        let finished = values.iter().all(|(age, _)| *age == 0);
        let keys = match (finished, keys.count()) {
            (false, _) => keys,
            (true, 1) => {
                let keys = with_new_key(&keys)?;
                self.write_keys(&keys)?;
                keys
            }
            (true, _) => return Err(Error::Unfinished),
        };
        self.write_sealed(&mut ini, &values, &keys)?;
        let (older, place) = (keys.count() - 1, keys.place);
        Ok(Rotated { values: values.len(), made_key: finished, older, place, kept: None })
    }

    /// Drops all keys but the newest, after everything has that one. They are kept in a file beside the key file, for other
    /// vaults that may have them. Where the keys are not ours to write, they stay, and nothing needs them any more.
    pub fn finish_rotation(&self) -> Result<Rotated, Error> {
        let (_lock, _keys_lock, keys) = self.lock_with_keys()?;
        let mut ini = self.read()?.0;
        let values = self.open_all(&ini, &keys)?;
        let stale = values.iter().filter(|(age, _)| *age > 0).count();
        if stale > 0 {
            self.write_sealed(&mut ini, &values, &keys)?;
        }
        let (older, place) = (keys.count() - 1, keys.place.clone());
        let kept = self.lookup.dropped_file().filter(|_| older > 0);
        if let Some(kept) = &kept {
            self.keep_dropped(kept, &keys)?;
            self.write_keys(&Keys::of(vec![keys.newest().clone()], place.clone()))?;
        }
        Ok(Rotated { values: stale, made_key: false, older, place, kept })
    }

    /// Adds all keys but the newest to those that were dropped before.
    fn keep_dropped(&self, file: &Path, keys: &Keys) -> Result<(), Error> {
        let mut all: Vec<Key> = keys.iter().skip(1).cloned().collect();
        let is_new = |key: &Key| keys.iter().all(|other| *other.text() != *key.text());
        let before = self.lookup.dropped()?;
        all.extend(before.iter().flat_map(Keys::iter).filter(|key| is_new(key)).cloned());
        let all = Keys::of(all, keys.place.clone());
        disk::replace(file, all.text_of_dropped().as_bytes(), self.on_step)
    }

    /// Two vaults may share a key file, so that is locked as well.
    fn lock_with_keys(&self) -> Result<(Lock, Option<Lock>, Keys), Error> {
        let lock = self.lock()?;
        let keys_lock = match self.lookup.place() {
            KeyPlace::File(path) if path.exists() => Some(disk::lock(&path)?),
            _ => None,
        };
        Ok((lock, keys_lock, self.keys()?))
    }

    /// All values in the order in which they stand, each with the age of its key. Nothing is rotated unless all open.
    fn open_all(&self, ini: &Ini, keys: &Keys) -> Result<Vec<Value>, Error> {
        let open =
            |field: &Field| keys.open(&token(&field.value)).ok_or_else(|| self.sealed(field, &keys.place));
        ini.fields().map(open).collect()
    }

    fn write_sealed(&self, ini: &mut Ini, values: &[Value], keys: &Keys) -> Result<(), Error> {
        let now = self.clock.now();
        for (field, (_, value)) in ini.fields_mut().zip(values) {
            field.value = Zeroizing::new(keys.newest().seal(value, now));
        }
        self.write(ini)
    }

    fn write_keys(&self, keys: &Keys) -> Result<(), Error> {
        match &keys.place {
            KeyPlace::File(path) => disk::replace(path, keys.text().as_bytes(), self.on_step),
            place => Err(foreign(place)),
        }
    }
}

fn with_new_key(keys: &Keys) -> Result<Keys, Error> {
    if !matches!(keys.place, KeyPlace::File(_)) {
        return Err(foreign(&keys.place));
    }
    let all = std::iter::once(Key::generate()).chain(keys.iter().cloned());
    Ok(Keys::of(all.collect(), keys.place.clone()))
}

fn foreign(place: &KeyPlace) -> Error {
    Error::ForeignKeys {
        place: place.clone(),
        todo: "print a key with `roundsman credentials rotate --print-key`, put it there in front of the old one, \
               and rotate again",
    }
}
