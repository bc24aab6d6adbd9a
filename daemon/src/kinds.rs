//! The kinds of this node, wherever their code is, as the configuration, the command line and the telemetry see them. It
//! runs none.

use std::{collections::BTreeMap, sync::Arc};

use roundsman_config::{KindFacts, KindHeader, Kinds, WithProblem};
use roundsman_model::KindDescription;
use roundsman_task::{Entry, Registry};
use roundsman_telemetry::{Family, KindMetrics, Merge};

/// All kinds of this node at one time. Cheap to clone.
#[derive(Clone)]
pub struct Catalogue {
    known: Arc<BTreeMap<String, Known>>,
}

/// A kind that can be used.
pub struct Known {
    /// What is known about it without running it.
    pub description: KindDescription,
    /// What its file says of tasks that use it.
    pub header: Option<KindHeader>,
    /// Its entry, if it is compiled in.
    pub entry: Option<&'static Entry>,
}

impl Catalogue {
    /// The kinds that are compiled in, and no others.
    pub fn compiled(registry: &Registry) -> Self {
        let known = registry.iter().map(|entry| {
            let known = Known { description: entry.description(), header: None, entry: Some(entry) };
            (entry.info.name.to_owned(), known)
        });
        Self { known: Arc::new(known.collect()) }
    }

    /// The kind of this name.
    pub fn get(&self, name: &str) -> Option<&Known> {
        self.known.get(name)
    }

    /// All kinds, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Known> {
        self.known.values()
    }
}

impl Known {
    /// Whether it can run without any configuration, on its own schedule.
    pub fn is_built_in(&self) -> bool {
        self.entry.is_some_and(Entry::is_built_in)
    }
}

impl Kinds for Catalogue {
    fn names(&self) -> Vec<String> {
        self.known.keys().cloned().collect()
    }

    fn kind(&self, name: &str) -> Option<KindFacts> {
        let Known { description, header, entry } = self.get(name)?;
        let entry = *entry;
        Some(KindFacts {
            about: description.about.clone(),
            schema: description.schema.clone(),
            timeout: description.timeout(),
            repeatable: description.repeatable,
            default_schedule: description.default_schedule.clone(),
            code: description.code.clone(),
            credentials: description.credentials.clone(),
            header: header.clone(),
            check: Box::new(move |with| {
                let Some(entry) = entry else { return Ok(()) };
                entry
                    .check(with)
                    .map_err(|problem| WithProblem { path: problem.path, message: problem.message })
            }),
        })
    }
}

/// The metrics that the kinds declare.
pub fn kind_metrics(catalogue: &Catalogue) -> KindMetrics {
    let declared = catalogue.iter().flat_map(|known| &known.description.metrics);
    KindMetrics::new(declared.map(|metric| Family {
        name: metric.name.clone(),
        help: metric.help.clone(),
        merge: if metric.counter { Merge::Add } else { Merge::Replace },
        labels: metric.labels.clone(),
    }))
}
