//! The [`Store`] in either database: each call is a command. Nothing is decided here.

use async_trait::async_trait;
use roundsman_model::{
    Artifact, BudgetName, BudgetRule, DocumentError, DocumentOp, DocumentReply, Draw, LeaseName, Pause,
    PoolName, Run, RunId, RunState, SlotRange, StopOrder, StoreId, TaskDefinition, TaskName, Timestamp,
};

use crate::{
    AttemptRow, Backend, Claimed, Claimer, Control, Fired, Firing, Follow, Held, HeldRun, Holder, Leader,
    LeaseReply, LogChunk, NewRun, NodeEntry, NodeRow, PruneOrder, Pruned, Requested, RollUp, RunFilter,
    RunLease, Settled, Settlement, Stopped, Store, StoreError, StoreResult, TaskRow, TaskTotals,
    access::{Access, CallError},
    commands::{
        Command, Ping,
        artifacts::{Artifacts, PutArtifact, ReadArtifact},
        claim::{Claim, ClaimRun, GiveUp},
        documents::Documents,
        fire::Fire,
        logs::{AppendLog, ReadLog},
        nodes::{Beat, Enter, Leave, Nodes},
        request::Request,
        runs::read::{Attempts, FindRun, Held as HeldRuns, ListRuns},
        settle::Settle,
        slots::{Slot, Slots},
        tasks::{Definition, Install, Tasks},
        totals::Totals,
        watch::{Busy, RanAhead, Revisions},
    },
    trouble::{Kind, Place, Trouble},
};

/// A store in a database.
pub(crate) struct Database<A> {
    access: A,
    place: Place,
    id: StoreId,
}

impl<A: Access> Database<A> {
    /// A store that was opened.
    pub(crate) fn new(access: A, place: Place, id: StoreId) -> Self {
        Self { access, place, id }
    }

    async fn write<C: Command + 'static>(&self, command: C) -> StoreResult<C::Reply> {
        self.access.write(command).await.map_err(|error| self.store_error(C::WHAT, error))
    }

    async fn read<C: Command>(&self, command: C) -> StoreResult<C::Reply> {
        self.access.read(command).await.map_err(|error| self.store_error(C::WHAT, error))
    }

    fn store_error(&self, what: &'static str, error: CallError) -> StoreError {
        match error {
            CallError::Store(error) => error,
            CallError::Document(error) => {
                self.place.explain(what, &Trouble::new(Kind::Refused, error.to_string()))
            }
        }
    }
}

#[async_trait]
impl<A: Access> Store for Database<A> {
    fn backend(&self) -> Backend {
        A::BACKEND
    }

    fn place(&self) -> String {
        self.place.shown()
    }

    fn id(&self) -> StoreId {
        self.id.clone()
    }

    async fn ping(&self) -> StoreResult<()> {
        self.read(Ping).await
    }

    async fn close(&self) {
        self.access.close().await;
    }

    async fn enter(&self, node: &NodeEntry, now: Timestamp) -> StoreResult<()> {
        self.write(Enter { entry: node.clone(), now }).await
    }

    async fn beat(&self, me: &Holder, runs: &[RunLease], now: Timestamp) -> StoreResult<Vec<RunId>> {
        self.write(Beat { me: me.clone(), runs: runs.to_vec(), now }).await
    }

    async fn leave(&self, me: &Holder, now: Timestamp) -> StoreResult<()> {
        self.write(Leave { me: me.clone(), now }).await
    }

    async fn nodes(&self, now: Timestamp) -> StoreResult<Vec<NodeRow>> {
        self.read(Nodes { now }).await
    }

    async fn install(&self, definitions: &[TaskDefinition], now: Timestamp) -> StoreResult<()> {
        self.write(Install { definitions: definitions.to_vec(), now }).await
    }

    async fn tasks(&self) -> StoreResult<Vec<TaskRow>> {
        self.read(Tasks).await
    }

    async fn tasks_named(&self, names: &[TaskName]) -> StoreResult<Vec<TaskRow>> {
        let all = self.read(Tasks).await?;
        Ok(all.into_iter().filter(|row| names.contains(&row.definition.name)).collect())
    }

