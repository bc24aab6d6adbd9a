//! What all services share: the ports, who we are, the definitions in force, and the runs under way. It decides nothing.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use roundsman_model::{
    Clock, Run, RunId, StoreId, TaskDefinition, TaskName, Timestamp,
    time::{SteadyClock, Uptime},
};
use roundsman_store::{Holder, Store, StoreError, StoreResult};
use roundsman_telemetry::KindMetrics;
use roundsman_wire::{Executor, LogLine};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{EngineSettings, Health, Live};

/// Resolves the references in a task's `with` table; the error is a sentence for people.
pub type Resolver = Arc<dyn Fn(&serde_json::Value) -> Result<serde_json::Value, String> + Send + Sync>;

/// Looks up an environment variable of the daemon.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Sees what an attempt says while it runs; for terminals.
pub trait Observer: Send + Sync + 'static {
    /// A log line.
    fn log(&self, line: &LogLine);
    /// How far the work is.
    fn progress(&self, done: u64, total: Option<u64>, note: &str);
}

/// What the engine stands on.
pub struct EngineParts {
    /// Durable truth.
    pub store: Arc<dyn Store>,
    /// Starts attempts.
    pub executor: Arc<dyn Executor>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// A clock that nobody sets.
    pub steady: Arc<dyn SteadyClock>,
    /// This node and boot.
    pub me: Holder,
    /// Declared metrics of all kinds, and their samples.
    pub metrics: Arc<KindMetrics>,
    /// Resolves references at dispatch.
    pub resolver: Resolver,
    /// The daemon's environment, for variables that tasks name.
    pub environment: Environment,
    /// Whoever watches.
    pub observer: Option<Arc<dyn Observer>>,
    /// How alive we are; shared with `/readyz`.
    pub health: Arc<Health>,
    /// What it is told about its surroundings.
    pub settings: EngineSettings,
}

/// What all services share.
pub struct Engine {
    pub(crate) parts: EngineParts,
    pub(crate) live: Live,
    pub(crate) wake_dispatcher: Arc<Notify>,
    pub(crate) wake_firer: Arc<Notify>,
    /// No run is taken any more.
    pub stop_claiming: CancellationToken,
    /// Attempts under way are told to stop.
    pub stop_working: CancellationToken,
    /// Attempts under way are ended at once.
    pub stop_now: CancellationToken,
    definitions: RwLock<BTreeMap<TaskName, Arc<TaskDefinition>>>,
    next_slots: RwLock<BTreeMap<TaskName, Timestamp>>,
}

impl Engine {
    /// An engine with no tasks.
    pub fn new(parts: EngineParts) -> Arc<Self> {
        Arc::new(Self {
            parts,
            live: Live::default(),
            wake_dispatcher: Arc::new(Notify::new()),
            wake_firer: Arc::new(Notify::new()),
            stop_claiming: CancellationToken::new(),
            stop_working: CancellationToken::new(),
            stop_now: CancellationToken::new(),
            definitions: RwLock::default(),
            next_slots: RwLock::default(),
        })
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.parts.store
    }

    /// How alive we are.
    pub fn health(&self) -> &Arc<Health> {
        &self.parts.health
    }

    /// This node and boot.
    pub fn me(&self) -> &Holder {
        &self.parts.me
    }

    /// The wall-clock time.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// How long the host is up.
    pub(crate) fn uptime(&self) -> Uptime {
        self.parts.steady.uptime()
    }

    /// The runs under way.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// Puts definitions in force.
    pub fn set_definitions(&self, definitions: &[TaskDefinition]) {
        let all = definitions.iter().map(|d| (d.name.clone(), Arc::new(d.clone()))).collect();
        *self.definitions.write().unwrap_or_else(PoisonError::into_inner) = all;
    }

    /// The definitions in force, by name.
    pub fn definitions(&self) -> Vec<Arc<TaskDefinition>> {
        self.definitions.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The definition a run was made from: the one in force if it is the same, else the stored version.
    pub(crate) async fn definition_of(&self, run: &Run) -> StoreResult<Option<Arc<TaskDefinition>>> {
        let in_force =
            self.definitions.read().unwrap_or_else(PoisonError::into_inner).get(&run.task).cloned();
        match in_force {
            Some(definition) if definition.hash() == run.definition => Ok(Some(definition)),
            _ => Ok(self.store().definition(&run.task, &run.definition).await?.map(Arc::new)),
        }
    }

    /// The next slot of each task, as last computed by the firer.
    pub fn next_slots(&self) -> BTreeMap<TaskName, Timestamp> {
        self.next_slots.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_next_slot(&self, task: &TaskName, next: Option<Timestamp>) {
        let mut slots = self.next_slots.write().unwrap_or_else(PoisonError::into_inner);
        match next {
            Some(next) => drop(slots.insert(task.clone(), next)),
            None => drop(slots.remove(task)),
        }
    }

    /// Takes a task's stored samples as the beginning of what its counters add to.
    pub async fn restore_metrics(&self, task: &TaskName) {
        if let Ok(totals) = self.note_read(self.store().totals().await) {
            let of_task = totals.into_iter().find(|(name, _)| name == task);
            self.parts.metrics.restore(task, of_task.map(|(_, totals)| totals.metrics).unwrap_or_default());
        }
    }

    /// Notes whether a store call that wrote succeeded, for `/readyz` and the log.
    pub(crate) fn note_write<T>(&self, result: StoreResult<T>) -> Result<T, StoreError> {
        match &result {
            Ok(_) => self.parts.health.store_answered(),
            Err(error) => self.parts.health.store_failed(error),
        }
        result
    }

    /// Notes whether a store call that only read succeeded. It ends no outage of writing, as of a full disk.
    pub(crate) fn note_read<T>(&self, result: StoreResult<T>) -> Result<T, StoreError> {
        match &result {
            Ok(_) => self.parts.health.store_read(),
            Err(error) => self.parts.health.store_failed(error),
        }
        result
    }
}

/// The mark that all processes of an attempt carry in `ROUNDSMAN_ATTEMPT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The store that knows the run.
    pub store: StoreId,
    /// The run.
    pub run: RunId,
    /// The attempt.
    pub attempt: u32,
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.store, self.run, self.attempt)
    }
}

/// The pause before trying a store call again: doubles from 100 ms to 5 s.
pub(crate) fn store_pause(failures: u32) -> Duration {
    Duration::from_millis(100 << failures.min(6)).min(Duration::from_secs(5))
}
