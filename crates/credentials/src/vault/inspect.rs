//! What can be told of a vault without telling a value. It changes nothing.

use std::{collections::BTreeMap, os::unix::fs::MetadataExt as _, path::PathBuf};

use super::{MAX_BYTES, NEXT, Vault, token};
use crate::{Error, disk};

/// A field of the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its section.
    pub section: String,
    /// Its name.
    pub field: String,
    /// Whether a value follows the current one.
    pub next: bool,
    /// Whether there is a current one.
    pub current: bool,
}

/// A value that no key opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unopened {
    /// Its section.
    pub section: String,
    /// Its field; with [`NEXT`] for a value that follows.
    pub field: String,
    /// The line it stands in, counted from one.
    pub line: usize,
}

/// What a look at the vault found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// How many values there are.
    pub values: usize,
    /// How many of them have the newest key.
    pub newest: usize,
    /// How many keys there are.
    pub keys: usize,
    /// Those that no key opens.
    pub unopened: Vec<Unopened>,
    /// How many dropped keys are kept, and where.
    pub dropped: Option<(usize, PathBuf)>,
    /// The vault's permissions.
    pub mode: u32,
}

impl Vault {
    /// The fields, as they stand. No key is needed.
    pub fn list(&self) -> Result<Vec<Listed>, Error> {
        let ini = self.read()?.0;
        let mut listed: Vec<Listed> = Vec::new();
        let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for field in ini.fields() {
            let (name, next) = match field.name.strip_suffix(NEXT) {
                Some(name) => (name, true),
                None => (field.name.as_str(), false),
            };
            let place = *places.entry((&field.section, name)).or_insert_with(|| {
                let (section, field) = (field.section.clone(), name.to_owned());
                listed.push(Listed { section, field, next: false, current: false });
                listed.len() - 1
            });
            listed[place].next |= next;
            listed[place].current |= !next;
        }
        Ok(listed)
    }

    /// The names of the sections. None where there is no vault.
    pub fn sections(&self) -> Result<Vec<String>, Error> {
        if !self.exists() {
            return Ok(Vec::new());
        }
        Ok(self.read()?.0.sections().map(str::to_owned).collect())
    }

    /// Tries whether every value opens.
    pub fn inspect(&self) -> Result<Inspection, Error> {
        let keys = self.keys()?;
        let no_vault = || Error::NoVault { path: self.path.clone() };
        let mode = disk::read(&self.path, MAX_BYTES)?.ok_or_else(no_vault)?.metadata.mode() & 0o7777;
        let ini = self.read()?.0;
        let dropped = self.lookup.dropped()?.map(|dropped| dropped.count()).zip(self.lookup.dropped_file());
        let mut inspection =
            Inspection { values: 0, newest: 0, keys: keys.count(), unopened: Vec::new(), dropped, mode };
        for field in ini.fields() {
            inspection.values += 1;
            match keys.open(&token(&field.value)) {
                Some((0, _)) => inspection.newest += 1,
                Some(_) => {}
                None => inspection.unopened.push(Unopened {
                    section: field.section.clone(),
                    field: field.name.clone(),
                    line: field.line,
                }),
            }
        }
        Ok(inspection)
    }
}