    async fn revisions(&self) -> StoreResult<Vec<(TaskName, i64)>> {
        self.read(Revisions).await
    }

    async fn busy(&self) -> StoreResult<Vec<TaskName>> {
        self.read(Busy).await
    }

    async fn ran_ahead(&self) -> StoreResult<Vec<(TaskName, Timestamp)>> {
        self.read(RanAhead).await
    }

    async fn definition(&self, task: &TaskName, hash: &str) -> StoreResult<Option<TaskDefinition>> {
        self.read(Definition { task: task.clone(), hash: hash.to_owned() }).await
    }

    async fn fire(&self, batch: Vec<Firing>, epoch: Option<i64>, now: Timestamp) -> StoreResult<Vec<Fired>> {
        self.write(Fire { batch, epoch, now }).await
    }

    async fn request(&self, run: NewRun, claim: Option<&Holder>, now: Timestamp) -> StoreResult<Requested> {
        self.write(Request { run, claim: claim.cloned(), now }).await
    }

    async fn claim(&self, me: &Claimer, limit: u32, now: Timestamp) -> StoreResult<Claimed> {
        self.write(Claim { me: me.clone(), limit, now }).await
    }

    async fn claim_run(&self, me: &Claimer, run: RunId, now: Timestamp) -> StoreResult<Option<Run>> {
        self.write(ClaimRun { me: me.clone(), run, now }).await
    }

    async fn give_up(&self, run: RunId, state: RunState, cause: &str, now: Timestamp) -> StoreResult<bool> {
        self.write(GiveUp { run, state, cause: cause.to_owned(), now }).await
    }

    async fn settle(&self, settlement: Settlement) -> StoreResult<Settled> {
        self.write(Settle(settlement)).await
    }

    async fn held(&self) -> StoreResult<Vec<HeldRun>> {
        self.read(HeldRuns).await
    }

    async fn append_log(&self, chunk: LogChunk) -> StoreResult<()> {
        self.write(AppendLog(chunk)).await
    }

    async fn log(&self, run: RunId, after: Option<(u32, i64)>, limit: u32) -> StoreResult<Vec<LogChunk>> {
        self.read(ReadLog { run, after, limit }).await
    }

    async fn document(
        &self,
        lease: &RunLease,
        space: &str,
        collection: &str,
        op: DocumentOp,
        now: Timestamp,
    ) -> Result<DocumentReply, DocumentError> {
        op.check()?;
        let writes = matches!(op, DocumentOp::Write { .. });
        let (lease, space, collection) = (lease.clone(), space.to_owned(), collection.to_owned());
        let command = Documents { lease, space, collection, op, now };
        let reply = if writes { self.access.write(command).await } else { self.access.read(command).await };
        reply.map_err(|error| match error {
            CallError::Store(error) => DocumentError::Unavailable { cause: with_sources(&error) },
            CallError::Document(error) => error,
        })
    }

    async fn put_artifact(
        &self,
        lease: &RunLease,
        artifact: &Artifact,
        bytes: Vec<u8>,
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.write(PutArtifact { lease: lease.clone(), artifact: artifact.clone(), bytes, now }).await
    }

    async fn artifacts(&self, run: RunId) -> StoreResult<Vec<Artifact>> {
        self.read(Artifacts(run)).await
    }

    async fn artifact(&self, run: RunId, name: &str) -> StoreResult<Option<Vec<u8>>> {
        self.read(ReadArtifact { run, name: name.to_owned() }).await
    }

    async fn run(&self, id: RunId) -> StoreResult<Option<Run>> {
        self.read(FindRun(id)).await
    }

    async fn runs(&self, filter: &RunFilter) -> StoreResult<Vec<Run>> {
        self.read(ListRuns(filter.clone())).await
    }

    async fn attempts(&self, run: RunId) -> StoreResult<Vec<AttemptRow>> {
        self.read(Attempts(run)).await
    }

    async fn slot(&self, task: &TaskName, at: Timestamp) -> StoreResult<Option<SlotRange>> {
        self.read(Slot { task: task.clone(), at }).await
    }

