//! From the configuration to what the engine is told about its surroundings. It decides nothing about tasks.

use std::path::PathBuf;

use roundsman_config::{Environment, Loaded, Settings, StoreUrl};
use roundsman_engine::{EngineSettings, Retention, WithoutStore};

use super::keyring;
use crate::kinds::Catalogue;

/// The folder in the state directory where results are kept while the store is away.
const SPOOL: &str = "spool";
/// The folder with more configuration, beside the configuration file.
const CONF_D: &str = "conf.d";

/// What the daemon's engine is told.
pub(crate) fn of_daemon(settings: &Settings, catalogue: &Catalogue) -> EngineSettings {
    EngineSettings { spool: Some(settings.state_dir.value.join(SPOOL)), ..of_errand(settings, catalogue) }
}

/// What the engine of a one-shot node is told: the same, without a place to leave results in.
pub(crate) fn of_errand(settings: &Settings, catalogue: &Catalogue) -> EngineSettings {
    EngineSettings {
        labels: settings.labels.value.clone(),
        kinds: catalogue.iter().map(|known| known.description.name.clone()).collect(),
        without_store: match settings.without_store.value {
            None => WithoutStore::ByNodes,
            Some(roundsman_config::WithoutStore::Finish) => WithoutStore::Finish,
            Some(roundsman_config::WithoutStore::Stop) => WithoutStore::Stop,
        },
        lease: settings.lease.value.get(),
        node_gone_after: settings.node_gone_after.value.get(),
        pools: settings.pools.clone(),
        budgets: settings.budgets.clone(),
        retention: retention(settings),
        ..EngineSettings::default()
    }
}

/// Files and folders that are out of the reach of tasks: what the daemon keeps, the vault and its keys, the
/// configuration.
pub(crate) fn protected(loaded: &Loaded) -> Vec<PathBuf> {
    let settings = &loaded.settings;
    let credentials = &settings.credentials;
    let mut paths = vec![settings.state_dir.value.clone(), credentials.vault.value.clone()];
    // Beside what is protected nothing new can be made, so places without keys are left out.
    let keys = keyring::key_lookup(loaded, &Environment::of_process()).files();
    paths.extend(keys.into_iter().filter(|path| path.exists()));
    paths.extend(sqlite_files(&settings.store.value));
    for file in &loaded.files {
        paths.push(file.clone());
        let folder = file.parent().filter(|folder| !folder.ends_with(CONF_D));
        paths.extend(folder.map(|folder| folder.join(CONF_D)));
    }
    paths.retain(|path| path.is_absolute());
    paths.sort();
    paths.dedup();
    paths
}

/// The files of a store that is one, wherever they are.
fn sqlite_files(store: &StoreUrl) -> Vec<PathBuf> {
    let StoreUrl::Sqlite(file) = store else { return Vec::new() };
    let beside = |ending: &str| {
        let mut name = file.clone().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    ["", "-wal", "-shm", "-journal", ".lock"].map(beside).to_vec()
}

/// What is kept of the past.
pub(crate) fn retention(settings: &Settings) -> Retention {
    let written = &settings.retention;
    Retention {
        keep: written.keep.value.get(),
        runs_per_task: written.runs_per_task.value,
        bytes: written.bytes.value.bytes(),
        ledger: written.ledger.value.get(),
    }
}
