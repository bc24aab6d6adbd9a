//! What there is to put back: from the manifest, or, where there is none, from the files themselves and their endings. It
//! blocks, and reads one after the other.

use std::{
    fs::{self, DirEntry},
    io,
    path::PathBuf,
    sync::Arc,
};

use super::super::{
    folder::{Folder, is_inside},
    manifest::{Entries, Entry, Manifest, Status},
    names::{decode, is_ours, notebook_of},
};
use crate::api::workspace_files::{Format, Language, ObjectType};

/// Something that was saved.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Where it was in the workspace.
    pub(super) path: String,
    /// Its place in the folder.
    pub(super) local: String,
    /// The hash it had.
    pub(super) sha256: Option<String>,
    /// How it is written.
    pub(super) format: Format,
    /// Its language, if it is a notebook.
    pub(super) language: Option<Language>,
    /// Whether it can be put back.
    pub(super) fitness: Fitness,
}

/// Whether something can be put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fitness {
    /// As far as is known.
    Fit,
    /// It is of those that are never saved.
    NeverSaved,
    /// It cannot, for this reason.
    Unfit(String),
}

/// All of it, as far as it was read.
#[derive(Default)]
pub(super) enum Sources {
    /// There is nothing more.
    #[default]
    Empty,
    /// From a manifest.
    Manifest(Box<Manifest>, Entries),
    /// From the files.
    Files(Files),
}

/// A way through the files of a folder, deepest last.
pub(super) struct Files {
    root: PathBuf,
    folders: Vec<String>,
    /// Places, and why one cannot be put back.
    next: Vec<(String, Option<String>)>,
}

impl Sources {
    /// What is in a folder.
    pub(super) fn of(folder: &Arc<Folder>) -> io::Result<Self> {
        Ok(match folder.manifest()? {
            Some(file) => {
                let manifest = Manifest::read(file)?;
                let entries = manifest.entries()?;
                Self::Manifest(Box::new(manifest), entries)
            }
            None => Self::Files(Files {
                root: folder.path().to_owned(),
                folders: vec![String::new()],
                next: Vec::new(),
            }),
        })
    }

    /// Whether a manifest tells of it.
    pub(super) const fn has_manifest(&self) -> bool {
        matches!(self, Self::Manifest(..))
    }

    /// How many there are, where that is known.
    pub(super) fn total(&self) -> Option<u64> {
        match self {
            Self::Manifest(manifest, _) => Some(manifest.len() as u64),
            _ => None,
        }
    }

    /// The next one.
    pub(super) fn next(&mut self) -> io::Result<Option<Source>> {
        match self {
            Self::Empty => Ok(None),
            Self::Manifest(manifest, entries) => Ok(manifest.next(entries)?.map(of_entry)),
            Self::Files(files) => files.next(),
        }
    }
}

fn of_entry(entry: Entry) -> Source {
    let is_notebook = entry.object_type == ObjectType::Notebook;
    let saved = entry.saved().map(|(local, sha256)| (local.to_owned(), sha256.to_owned()));
    let format = entry.format.clone().unwrap_or(if is_notebook { Format::Source } else { Format::Auto });
    let unfit = |why: String| Fitness::Unfit(why);
    let fitness = match &saved {
        _ if !entry.path.starts_with('/') => unfit("its path does not begin with a slash".to_owned()),
        None if entry.status == Status::NotExported => Fitness::NeverSaved,
        None => unfit(entry.error.clone().unwrap_or_else(|| "it was not saved".to_owned())),
        Some((local, _)) if !is_inside(local) => unfit(format!("{local:?} is no place in the folder")),
        Some(_) if format == Format::Source && entry.language.is_none() => {
            unfit("its language is not known, without which source text means nothing".to_owned())
        }
        Some(_) => Fitness::Fit,
    };
    let (local, sha256) = saved.unwrap_or_default();
    let language = entry.language.filter(|_| is_notebook);
    Source { path: entry.path, local, sha256: Some(sha256), format, language, fitness }
}

impl Files {
    fn next(&mut self) -> io::Result<Option<Source>> {
        loop {
            if let Some((local, unfit)) = self.next.pop() {
                return Ok(Some(of_file(local, unfit)));
            }
            let Some(folder) = self.folders.pop() else {
                return Ok(None);
            };
            self.read(&folder)?;
        }
    }

    fn read(&mut self, folder: &str) -> io::Result<()> {
        let mut entries = fs::read_dir(self.root.join(folder))?.collect::<io::Result<Vec<DirEntry>>>()?;
        // Both are taken from their end.
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
        for entry in entries {
            let name = entry.file_name();
            let local =
                |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            let Some(name) = name.to_str() else {
                let unfit = "its name is not UTF-8".to_owned();
                self.next.push((local(&name.to_string_lossy()), Some(unfit)));
                continue;
            };
            let what = entry.file_type()?;
            if folder.is_empty() && is_ours(name) {
                continue;
            }
            if what.is_dir() {
                self.folders.push(local(name));
            } else {
                let unfit = (!what.is_file()).then(|| "it is a symbolic link or no regular file".to_owned());
                self.next.push((local(name), unfit));
            }
        }
        Ok(())
    }
}

/// What a file tells of itself by its place and its ending.
fn of_file(local: String, unfit: Option<String>) -> Source {
    let (folders, file) = local.rsplit_once('/').unwrap_or(("", &local));
    let (name, format, language) = notebook_of(file).unwrap_or((file, Format::Auto, None));
    let names = folders.split('/').filter(|name| !name.is_empty()).chain([name]);
    let decoded: Option<Vec<String>> = names.map(decode).collect();
    let unreadable =
        || "its name was shortened, so that only the manifest could tell where it was".to_owned();
    let unfit = unfit.or_else(|| decoded.is_none().then(unreadable));
    let fitness = unfit.map_or(Fitness::Fit, Fitness::Unfit);
    let path = decoded.map_or_else(|| local.clone(), |names| names.join("/"));
    Source { path: format!("/{path}"), local, sha256: None, format, language, fitness }
}
