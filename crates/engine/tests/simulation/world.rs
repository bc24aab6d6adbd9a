//! The program itself, made to live through the same year: the real firer on a real store, with a clock that is moved by
//! hand. Runs begin and end here, because nothing real is started.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use chrono::DateTime;
use roundsman_engine::{Engine, EngineParts, EngineSettings, Expirer, Firer, Health, Service as _};
use roundsman_model::{
    AfterBlackout, AttemptEnd, Blackout, BootId, HumanDuration, Misfire, NodeId, Outcome, Overlap, Pause,
    RetryPolicy, Run, RunId, RunState, Schedule, SlotRange, TaskDefinition, TaskName, Timestamp, Transition,
    schedule::jitter_offset,
};
use roundsman_store::{
    Claimer, Holder, NodeEntry, OpenOptions, Role, RunFilter, RunLease, Settlement, Store,
};
use roundsman_telemetry::KindMetrics;
use roundsman_testkit::clock::FakeClock;
use roundsman_wire::{AttemptOrder, Executor, Host, RunningAttempt, StartError};

use crate::{
    naive::play::{Act, Look},
    script::{Beside, Missed, START, Script, Task, When},
};

/// Starts nothing: runs are claimed and settled by the world.
struct Nothing;

#[async_trait]
impl Executor for Nothing {
    async fn start(&self, _: AttemptOrder, _: Arc<dyn Host>) -> Result<Box<dyn RunningAttempt>, StartError> {
        unreachable!("no dispatcher runs here")
    }

    async fn sweep(&self, _: &(dyn for<'m> Fn(&'m str) -> bool + Send + Sync)) -> std::io::Result<u32> {
        Ok(0)
    }

    fn abilities(&self) -> roundsman_model::Abilities {
        roundsman_model::Abilities::default()
    }
}

/// From when to when a run was under way, in steady time.
pub(crate) type Stretch = (usize, i64, i64);

/// The program and what surrounds it.
pub(crate) struct World<'s> {
    script: &'s Script,
    _folder: tempfile::TempDir,
    store: Arc<dyn Store>,
    clock: Arc<FakeClock>,
    daemon: Option<Daemon>,
    steady: i64,
    boots: u32,
    /// Runs under way: since when, until when, and by which lease.
    under_way: BTreeMap<RunId, (usize, i64, i64, RunLease)>,
    pub(crate) stretches: Mutex<Vec<Stretch>>,
}

struct Daemon {
    engine: Arc<Engine>,
    firer: Firer,
    expirer: Expirer,
    me: Holder,
}

impl<'s> World<'s> {
    pub(crate) async fn of(script: &'s Script) -> Self {
        // In memory where there is such a folder: durability is not what is tested here.
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.unwrap();
        let url = format!("sqlite:{}", folder.path().join("roundsman.db").display());
        let store = roundsman_store::open(&url, OpenOptions::for_role(Role::Daemon)).await.unwrap();
        Self {
            script,
            _folder: folder,
            store,
            clock: Arc::new(FakeClock::at(&at(START).to_rfc3339())),
            daemon: None,
            steady: 0,
            boots: 0,
            under_way: BTreeMap::new(),
            stretches: Mutex::default(),
        }
    }

    /// Lives through a look.
    pub(crate) async fn live(&mut self, look: &Look) {
        self.move_clock(look);
        match look.act {
            Act::Stop => return self.stop().await,
            Act::Calm => return self.fire(false).await,
            Act::Boot(down_since) => self.boot(down_since).await,
            Act::Pause { task, until } => {
                let until = until.map(at);
                let pause = Pause { from: at(look.wall), until, by: "ada".into(), reason: None };
                assert!(self.store.pause(&self.name(task), &pause).await.unwrap());
            }
            Act::Resume { task } => {
                assert!(self.store.resume(&self.name(task), "ada", at(look.wall)).await.unwrap());
            }
            Act::Tick | Act::Wake => {}
        }
        if self.daemon.is_none() {
            return;
        }
        self.end_runs(|(_, _, ends, _)| *ends <= look.steady).await;
        self.fire(matches!(look.act, Act::Boot(_))).await;
        self.heed_stops().await;
        self.daemon.as_mut().unwrap().expirer.expire().await.unwrap();
        self.begin_runs(look).await;
    }

