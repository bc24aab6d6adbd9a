//! Loads the configuration of a running daemon again, on a word over the socket or on SIGHUP: all of it or nothing. What
//! the new definitions do to slots and runs is the engine's business.

mod kinds;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex as StdMutex, PoisonError},
    time::Instant,
};

use async_trait::async_trait;
use roundsman_config::{CredentialSources, Environment, Loaded, Settings};
use roundsman_engine::Engine;
use roundsman_model::{ByteSize, HumanDuration};
use roundsman_store::Control;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::Mutex,
};
use tokio_util::sync::CancellationToken;

use super::{
    protocol::{KindChanges, Reloaded, Status},
    server::Ears,
};
use crate::{
    assemble::old_names,
    cli::{failure::chain, reload},
    kinds::{Catalogue, Made, Places, Stock, families},
};

/// Loads the configuration again.
pub(crate) struct Reloader {
    /// The file named at the start, if one was; what else is read follows from the environment, as at the start.
    file: Option<PathBuf>,
    stock: Arc<Stock>,
    engine: Arc<Engine>,
    begun: Instant,
    /// The configuration that was loaded last.
    last: StdMutex<Arc<Loaded>>,
    /// Why changed kinds could not be put in force, as it was said.
    said: StdMutex<Option<String>>,
    /// What the daemon was started with: some of it stays as it is however often it is reloaded.
    settings: Settings,
    /// One reload at a time.
    turn: Mutex<()>,
}

impl Reloader {
    /// A reloader for a daemon that was started from this configuration.
    pub(crate) fn new(
        file: Option<PathBuf>,
        stock: Arc<Stock>,
        engine: Arc<Engine>,
        loaded: Arc<Loaded>,
    ) -> Self {
        let settings = loaded.settings.clone();
        let (last, said) = (StdMutex::new(loaded), StdMutex::default());
        Self { file, stock, engine, begun: Instant::now(), last, said, settings, turn: Mutex::new(()) }
    }

    /// Reloads, or says in sentences why all stays as it is.
    async fn load_again(&self, by: &str) -> Result<Reloaded, String> {
        let _turn = self.turn.lock().await;
        let (file, environment) = (self.file.clone(), Environment::of_process());
        let folders = roundsman_config::folders(file.as_deref(), &environment);
        self.stock.maker.begin_anew();
        let made = self.make(&Places::of_folders(&folders)).await?;
        let kinds = made.catalogue.clone();
        let load = move || roundsman_config::load(file.as_deref(), &kinds, &environment);
        let fresh = beside(load).await?;
        let terraform = old_names::terraform(&fresh, &made.catalogue, &Environment::of_process());
        let reloaded = self.put_in_force(made, fresh, by).await?;
        if let Some(note) = terraform {
            tracing::warn!("{note}");
        }
        Ok(reloaded)
    }

    async fn make(&self, places: &Places) -> Result<Made, String> {
        let made = self.stock.maker.make(places).await;
        made.map_err(|error| format!("looking for kinds broke off: {error}"))
    }

    /// All of it or nothing.
    async fn put_in_force(&self, made: Made, fresh: Loaded, by: &str) -> Result<Reloaded, String> {
        let settled = made.catalogue.settled(&fresh);
        let before = self.stock.shelf.now();
        // Before the definitions: what they fire at once needs its kind.
        self.offer(&settled);
        let (pools, budgets) = (fresh.settings.pools.clone(), fresh.settings.budgets.clone());
        let report = self.engine.reload(fresh.tasks.clone(), pools, budgets).await;
        let report = report.inspect_err(|_| self.offer(&before)).map_err(|error| chain(&error))?;
        let kinds = kind_changes(&before, &settled);
        let reloaded = Reloaded {
            added: report.added,
            removed: report.removed,
            changed: report.changed,
            restart: restart_keys(&self.settings, &fresh.settings),
            follows: !report.leads,
            kinds,
            broken: settled.broken().iter().map(crate::kinds::Broken::sentence).collect(),
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        self.stock.take(made, settled, &before);
        self.note(by, &reloaded).await;
        Ok(reloaded)
    }

    /// Takes these kinds as those of this node.
    fn offer(&self, kinds: &Catalogue) {
        self.engine.set_kinds(kinds.kind_names());
        self.engine.metrics().declare(families(kinds));
        self.stock.shelf.set(kinds.clone());
    }

    async fn note(&self, by: &str, reloaded: &Reloaded) {
        tracing::info!(by, "{}", reload::words(reloaded));
        if let Some(note) = reload::restart_note(&reloaded.restart) {
            tracing::warn!("{note}");
        }
        let control = Control {
            at: self.engine.now(),
            by: by.to_owned(),
            what: "reload".to_owned(),
            task: None,
            run: None,
            detail: Some(reload::words(reloaded)),
        };
        if let Err(error) = self.engine.store().note_control(&control).await {
            tracing::warn!("a reload could not be recorded: {error}");
        }
    }
}

#[async_trait]
impl Ears for Reloader {
    fn wake(&self) {
        self.engine.look_now();
        self.engine.look_for_orders();
    }

