//! One file of the scripts folder: whether it is a script at all, and whether it is in order. It runs nothing.

use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use roundsman_model::{InvalidName, KindName};

use super::{Broken, FoundScript, MAX_SCRIPT_BYTES, ScriptKind};
use crate::{
    file::{self, Look, Refused},
    header::{Header, HeaderProblems, MAX_HEADER_BYTES},
    trust::check_file,
};

const EXECUTABLE: u32 = 0o111;

/// A script, and whether only a NAME.toml beside it speaks for its being one.
pub(super) struct Found {
    pub(super) script: FoundScript,
    pub(super) only_beside: bool,
}

/// Where the header of a file is.
struct Headers {
    within: Result<Option<Header>, HeaderProblems>,
    beside: Option<PathBuf>,
}

/// What is to be said of a file; nothing, if it is none of ours.
pub(super) fn find(path: &Path, category: &str) -> Option<Found> {
    let beside = Some(path.with_extension("toml")).filter(|beside| is_there(beside));
    let name = name_of(path);
    let broken = |kind: Broken| FoundScript {
        path: path.to_owned(),
        name: name.as_ref().ok().cloned(),
        state: None,
        kind: Err(kind),
    };
    let stat = match fs::metadata(path) {
        Ok(stat) => stat,
        Err(source) => {
            // A link that leads nowhere is somebody's mistake; a file that is gone is nobody's.
            let leads_nowhere = source.kind() == ErrorKind::NotFound && path.is_symlink();
            return leads_nowhere.then(|| Found { script: broken(Broken::Nowhere), only_beside: false });
        }
    };
    if !stat.is_file() {
        return None;
    }
    let executable = std::os::unix::fs::MetadataExt::mode(&stat) & EXECUTABLE != 0;
    let only_beside = !executable;
    let look = match file::look(path, MAX_SCRIPT_BYTES, MAX_HEADER_BYTES) {
        Ok(look) => look,
        Err(Refused::Io(error)) if error.kind() == ErrorKind::NotFound => return None,
        Err(refused) => {
            return (executable || beside.is_some())
                .then(|| Found { script: broken(refused.into()), only_beside });
        }
    };
    let within = Header::in_script(path, &look.head);
    let has_own = !matches!(within, Ok(None));
    if look.mode & EXECUTABLE == 0 && !has_own && beside.is_none() {
        return None;
    }
    let only_beside = look.mode & EXECUTABLE == 0 && !has_own;
    let headers = Headers { within, beside };
    let state = Some(look.state.clone());
    let kind = judge(path, &name, category, &look, headers);
    let script = FoundScript { path: path.to_owned(), name: name.ok(), state, kind };
    Some(Found { script, only_beside })
}

/// The files without those that only lie beside a script and its NAME.toml, such as its data.
pub(super) fn without_bystanders(found: Vec<Found>) -> Vec<FoundScript> {
    let stem = |found: &Found| found.script.path.with_extension("");
    let spoken_for: BTreeSet<PathBuf> = found.iter().filter(|found| !found.only_beside).map(stem).collect();
    let stays = |found: &Found| !found.only_beside || !spoken_for.contains(&stem(found));
    found.into_iter().filter(stays).map(|found| found.script).collect()
}

/// Whether there is anything but a folder: a pipe or a link to a device is no header, and not to be passed over as if there
/// were none.
fn is_there(beside: &Path) -> bool {
    beside.symlink_metadata().is_ok_and(|stat| !stat.is_dir())
}

/// The name of the kind: that of the file without its extension, in lower case.
fn name_of(path: &Path) -> Result<KindName, InvalidName> {
    path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase().parse()
}

fn judge(
    path: &Path,
    name: &Result<KindName, InvalidName>,
    category: &str,
    look: &Look,
    headers: Headers,
) -> Result<ScriptKind, Broken> {
    check_file(path)?;
    if look.mode & EXECUTABLE == 0 {
        return Err(Broken::NotExecutable { path: path.to_owned() });
    }
    if look.state.size == 0 {
        return Err(Broken::Empty);
    }
    let header = match (headers.within?, headers.beside) {
        (Some(_), Some(beside)) => return Err(Broken::TwoHeaders { beside }),
        (Some(header), None) => header,
        (None, Some(beside)) => read_beside(&beside)?,
        (None, None) => Header::default(),
    };
    let name = name.clone().map_err(Broken::Name)?;
    if path.to_str().is_none() {
        return Err(Broken::Path);
    }
    let description = header.describe(name, category, path, &look.state.sha256);
    Ok(ScriptKind { description, keys: header.keys })
}

/// It says when the script runs and as whom, so it is trusted as little as the script.
fn read_beside(beside: &Path) -> Result<Header, Broken> {
    check_file(beside)?;
    let limit = MAX_HEADER_BYTES as u64;
    let look = file::look(beside, limit, MAX_HEADER_BYTES)
        .map_err(|source| Broken::Beside { path: beside.to_owned(), source })?;
    Ok(Header::in_file(beside, &look.head)?)
}
