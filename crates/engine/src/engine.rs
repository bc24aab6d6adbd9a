//! What all services share: the ports, who we are, the definitions in force, and the runs under way. It decides nothing.

mod parts;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use roundsman_model::{
    BudgetName, BudgetRule, KindName, Run, RunId, StoreId, TaskDefinition, TaskName, Timestamp, time::Uptime,
};
use roundsman_store::{Holder, NodeEntry, PoolsAndBudgets, Store, StoreError, StoreResult};
use roundsman_telemetry::KindMetrics;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use self::parts::{EngineParts, Environment, Keyring, NoKeyring, Observer, Resolved, Resolver};
use crate::{
    Health, Live, Means,
    beat::Company,
    inbox::Inbox,
    lead::Seat,
    reload::{self, Wanted},
    spool::Spool,
};

/// What all services share.
pub struct Engine {
    pub(crate) parts: EngineParts,
    pub(crate) live: Live,
    pub(crate) wake_dispatcher: Arc<Notify>,
    pub(crate) wake_firer: Arc<Notify>,
    pub(crate) seat: Seat,
    pub(crate) inbox: Inbox,
    limits: RwLock<PoolsAndBudgets>,
    kinds: RwLock<Vec<KindName>>,
    entry: Mutex<Option<NodeEntry>>,
    pub(crate) wake_stopper: Arc<Notify>,
    pub(crate) wake_follower: Arc<Notify>,
    pub(crate) wake_examiner: Arc<Notify>,
    pub(crate) spool: Spool,
    pub(crate) company: Company,
    /// No run is taken any more.
    pub stop_claiming: CancellationToken,
    /// Attempts under way are told to stop.
    pub stop_working: CancellationToken,
    /// Attempts under way are ended at once.
    pub stop_now: CancellationToken,
    clock_trusted: AtomicBool,
    edition: AtomicU64,
    definitions: RwLock<BTreeMap<TaskName, Arc<TaskDefinition>>>,
    next_slots: RwLock<BTreeMap<TaskName, Timestamp>>,
}

impl Engine {
    /// An engine with no tasks.
    pub fn new(parts: EngineParts) -> Arc<Self> {
        let seat = Seat::new(parts.store.backend());
        let limits = (parts.settings.pools.clone(), parts.settings.budgets.clone());
        let kinds = parts.settings.kinds.clone();
        let spool = Spool::new(parts.settings.spool.clone(), parts.store.id());
        Arc::new(Self {
            parts,
            live: Live::default(),
            wake_dispatcher: Arc::new(Notify::new()),
            wake_firer: Arc::new(Notify::new()),
            seat,
            inbox: Inbox::default(),
            limits: RwLock::new(limits),
            kinds: RwLock::new(kinds),
            entry: Mutex::default(),
            wake_stopper: Arc::new(Notify::new()),
            wake_follower: Arc::new(Notify::new()),
            wake_examiner: Arc::new(Notify::new()),
            spool,
            company: Company::default(),
            stop_claiming: CancellationToken::new(),
            stop_working: CancellationToken::new(),
            stop_now: CancellationToken::new(),
            clock_trusted: AtomicBool::new(false),
            edition: AtomicU64::new(1),
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

    /// Whether the firer believes the wall clock.
    pub(crate) fn trusts_clock(&self) -> bool {
        self.clock_trusted.load(Ordering::Relaxed)
    }

    /// The firer believes the wall clock, or does not: it compared it with what is recorded, or it was set by much.
    pub(crate) fn trust_clock(&self, trusted: bool) {
        self.clock_trusted.store(trusted, Ordering::Relaxed);
    }

    /// What workers are given comes from here.
    pub fn means(&self) -> Means<'_> {
        let EngineParts { executor, resolver, environment, keyring, settings, .. } = &self.parts;
        Means {
            executor: &**executor,
            resolver,
            environment,
            keyring: &**keyring,
            protected: &settings.protected,
        }
    }

    /// The runs under way.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// Puts definitions in force.
    pub fn set_definitions(&self, definitions: &[TaskDefinition]) {
        let all = definitions.iter().map(|d| (d.name.clone(), Arc::new(d.clone()))).collect();
        let all: BTreeMap<TaskName, Arc<TaskDefinition>> = all;
        self.next_slots
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|task, _| all.contains_key(task));
        *self.definitions.write().unwrap_or_else(PoisonError::into_inner) = all;
        self.edition.fetch_add(1, Ordering::Relaxed);
        self.wake_examiner.notify_one();
    }

    /// How often definitions were put in force.
    pub(crate) fn edition(&self) -> u64 {
        self.edition.load(Ordering::Relaxed)
    }

    /// Whether runs of this task may start on this node.
    pub(crate) fn suits(&self, definition: &TaskDefinition) -> bool {
        let kinds = self.kinds();
        (kinds.is_empty() || kinds.contains(&definition.kind))
            && definition.runs_on.iter().all(|label| self.parts.settings.labels.contains(label))
    }

    /// The name under which this node was recorded.
    pub(crate) fn node_name(&self) -> Option<String> {
        self.entry.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|entry| entry.name.clone())
    }

    /// The definitions in force, by name.
    pub fn definitions(&self) -> Vec<Arc<TaskDefinition>> {
        self.definitions.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Declared metrics of all kinds, and their samples.
    pub fn metrics(&self) -> &Arc<KindMetrics> {
        &self.parts.metrics
    }

    /// The kinds that this node has: it takes runs of no others.
    pub fn kinds(&self) -> Vec<KindName> {
        self.kinds.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on these are the kinds that this node has. Others hear of it with the next reload.
    pub fn set_kinds(&self, kinds: Vec<KindName>) {
        *self.kinds.write().unwrap_or_else(PoisonError::into_inner) = kinds;
    }

    /// Records this node, with its kinds and labels and a fingerprint of its definitions.
    pub async fn enter(&self, entry: NodeEntry) -> StoreResult<()> {
        let entry = NodeEntry { labels: self.parts.settings.labels.clone(), ..entry };
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = Some(entry);
        self.enter_again().await
    }

    /// Records this node anew, with the definitions it has now.
    pub(crate) async fn enter_again(&self) -> StoreResult<()> {
        let entry = self.entry.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(entry) = entry else { return Ok(()) };
        let configuration = Some(reload::fingerprint(&self.definitions()));
        self.store().enter(&NodeEntry { configuration, kinds: self.kinds(), ..entry }, self.now()).await
    }

    /// Takes definitions and limits as those of this node.
    pub(crate) fn put_in_place(&self, wanted: Wanted) {
        self.set_definitions(&wanted.definitions);
        *self.limits.write().unwrap_or_else(PoisonError::into_inner) = (wanted.pools, wanted.budgets);
    }

    /// The rule of a budget, if the configuration in force here names it.
    pub(crate) fn budget_rule(&self, name: &BudgetName) -> Option<BudgetRule> {
        let limits = self.limits.read().unwrap_or_else(PoisonError::into_inner);
        limits.1.iter().find(|(known, _)| known == name).map(|(_, rule)| rule.clone())
    }

    /// Pools and budgets as configured here.
    pub(crate) fn limits(&self) -> PoolsAndBudgets {
        self.limits.read().unwrap_or_else(PoisonError::into_inner).clone()
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

    /// Computes the next slots of all tasks from the clock alone, as a node does that does not fire.
    pub(crate) fn show_next_slots(&self, now: Timestamp) {
        let shown = self.next_slots();
        for definition in self.definitions() {
            if shown.get(&definition.name).is_none_or(|next| *next <= now) {
                self.set_next_slot(&definition.name, definition.next_slot(now));
            }
        }
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
