//! The kinds of this node, wherever their code is, as the configuration, the command line and the telemetry see them. It
//! runs none.

mod describe;
mod gather;
mod glance;
mod maker;
mod reach;
mod record;
mod shelf;
mod stock;
mod watch;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use roundsman_config::{KindFacts, KindHeader, Kinds, Loaded, WithProblem};
use roundsman_model::{KindDescription, KindName};
use roundsman_task::{Entry, Registry};
use roundsman_telemetry::{Family, KindMetrics, Merge};
use serde::{Deserialize, Serialize, Serializer};

pub(crate) use maker::{Made, Maker, Places};
pub(crate) use reach::protected;
pub(crate) use shelf::Shelf;
pub(crate) use stock::Stock;
pub(crate) use watch::{Applies, Looked, Watcher};

/// All kinds of this node at one time. Cheap to clone.
#[derive(Clone, Default)]
pub struct Catalogue {
    all: Arc<All>,
}

#[derive(Clone, Default, PartialEq)]
struct All {
    known: BTreeMap<String, Known>,
    /// The accepted versions of kinds that are another now, or whose files are gone.
    before: BTreeMap<String, Known>,
    broken: Vec<Broken>,
}

/// A kind that can be used.
#[derive(Clone)]
pub struct Known {
    /// What is known about it without running it.
    pub description: KindDescription,
    /// What its file says of tasks that use it.
    pub header: Option<KindHeader>,
    /// Its entry, if it is compiled in.
    pub entry: Option<&'static Entry>,
    /// Why its file is not there any more; then only tasks of the configuration that use it keep it.
    pub gone: Option<String>,
}

/// A file or folder of kinds that cannot be used as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// The file or folder.
    #[serde(serialize_with = "as_shown")]
    pub path: PathBuf,
    /// The kind that it would be, if that can be told.
    pub name: Option<String>,
    /// What is wrong and what to do.
    pub reason: String,
    /// Whether the version that was accepted before counts in its place.
    pub kept: bool,
    /// Whether somebody is probably still writing it.
    #[serde(skip)]
    pub(crate) passing: bool,
}

impl Catalogue {
    /// The kinds that are compiled in, and no others.
    pub fn compiled(registry: &Registry) -> Self {
        let known = registry.iter().map(|entry| {
            let description = entry.description();
            let known = Known { description, header: None, entry: Some(entry), gone: None };
            (entry.info.name.to_owned(), known)
        });
        Self { all: Arc::new(All { known: known.collect(), ..All::default() }) }
    }

    /// Kinds of which only this is known.
    #[cfg(test)]
    pub(crate) fn of_descriptions(all: impl IntoIterator<Item = KindDescription>) -> Self {
        let known = all.into_iter().map(|description| {
            (description.name.to_string(), Known { description, header: None, entry: None, gone: None })
        });
        Self::new(known.collect(), BTreeMap::new(), Vec::new())
    }

    /// The kind of this name.
    pub fn get(&self, name: &str) -> Option<&Known> {
        self.all.known.get(name)
    }

    /// All kinds, sorted by name; also those that are gone and that tasks still use.
    pub fn iter(&self) -> impl Iterator<Item = &Known> {
        self.all.known.values()
    }

    /// The files and folders that cannot be used as they are, sorted by path.
    pub fn broken(&self) -> &[Broken] {
        &self.all.broken
    }

    /// The names of all kinds, for the engine.
    pub fn kind_names(&self) -> Vec<KindName> {
        self.iter().map(|known| known.description.name.clone()).collect()
    }

    /// The kinds as they count once the configuration was loaded with them: in the version before or not at all where the
    /// version of now was refused, and those that are gone as far as tasks use them.
    pub fn settled(&self, loaded: &Loaded) -> Self {
        let mut all = (*self.all).clone();
        for refused in &loaded.refused {
            let before = all.before.remove(&refused.kind).filter(|_| refused.kept);
            let now = match before {
                Some(before) => all.known.insert(refused.kind.clone(), before.clone()).or(Some(before)),
                None => all.known.remove(&refused.kind),
            };
            let path = now.as_ref().and_then(Known::path).map(Path::to_owned);
            all.broken.push(Broken {
                path: path.unwrap_or_default(),
                name: Some(refused.kind.clone()),
                reason: refused.reason.clone(),
                kept: refused.kept,
                passing: false,
            });
        }
        for unscheduled in &loaded.unscheduled {
            let path = all.known.get(&unscheduled.kind).and_then(Known::path).map(Path::to_owned);
            all.broken.push(Broken {
                path: path.unwrap_or_default(),
                name: Some(unscheduled.kind.clone()),
                reason: format!(
                    "{}; so it has no task of its own, and is there for tasks of the configuration and for `run-task`",
                    unscheduled.reason
                ),
                kept: false,
                passing: false,
            });
        }
        all.before.clear();
        in_order(&mut all.broken);
        Self { all: Arc::new(all) }
    }

