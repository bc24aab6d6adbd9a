//! What most commands begin with: the configuration, the kinds, the clock, and the store when it is asked for. It
//! never makes or migrates a store.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use chrono_tz::Tz;
use roundsman_config::{Environment, Folders, Kinds, Loaded, StoreUrl};
use roundsman_model::{Clock, RunId, TaskDefinition, Timestamp};
use roundsman_store::{OpenOptions, Role, RunFilter, Store, StoreError, StoreResult};
use roundsman_task::Registry;
use roundsman_telemetry::LogFormat;
use tokio::sync::OnceCell;

use super::{
    args::Globals,
    failure::{Answer, Failure, chain},
    suggest,
};
use crate::{
    control::{self, ControlError},
    kinds::{self, Catalogue, Maker, Places},
};

/// The kinds of this host, wherever their code is, as far as they are known without asking a plugin what it is. Where
/// nothing has changed since a daemon looked, no file of a kind is opened.
pub fn catalogue(globals: &Globals) -> Answer<Catalogue> {
    let folders = folders(globals);
    Ok(maker(globals, &folders, work_root())?.look(&Places::of_folders(&folders)))
}

/// The kinds of this host, plugins asked that no daemon has asked yet.
pub(crate) async fn whole_catalogue(globals: &Globals) -> Answer<Catalogue> {
    let folders = folders(globals);
    let work_root = work_root();
    let maker = maker(globals, &folders, work_root.clone())?;
    if !is_daemon_there(&folders).await {
        maker.begin_anew();
    }
    let made = maker.make(&Places::of_folders(&folders)).await;
    drop(maker);
    // There is none where there was no plugin to ask.
    let _ = std::fs::remove_dir_all(work_root);
    Ok(made.map_err(|error| Failure::failed("cannot look for kinds", error))?.catalogue)
}

/// Kinds as they count with the configuration of this host, as far as that can be loaded.
pub(crate) fn settled(globals: &Globals, kinds: Catalogue) -> Catalogue {
    let loaded = roundsman_config::examine(globals.config.as_deref(), &kinds, &Environment::of_process()).0;
    loaded.map_or_else(|| kinds.clone(), |loaded| kinds.settled(&loaded))
}

/// The kinds that are compiled in, and no others.
pub(crate) fn compiled() -> Answer<Catalogue> {
    let registry = Registry::collect().map_err(|error| Failure::Usage(error.to_string()))?;
    Ok(Catalogue::compiled(&registry))
}

/// What makes the kinds of a daemon, and where they are.
pub(crate) fn maker_of_daemon(globals: &Globals) -> Answer<(Maker, Places)> {
    let folders = folders(globals);
    let work_root = folders.state_dir.as_ref().map_or_else(work_root, |state_dir| state_dir.join("describe"));
    let maker = maker(globals, &folders, work_root)?;
    // What failed before this start may have been mended meanwhile.
    maker.begin_anew();
    Ok((maker, Places::of_folders(&folders)))
}

/// Whether a daemon keeps the record of kinds up to date.
async fn is_daemon_there(folders: &Folders) -> bool {
    let Some(state_dir) = &folders.state_dir else { return false };
    !matches!(control::status(state_dir).await, Err(ControlError::Absent { .. }))
}

fn folders(globals: &Globals) -> Folders {
    roundsman_config::folders(globals.config.as_deref(), &Environment::of_process())
}

/// Where workers of this command have their folders: the state directory belongs to the daemon.
fn work_root() -> PathBuf {
    std::env::temp_dir().join(format!("roundsman-{}", uuid::Uuid::now_v7()))
}

fn maker(globals: &Globals, folders: &Folders, work_root: PathBuf) -> Answer<Maker> {
    let compiled = compiled()?;
    let (file, kinds) = (globals.config.clone(), compiled.clone());
    let protected = move || kinds::protected(file.as_deref(), &kinds, &Environment::of_process());
    Ok(Maker::new(compiled, folders.state_dir.as_deref(), work_root, Arc::new(protected)))
}

/// Loads the configuration, or tells everything that is wrong with it.
pub fn load(globals: &Globals, kinds: &dyn Kinds) -> Answer<Loaded> {
    roundsman_config::load(globals.config.as_deref(), kinds, &Environment::of_process())
        .map_err(|problems| Failure::Usage(problems.to_string()))
}

/// The address of the configured store, password included: for opening it, never for showing.
pub fn store_url(loaded: &Loaded) -> String {
    match &loaded.settings.store.value {
        StoreUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
        StoreUrl::Postgres(url) => url.expose().clone(),
    }
}

