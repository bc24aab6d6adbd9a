//! From files and environment to settings and definitions: the order in which everything else here is called. It
//! changes nothing, so that a configuration that does not load leaves everything as it was.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use roundsman_model::{TaskDefinition, TaskName};

use crate::{
    accept::{self, Wanted},
    combine::combine,
    definition::Surroundings,
    draft,
    environment::Environment,
    kinds::{Kinds, Refused, Unscheduled},
    named,
    node::join,
    origin::{Origin, Row},
    pass::Pass,
    problem::Problems,
    retention,
    settings::{self, Settings},
    source::{self, Source, Span},
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
    /// Kinds from files that could not be taken as their files are now, with the reasons. None of them keeps a
    /// configuration from being loaded.
    pub refused: Vec<Refused>,
    /// The kinds from files that can be used, but not for the tasks that their files ask for.
    pub unscheduled: Vec<Unscheduled>,
    rows: Vec<Row>,
    texts: Texts,
}

/// A key that a variable of the environment filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled<'a> {
    /// The key, its tables before it.
    pub key: &'a str,
    /// The variable.
    pub variable: &'a str,
}

/// The files as they were read, and the folder of the main one.
#[derive(Clone, PartialEq, Eq)]
struct Texts {
    sources: Vec<Arc<Source>>,
    folder: PathBuf,
}

impl fmt::Debug for Texts {
    /// Nothing of what is written: it may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texts").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Loaded {
    /// Every value in effect with its origin, secrets masked; for `config show`.
    pub fn show(&self) -> &[Row] {
        &self.rows
    }

    /// The keys of tasks that nobody wrote, and the variables of the environment that filled them.
    pub fn filled(&self) -> impl Iterator<Item = Filled<'_>> {
        self.rows.iter().filter(|row| row.key.starts_with("tasks.")).filter_map(|row| match &row.origin {
            Origin::Variable(variable) => Some(Filled { key: &row.key, variable }),
            _ => None,
        })
    }

    /// Where a task comes from: a file of the configuration, the file of its kind, or nowhere if it is a built-in one.
    pub fn origin(&self, task: &TaskName) -> Option<&Origin> {
        let key = format!("{}.uses", join("tasks", task.as_str()));
        self.rows.iter().find(|row| row.key == key).map(|row| &row.origin)
    }
}

/// Loads the configuration: this file, or the one `ROUNDSMAN_CONFIG` names, or the one in `/etc`, or none; and the files
/// in `conf.d` beside it. Everything that is wrong is reported at once.
pub fn load(file: Option<&Path>, kinds: &dyn Kinds, env: &Environment) -> Result<Loaded, Problems> {
    let mut pass = Pass::new(kinds, env);
    let sources = source::read_all(file, env, &mut pass.drafts);
    let loaded = read(&mut pass, &sources, &source::folder(file, env));
    match loaded {
        Some(loaded) if pass.drafts.is_empty() => Ok(loaded),
        _ => Err(draft::finish(pass.drafts, &pass.secrets, &sources)),
    }
}

/// Loads the same text once more, with other kinds. What was written to the files meanwhile does not count: nobody has
/// asked for it yet.
pub fn again(loaded: &Loaded, kinds: &dyn Kinds, env: &Environment) -> Result<Loaded, Problems> {
    let mut pass = Pass::new(kinds, env);
    let Texts { sources, folder } = &loaded.texts;
    match read(&mut pass, sources, folder) {
        Some(loaded) if pass.drafts.is_empty() => Ok(loaded),
        _ => Err(draft::finish(pass.drafts, &pass.secrets, sources)),
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
    let loaded = read(&mut pass, &sources, &source::folder(file, env));
    // What is written in the file of a kind is about tasks.
    let in_kind = |span: &Span| !sources.iter().any(|source| Arc::ptr_eq(source, &span.source));
    let in_tasks_only = pass
        .drafts
        .iter()
        .all(|draft| draft.key.starts_with("tasks.") || draft.span.as_ref().is_some_and(in_kind));
    let mistakes = !pass.drafts.is_empty();
    let problems = draft::finish(pass.drafts, &pass.secrets, &sources);
    match loaded {
        Some(loaded) if in_tasks_only => Ok((loaded, mistakes.then_some(problems))),
        _ => Err(problems),
    }
}

/// Loads what can be loaded whatever is wrong, for whoever looks for what is wrong: settings that cannot be read have their
/// defaults, tasks that cannot be read are left out. Without a state directory there is nothing.
pub fn examine(file: Option<&Path>, kinds: &dyn Kinds, env: &Environment) -> (Option<Loaded>, Problems) {
    let mut pass = Pass::new(kinds, env);
    let sources = source::read_all(file, env, &mut pass.drafts);
    let loaded = read(&mut pass, &sources, &source::folder(file, env));
    (loaded, draft::finish(pass.drafts, &pass.secrets, &sources))
}

fn read(pass: &mut Pass<'_>, sources: &[Arc<Source>], folder: &Path) -> Option<Loaded> {
    let unreadable = !pass.drafts.is_empty();
    let combined = combine(sources, &mut pass.drafts);
    let no_file = sources.is_empty() && !unreadable;
    let incomplete = combined.incomplete || unreadable;
    let lease_key = combined.daemon.get("lease").map(|entry| entry.key.clone());
    let named = named::named(pass, &combined.pools, &combined.budgets);
    let retention = retention::retention(pass, combined.retention);
    let texts = Texts { sources: sources.to_vec(), folder: folder.to_owned() };
    let (daemon, credentials) = (combined.daemon, combined.credentials);
    let own = settings::Own { daemon, credentials, folder: folder.to_owned() };
    let settings = settings::settings(pass, own, &named, retention, no_file);
    // Without settings definitions are checked all the same.
    let utc = crate::Setting::new(chrono_tz::Tz::UTC, crate::Origin::Default);
    let wanted = Wanted {
        tasks: &combined.tasks,
        builtin_tasks: settings.as_ref().is_some_and(|settings| settings.builtin_tasks.value),
        around: Surroundings {
            timezone: settings.as_ref().map_or(&utc, |settings| &settings.timezone),
            blackouts: settings.as_ref().map_or(&[], |settings| &settings.blackouts.value),
            shared: &combined.shared,
            pools: &combined.pools,
            incomplete,
            longest_grace: settings::longest_grace(settings.as_ref().filter(|_| lease_key.is_some())),
        },
    };
    let mut defined = accept::define(pass, &wanted);
    defined.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    let mut settings = settings?;
    settings::fit_lease(pass, &mut settings.lease, lease_key.as_ref());
    let mut rows = settings.rows();
    rows.extend(named.rows);
    let mut tasks = Vec::new();
    for (definition, own) in defined {
        tasks.push(definition);
        rows.extend(own);
    }
    let files = sources.iter().map(|source| source.path.clone()).collect();
    let mut refused = std::mem::take(&mut pass.refused);
    refused.sort_by(|a, b| a.kind.cmp(&b.kind));
    let unscheduled = std::mem::take(&mut pass.unscheduled);
    Some(Loaded { settings, tasks, files, refused, unscheduled, rows, texts })
}
