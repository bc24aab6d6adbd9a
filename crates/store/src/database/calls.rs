//! Which call is which command. What a command does is in `commands`, how it is run in `database`.

use async_trait::async_trait;
use roundsman_model::{
    Artifact, BudgetName, BudgetRule, DocumentError, DocumentOp, DocumentReply, Draw, LeaseName, Pause, Run,
    RunId, RunState, SlotRange, StopOrder, StoreId, TaskDefinition, TaskName, Timestamp,
};

use crate::{
    AttemptRow, Backend, CheckRow, Claimed, Claimer, Control, Fired, Firing, Follow, Held, HeldRun, Holder,
    Installation, Installed, Leader, LeaseReply, LogChunk, NewRun, NodeEntry, NodeRow, PruneOrder, Pruned,
    Requested, RollUp, RunFilter, RunLease, Settled, Settlement, Stopped, Store, StoreFacts, StoreResult,
    TaskRow, TaskTotals, Unstarted,
    access::{Access, CallError},
    commands::{
        Ping,
        artifacts::{Artifacts, PutArtifact, ReadArtifact},
        budgets::{DrawBudget, HoldBudget},
        checks::{Checks, RecordCheck},
        claim::{Claim, ClaimRun, GiveUp},
        controls::{Controls, NoteControl},
        documents::Documents,
        examine::{FindFaults, ReadClock, ReadFacts},
        expire::{Expire, Overdue},
        fire::Fire,
        follow::{FollowUp, Unfollowed},
        inputs::{HandIn, ReadInput},
        leader::{KeepLead, ReadLeader, Resign, TakeLead},
        leases::{FreeLease, TryLease},
        logs::{AppendLog, ReadLog},
        nodes::{Beat, Enter, Leave, Nodes},
        pauses::{PauseTask, Resume},
        prune::{Survey, TakeOut},
        request::Request,
        roll_ups::RollUps,
        runs::read::{Attempts, FindRun, Held as HeldRuns, LastRuns, ListRuns},
        settle::Settle,
        slots::{Slot, Slots},
        stop::{Stop, StopOrders},
        tasks::{Definition, Install, Tasks},
        totals::Totals,
        waiting::Waiting,
        watch::{Busy, RanAhead, Revisions},
        withdraw::{SetBack, Withdraw},
    },
    transfer,
};