    fn move_clock(&mut self, look: &Look) {
        let passed = Duration::from_secs(u64::try_from(look.steady - self.steady).unwrap());
        match look.act {
            Act::Wake => self.clock.suspend(passed),
            _ => self.clock.advance(passed),
        }
        self.steady = look.steady;
        self.clock.set(at(look.wall));
    }

    async fn boot(&mut self, down_since: Option<i64>) {
        self.boots += 1;
        let me = Holder { node: NodeId::new("node-1"), boot: BootId::new(format!("boot-{}", self.boots)) };
        let engine = Engine::new(EngineParts {
            store: self.store.clone(),
            executor: Arc::new(Nothing),
            clock: self.clock.clone(),
            steady: self.clock.clone(),
            me: me.clone(),
            metrics: Arc::new(KindMetrics::default()),
            resolver: Arc::new(|definition| Ok(roundsman_engine::Resolved::as_written(definition))),
            environment: Arc::new(|_| None),
            keyring: Arc::new(roundsman_engine::NoKeyring),
            observer: None,
            health: Arc::new(Health::default()),
            settings: EngineSettings::default(),
        });
        let definitions: Vec<TaskDefinition> = self.script.tasks.iter().map(definition).collect();
        engine.set_definitions(&definitions);
        let entry = NodeEntry {
            holder: me.clone(),
            name: "db-07.example.com".into(),
            one_shot: false,
            pid: 1,
            version: "0".into(),
            listen: None,
            kinds: Vec::new(),
            labels: Vec::new(),
            configuration: None,
        };
        self.store.enter(&entry, engine.now()).await.unwrap();
        let firer = Firer::new(engine.clone(), down_since.map(at));
        let expirer = Expirer::new(engine.clone());
        self.daemon = Some(Daemon { engine, firer, expirer, me });
    }

    async fn stop(&mut self) {
        self.end_runs(|_| true).await;
        let daemon = self.daemon.take().unwrap();
        self.store.leave(&daemon.me, daemon.engine.now()).await.unwrap();
    }

    async fn fire(&mut self, begins: bool) {
        let daemon = self.daemon.as_mut().unwrap();
        if begins {
            daemon.firer.begin().await.unwrap();
        } else {
            daemon.firer.run_once().await;
        }
    }

    async fn heed_stops(&mut self) {
        let orders = self.store.stop_orders(&self.daemon.as_ref().unwrap().me).await.unwrap();
        for (run, _) in orders {
            let (task, since, _, lease) = self.under_way.remove(&run).unwrap();
            self.settle(task, since, lease, RunState::Cancelled).await;
        }
    }

    async fn end_runs(&mut self, ends: impl Fn(&(usize, i64, i64, RunLease)) -> bool) {
        let over: Vec<RunId> =
            self.under_way.iter().filter(|(_, run)| ends(run)).map(|(id, _)| *id).collect();
        for run in over {
            let (task, since, _, lease) = self.under_way.remove(&run).unwrap();
            self.settle(task, since, lease, RunState::Succeeded).await;
        }
    }

    async fn settle(&self, task: usize, since: i64, lease: RunLease, state: RunState) {
        let outcome = Outcome::success("done");
        let settlement = Settlement {
            lease,
            end: AttemptEnd::Finished { outcome: outcome.clone() },
            transition: Transition::End { state, cause: None, outcome: Some(outcome) },
            metrics: Vec::new(),
            cpu_ms: None,
            max_rss: None,
            wake_at: None,
            at: self.daemon.as_ref().unwrap().engine.now(),
        };
        self.store.settle(settlement).await.unwrap();
        self.stretches.lock().unwrap().push((task, since, self.steady));
    }