    async fn status(&self) -> Status {
        Status {
            boot: self.engine.me().boot.clone(),
            leader: self.engine.standing().fires(),
            uptime_secs: self.begun.elapsed().as_secs_f64(),
            tick_age_secs: self.engine.health().tick_age().map(|age| age.as_secs_f64()),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            replaced: was_replaced(),
            abilities: Some(self.engine.means().executor.abilities()),
            progress: self.engine.live().progress(),
        }
    }

    async fn reload(&self, by: &str) -> Result<Reloaded, String> {
        self.load_again(by).await.inspect_err(|why| {
            tracing::error!(by, "the configuration was not reloaded, nothing was changed: {why}");
        })
    }
}

/// Whether another executable lies where ours came from: the kernel says so in the name of the link.
fn was_replaced() -> bool {
    std::fs::read_link("/proc/self/exe").is_ok_and(|path| path.to_string_lossy().ends_with(" (deleted)"))
}

/// Files are read and checked beside everything else that the daemon does.
async fn beside(
    load: impl FnOnce() -> Result<Loaded, roundsman_config::Problems> + Send + 'static,
) -> Result<Loaded, String> {
    let loaded = tokio::task::spawn_blocking(load).await;
    loaded
        .map_err(|error| format!("reading the configuration broke off: {error}"))?
        .map_err(|all| all.to_string())
}

/// SIGHUP, heard from the beginning of a daemon, so that one that comes early does not end it.
pub(crate) struct ReloadSignals(Signal);

impl ReloadSignals {
    /// Listens from now on.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self(signal(SignalKind::hangup())?))
    }

    /// Reloads on each signal, until `stop`.
    pub(crate) async fn obey(mut self, reloader: Arc<Reloader>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Some(()) = self.0.recv() => {}
            }
            // What came of it was logged.
            let _ = reloader.reload("SIGHUP").await;
        }
    }
}

/// What has changed among the kinds from files.
fn kind_changes(before: &Catalogue, after: &Catalogue) -> KindChanges {
    let names = |of: &Catalogue, keep: &dyn Fn(&str) -> bool| {
        let names = of.iter().map(|known| known.description.name.to_string());
        names.filter(|name| keep(name)).collect()
    };
    KindChanges {
        added: names(after, &|name| before.get(name).is_none()),
        removed: names(before, &|name| after.get(name).is_none()),
        changed: names(after, &|name| before.get(name).is_some_and(|old| Some(old) != after.get(name))),
    }
}

/// The keys beside tasks, pools and budgets that have changed and count only from the next start on.
fn restart_keys(before: &Settings, after: &Settings) -> Vec<String> {
    let changed = [
        ("store", before.store.value != after.store.value),
        ("listen", before.listen.value != after.listen.value),
        ("state_dir", before.state_dir.value != after.state_dir.value),
        ("workers", before.workers.value != after.workers.value),
        ("log", before.log.value != after.log.value),
        ("log_format", before.log_format.value != after.log_format.value),
        ("node_name", before.node_name.value != after.node_name.value),
        ("labels", before.labels.value != after.labels.value),
        ("lease", before.lease.value != after.lease.value),
        ("without_store", before.without_store.value != after.without_store.value),
        ("node_gone_after", before.node_gone_after.value != after.node_gone_after.value),
    ];
    let keys = changed.iter().filter(|(_, changed)| *changed).map(|(key, _)| format!("daemon.{key}"));
    let retention = (kept(before) != kept(after)).then(|| "retention".to_owned());
    let credentials = (sources(before) != sources(after)).then(|| "credentials".to_owned());
    keys.chain(retention).chain(credentials).collect()
}

/// Where credentials come from, wherever that was written. What is in there is read anew for each run.
fn sources(settings: &Settings) -> impl PartialEq + '_ {
    let CredentialSources { vault, key_file, command, command_timeout, files } = &settings.credentials;
    (&vault.value, &key_file.value, &command.value, command_timeout, files)
}

/// What is kept, wherever it was written.
fn kept(settings: &Settings) -> (HumanDuration, u32, ByteSize, HumanDuration) {
    let retention = &settings.retention;
    (retention.keep.value, retention.runs_per_task.value, retention.bytes.value, retention.ledger.value)
}