    async fn slots(
        &self,
        task: &TaskName,
        until: Option<Timestamp>,
        limit: u32,
    ) -> StoreResult<Vec<SlotRange>> {
        self.read(Slots { task: task.clone(), until, limit }).await
    }

    async fn totals(&self) -> StoreResult<Vec<(TaskName, TaskTotals)>> {
        self.read(Totals).await
    }

    // --- to be carried out ---
    async fn leader(&self) -> StoreResult<Option<Leader>> {
        unimplemented!()
    }
    async fn take_lead(
        &self,
        _me: &Holder,
        _seen: Option<&Leader>,
        _now: Timestamp,
    ) -> StoreResult<Option<i64>> {
        unimplemented!()
    }
    async fn keep_lead(&self, _me: &Holder, _epoch: i64) -> StoreResult<bool> {
        unimplemented!()
    }
    async fn resign(&self, _me: &Holder, _epoch: i64) -> StoreResult<()> {
        unimplemented!()
    }
    async fn pause(&self, _task: &TaskName, _pause: &Pause) -> StoreResult<bool> {
        unimplemented!()
    }
    async fn resume(&self, _task: &TaskName, _by: &str, _now: Timestamp) -> StoreResult<bool> {
        unimplemented!()
    }
    async fn stop(&self, _run: RunId, _order: &StopOrder) -> StoreResult<Stopped> {
        unimplemented!()
    }
    async fn stop_orders(&self, _me: &Holder) -> StoreResult<Vec<(RunId, StopOrder)>> {
        unimplemented!()
    }
    async fn note_control(&self, _control: &Control) -> StoreResult<()> {
        unimplemented!()
    }
    async fn controls(&self, _task: Option<&TaskName>, _limit: u32) -> StoreResult<Vec<Control>> {
        unimplemented!()
    }
    async fn set_limits(
        &self,
        _pools: &[(PoolName, u32)],
        _budgets: &[(BudgetName, BudgetRule)],
    ) -> StoreResult<()> {
        unimplemented!()
    }
    async fn withdraw(&self, _task: &TaskName, _after: Timestamp) -> StoreResult<u64> {
        unimplemented!()
    }
    async fn expire(&self, _now: Timestamp) -> StoreResult<Vec<Run>> {
        unimplemented!()
    }
    async fn waiting(&self, _limit: u32, _now: Timestamp) -> StoreResult<Vec<Held>> {
        unimplemented!()
    }
    async fn unfollowed(&self, _limit: u32) -> StoreResult<Vec<Run>> {
        unimplemented!()
    }
    async fn follow(&self, _ended: RunId, _followers: &[Follow], _now: Timestamp) -> StoreResult<Vec<RunId>> {
        unimplemented!()
    }
    async fn try_lease(
        &self,
        _lease: &RunLease,
        _name: &LeaseName,
        _now: Timestamp,
    ) -> StoreResult<LeaseReply> {
        unimplemented!()
    }
    async fn draw(
        &self,
        _budget: &BudgetName,
        _default: &BudgetRule,
        _wanted: u32,
        _now: Timestamp,
    ) -> StoreResult<Draw> {
        unimplemented!()
    }
    async fn hold_budget(
        &self,
        _budget: &BudgetName,
        _default: &BudgetRule,
        _until: Timestamp,
    ) -> StoreResult<()> {
        unimplemented!()
    }
    async fn last_runs(&self) -> StoreResult<Vec<Run>> {
        unimplemented!()
    }
    async fn roll_ups(&self, _task: &TaskName, _limit: u32) -> StoreResult<Vec<RollUp>> {
        unimplemented!()
    }
    async fn prune(&self, _order: &PruneOrder) -> StoreResult<Pruned> {
        unimplemented!()
    }
    async fn export(&self, _out: &mut (dyn std::io::Write + Send)) -> StoreResult<u64> {
        unimplemented!()
    }
    async fn import(&self, _from: &mut (dyn std::io::BufRead + Send)) -> StoreResult<u64> {
        unimplemented!()
    }
}

/// An error and what lies behind it, in one line: a document's error travels to the worker as text.
fn with_sources(error: &StoreError) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}
