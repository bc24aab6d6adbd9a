//! From what lies in the folders to the kinds of a node: names that clash, versions that were accepted before, files that
//! are broken. It looks at no file itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use roundsman_config::KindHeader;
use roundsman_finder::FoundScript;
use roundsman_model::{Code, KindDescription, MetricDescription};

use super::{
    Broken, Catalogue, Known,
    record::{Accepted, Record},
};

/// What lies in the folders.
#[derive(Default)]
pub(super) struct Found {
    pub(super) files: Vec<Candidate>,
    /// Folders that cannot be used at all. What was accepted from them stays.
    pub(super) folders: Vec<Broken>,
}

/// A file that is a kind, or would be one.
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    /// The name of the kind, if it can be told.
    pub(super) name: Option<String>,
    pub(super) made: Result<Known, Flaw>,
}

/// Why a file is no kind.
pub(super) struct Flaw {
    pub(super) reason: String,
    /// Whether somebody is probably still writing it.
    pub(super) passing: bool,
}

impl Candidate {
    /// A script as it was found.
    pub(super) fn script(found: FoundScript) -> Self {
        let made = match found.kind {
            Ok(kind) => Ok(Known {
                description: kind.description,
                header: kind.keys.map(|keys| KindHeader {
                    path: keys.path,
                    text: keys.text,
                    scheduled: keys.scheduled,
                }),
                entry: None,
                gone: None,
            }),
            Err(broken) => Err(Flaw { passing: broken.is_passing(), reason: broken.reason() }),
        };
        if found.path.to_str().is_none() {
            return Self::nameless(found.path);
        }
        Self { path: found.path, name: found.name.map(|name| name.to_string()), made }
    }

    /// A file whose path is no text.
    pub(super) fn nameless(path: PathBuf) -> Self {
        let reason = "its path is no text in UTF-8, so no definition can name it; rename it".to_owned();
        Self { path, name: None, made: Err(Flaw { reason, passing: false }) }
    }

    /// A plugin that was asked what it is.
    pub(super) fn plugin(path: PathBuf, said: Result<KindDescription, Flaw>) -> Self {
        let name = said.as_ref().ok().map(|description| description.name.to_string());
        let made = said.map(|description| Known { description, header: None, entry: None, gone: None });
        Self { path, name, made }
    }
}

impl Candidate {
    fn is_plugin(&self) -> bool {
        self.made.as_ref().is_ok_and(|known| matches!(known.description.code, Code::Plugin { .. }))
    }
}

/// The kinds of a node.
pub(super) fn put_together(compiled: &Catalogue, mut found: Found, record: &Record) -> Catalogue {
    refuse_clashes(compiled, &mut found.files);
    refuse_other_metrics(compiled, &mut found.files);
    let mut kinds = Kinds {
        known: compiled.all.known.clone(),
        before: BTreeMap::new(),
        broken: Vec::new(),
        compiled,
        record,
    };
    for candidate in found.files {
        kinds.take(candidate);
    }
    for folder in found.folders {
        kinds.keep_all_of(folder);
    }
    kinds.remember_the_gone();
    super::in_order(&mut kinds.broken);
    Catalogue::new(kinds.known, kinds.before, kinds.broken)
}

/// The kinds as they were accepted, where nothing has changed since.
pub(super) fn as_accepted(compiled: &Catalogue, record: &Record) -> Catalogue {
    let mut known = compiled.all.known.clone();
    for (name, accepted) in &record.kinds {
        known.entry(name.clone()).or_insert_with(|| accepted.known());
    }
    Catalogue::new(known, BTreeMap::new(), record.broken.clone())
}

/// Of files that give one name none is used, and none that gives the name of a compiled kind: which one is meant is not
/// for us to say.
fn refuse_clashes(compiled: &Catalogue, files: &mut [Candidate]) {
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, file) in files.iter().enumerate() {
        if let Some(name) = &file.name {
            by_name.entry(name.clone()).or_default().push(at);
        }
    }
    let mut reasons = Vec::new();
    for (name, places) in by_name {
        let is_compiled = compiled.get(&name).is_some();
        if !is_compiled && places.len() == 1 {
            continue;
        }
        for &at in &places {
            let others = places.iter().filter(|other| **other != at);
            let others: Vec<_> = others.map(|other| files[*other].path.display().to_string()).collect();
            let others = (!is_compiled).then(|| others.join(", "));
            let reason = clash(&name, files[at].is_plugin(), others.as_deref());
            reasons.push((at, reason));
        }
    }
    for (at, reason) in reasons {
        files[at].made = Err(Flaw { reason, passing: false });
    }
}

