//! From the configuration to what the engine is told about its surroundings. It decides nothing about tasks.

use roundsman_config::Settings;
use roundsman_engine::{EngineSettings, Retention, WithoutStore};
use roundsman_task::Registry;

/// The folder in the state directory where results are kept while the store is away.
const SPOOL: &str = "spool";

/// What the daemon's engine is told.
pub(crate) fn of_daemon(settings: &Settings, registry: &Registry) -> EngineSettings {
    EngineSettings { spool: Some(settings.state_dir.value.join(SPOOL)), ..of_errand(settings, registry) }
}

/// What the engine of a one-shot node is told: the same, without a place to leave results in.
pub(crate) fn of_errand(settings: &Settings, registry: &Registry) -> EngineSettings {
    EngineSettings {
        labels: settings.labels.value.clone(),
        kinds: registry.iter().filter_map(|entry| entry.info.name.parse().ok()).collect(),
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