use super::{Database, with_sources};

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

    async fn clock(&self) -> StoreResult<Timestamp> {
        self.read(ReadClock).await
    }

    async fn facts(&self) -> StoreResult<StoreFacts> {
        self.read(ReadFacts).await
    }

    async fn faults(&self) -> StoreResult<Vec<String>> {
        self.read(FindFaults).await
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

    async fn leader(&self) -> StoreResult<Option<Leader>> {
        self.read(ReadLeader).await
    }

    async fn take_lead(
        &self,
        me: &Holder,
        seen: Option<&Leader>,
        now: Timestamp,
    ) -> StoreResult<Option<i64>> {
        self.write(TakeLead { me: me.clone(), seen: seen.cloned(), now }).await
    }

    async fn keep_lead(&self, me: &Holder, epoch: i64) -> StoreResult<bool> {
        self.write(KeepLead { me: me.clone(), epoch }).await
    }

    async fn resign(&self, me: &Holder, epoch: i64) -> StoreResult<()> {
        self.write(Resign { me: me.clone(), epoch }).await
    }

    async fn pause(&self, task: &TaskName, pause: &Pause) -> StoreResult<bool> {
        self.write(PauseTask { task: task.clone(), pause: pause.clone() }).await
    }

    async fn resume(&self, task: &TaskName, by: &str, now: Timestamp) -> StoreResult<bool> {
        self.write(Resume { task: task.clone(), by: by.to_owned(), now }).await
    }

    async fn stop(&self, run: RunId, order: &StopOrder) -> StoreResult<Stopped> {
        self.write(Stop { run, order: order.clone() }).await
    }

    async fn stop_orders(&self, me: &Holder) -> StoreResult<Vec<(RunId, StopOrder)>> {
        self.read(StopOrders { me: me.clone() }).await
    }

    async fn note_control(&self, control: &Control) -> StoreResult<()> {
        self.write(NoteControl(control.clone())).await
    }

    async fn controls(&self, task: Option<&TaskName>, limit: u32) -> StoreResult<Vec<Control>> {
        self.read(Controls { task: task.cloned(), limit }).await
    }

    async fn install(
        &self,
        what: Installation,
        epoch: Option<i64>,
        now: Timestamp,
    ) -> StoreResult<Installed> {
        self.write(Install { what, epoch, now }).await
    }

    async fn tasks(&self) -> StoreResult<Vec<TaskRow>> {
        self.read(Tasks::All).await
    }

    async fn tasks_named(&self, names: &[TaskName]) -> StoreResult<Vec<TaskRow>> {
        self.read(Tasks::Named(names.to_vec())).await
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

    async fn withdraw(
        &self,
        task: &TaskName,
        after: Timestamp,
        epoch: Option<i64>,
    ) -> StoreResult<Option<u64>> {
        self.write(Withdraw { task: task.clone(), after, epoch }).await
    }

    async fn set_back(&self, truth: Timestamp, epoch: Option<i64>) -> StoreResult<Option<u64>> {
        self.write(SetBack { truth, epoch }).await
    }

    async fn request(&self, run: NewRun, claim: Option<&Claimer>, now: Timestamp) -> StoreResult<Requested> {
        self.write(Request { run, claim: claim.cloned(), now }).await
    }

    async fn claim(&self, me: &Claimer, limit: u32, now: Timestamp) -> StoreResult<Claimed> {
        self.write(Claim { me: me.clone(), limit, now }).await
    }

    async fn claim_run(&self, me: &Claimer, run: RunId, now: Timestamp) -> StoreResult<Option<Run>> {
        self.write(ClaimRun { me: me.clone(), run, now }).await
    }

    async fn overdue(
        &self,
        now: Timestamp,
        after: Option<Unstarted>,
        limit: u32,
    ) -> StoreResult<Vec<Unstarted>> {
        self.read(Overdue { now, after, limit }).await
    }

    async fn expire(
        &self,
        runs: &[RunId],
        epoch: Option<i64>,
        now: Timestamp,
    ) -> StoreResult<Option<Vec<Run>>> {
        self.write(Expire { runs: runs.to_vec(), epoch, now }).await
    }

    async fn waiting(&self, limit: u32, now: Timestamp) -> StoreResult<Vec<Held>> {
        self.read(Waiting { limit, now }).await
    }

    async fn unfollowed(&self, after: Option<RunId>, limit: u32) -> StoreResult<Vec<Run>> {
        self.read(Unfollowed { after, limit }).await
    }

    async fn follow(
        &self,
        ended: RunId,
        followers: &[Follow],
        epoch: Option<i64>,
        now: Timestamp,
    ) -> StoreResult<Option<Vec<RunId>>> {
        self.write(FollowUp { ended, followers: followers.to_vec(), epoch, now }).await
    }

    async fn try_lease(&self, lease: &RunLease, name: &LeaseName, now: Timestamp) -> StoreResult<LeaseReply> {
        self.write(TryLease { lease: lease.clone(), name: name.clone(), now }).await
    }

    async fn free_lease(&self, lease: &RunLease, name: &LeaseName) -> StoreResult<()> {
        self.write(FreeLease { lease: lease.clone(), name: name.clone() }).await
    }

    async fn draw(
        &self,
        budget: &BudgetName,
        default: &BudgetRule,
        wanted: u32,
        now: Timestamp,
    ) -> StoreResult<Draw> {
        self.write(DrawBudget { budget: budget.clone(), default: default.clone(), wanted, now }).await
    }

    async fn hold_budget(
        &self,
        budget: &BudgetName,
        _default: &BudgetRule,
        until: Timestamp,
    ) -> StoreResult<()> {
        self.write(HoldBudget { budget: budget.clone(), until }).await
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

    async fn hand_in(&self, key: &str, piece: u32, bytes: Vec<u8>, now: Timestamp) -> StoreResult<()> {
        self.write(HandIn { key: key.to_owned(), piece, bytes, now }).await
    }

    async fn input(
        &self,
        run: RunId,
        param: &str,
        offset: u64,
        limit: usize,
    ) -> StoreResult<Option<Vec<u8>>> {
        self.read(ReadInput { run, param: param.to_owned(), offset, limit }).await
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

    async fn last_runs(&self) -> StoreResult<Vec<Run>> {
        self.read(LastRuns).await
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

    async fn roll_ups(&self, task: &TaskName, limit: u32) -> StoreResult<Vec<RollUp>> {
        self.read(RollUps { task: task.clone(), limit }).await
    }

    async fn record_check(&self, check: CheckRow) -> StoreResult<bool> {
        self.write(RecordCheck(check)).await
    }

    async fn checks(&self) -> StoreResult<Vec<CheckRow>> {
        self.read(Checks).await
    }

    async fn prune(&self, order: &PruneOrder) -> StoreResult<Pruned> {
        let found = self.read(Survey(order.clone())).await?;
        if order.dry_run || found.is_empty() {
            return Ok(found.told());
        }
        self.write(TakeOut(found)).await
    }

    async fn export(&self, out: &mut (dyn std::io::Write + Send), now: Timestamp) -> StoreResult<u64> {
        let mut lone = self.access.alone().await?;
        let exported = transfer::export(&mut lone, self.id.clone(), now, out).await;
        lone.close().await;
        exported
    }

    async fn import(&self, from: &mut (dyn std::io::BufRead + Send)) -> StoreResult<u64> {
        let mut lone = self.access.alone().await?;
        let imported = transfer::import(&mut lone, from).await;
        lone.close().await;
        imported
    }

    async fn totals(&self) -> StoreResult<Vec<(TaskName, TaskTotals)>> {
        self.read(Totals).await
    }
}