/// Why a name cannot be used that is also that of others, or of a kind that is compiled in.
fn clash(name: &str, is_plugin: bool, others: Option<&str>) -> String {
    let others = others.map_or("a kind that is compiled in".to_owned(), ToOwned::to_owned);
    if is_plugin {
        format!(
            "its description says that its name is `{name}`, which is also that of {others}; the name of its file does not \
             matter: take it away, or have it built with another name"
        )
    } else if others.starts_with("a kind") {
        format!("the kind's name `{name}` is that of {others}; rename the file")
    } else {
        format!("the kind's name `{name}` is also that of {others}; rename all but one")
    }
}

/// Two kinds may declare one metric, but only with the same type and labels: what one page shows under a name is one thing.
fn refuse_other_metrics(compiled: &Catalogue, files: &mut [Candidate]) {
    let mut declared: BTreeMap<&str, Vec<(Option<usize>, &MetricDescription)>> = BTreeMap::new();
    for metric in compiled.iter().flat_map(|known| &known.description.metrics) {
        declared.entry(&metric.name).or_default().push((None, metric));
    }
    for (at, file) in files.iter().enumerate() {
        for metric in file.made.iter().flat_map(|known| &known.description.metrics) {
            declared.entry(&metric.name).or_default().push((Some(at), metric));
        }
    }
    let mut reasons = Vec::new();
    for (name, all) in declared {
        for (at, metric) in &all {
            let Some(at) = at else { continue };
            let Some((other, _)) = all.iter().find(|(_, other)| sort(other) != sort(metric)) else {
                continue;
            };
            let who = other.map_or("a kind that is compiled in".to_owned(), |other: usize| {
                files[other].path.display().to_string()
            });
            reasons.push((
                *at,
                format!("its metric `{name}` has another type or other labels than that of {who}"),
            ));
        }
    }
    for (at, reason) in reasons {
        files[at].made = Err(Flaw { reason, passing: false });
    }
}

fn sort(metric: &MetricDescription) -> (bool, BTreeSet<&String>) {
    (metric.counter, metric.labels.iter().collect())
}

struct Kinds<'a> {
    known: BTreeMap<String, Known>,
    before: BTreeMap<String, Known>,
    broken: Vec<Broken>,
    compiled: &'a Catalogue,
    record: &'a Record,
}

impl Kinds<'_> {
    fn take(&mut self, candidate: Candidate) {
        let Candidate { path, name, made } = candidate;
        let flaw = match (made, name) {
            (Ok(known), Some(name)) => return self.take_good(name, known),
            (Ok(_), None) => Flaw { reason: "it gives no name".to_owned(), passing: false },
            (Err(flaw), name) => {
                let kept = self.keep(name.as_deref(), &path);
                let name = kept.clone().or(name);
                let Flaw { reason, passing } = flaw;
                self.broken.push(Broken { path, name, reason, kept: kept.is_some(), passing });
                return;
            }
        };
        self.broken.push(Broken { path, name: None, reason: flaw.reason, kept: false, passing: false });
    }

    fn take_good(&mut self, name: String, known: Known) {
        if let Some(accepted) = self.record.kinds.get(&name) {
            let before = Known { gone: None, ..accepted.known() };
            if before != known {
                self.before.insert(name.clone(), before);
            }
        }
        self.known.insert(name, known);
    }

    /// Puts the accepted version in the place of one that is broken, and says which kind that is.
    fn keep(&mut self, name: Option<&str>, path: &Path) -> Option<String> {
        let of_name = || self.record.kinds.get_key_value(name?);
        let (name, accepted) = self.record.of_file(path).or_else(of_name)?;
        if self.compiled.get(name).is_some() {
            return None;
        }
        let known = Known { gone: None, ..accepted.known() };
        self.known.entry(name.clone()).or_insert(known);
        Some(name.clone())
    }

    /// Keeps everything that was accepted from a folder that cannot be looked into now.
    fn keep_all_of(&mut self, mut folder: Broken) {
        let record = self.record;
        let below =
            record.kinds.values().filter_map(Accepted::path).filter(|path| path.starts_with(&folder.path));
        for path in below {
            folder.kept |= self.keep(None, path).is_some();
        }
        self.broken.push(folder);
    }

    fn remember_the_gone(&mut self) {
        for (name, accepted) in &self.record.kinds {
            if self.known.contains_key(name) {
                continue;
            }
            let path = accepted.path().unwrap_or(Path::new(""));
            let gone = format!("{} is gone", path.display());
            self.before.insert(name.clone(), Known { gone: Some(gone), ..accepted.known() });
        }
    }
}

impl Accepted {
    fn known(&self) -> Known {
        Known {
            description: self.description.clone(),
            header: self.header.clone(),
            entry: None,
            gone: self.gone.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