/// Starts logging to standard error.
pub fn start_logging(filter: &str, format: roundsman_config::LogFormat) -> Answer {
    let format = match format {
        roundsman_config::LogFormat::Human => LogFormat::Human,
        roundsman_config::LogFormat::Json => LogFormat::Json,
    };
    roundsman_telemetry::start_logging(filter, format).map_err(|error| Failure::Usage(chain(&error)))
}

/// What a command works with.
pub struct Session {
    loaded: Loaded,
    catalogue: Catalogue,
    clock: Arc<dyn Clock>,
    store: OnceCell<Arc<dyn Store>>,
    /// Why there is no store, once a command went on without it.
    without_store: OnceLock<String>,
    /// What is wrong with tasks of the configuration.
    mistakes: Option<String>,
}

impl Session {
    /// Loads the configuration. The store is opened by the first command that asks for it.
    pub fn open(globals: &Globals, clock: Arc<dyn Clock>) -> Answer<Self> {
        let catalogue = catalogue(globals)?;
        let file = globals.config.as_deref();
        let (loaded, problems) = roundsman_config::look(file, &catalogue, &Environment::of_process())
            .map_err(|problems| Failure::Usage(problems.to_string()))?;
        let mistakes = problems.map(|problems| {
            let count = problems.0.len();
            let mistakes = if count == 1 { "a mistake" } else { "mistakes" };
            format!(
                "the configuration has {mistakes} (see `roundsman config check`); told by what is in force"
            )
        });
        Ok(Self {
            catalogue: catalogue.settled(&loaded),
            loaded,
            clock,
            store: OnceCell::new(),
            without_store: OnceLock::new(),
            mistakes,
        })
    }

    /// The configuration.
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// The kinds of this host.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The tasks that the configuration names.
    pub fn configured(&self) -> &[TaskDefinition] {
        &self.loaded.tasks
    }

    /// The zone of listings over several tasks.
    pub fn zone(&self) -> Tz {
        self.loaded.settings.timezone.value
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The store, as it is there.
    pub async fn store(&self) -> Answer<Arc<dyn Store>> {
        Ok(self.opened().await?)
    }

    async fn opened(&self) -> StoreResult<Arc<dyn Store>> {
        let open = || async {
            let options = OpenOptions::for_role(Role::Reader);
            roundsman_store::open(&store_url(&self.loaded), options).await
        };
        Ok(self.store.get_or_try_init(open).await?.clone())
    }

    /// The store, or nothing where there is none yet.
    pub async fn store_if_there(&self) -> Answer<Option<Arc<dyn Store>>> {
        match self.opened().await {
            Ok(store) => Ok(Some(store)),
            Err(StoreError::Missing { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The store, or nothing where there is none yet or it cannot be reached: what the configuration says is true
    /// without it. Everything else that is wrong with a store shows as soon as it is needed.
    pub async fn store_if_any(&self) -> Option<Arc<dyn Store>> {
        match self.store_if_there().await {
            Ok(store) => store,
            Err(failure) => {
                let _ = self
                    .without_store
                    .set(format!("told from the configuration alone: {}", failure.message()));
                None
            }
        }
    }

    /// What is wrong with tasks of the configuration: then what is in force counts, and nothing else.
    pub fn mistakes(&self) -> Option<&str> {
        self.mistakes.as_deref()
    }

    /// What the person should know about how the answer came about.
    pub fn note(&self) -> Option<&str> {
        self.without_store.get().map(String::as_str)
    }

    /// Closes what was opened.
    pub async fn close(&self) {
        if let Some(store) = self.store.get() {
            store.close().await;
        }
    }
}

/// Reads the number of a run: `41` or `#41`.
pub fn run_id(text: &str) -> Result<RunId, String> {
    text.parse().map_err(|_| "runs have numbers, such as 41: `roundsman runs` lists them".to_owned())
}

/// The failure that names the runs nearest to one that does not exist.
pub async fn no_run(store: &Arc<dyn Store>, wanted: RunId) -> Failure {
    let newest = async |before: Option<RunId>| {
        let filter = RunFilter { before, limit: 1, ..RunFilter::default() };
        store.runs(&filter).await.ok().and_then(|runs| runs.first().map(|run| run.id))
    };
    let (top, below) = (newest(None).await, newest(Some(wanted)).await);
    Failure::Usage(suggest::no_run(wanted, below, above(store, wanted).await, top))
}

/// The lowest run above a number, where it is near: retention leaves gaps, but no questions upwards.
async fn above(store: &Arc<dyn Store>, wanted: RunId) -> Option<RunId> {
    const NEAR: i64 = 200;
    let filter = RunFilter {
        before: Some(RunId(wanted.0.checked_add(NEAR)?)),
        limit: NEAR as u32,
        ..RunFilter::default()
    };
    let runs = store.runs(&filter).await.ok()?;
    runs.iter().map(|run| run.id).filter(|id| *id > wanted).min()
}
