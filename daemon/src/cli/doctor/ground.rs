//! What all groups of `doctor` stand on: the configuration as far as it can be read, the kinds, the clock, and the store
//! if it answers. It judges nothing.

use std::{sync::Arc, time::Duration};

use roundsman_config::{Environment, Loaded, Problems, Settings};
use roundsman_model::{Abilities, Clock, Finding, TaskDefinition, Timestamp};
use roundsman_store::{CheckRow, OpenOptions, Role, Store, StoreError, TaskRow};
use tokio::sync::OnceCell;

use crate::{
    cli::{
        args::Globals,
        failure::{Answer, Failure},
        session::{self, store_url},
        suggest,
    },
    control::{self, ControlError, Status},
    kinds::Catalogue,
};

/// How long plugins may take to say what they are.
const PLUGINS: Duration = Duration::from_secs(10);
/// How long one call to the store may take.
const STORE_CALL: Duration = Duration::from_secs(6);

/// What all groups stand on.
pub(super) struct Ground {
    pub(super) environment: Environment,
    pub(super) catalogue: Catalogue,
    pub(super) problems: Problems,
    loaded: Option<Loaded>,
    clock: Arc<dyn Clock>,
    store: OnceCell<Result<Arc<dyn Store>, Arc<StoreError>>>,
    daemon: OnceCell<Result<Status, ControlError>>,
}

/// The tasks that are looked at.
pub(super) enum Chosen {
    /// All that could be read.
    All,
    /// This one.
    One(Box<TaskDefinition>),
    /// This one, which cannot be read.
    Broken(String),
}

impl Ground {
    /// Reads what there is. Plugins are asked what they are, for a while.
    pub(super) async fn survey(globals: &Globals, clock: Arc<dyn Clock>) -> Answer<Self> {
        let whole = tokio::time::timeout(PLUGINS, session::whole_catalogue(globals)).await;
        let catalogue = match whole {
            Ok(Ok(catalogue)) => catalogue,
            // What is known without asking has to do.
            Ok(Err(_)) | Err(_) => session::catalogue(globals)?,
        };
        let environment = Environment::of_process();
        let (loaded, problems) =
            roundsman_config::examine(globals.config.as_deref(), &catalogue, &environment);
        let catalogue = loaded.as_ref().map_or(catalogue.clone(), |loaded| catalogue.settled(loaded));
        Ok(Self {
            environment,
            catalogue,
            problems,
            loaded,
            clock,
            store: OnceCell::new(),
            daemon: OnceCell::new(),
        })
    }

    /// The tasks to look at. One that nobody configured is a mistake of the person.
    pub(super) fn choose(&self, name: Option<&str>) -> Answer<Chosen> {
        let Some(name) = name else { return Ok(Chosen::All) };
        if let Some(task) = self.tasks().iter().find(|task| task.name.as_str() == name) {
            return Ok(Chosen::One(Box::new(task.clone())));
        }
        if self.is_unreadable() || self.problems.iter().any(|problem| is_of_task(&problem.key, name)) {
            return Ok(Chosen::Broken(name.to_owned()));
        }
        let known = self.tasks().iter().map(|task| task.name.as_str());
        Err(Failure::Usage(suggest::unknown_task(name, known)))
    }

    /// The configuration, where any of it can be trusted.
    pub(super) fn loaded(&self) -> Option<&Loaded> {
        self.loaded.as_ref().filter(|_| !self.is_unreadable())
    }

    /// The settings, where they can be trusted.
    pub(super) fn settings(&self) -> Option<&Settings> {
        self.loaded().map(|loaded| &loaded.settings)
    }

    /// The settings, where this key of `[daemon]` or `[credentials]` can be read; says so where it cannot.
    pub(super) fn settings_with(&self, key: &str, found: &mut Vec<Finding>) -> Option<&Settings> {
        let settings =
            self.settings().filter(|_| self.problems.iter().all(|problem| !concerns(&problem.key, key)));
        if settings.is_none() {
            found.push(Finding::warning(
                "look",
                format!("nothing can be said: {key} cannot be read"),
                "mend the configuration first; what is wrong is told below \"configuration\"",
            ));
        }
        settings
    }