    fn new(known: BTreeMap<String, Known>, before: BTreeMap<String, Known>, broken: Vec<Broken>) -> Self {
        Self { all: Arc::new(All { known, before, broken }) }
    }

    /// Whether the same kinds can be used, whatever is broken.
    pub(crate) fn offers_the_same(&self, other: &Self) -> bool {
        let gone =
            |all: &All| all.before.keys().filter(|name| !all.known.contains_key(*name)).cloned().collect();
        let (ours, theirs): (Vec<String>, Vec<String>) = (gone(&self.all), gone(&other.all));
        self.all.known == other.all.known && ours == theirs
    }
}

/// Sorted by path, each once.
fn in_order(broken: &mut Vec<Broken>) {
    broken.sort_by(|a, b| (&a.path, &a.name, &a.reason).cmp(&(&b.path, &b.name, &b.reason)));
    broken.dedup_by(|a, b| a.path == b.path && a.name == b.name && a.reason == b.reason);
}

/// A path as people see it: one that is no text cannot be written otherwise.
fn as_shown<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

impl Broken {
    /// What is wrong, where, and what counts meanwhile.
    pub fn sentence(&self) -> String {
        let place = self.path.display();
        // What is wrong with a header names the file itself.
        let reason = if self.reason.starts_with(&place.to_string()) {
            self.reason.clone()
        } else {
            format!("{place}: {}", self.reason)
        };
        let kept = if self.kept { "; the version accepted before counts" } else { "" };
        format!("{reason}{kept}")
    }
}

impl Known {
    /// Whether it can run without any configuration, on its own schedule.
    pub fn is_built_in(&self) -> bool {
        self.entry.is_some_and(Entry::is_built_in)
    }

    /// The file it is in, if it is in one of its own.
    pub fn path(&self) -> Option<&Path> {
        self.description.code.path()
    }

    fn facts(&self) -> KindFacts {
        let Self { description, header, entry, .. } = self;
        let entry = *entry;
        KindFacts {
            about: description.about.clone(),
            schema: description.schema.clone(),
            timeout: description.timeout(),
            repeatable: description.repeatable,
            default_schedule: description.default_schedule.clone(),
            code: description.code.clone(),
            credentials: description.credentials.clone(),
            header: header.clone(),
            scopes: Box::new(move |with| {
                let scopes = entry.map(|entry| entry.scopes(with)).transpose();
                let scopes =
                    scopes.map_err(|problem| WithProblem { path: problem.path, message: problem.message });
                Ok(scopes?.unwrap_or_default())
            }),
            check: Box::new(move |with| {
                let Some(entry) = entry else { return Ok(()) };
                entry
                    .check(with)
                    .map_err(|problem| WithProblem { path: problem.path, message: problem.message })
            }),
        }
    }
}

impl PartialEq for Known {
    /// Entries of one name are one entry.
    fn eq(&self, other: &Self) -> bool {
        self.description == other.description && self.header == other.header && self.gone == other.gone
    }
}

impl Kinds for Catalogue {
    fn names(&self) -> Vec<String> {
        let there = self.all.known.iter().filter(|(_, known)| known.gone.is_none());
        there.map(|(name, _)| name.clone()).collect()
    }

    fn kind(&self, name: &str) -> Option<KindFacts> {
        self.get(name).filter(|known| known.gone.is_none()).map(Known::facts)
    }

    fn before(&self, name: &str) -> Option<KindFacts> {
        let gone = || self.get(name).filter(|known| known.gone.is_some());
        self.all.before.get(name).or_else(gone).map(Known::facts)
    }

    fn why_not(&self, name: &str) -> Option<String> {
        let gone = |all: &BTreeMap<String, Known>| all.get(name).and_then(|known| known.gone.clone());
        let broken = || self.broken().iter().find(|broken| broken.name.as_deref() == Some(name));
        gone(&self.all.before).or_else(|| gone(&self.all.known)).or_else(|| broken().map(Broken::sentence))
    }
}

/// The metrics that the kinds declare.
pub fn kind_metrics(catalogue: &Catalogue) -> KindMetrics {
    KindMetrics::new(families(catalogue))
}

/// The families of the metrics that the kinds declare.
pub(crate) fn families(catalogue: &Catalogue) -> impl Iterator<Item = Family> {
    let declared = catalogue.iter().flat_map(|known| &known.description.metrics);
    declared.map(|metric| Family {
        name: metric.name.clone(),
        help: metric.help.clone(),
        merge: if metric.counter { Merge::Add } else { Merge::Replace },
        labels: metric.labels.clone(),
    })
}
