//! Where credentials come from: the `[credentials]` table and its defaults. It opens no vault.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use roundsman_model::HumanDuration;

use crate::{
    node::{Entry, Reading, Table, Written},
    origin::{Origin, Row, Setting},
    pass::Pass,
    tables::CredentialsTable,
    unsupported::Section,
};

/// The vault's name in the state directory.
const VAULT: &str = "vault.ini";
/// The key with references by section and field.
const FILES: &str = "files";
/// How long the program may take that is asked for credentials.
const COMMAND_TIMEOUT: HumanDuration = HumanDuration::from_secs(10);

/// Where credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialSources {
    /// The vault; absolute. It may not exist.
    pub vault: Setting<PathBuf>,
    /// The file with the vault's keys, where somebody wrote one; absolute.
    pub key_file: Setting<Option<PathBuf>>,
    /// The program that is asked for what is found nowhere else.
    pub command: Setting<Option<Vec<String>>>,
    /// How long it may take.
    pub command_timeout: Duration,
    /// References by section and field, as written.
    pub files: BTreeMap<String, BTreeMap<String, String>>,
}

impl CredentialSources {
    /// As rows of `config show`.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let key_file = self.key_file.value.as_ref().map(|path| path.display().to_string());
        let command = self.command.value.as_ref().map(|argv| argv.join(" "));
        let mut rows = vec![Row::new("credentials.vault", self.vault.value.display(), &self.vault.origin)];
        rows.extend(key_file.map(|path| Row::new("credentials.key_file", path, &self.key_file.origin)));
        rows.extend(command.map(|argv| Row::new("credentials.command", argv, &self.command.origin)));
        rows
    }
}

/// Makes it from the table as written, if there is one.
pub(crate) fn credentials(pass: &mut Pass<'_>, mut table: Table, state_dir: &Path) -> CredentialSources {
    // A secret that is not mounted concerns whoever needs it, and nobody else.
    let written = table.remove(FILES);
    if let Some(entry) = &written {
        pass.check_as_written::<CredentialsTable>(FILES, entry);
    }
    let files = references(written.as_ref());
    let wanted: CredentialsTable = pass.section(Section::Credentials, &mut table, "credentials", None);
    let path = |key: &str, path: PathBuf| {
        let file = table.get(key).map(|entry| entry.key.place().file);
        (file.as_deref().and_then(Path::parent).unwrap_or(Path::new("/")).join(path), origin(&table, key))
    };
    let (vault, vault_from) = wanted
        .vault
        .map_or_else(|| (state_dir.join(VAULT), Origin::Default), |written| path("vault", written));
    let (key_file, key_from) = wanted.key_file.map_or((None, Origin::Default), |written| {
        let (path, origin) = path("key_file", written);
        (Some(path), origin)
    });
    CredentialSources {
        vault: Setting::new(vault, vault_from),
        key_file: Setting::new(key_file, key_from),
        command: Setting::new(wanted.command, origin(&table, "command")),
        command_timeout: wanted.command_timeout.unwrap_or(COMMAND_TIMEOUT).get(),
        files,
    }
}

fn origin(table: &Table, key: &str) -> Origin {
    table.get(key).map_or(Origin::Default, |entry| Origin::File(entry.key.place()))
}

/// The references under `files`. They are resolved when somebody needs them.
fn references(files: Option<&Entry>) -> BTreeMap<String, BTreeMap<String, String>> {
    let below = |entry: &Entry| match &entry.node.value {
        Written::Table(table) => table.clone(),
        _ => Table::new(),
    };
    let sections = files.map(below).unwrap_or_default();
    let fields = |section: &Entry| {
        let text = |(field, entry): (String, Entry)| {
            let written = entry.node.json(Reading::Written);
            Some((field, written.as_str()?.to_owned()))
        };
        below(section).into_iter().filter_map(text).collect()
    };
    sections.iter().map(|(section, entry)| (section.clone(), fields(entry))).collect()
}