    /// The tasks that can be read.
    pub(super) fn tasks(&self) -> &[TaskDefinition] {
        self.loaded().map_or(&[], |loaded| &loaded.tasks)
    }

    /// Whether a whole file is no TOML, so that what is read says nothing about what was meant.
    fn is_unreadable(&self) -> bool {
        self.loaded.is_none() || self.problems.iter().any(|problem| problem.key.is_empty())
    }

    /// What is known to the store of the tasks, where it answers.
    pub(super) async fn rows(&self) -> Vec<TaskRow> {
        let Some(Ok(store)) = self.store().await else { return Vec::new() };
        store.tasks().await.unwrap_or_default()
    }

    /// What daemons found when they looked at tasks, where the store answers.
    pub(super) async fn checks(&self) -> Vec<CheckRow> {
        let Some(Ok(store)) = self.store().await else { return Vec::new() };
        store.checks().await.unwrap_or_default()
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The store; nobody waits for it longer than for one call. Without settings there is none.
    pub(super) async fn store(&self) -> Option<Result<Arc<dyn Store>, Arc<StoreError>>> {
        let loaded = self.loaded()?;
        let open = || async {
            let options =
                OpenOptions { time_limit: STORE_CALL, connections: 1, ..OpenOptions::for_role(Role::Reader) };
            roundsman_store::open(&store_url(loaded), options).await.map_err(Arc::new)
        };
        Some(self.store.get_or_init(open).await.clone())
    }

    /// What the daemon of the state directory says of itself. Without settings there is none.
    pub(super) async fn daemon(&self) -> Option<&Result<Status, ControlError>> {
        let state_dir = &self.settings()?.state_dir.value;
        Some(self.daemon.get_or_init(|| control::status(state_dir)).await)
    }

    /// What the daemon can enforce of sandboxes, or this process where no daemon answers.
    pub(super) async fn abilities(&self) -> Abilities {
        let told = self.daemon().await.and_then(|answer| answer.as_ref().ok()?.abilities.clone());
        told.unwrap_or_else(roundsman_supervisor::abilities)
    }

    /// Closes what was opened.
    pub(super) async fn close(&self) {
        if let Some(Ok(store)) = self.store.get() {
            // Whoever does not answer is not waited for.
            let _ = tokio::time::timeout(Duration::from_secs(1), store.close()).await;
        }
    }
}

/// Whether a problem's key is a task or lies in it.
fn is_of_task(key: &str, task: &str) -> bool {
    let within = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
    let rest = key.strip_prefix("tasks.");
    rest.is_some_and(|rest| {
        let quoted = format!("{task:?}");
        [task, &quoted].iter().any(|name| rest.strip_prefix(*name).is_some_and(within))
    })
}

/// Whether a problem's key is this key, lies in it, or is the table it lies in. Those of environment variables concern all.
fn concerns(problem: &str, key: &str) -> bool {
    let below = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    below(problem, key) || below(key, problem) || problem.starts_with("ROUNDSMAN_")
}

#[cfg(test)]
mod tests {
    use super::{concerns, is_of_task};

    #[test]
    fn keys_of_problems_are_told_apart() {
        assert!(is_of_task("tasks.backup.schedule", "backup") && is_of_task("tasks.backup", "backup"));
        assert!(is_of_task("tasks.\"a b\".uses", "a b"));
        assert!(!is_of_task("tasks.backup-2.schedule", "backup") && !is_of_task("daemon.backup", "backup"));
        assert!(concerns("daemon.store", "daemon.store") && concerns("daemon", "daemon.store"));
        assert!(concerns("ROUNDSMAN_STORE", "daemon.store") && !concerns("daemon.listen", "daemon.store"));
    }
}
