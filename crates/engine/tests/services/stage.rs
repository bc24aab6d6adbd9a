//! A stage for services that run runs: an engine with chosen settings, and attempts that go on until the test ends them.

use roundsman_testkit::Installing as _;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use roundsman_engine::{Dispatcher, Engine, EngineParts, EngineSettings, Health, Keyring, Service as _};
use roundsman_model::{AttemptEnd, Credentials, Origin, Outcome, Run, RunId, TaskDefinition, TaskError};
use roundsman_store::{Holder, NewRun, NodeEntry, Requested, Round, RunFilter, Store};
use roundsman_telemetry::KindMetrics;
use roundsman_testkit::clock::FakeClock;
use roundsman_wire::{
    AttemptOrder, AttemptReport, CancelReason, Executor, Host, Lease, RunningAttempt, StartError,
};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

/// An attempt as the test sees it.
pub(crate) struct Played {
    pub(crate) order: AttemptOrder,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) renewals: Mutex<Vec<Lease>>,
    pub(crate) cancels: Mutex<Vec<CancelReason>>,
    end: watch::Sender<Option<AttemptEnd>>,
    is_deaf: AtomicBool,
}

impl Played {
    /// It does not stop when it is told to; it has to be killed.
    pub(crate) fn deafen(&self) {
        self.is_deaf.store(true, Ordering::Relaxed);
    }

    /// Ends it.
    pub(crate) fn end(&self, end: AttemptEnd) {
        self.end.send_replace(Some(end));
    }

    /// Ends it well.
    pub(crate) fn succeed(&self) {
        self.end(AttemptEnd::Finished { outcome: Outcome::success("done") });
    }
}

/// Attempts that go on until the test ends them, or until they are told to stop.
#[derive(Default)]
pub(crate) struct Theatre {
    played: Mutex<Vec<Arc<Played>>>,
}

impl Theatre {
    pub(crate) fn started(&self) -> usize {
        self.played.lock().unwrap().len()
    }

