//! The ports under test: a scene with a store in a temporary folder, a fake clock, and an executor whose attempts end as
//! the test says.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use roundsman_engine::{Engine, EngineParts, Firer, Health, Keyring, Neighbours, Observer};
use roundsman_model::{
    AttemptEnd, BootId, Credentials, HumanDuration, NodeId, Outcome, Run, SlotRange, TaskDefinition,
    Timestamp,
};
use roundsman_store::{Holder, NodeEntry, OpenOptions, Role, RunFilter, Store};
use roundsman_telemetry::KindMetrics;
use roundsman_testkit::clock::FakeClock;
use roundsman_wire::{
    AttemptOrder, AttemptReport, CancelReason, Executor, Host, Lease, RunningAttempt, StartError,
};

/// A task on this schedule.
pub(crate) fn task(name: &str, schedule: &str) -> TaskDefinition {
    TaskDefinition {
        schedule: Some(roundsman_model::Schedule::parse(schedule).unwrap()),
        timeout: HumanDuration::from_secs(60),
        grace: HumanDuration::from_secs(1),
        with: serde_json::json!({"argv": ["true"]}),
        ..TaskDefinition::new(name.parse().unwrap(), "command".parse().unwrap())
    }
}

/// An executor whose attempts end at once, in the order the test gave; successes when nothing was given.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) ends: Mutex<VecDeque<AttemptEnd>>,
    pub(crate) orders: Mutex<Vec<AttemptOrder>>,
    pub(crate) hosts: Mutex<Vec<Arc<dyn Host>>>,
    pub(crate) sweeps: Mutex<u32>,
    /// So many starts panic in the middle.
    pub(crate) panics: Mutex<u32>,
    pub(crate) abilities: Mutex<roundsman_model::Abilities>,
    /// So many starts find no room for another process.
    pub(crate) full: Mutex<u32>,
}

#[async_trait]
impl Executor for Script {
    async fn start(
        &self,
        order: AttemptOrder,
        host: Arc<dyn Host>,
    ) -> Result<Box<dyn RunningAttempt>, StartError> {
        self.orders.lock().unwrap().push(order);
        let left = { self.panics.lock().unwrap().checked_sub(1) };
        if let Some(left) = left {
            *self.panics.lock().unwrap() = left;
            panic!("a fault of the executor");
        }
        let left = { self.full.lock().unwrap().checked_sub(1) };
        if let Some(left) = left {
            *self.full.lock().unwrap() = left;
            return Err(StartError::Exhausted { source: std::io::ErrorKind::WouldBlock.into() });
        }
        self.hosts.lock().unwrap().push(host);
        let end = self.ends.lock().unwrap().pop_front();
        Ok(Box::new(Ending(end.unwrap_or(AttemptEnd::Finished { outcome: Outcome::success("done") }))))
    }

    async fn sweep(&self, _: &(dyn for<'m> Fn(&'m str) -> bool + Send + Sync)) -> std::io::Result<u32> {
        *self.sweeps.lock().unwrap() += 1;
        Ok(0)
    }

    fn abilities(&self) -> roundsman_model::Abilities {
        self.abilities.lock().unwrap().clone()
    }
}

struct Ending(AttemptEnd);

#[async_trait]
impl RunningAttempt for Ending {
    fn pid(&self) -> Option<u32> {
        None
    }
    fn renew(&self, _: Lease) {}
    fn cancel(&self, _: CancelReason) {}
    fn kill(&self) {}
    async fn wait(&mut self) -> AttemptReport {
        AttemptReport { end: self.0.clone(), usage: None, leftovers: 0 }
    }
}

/// Knows which boots are proved dead.
pub(crate) struct Dead(pub(crate) Vec<Holder>);

impl Neighbours for Dead {
    fn is_proved_dead(&self, holder: &Holder) -> bool {
        self.0.contains(holder)
    }
}

pub(crate) fn holder(boot: &str) -> Holder {
    Holder { node: NodeId::new("node-1"), boot: BootId::new(boot) }
}

/// How a node is recorded.
pub(crate) fn entry(me: Holder) -> NodeEntry {
    NodeEntry {
        holder: me,
        name: "db-07.example.com".into(),
        one_shot: false,
        pid: 1,
        version: "0".into(),
        listen: None,
        kinds: Vec::new(),
        labels: Vec::new(),
        configuration: None,
    }
}

