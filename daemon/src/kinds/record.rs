//! What a daemon last accepted of the kinds from files, kept in its state directory, so that a file that is broken now keeps
//! its last good definition, also over a restart. Daemons write it; commands read it and never change it.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use roundsman_config::KindHeader;
use roundsman_model::KindDescription;
use serde::{Deserialize, Serialize};

use super::{Broken, describe::Failed, glance::Glance};

/// The file in the state directory.
const FILE: &str = "kinds.json";
/// The form that is written. One that is newer is not read.
const FORMAT: u32 = 1;
/// More than any daemon writes.
const MAX_BYTES: u64 = 64 << 20;

/// The kinds from files as they were last accepted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// By name.
    pub(crate) kinds: BTreeMap<String, Accepted>,
    /// What plugins said of themselves, by the SHA-256 of their files.
    #[serde(default)]
    pub(crate) described: BTreeMap<String, KindDescription>,
    /// Versions of plugins that could not say what they are, by the SHA-256 of their files.
    #[serde(default)]
    pub(crate) failed: BTreeMap<String, Failed>,
    /// How the folders were, if they can be known again by it.
    #[serde(default)]
    pub(crate) glance: Option<Glance>,
    /// What was broken in them.
    #[serde(default)]
    pub(crate) broken: Vec<Broken>,
}

/// The accepted version of a kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Accepted {
    /// What is known about it; its code names the file and its hash.
    pub(crate) description: KindDescription,
    /// What its file says of tasks that use it.
    #[serde(default)]
    pub(crate) header: Option<KindHeader>,
    /// Why its file is not there any more; then it is kept for the tasks that use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gone: Option<String>,
}

/// The file as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    format: u32,
    #[serde(flatten)]
    record: Record,
}

/// Of the file, what every form of it has.
#[derive(Deserialize)]
struct Form {
    format: u32,
}

impl Record {
    /// Reads it. Without a file nothing was accepted; one that cannot be read is a sentence for people, and nothing to fail
    /// for.
    pub(crate) fn read(state_dir: &Path) -> (Self, Option<String>) {
        let path = state_dir.join(FILE);
        match read(&path) {
            Ok(record) => (record.unwrap_or_default(), None),
            Err(why) => {
                let what = format!(
                    "{} is passed over ({why}): files of kinds that are broken now have no earlier version to fall back on",
                    path.display()
                );
                (Self::default(), Some(what))
            }
        }
    }

    /// Writes it: all of it or nothing, and on the disk when this returns.
    pub(crate) fn write(&self, state_dir: &Path) -> io::Result<()> {
        let path = state_dir.join(FILE);
        let temporary = state_dir.join(format!(".{FILE}.{}", std::process::id()));
        let written = self.write_to(&temporary).and_then(|()| fs::rename(&temporary, &path));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written?;
        File::open(state_dir)?.sync_all()
    }

    fn write_to(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(&Written { format: FORMAT, record: self.clone() })?;
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(&text)?;
        file.sync_all()
    }

    /// The accepted kind that came from this file.
    pub(crate) fn of_file(&self, path: &Path) -> Option<(&String, &Accepted)> {
        self.kinds.iter().find(|(_, accepted)| accepted.path() == Some(path))
    }
}

impl Accepted {
    /// The file it came from.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.description.code.path()
    }
}

fn read(path: &PathBuf) -> Result<Option<Record>, String> {
    let size = match fs::metadata(path) {
        Ok(stat) => stat.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    if size > MAX_BYTES {
        return Err(format!("it has {size} bytes"));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let form: Form = serde_json::from_slice(&bytes).map_err(|error| format!("it is damaged: {error}"))?;
    if form.format > FORMAT {
        return Err(format!("its format is {}, this version reads {FORMAT}", form.format));
    }
    let written: Written =
        serde_json::from_slice(&bytes).map_err(|error| format!("it is damaged: {error}"))?;
    Ok(Some(written.record))
}

#[cfg(test)]
mod tests;
