//! What the engine stands on in a benchmark: fresh databases, definitions made in code, a booted engine. It starts no
//! service.

use std::{path::Path, sync::Arc};

use anyhow::Result;
use roundsman_engine::{Engine, EngineParts, Health};
use roundsman_model::{
    BootId, Clock as _, HumanDuration, NodeId, Overlap, RetryPolicy, Run, Schedule, TaskDefinition, Timestamp,
};
use roundsman_store::{Holder, NodeEntry, OpenOptions, Role, RunFilter, Store};
use roundsman_supervisor::{Config, ProcessExecutor};
use roundsman_task::SystemClock;
use roundsman_telemetry::KindMetrics;
use roundsman_testkit::PostgresCluster;
use roundsman_wire::Executor;

use crate::stamp;

/// Runs read in one call.
const PAGE: u32 = 2_000;

/// A Postgres server that writes to disk as a real one does, and a folder for SQLite files and work directories.
pub(crate) struct Ground {
    folder: tempfile::TempDir,
    cluster: PostgresCluster,
}

impl Ground {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { folder: tempfile::tempdir()?, cluster: PostgresCluster::start() })
    }

    /// A fresh database.
    pub(crate) fn sqlite(&self) -> Result<String> {
        let folder = tempfile::tempdir_in(self.folder.path())?.keep();
        Ok(format!("sqlite:{}", folder.join("roundsman.db").display()))
    }

    /// A fresh database.
    pub(crate) fn postgres(&self) -> String {
        self.cluster.database()
    }

    /// A fresh database of each sort, and what it is called.
    pub(crate) fn both(&self) -> Result<[(&'static str, String); 2]> {
        Ok([("SQLite", self.sqlite()?), ("Postgres", self.postgres())])
    }

    /// Where work directories of attempts go.
    pub(crate) fn work_root(&self) -> std::path::PathBuf {
        self.folder.path().join("work")
    }
}

/// A store as the daemon opens it.
pub(crate) async fn open(url: &str) -> Result<Arc<dyn Store>> {
    Ok(roundsman_store::open(url, OpenOptions::for_role(Role::Daemon)).await?)
}

/// A second connection, which has seen nothing but what is durable.
pub(crate) async fn look(url: &str) -> Result<Arc<dyn Store>> {
    Ok(roundsman_store::open(url, OpenOptions::for_role(Role::Reader)).await?)
}

/// The system's time.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// All runs that are recorded.
pub(crate) async fn all_runs(store: &dyn Store) -> Result<Vec<Run>> {
    let mut all: Vec<Run> = Vec::new();
    loop {
        let before = all.last().map(|run| run.id);
        let page = store.runs(&RunFilter { before, limit: PAGE, ..RunFilter::default() }).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// The executor that the daemon has; its workers are this program.
pub(crate) fn executor(work_root: &Path) -> Result<Arc<ProcessExecutor>> {
    Ok(Arc::new(ProcessExecutor::new(Config::new(work_root.to_owned(), Arc::new(SystemClock)))?))
}

/// An engine that has entered the store as a node, with these definitions.
pub(crate) async fn boot(
    store: Arc<dyn Store>,
    executor: Arc<dyn Executor>,
    tasks: &[TaskDefinition],
) -> Result<Arc<Engine>> {
    let engine = Engine::new(EngineParts {
        store,
        executor,
        clock: Arc::new(SystemClock),
        steady: Arc::new(roundsman_engine::HostUptime),
        me: Holder { node: NodeId::new("bench"), boot: BootId::new("bench-boot") },
        metrics: Arc::new(KindMetrics::default()),
        resolver: Arc::new(|definition| Ok(roundsman_engine::Resolved::as_written(definition))),
        environment: Arc::new(|_| None),
        keyring: Arc::new(roundsman_engine::NoKeyring),
        observer: None,
        health: Arc::new(Health::default()),
        settings: roundsman_engine::EngineSettings::default(),
    });
    engine.set_definitions(tasks);
    let entry = NodeEntry {
        holder: engine.me().clone(),
        name: "bench".into(),
        one_shot: false,
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").into(),
        listen: None,
        kinds: Vec::new(),
        labels: Vec::new(),
        configuration: None,
    };
    engine.store().enter(&entry, engine.now()).await?;
    Ok(engine)
}

/// A task of the kind `stamp`, on this schedule, with room for many runs at a time.
pub(crate) fn task(name: &str, schedule: &str) -> Result<TaskDefinition> {
    Ok(TaskDefinition {
        schedule: Some(Schedule::parse(schedule)?),
        timeout: HumanDuration::from_secs(60),
        retry: RetryPolicy::never(),
        overlap: Overlap::Allow(1_000),
        ..TaskDefinition::new(name.parse()?, stamp::NAME.parse()?)
    })
}
