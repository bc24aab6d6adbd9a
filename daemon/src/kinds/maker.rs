//! Makes the kinds of a node: looks into the folders, asks plugins, compares with what was accepted before. A daemon also
//! writes down with it what it has accepted; whether a version is accepted is decided where the configuration is loaded.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use roundsman_config::{Folders, Origin, Setting, Settings};
use roundsman_finder::{FoundPlugin, scan_plugins, scan_scripts};
use roundsman_model::{Clock as _, KindDescription};
use roundsman_task::SystemClock;

use super::{
    Broken, Catalogue,
    describe::{Asked, Describer, Failed, Protection},
    gather::{self, Candidate, Flaw, Found},
    glance::{self, Glance, Seen},
    record::{Accepted, Record},
};

/// What is known of a plugin that nobody has asked.
const NOT_ASKED: &str = "it was not asked yet what it is: a daemon does that, and `roundsman kinds`";

/// A folder of kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folder {
    /// Where it is, if there can be one.
    pub(crate) path: Option<PathBuf>,
    /// The key that names it.
    key: &'static str,
    /// Where somebody wrote that key.
    written: Option<String>,
}

/// The folders of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) scripts: Folder,
    pub(crate) plugins: Folder,
}

/// Kinds as they were found, before a configuration was loaded with them.
pub(crate) struct Made {
    pub(crate) catalogue: Catalogue,
    /// By what the folders can be known again.
    pub(crate) glance: Option<Glance>,
    /// The folders there are, for watching.
    pub(crate) folders: Vec<PathBuf>,
    /// What the plugins that are there say of themselves, by the hash of their files.
    described: BTreeMap<String, KindDescription>,
    /// Those that could not say it.
    failed: BTreeMap<String, Failed>,
}

/// Makes the kinds of a node.
pub(crate) struct Maker {
    compiled: Catalogue,
    describer: Describer,
    record: Mutex<Record>,
    /// Why the record could not be read, until there is a good one.
    unread: Mutex<Option<Broken>>,
}

impl Folder {
    fn new(key: &'static str, setting: &Setting<Option<PathBuf>>) -> Self {
        let written = match &setting.origin {
            Origin::Default => None,
            origin => Some(origin.to_string()),
        };
        Self { path: setting.value.clone(), key, written }
    }

    /// What is wrong if there is no such folder.
    fn missing(&self) -> Option<Broken> {
        let path = self.path.clone()?;
        let written = self.written.as_ref()?;
        let reason = format!(
            "there is no such folder: make it, or take `{}` out of the configuration ({written})",
            self.key
        );
        let missing = !path.exists();
        missing.then_some(Broken { path, name: None, reason, kept: false, passing: false })
    }
}

impl Places {
    /// Those that a configuration names that is not loaded yet.
    pub(crate) fn of_folders(folders: &Folders) -> Self {
        Self {
            scripts: Folder::new("scripts_dir", &folders.scripts),
            plugins: Folder::new("plugins_dir", &folders.plugins),
        }
    }

    /// Those of a configuration.
    pub(crate) fn of_settings(settings: &Settings) -> Self {
        Self {
            scripts: Folder::new("scripts_dir", &settings.scripts_dir),
            plugins: Folder::new("plugins_dir", &settings.plugins_dir),
        }
    }

    fn paths(&self) -> impl Iterator<Item = &Path> {
        [&self.scripts, &self.plugins].into_iter().filter_map(|folder| folder.path.as_deref())
    }

    /// A look at them that opens no file.
    pub(crate) fn glance(&self) -> Seen {
        glance::glance(self.paths(), SystemClock.now())
    }

    /// The folders themselves.
    pub(crate) fn roots(&self) -> Vec<PathBuf> {
        self.paths().map(Path::to_owned).collect()
    }
}

/// What lies in the folders, plugins not asked yet.
struct Scanned {
    seen: Seen,
    found: Found,
    plugins: Vec<FoundPlugin>,
}

impl Maker {
    /// A maker that knows the record in this state directory, if there is one, and whose workers have their folders in
    /// `work_root` and are kept from what is `protected`.
    pub(crate) fn new(
        compiled: Catalogue,
        state_dir: Option<&Path>,
        work_root: PathBuf,
        protected: Protection,
    ) -> Self {
        let (record, why) = state_dir.map(Record::read).unwrap_or_default();
        let unread = why.map(|reason| Broken {
            path: state_dir.unwrap_or(Path::new("")).to_owned(),
            name: None,
            reason,
            kept: false,
            passing: false,
        });
        Self {
            compiled,
            describer: Describer::new(work_root, protected, record.failed.clone()),
            record: Mutex::new(record),
            unread: Mutex::new(unread),
        }
    }

    /// Asks plugins again that could not say what they are.
    pub(crate) fn begin_anew(&self) {
        self.describer.forget_failures();
    }

    /// Whether it is time to ask a plugin again that could not say what it is.
    pub(crate) fn is_due(&self) -> bool {
        self.describer.is_due()
    }

