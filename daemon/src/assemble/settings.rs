//! From the configuration to what the engine is told about its surroundings. It decides nothing about tasks.

use roundsman_config::Settings;
use roundsman_engine::{EngineSettings, Retention, WithoutStore};

use crate::kinds::Catalogue;

/// The folder in the state directory where results are kept while the store is away.
const SPOOL: &str = "spool";

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