/// A store in a temporary folder and a clock, from which boots of a daemon are made.
pub(crate) struct Scene {
    folder: tempfile::TempDir,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) script: Arc<Script>,
    /// What attempts are given as credentials, whatever they name; without any there is no keyring.
    pub(crate) credentials: Mutex<Option<Credentials>>,
    pub(crate) observer: Mutex<Option<Arc<dyn Observer>>>,
}

/// A keyring that gives everybody the same.
pub(crate) struct OneKey(pub(crate) Credentials);

#[async_trait]
impl Keyring for OneKey {
    async fn credentials(&self, _: &TaskDefinition) -> Result<Credentials, String> {
        Ok(self.0.clone())
    }
}

impl Scene {
    pub(crate) fn at(time: &str) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(FakeClock::at(time)),
            script: Arc::default(),
            credentials: Mutex::default(),
            observer: Mutex::default(),
        }
    }

    /// A path in the scene's folder.
    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn store(&self) -> Arc<dyn Store> {
        let url = format!("sqlite:{}", self.folder.path().join("roundsman.db").display());
        roundsman_store::open(&url, OpenOptions::for_role(Role::Daemon)).await.unwrap()
    }

    /// A daemon's boot on the store: entered, but with nothing reconciled.
    pub(crate) async fn boot(
        &self,
        boot: &str,
        store: &Arc<dyn Store>,
        tasks: &[TaskDefinition],
    ) -> Arc<Engine> {
        self.boot_of(holder(boot), store, tasks).await
    }

    /// The same for any node.
    pub(crate) async fn boot_of(
        &self,
        me: Holder,
        store: &Arc<dyn Store>,
        tasks: &[TaskDefinition],
    ) -> Arc<Engine> {
        let engine = Engine::new(EngineParts {
            store: store.clone(),
            executor: self.script.clone(),
            clock: self.clock.clone(),
            steady: self.clock.clone(),
            me: me.clone(),
            metrics: Arc::new(KindMetrics::default()),
            resolver: Arc::new(|definition| Ok(roundsman_engine::Resolved::as_written(definition))),
            environment: Arc::new(|_| None),
            keyring: match self.credentials.lock().unwrap().clone() {
                Some(credentials) => Arc::new(OneKey(credentials)),
                None => Arc::new(roundsman_engine::NoKeyring),
            },
            observer: self.observer.lock().unwrap().clone(),
            health: Arc::new(Health::default()),
            settings: roundsman_engine::EngineSettings::default(),
        });
        engine.set_definitions(tasks);
        engine.enter(entry(me)).await.unwrap();
        engine
    }

    /// A boot that has taken over, and its firer.
    pub(crate) async fn started(
        &self,
        boot: &str,
        store: &Arc<dyn Store>,
        tasks: &[TaskDefinition],
        down_since: Option<Timestamp>,
    ) -> (Arc<Engine>, Firer) {
        let engine = self.boot(boot, store, tasks).await;
        let mut firer = Firer::new(engine.clone(), down_since);
        firer.begin().await.unwrap();
        (engine, firer)
    }
}

/// All runs, newest first.
pub(crate) async fn runs(store: &Arc<dyn Store>) -> Vec<Run> {
    store.runs(&RunFilter { limit: 500, ..RunFilter::default() }).await.unwrap()
}

/// The ledger of a task in words, oldest first.
pub(crate) async fn ledger(store: &Arc<dyn Store>, task: &str) -> Vec<String> {
    let mut rows: Vec<SlotRange> = store.slots(&task.parse().unwrap(), None, 1_000).await.unwrap();
    rows.reverse();
    let time = |at: Timestamp| at.format("%H:%M:%S").to_string();
    rows.iter()
        .map(|row| {
            let reason = row.reason.map(|reason| format!("({reason})")).unwrap_or_default();
            let last =
                if row.count > 1 { format!("–{} ×{}", time(row.last), row.count) } else { String::new() };
            format!("{}{last} {}{reason}", time(row.first), row.verdict)
        })
        .collect()
}
