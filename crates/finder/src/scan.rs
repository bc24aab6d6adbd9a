//! Looks through the folders of scripts and plugins, and says of each file what kind it is or why it is none. It remembers
//! nothing between two looks.

mod broken;
mod passing;
mod script;
mod walk;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use roundsman_model::{KindDescription, KindName};

pub use broken::Broken;

use crate::{
    FileState, TaskKeys, file,
    trust::{Distrust, check_file, check_folder},
};

/// So deep sub-folders of the scripts folder are looked into.
pub const MAX_DEPTH: usize = 3;
/// So many files may be in a folder and its sub-folders.
pub const MAX_FILES: usize = 2_000;
/// A script has at most so many bytes.
pub const MAX_SCRIPT_BYTES: u64 = 16 << 20;
/// A plugin has at most so many bytes.
pub const MAX_PLUGIN_BYTES: u64 = 256 << 20;

/// A file of the scripts folder that is a kind, or would be one if it were in order.
#[derive(Debug)]
pub struct FoundScript {
    /// The file; absolute. For a sub-folder that cannot be looked into, that folder.
    pub path: PathBuf,
    /// The name of its kind, where the file's name gives one.
    pub name: Option<KindName>,
    /// The file as it was read, if it was.
    pub state: Option<FileState>,
    /// The kind, or why there is none.
    pub kind: Result<ScriptKind, Broken>,
}

/// A script in order.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptKind {
    /// What is known of it.
    pub description: KindDescription,
    /// What its file says of tasks that use it.
    pub keys: Option<TaskKeys>,
}

/// A file of the plugins folder. Its kinds are known once it has described itself.
#[derive(Debug)]
pub struct FoundPlugin {
    /// The file; absolute.
    pub path: PathBuf,
    /// The file as it was read, or why it is not loaded.
    pub file: Result<FileState, Broken>,
}

/// Why a folder cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// Others could put files there.
    #[error("the folder is not used")]
    Distrusted(#[source] Distrust),
    /// It could not be listed.
    #[error("cannot list {}", .path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It is something else than a folder of kinds.
    #[error("{} holds more than {MAX_FILES} files; keep other files elsewhere", .path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
    },
}

/// All scripts of a folder and its sub-folders, sorted by path. A folder that does not exist holds none.
pub fn scan_scripts(folder: &Path) -> Result<Vec<FoundScript>, ScanError> {
    let Some(folder) = usable(folder)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for seen in walk::files(&folder)? {
        match seen {
            walk::Seen::File { path, category } => found.extend(script::find(&path, &category)),
            walk::Seen::Refused { path, broken } => {
                let script = FoundScript { path, name: None, state: None, kind: Err(broken) };
                found.push(script::Found { script, only_beside: false });
            }
        }
    }
    let mut scripts = script::without_bystanders(found);
    refuse_clashes(&mut scripts);
    Ok(scripts)
}

/// All plugins of a folder, sorted by path. A folder that does not exist holds none; its sub-folders are not looked into.
pub fn scan_plugins(folder: &Path) -> Result<Vec<FoundPlugin>, ScanError> {
    let Some(folder) = usable(folder)? else { return Ok(Vec::new()) };
    let mut paths = walk::entries(&folder)?;
    paths.retain(|path| passing::is_plugin(path) && !path.is_dir());
    if paths.len() > MAX_FILES {
        return Err(ScanError::TooMany { path: folder });
    }
    Ok(paths.into_iter().map(|path| FoundPlugin { file: plugin(&path), path }).collect())
}

fn plugin(path: &Path) -> Result<FileState, Broken> {
    check_file(path)?;
    let state = file::state_of(path, MAX_PLUGIN_BYTES)?;
    if state.size == 0 { Err(Broken::Empty) } else { Ok(state) }
}

/// The folder as an absolute path, if there is one and nobody else can change it.
fn usable(folder: &Path) -> Result<Option<PathBuf>, ScanError> {
    let listing = |source| ScanError::List { path: folder.to_owned(), source };
    let folder = std::path::absolute(folder).map_err(listing)?;
    match fs::symlink_metadata(&folder) {
        Ok(_) => check_folder(&folder).map_err(ScanError::Distrusted).map(|()| Some(folder)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(listing(error)),
    }
}

/// Of files that give one name, none is used: which one is meant is not for us to say.
fn refuse_clashes(scripts: &mut [FoundScript]) {
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, script) in scripts.iter().enumerate() {
        if let Some(name) = &script.name {
            by_name.entry(name.to_string()).or_default().push(at);
        }
    }
    for (name, places) in by_name.into_iter().filter(|(_, places)| places.len() > 1) {
        for &at in &places {
            let others =
                places.iter().filter(|other| **other != at).map(|other| scripts[*other].path.clone());
            let others = others.collect();
            scripts[at].kind = Err(Broken::Clash { name: name.clone(), others });
        }
    }
}
