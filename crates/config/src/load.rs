//! From files and environment to settings and definitions: the order in which everything else here is called. It
//! changes nothing, so that a configuration that does not load leaves everything as it was.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use roundsman_model::TaskDefinition;

use crate::{
    chain::Chains,
    combine::combine,
    definition::{self, Surroundings},
    draft,
    environment::Environment,
    kinds::Kinds,
    named,
    origin::Row,
    pass::Pass,
    problem::Problems,
    retention,
    settings::{self, Settings},
    source::{self, Source},
};

/// A configuration in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The daemon's own settings.
    pub settings: Settings,
    /// The tasks, sorted by name.
    pub tasks: Vec<TaskDefinition>,
    /// The files that were read; none if there is no configuration.
    pub files: Vec<PathBuf>,
    rows: Vec<Row>,
}

impl Loaded {
    /// Every value in effect with its origin, secrets masked; for `config show`.
    pub fn show(&self) -> &[Row] {
        &self.rows
    }
}

/// Loads the configuration: this file, or the one `ROUNDSMAN_CONFIG` names, or the one in `/etc`, or none; and the files
/// in `conf.d` beside it. Everything that is wrong is reported at once.
pub fn load(file: Option<&Path>, kinds: &dyn Kinds, env: &Environment) -> Result<Loaded, Problems> {
    let mut pass = Pass::new(kinds, env);
    let sources = source::read_all(file, env, &mut pass.drafts);
    let loaded = read(&mut pass, &sources);
    match loaded {
        Some(loaded) if pass.drafts.is_empty() => Ok(loaded),
        _ => Err(draft::finish(pass.drafts, &pass.secrets, &sources)),
    }
}

/// Loads what it takes to look at what is recorded. Mistakes in tasks alone do not stand in the way: they come beside
/// what is in order.
pub fn look(
    file: Option<&Path>,
    kinds: &dyn Kinds,
    env: &Environment,
) -> Result<(Loaded, Option<Problems>), Problems> {
    let mut pass = Pass::new(kinds, env);
    let sources = source::read_all(file, env, &mut pass.drafts);
    let loaded = read(&mut pass, &sources);
    let in_tasks_only = pass.drafts.iter().all(|draft| draft.key.starts_with("tasks."));
    let mistakes = !pass.drafts.is_empty();
    let problems = draft::finish(pass.drafts, &pass.secrets, &sources);
    match loaded {
        Some(loaded) if in_tasks_only => Ok((loaded, mistakes.then_some(problems))),
        _ => Err(problems),
    }
}

fn read(pass: &mut Pass<'_>, sources: &[Arc<Source>]) -> Option<Loaded> {
    let unreadable = !pass.drafts.is_empty();
    let combined = combine(sources, &mut pass.drafts);
    let no_file = sources.is_empty() && !unreadable;
    let incomplete = combined.incomplete || unreadable;
    let lease = combined.daemon.get("lease").map(|entry| entry.key.clone());
    let named = named::named(pass, &combined.pools, &combined.budgets);
    let retention = retention::retention(pass, combined.retention);
    let file = sources.first().map(|source| source.path.clone());
    let own = settings::Own { daemon: combined.daemon, credentials: combined.credentials, file };
    let settings = settings::settings(pass, own, &named, retention, no_file);
    // Without settings definitions are checked all the same.
    let utc = crate::Setting::new(chrono_tz::Tz::UTC, crate::Origin::Default);
    let around = Surroundings {
        timezone: settings.as_ref().map_or(&utc, |settings| &settings.timezone),
        blackouts: settings.as_ref().map_or(&[], |settings| &settings.blackouts.value),
        shared: &combined.shared,
        pools: &combined.pools,
        incomplete,
    };
    let mut defined = Vec::new();
    for (name, entry) in &combined.tasks {
        defined.extend(definition::written(pass, name, entry, &around));
    }
    if settings.as_ref().is_some_and(|settings| settings.builtin_tasks.value) {
        for kind in pass.kind_names.clone() {
            if !combined.tasks.contains_key(&kind) {
                defined.extend(definition::built_in(pass, &kind, &around));
            }
        }
    }
    let chains = Chains::new(&pass.links, combined.tasks.keys().map(String::as_str), incomplete);
    let unchained = chains.problems();
    pass.drafts.extend(unchained);
    defined.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    let mut settings = settings?;
    settings::fit_lease(pass, &mut settings.lease, lease.as_ref());
    let mut rows = settings.rows();
    rows.extend(named.rows);
    let mut tasks = Vec::new();
    for (definition, own) in defined {
        tasks.push(definition);
        rows.extend(own);
    }
    let files = sources.iter().map(|source| source.path.clone()).collect();
    Some(Loaded { settings, tasks, files, rows })
}