    /// The attempt that was started as this one, counted from 0; waits for it.
    pub(crate) async fn attempt(&self, index: usize) -> Arc<Played> {
        loop {
            if let Some(played) = self.played.lock().unwrap().get(index) {
                return played.clone();
            }
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Executor for Theatre {
    async fn start(
        &self,
        order: AttemptOrder,
        host: Arc<dyn Host>,
    ) -> Result<Box<dyn RunningAttempt>, StartError> {
        let (renewals, cancels, end) = (Mutex::default(), Mutex::default(), watch::Sender::new(None));
        let is_deaf = AtomicBool::default();
        let played = Arc::new(Played { order, host, renewals, cancels, end, is_deaf });
        self.played.lock().unwrap().push(played.clone());
        Ok(Box::new(Playing(played)))
    }

    async fn sweep(&self, _: &(dyn for<'m> Fn(&'m str) -> bool + Send + Sync)) -> std::io::Result<u32> {
        Ok(0)
    }

    fn abilities(&self) -> roundsman_model::Abilities {
        roundsman_model::Abilities::default()
    }
}

struct Playing(Arc<Played>);

#[async_trait]
impl RunningAttempt for Playing {
    fn pid(&self) -> Option<u32> {
        None
    }
    fn renew(&self, lease: Lease) {
        self.0.renewals.lock().unwrap().push(lease);
    }
    fn cancel(&self, reason: CancelReason) {
        self.0.cancels.lock().unwrap().push(reason);
        if self.0.is_deaf.load(Ordering::Relaxed) {
            return;
        }
        let error =
            if reason == CancelReason::Person { TaskError::Cancelled } else { TaskError::Interrupted };
        self.0.end(AttemptEnd::Erred { error });
    }
    fn kill(&self) {
        if self.0.is_deaf.load(Ordering::Relaxed) {
            return self.0.end(AttemptEnd::Erred { error: TaskError::Interrupted });
        }
        self.cancel(CancelReason::Drain);
    }
    async fn wait(&mut self) -> AttemptReport {
        let mut end = self.0.end.subscribe();
        let end = end.wait_for(Option::is_some).await.unwrap().clone();
        AttemptReport { end: end.unwrap(), usage: None, leftovers: 0 }
    }
}

/// The table as it is written; what it has under `scopes` are the scopes of the spaces that its kind shares.
fn as_written(definition: &TaskDefinition) -> roundsman_engine::Resolved {
    let scopes = serde_json::from_value(definition.with["scopes"].clone()).unwrap_or_default();
    roundsman_engine::Resolved { scopes, ..roundsman_engine::Resolved::as_written(definition) }
}

/// A node, its dispatcher and its attempts.
pub(crate) struct Stage {
    pub(crate) engine: Arc<Engine>,
    pub(crate) theatre: Arc<Theatre>,
    pub(crate) attempts: TaskTracker,
    pub(crate) dispatcher: Dispatcher,
}

impl Stage {
    /// A node on this store with so many workers.
    pub(crate) async fn new(
        store: Arc<dyn Store>,
        clock: &Arc<FakeClock>,
        me: Holder,
        tasks: &[TaskDefinition],
        (workers, settings): (usize, EngineSettings),
    ) -> Self {
        Self::made(store, clock, me, tasks, (workers, settings), Arc::new(roundsman_engine::NoKeyring)).await
    }

    /// A node with one worker, whose attempts are given these credentials.
    pub(crate) async fn with(
        store: Arc<dyn Store>,
        clock: &Arc<FakeClock>,
        me: Holder,
        tasks: &[TaskDefinition],
        credentials: Credentials,
    ) -> Self {
        let settings = (1, EngineSettings::default());
        Self::made(store, clock, me, tasks, settings, Arc::new(crate::fakes::OneKey(credentials))).await
    }

    async fn made(
        store: Arc<dyn Store>,
        clock: &Arc<FakeClock>,
        me: Holder,
        tasks: &[TaskDefinition],
        (workers, settings): (usize, EngineSettings),
        keyring: Arc<dyn Keyring>,
    ) -> Self {
        let theatre = Arc::new(Theatre::default());
        let engine = Engine::new(EngineParts {
            store: store.clone(),
            executor: theatre.clone(),
            clock: clock.clone(),
            steady: clock.clone(),
            me: me.clone(),
            metrics: Arc::new(KindMetrics::default()),
            resolver: Arc::new(|definition| Ok(as_written(definition))),
            environment: Arc::new(|_| None),
            keyring,
            observer: None,
            health: Arc::new(Health::default()),
            settings,
        });
        engine.set_definitions(tasks);
        let entry = NodeEntry {
            holder: me,
            name: "db-07.example.com".into(),
            one_shot: false,
            pid: 1,
            version: "0".into(),
            listen: None,
            kinds: Vec::new(),
            labels: Vec::new(),
            configuration: None,
        };
        store.enter(&entry, engine.now()).await.unwrap();
        store.install_tasks(tasks, engine.now()).await.unwrap();
        let attempts = TaskTracker::new();
        let dispatcher = Dispatcher::new(engine.clone(), workers, attempts.clone());
        Self { engine, theatre, attempts, dispatcher }
    }

    /// Queues a run on request.
    pub(crate) async fn queue(&self, task: &TaskDefinition, round: Round) -> RunId {
        let run = NewRun {
            definition: task.clone(),
            slot: None,
            origin: Origin::Trigger,
            requested_by: Some("erika".into()),
            action: None,
            params: serde_json::Value::Null,
            dry_run: false,
            exclusive: true,
            round,
            rerun_of: None,
            inputs: Vec::new(),
        };
        match self.engine.store().request(run, None, self.engine.now()).await.unwrap() {
            Requested::Run(run) => run.id,
            Requested::Overlap(run) => panic!("run {} is in the way", run.id),
            Requested::Removed(at) => panic!("its task was removed at {at}"),
        }
    }

    /// Lets the dispatcher look once, and returns the attempt it started as this one, counted from 0.
    pub(crate) async fn start(&mut self, index: usize) -> Arc<Played> {
        self.dispatcher.run_once().await;
        self.theatre.attempt(index).await
    }

    /// Waits until all results are stored.
    pub(crate) async fn settled(&self) {
        self.attempts.close();
        self.attempts.wait().await;
        self.attempts.reopen();
    }

    pub(crate) async fn run(&self, id: RunId) -> Run {
        self.engine.store().run(id).await.unwrap().unwrap()
    }

    /// The newest run of a task.
    pub(crate) async fn last_run(&self, task: &str) -> Option<Run> {
        let filter = RunFilter { task: Some(task.parse().unwrap()), limit: 1, ..RunFilter::default() };
        self.engine.store().runs(&filter).await.unwrap().pop()
    }
}
