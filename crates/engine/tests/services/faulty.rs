//! A store that fails on command: away, or with answers that get lost after the call was carried out. Everything else is
//! the real store behind it.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use roundsman_model::{
    Artifact, AttemptEnd, BudgetName, BudgetRule, DocumentError, DocumentOp, DocumentReply, Draw, LeaseName,
    Pause, Run, RunId, RunState, SlotRange, StopOrder, StoreId, TaskDefinition, TaskName, Timestamp,
};
use roundsman_store::{
    AttemptRow, Backend, CheckRow, Claimed, Claimer, Control, Fired, Firing, Follow, Held, HeldRun, Holder,
    Installation, Installed, Leader, LeaseReply, LogChunk, NewRun, NodeEntry, NodeRow, PruneOrder, Pruned,
    Requested, RollUp, RunFilter, RunLease, Settled, Settlement, Stopped, Store, StoreError, StoreFacts,
    StoreResult, TaskRow, TaskTotals, Unstarted,
};

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not carried out.
    Away,
    /// It is carried out, and nobody learns of it.
    AnswerLost,
    /// It is not carried out: the store does not know us.
    Denied,
    /// It is not carried out, and never will be.
    Refused,
}

/// A real store in front of which calls can be made to fail.
pub(crate) struct Faulty {
    inner: Arc<dyn Store>,
    fault: Mutex<Option<(Fault, Option<&'static str>)>>,
    failed: AtomicU32,
    settled: Mutex<Vec<Timestamp>>,
}

impl Faulty {
    pub(crate) fn around(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            fault: Mutex::default(),
            failed: AtomicU32::new(0),
            settled: Mutex::default(),
        })
    }

    /// All calls fail like this from now on.
    pub(crate) fn fail(&self, fault: Fault) {
        *self.fault.lock().unwrap() = Some((fault, None));
    }

    /// Calls of this name fail from now on.
    pub(crate) fn fail_only(&self, call: &'static str, fault: Fault) {
        *self.fault.lock().unwrap() = Some((fault, Some(call)));
    }

    /// No call fails any more. That one was to fail and none did is a mistake in the test.
    pub(crate) fn heal(&self) {
        let fault = self.fault.lock().unwrap().take();
        assert!(fault.is_none() || self.failed() > 0, "no call failed: {fault:?}");
    }

    /// How many calls failed so far.
    pub(crate) fn failed(&self) -> u32 {
        self.failed.load(Ordering::Relaxed)
    }

    /// The times of the settlements that were answered, in the order in which they were made.
    pub(crate) fn settled(&self) -> Vec<Timestamp> {
        self.settled.lock().unwrap().clone()
    }

    fn fault_of(&self, call: &str) -> Option<Fault> {
        let fault = *self.fault.lock().unwrap();
        fault.filter(|(_, only)| only.is_none_or(|only| only == call)).map(|(fault, _)| fault)
    }

    async fn through<T>(
        &self,
        what: &'static str,
        call: impl Future<Output = StoreResult<T>>,
    ) -> StoreResult<T> {
        let fault = self.fault_of(what);
        if matches!(fault, None | Some(Fault::AnswerLost)) {
            let answer = call.await;
            if fault.is_none() {
                return answer;
            }
        }
        self.failed.fetch_add(1, Ordering::Relaxed);
        let (store, source) = ("a test".to_owned(), "it was told to fail".into());
        Err(match fault {
            Some(Fault::Denied) => StoreError::Denied { store, source },
            Some(Fault::Refused) => StoreError::Refused { what, store, source },
            _ => StoreError::Away { what, store, source },
        })
    }
}

macro_rules! faulty {
    ($(fn $name:ident($($arg:ident: $type:ty),*) -> $reply:ty;)*) => {
        #[async_trait]
        impl Store for Faulty {
            fn backend(&self) -> Backend {
                self.inner.backend()
            }
            fn place(&self) -> String {
                self.inner.place()
            }
            fn id(&self) -> StoreId {
                self.inner.id()
            }
            async fn close(&self) {
                self.inner.close().await;
            }
            async fn document(
                &self,
                lease: &RunLease,
                space: &str,
                collection: &str,
                op: DocumentOp,
                now: Timestamp,
            ) -> Result<DocumentReply, DocumentError> {
                let reply = self.inner.document(lease, space, collection, op, now).await;
                match self.fault_of("document") {
                    Some(_) => Err(DocumentError::Unavailable { cause: "it was told to fail".into() }),
                    None => reply,
                }
            }
            async fn settle(&self, settlement: Settlement) -> StoreResult<Settled> {
                let at = settlement.at;
                // Outcomes can be made to fail alone.
                let has_outcome = matches!(settlement.end, AttemptEnd::Finished { .. });
                let alone = has_outcome && self.fault_of("settle an outcome").is_some();
                let what = if alone { "settle an outcome" } else { "settle" };
                let settled = self.through(what, self.inner.settle(settlement)).await?;
                self.settled.lock().unwrap().push(at);
                Ok(settled)
            }
            $(async fn $name(&self, $($arg: $type),*) -> StoreResult<$reply> {
                self.through(stringify!($name), self.inner.$name($($arg),*)).await
            })*
        }
    };
}