    /// Looks into the folders, and asks plugins that are not known yet.
    pub(crate) async fn make(&self, places: &Places) -> io::Result<Made> {
        let looked = places.clone();
        let Scanned { seen, mut found, plugins } = tokio::task::spawn_blocking(move || scan(&looked)).await?;
        let known = self.record().described.clone();
        let mut described = BTreeMap::new();
        let (mut asked, mut there) = (Vec::new(), BTreeSet::new());
        for FoundPlugin { path, file } in plugins {
            match file {
                Err(broken) => found.files.push(refused(path, &broken)),
                Ok(state) => match known.get(&state.sha256) {
                    Some(said) => {
                        described.insert(state.sha256, said.clone());
                        found.files.push(Candidate::plugin(path.clone(), Ok(at(said, &path))));
                    }
                    None if path.to_str().is_none() => found.files.push(Candidate::nameless(path)),
                    None => {
                        there.insert(state.sha256.clone());
                        asked.push(Asked { path, sha256: state.sha256 });
                    }
                },
            }
        }
        for (path, said) in self.describer.ask(asked).await {
            if let Ok(said) = &said {
                described.extend(sha256(said).map(|sha256| (sha256, said.clone())));
            }
            let said = said.map_err(|reason| Flaw { reason, passing: false });
            found.files.push(Candidate::plugin(path, said));
        }
        let failed = self.describer.failures(&there);
        let catalogue = self.put_together(found);
        Ok(Made { catalogue, glance: seen.glance, folders: seen.folders, described, failed })
    }

    /// The kinds as far as they are known without asking a plugin; without opening a file, if nothing has changed.
    pub(crate) fn look(&self, places: &Places) -> Catalogue {
        let glance = places.glance().glance;
        let unchanged = glance.is_some() && glance == self.record().glance;
        if unchanged {
            return gather::as_accepted(&self.compiled, &self.record());
        }
        let Scanned { mut found, plugins, .. } = scan(places);
        for FoundPlugin { path, file } in plugins {
            found.files.push(match file {
                Err(broken) => refused(path, &broken),
                Ok(state) => {
                    let record = self.record();
                    let said = record.described.get(&state.sha256).map(|said| at(said, &path));
                    let reason = || match record.failed.get(&state.sha256) {
                        Some(failed) => failed.sentence(),
                        None => NOT_ASKED.to_owned(),
                    };
                    Candidate::plugin(path, said.ok_or_else(|| Flaw { reason: reason(), passing: false }))
                }
            });
        }
        self.put_together(found)
    }

    /// Writes down what counts now that a configuration was loaded with what was made.
    pub(crate) fn accept(&self, made: &Made, settled: &Catalogue, state_dir: &Path) {
        let from_files = settled.all.known.iter().filter(|(_, known)| known.path().is_some());
        let accepted = |known: &super::Known| Accepted {
            description: known.description.clone(),
            header: known.header.clone(),
            gone: known.gone.clone(),
        };
        let unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let record = Record {
            kinds: from_files.map(|(name, known)| (name.clone(), accepted(known))).collect(),
            described: made.described.clone(),
            failed: made.failed.clone(),
            glance: made.glance.clone(),
            broken: settled.broken().iter().filter(|one| Some(*one) != unread.as_ref()).cloned().collect(),
        };
        let mut now = self.record();
        if *now == record && unread.is_none() {
            return;
        }
        if let Err(error) = record.write(state_dir) {
            tracing::warn!(
                "which kinds were accepted could not be written to {}: {error}; files that break before the next start \
                 have no version to fall back on",
                state_dir.display()
            );
        }
        *now = record;
    }

    fn put_together(&self, mut found: Found) -> Catalogue {
        found.folders.extend(self.unread.lock().unwrap_or_else(PoisonError::into_inner).clone());
        gather::put_together(&self.compiled, found, &self.record())
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn scan(places: &Places) -> Scanned {
    // Before anything is read, so that what changes meanwhile shows at the next one.
    let seen = places.glance();
    let mut found = Found::default();
    let mut plugins = Vec::new();
    found.folders.extend([&places.scripts, &places.plugins].into_iter().filter_map(Folder::missing));
    if let Some(path) = &places.scripts.path {
        match scan_scripts(path) {
            Ok(scripts) => found.files.extend(scripts.into_iter().map(Candidate::script)),
            Err(error) => found.folders.push(unusable(path, &error)),
        }
    }
    if let Some(path) = &places.plugins.path {
        match scan_plugins(path) {
            Ok(there) => plugins = there,
            Err(error) => found.folders.push(unusable(path, &error)),
        }
    }
    Scanned { seen, found, plugins }
}

fn unusable(path: &Path, error: &roundsman_finder::ScanError) -> Broken {
    let reason = crate::cli::failure::chain(error);
    Broken { path: path.to_owned(), name: None, reason, kept: false, passing: false }
}

fn refused(path: PathBuf, broken: &roundsman_finder::Broken) -> Candidate {
    Candidate::plugin(path, Err(Flaw { passing: broken.is_passing(), reason: broken.reason() }))
}

/// What a plugin said of itself, at the place where it is now.
fn at(said: &KindDescription, path: &Path) -> KindDescription {
    let mut said = said.clone();
    if let roundsman_model::Code::Plugin { path: place, .. } = &mut said.code {
        path.clone_into(place);
    }
    said
}

fn sha256(said: &KindDescription) -> Option<String> {
    match &said.code {
        roundsman_model::Code::Plugin { sha256, .. } => Some(sha256.clone()),
        _ => None,
    }
}