    async fn begin_runs(&mut self, look: &Look) {
        let me = self.daemon.as_ref().unwrap().me.clone();
        let claimed = self.store.claim(&Claimer::of(me.clone()), 1_000, at(look.wall)).await.unwrap();
        for run in claimed.runs {
            let task = self.script.tasks.iter().position(|task| task.name == run.task.as_str()).unwrap();
            let ends = look.steady + self.script.run_secs(task, run.slot.unwrap().timestamp());
            let lease = RunLease { run: run.id, attempt: run.attempt, holder: me.clone() };
            self.under_way.insert(run.id, (task, look.steady, ends, lease));
        }
    }

    fn name(&self, task: usize) -> TaskName {
        self.script.tasks[task].name.parse().unwrap()
    }

    /// The ledger of a task, oldest first.
    pub(crate) async fn ledger(&self, task: usize) -> Vec<SlotRange> {
        let mut rows = self.store.slots(&self.name(task), None, 1_000_000).await.unwrap();
        rows.reverse();
        rows
    }

    /// All runs.
    pub(crate) async fn runs(&self) -> Vec<Run> {
        self.store.runs(&RunFilter { limit: 1_000_000, ..RunFilter::default() }).await.unwrap()
    }
}

pub(crate) fn at(secs: i64) -> Timestamp {
    DateTime::from_timestamp(secs, 0).unwrap()
}

fn secs(secs: i64) -> HumanDuration {
    HumanDuration::from_secs(u64::try_from(secs).unwrap())
}

/// Takes note of the offset that the program draws from a task's name. The jitter is made a little shorter, so that the
/// offset is one of whole seconds: both sides count in these.
pub(crate) fn settle_jitter(task: &mut Task) {
    let offset = |millis| jitter_offset(&task.name, Duration::from_millis(millis));
    let whole = (0..=task.jitter).rev().find(|millis| offset(*millis).subsec_nanos() == 0).unwrap();
    let offset = offset(whole).as_secs();
    (task.jitter, task.jitter_offset) = (whole, i64::try_from(offset).unwrap());
}

/// The task as the program gets it.
pub(crate) fn definition(task: &Task) -> TaskDefinition {
    let schedule = match task.when {
        When::Cron(pattern) => Schedule::cron(pattern),
        When::Every(interval) => Schedule::every_duration(secs(interval).get()),
    };
    let blackouts = task.darks.iter().map(|dark| Blackout {
        schedule: Schedule::cron(dark.opens).unwrap(),
        duration: secs(dark.secs),
        timezone: dark.zone,
        reason: None,
    });
    TaskDefinition {
        schedule: Some(schedule.unwrap()),
        timezone: task.zone,
        jitter: HumanDuration(Duration::from_millis(task.jitter)),
        timeout: HumanDuration::from_secs(86_400),
        grace: HumanDuration::from_secs(1),
        retry: RetryPolicy::never(),
        overlap: match task.beside {
            Beside::Skip => Overlap::Skip,
            Beside::Queue => Overlap::Queue,
            Beside::Replace => Overlap::Replace,
            Beside::Allow(limit) => Overlap::Allow(u32::try_from(limit).unwrap()),
        },
        misfire: match task.missed {
            Missed::Latest => Misfire::Latest,
            Missed::None => Misfire::None,
            Missed::All => Misfire::All,
        },
        window: secs(task.window),
        start_within: task.start_within.map(secs),
        blackouts: blackouts.collect(),
        after_blackout: if task.once { AfterBlackout::Once } else { AfterBlackout::Skip },
        with: serde_json::json!({ "argv": ["true"] }),
        ..TaskDefinition::new(task.name.parse().unwrap(), "command".parse().unwrap())
    }
}