faulty! {
    fn ping() -> ();
    fn clock() -> Timestamp;
    fn facts() -> StoreFacts;
    fn faults() -> Vec<String>;
    fn enter(node: &NodeEntry, now: Timestamp) -> ();
    fn beat(me: &Holder, runs: &[RunLease], now: Timestamp) -> Vec<RunId>;
    fn leave(me: &Holder, now: Timestamp) -> ();
    fn nodes(now: Timestamp) -> Vec<NodeRow>;
    fn leader() -> Option<Leader>;
    fn take_lead(me: &Holder, seen: Option<&Leader>, now: Timestamp) -> Option<i64>;
    fn keep_lead(me: &Holder, epoch: i64) -> bool;
    fn resign(me: &Holder, epoch: i64) -> ();
    fn pause(task: &TaskName, pause: &Pause) -> bool;
    fn resume(task: &TaskName, by: &str, now: Timestamp) -> bool;
    fn stop(run: RunId, order: &StopOrder) -> Stopped;
    fn stop_orders(me: &Holder) -> Vec<(RunId, StopOrder)>;
    fn note_control(control: &Control) -> ();
    fn controls(task: Option<&TaskName>, limit: u32) -> Vec<Control>;
    fn tasks() -> Vec<TaskRow>;
    fn tasks_named(names: &[TaskName]) -> Vec<TaskRow>;
    fn install(what: Installation, epoch: Option<i64>, now: Timestamp) -> Installed;
    fn revisions() -> Vec<(TaskName, i64)>;
    fn busy() -> Vec<TaskName>;
    fn ran_ahead() -> Vec<(TaskName, Timestamp)>;
    fn definition(task: &TaskName, hash: &str) -> Option<TaskDefinition>;
    fn fire(batch: Vec<Firing>, epoch: Option<i64>, now: Timestamp) -> Vec<Fired>;
    fn set_back(truth: Timestamp, epoch: Option<i64>) -> Option<u64>;
    fn withdraw(task: &TaskName, after: Timestamp, epoch: Option<i64>) -> Option<u64>;
    fn request(run: NewRun, claim: Option<&Claimer>, now: Timestamp) -> Requested;
    fn claim(me: &Claimer, limit: u32, now: Timestamp) -> Claimed;
    fn claim_run(me: &Claimer, run: RunId, now: Timestamp) -> Option<Run>;
    fn overdue(now: Timestamp, after: Option<Unstarted>, limit: u32) -> Vec<Unstarted>;
    fn expire(runs: &[RunId], epoch: Option<i64>, now: Timestamp) -> Option<Vec<Run>>;
    fn waiting(limit: u32, now: Timestamp) -> Vec<Held>;
    fn unfollowed(after: Option<RunId>, limit: u32) -> Vec<Run>;
    fn follow(ended: RunId, followers: &[Follow], epoch: Option<i64>, now: Timestamp) -> Option<Vec<RunId>>;
    fn try_lease(lease: &RunLease, name: &LeaseName, now: Timestamp) -> LeaseReply;
    fn free_lease(lease: &RunLease, name: &LeaseName) -> ();
    fn draw(budget: &BudgetName, default: &BudgetRule, wanted: u32, now: Timestamp) -> Draw;
    fn hold_budget(budget: &BudgetName, default: &BudgetRule, until: Timestamp) -> ();
    fn give_up(run: RunId, state: RunState, cause: &str, now: Timestamp) -> bool;
    fn held() -> Vec<HeldRun>;
    fn append_log(chunk: LogChunk) -> ();
    fn log(run: RunId, after: Option<(u32, i64)>, limit: u32) -> Vec<LogChunk>;
    fn hand_in(key: &str, piece: u32, bytes: Vec<u8>, now: Timestamp) -> ();
    fn input(run: RunId, param: &str, offset: u64, limit: usize) -> Option<Vec<u8>>;
    fn put_artifact(lease: &RunLease, artifact: &Artifact, bytes: Vec<u8>, now: Timestamp) -> bool;
    fn artifacts(run: RunId) -> Vec<Artifact>;
    fn artifact(run: RunId, name: &str) -> Option<Vec<u8>>;
    fn run(id: RunId) -> Option<Run>;
    fn runs(filter: &RunFilter) -> Vec<Run>;
    fn last_runs() -> Vec<Run>;
    fn attempts(run: RunId) -> Vec<AttemptRow>;
    fn slot(task: &TaskName, at: Timestamp) -> Option<SlotRange>;
    fn slots(task: &TaskName, until: Option<Timestamp>, limit: u32) -> Vec<SlotRange>;
    fn roll_ups(task: &TaskName, limit: u32) -> Vec<RollUp>;
    fn record_check(check: CheckRow) -> bool;
    fn checks() -> Vec<CheckRow>;
    fn prune(order: &PruneOrder) -> Pruned;
    fn export(out: &mut (dyn std::io::Write + Send), now: Timestamp) -> u64;
    fn import(from: &mut (dyn std::io::BufRead + Send)) -> u64;
    fn totals() -> Vec<(TaskName, TaskTotals)>;
}
