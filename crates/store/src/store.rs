//! The trait: what the engine and the command line ask of a store. No SQL here.

use async_trait::async_trait;
use roundsman_model::{
    Artifact, DocumentError, DocumentOp, DocumentReply, Run, RunId, RunState, SlotRange, StoreId,
    TaskDefinition, TaskName, Timestamp,
};

use crate::{
    AttemptRow, Backend, Fired, Firing, HeldRun, Holder, LogChunk, NewRun, NodeEntry, NodeRow, Requested,
    RunFilter, RunLease, Settled, Settlement, StoreResult, TaskRow, TaskTotals,
};

/// Durable truth. Every call has a time limit; acknowledged means durable.
///
/// A call that failed because the store was away or slow may have been carried out nevertheless: its answer got lost. So
/// `settle`, `append_log`, `put_artifact`, `give_up`, `install` and the calls of nodes may simply be made again; after
/// `fire`, `request` and `claim` the truth is in `tasks`, `runs` and `held`.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Which database this is.
    fn backend(&self) -> Backend;

    /// Where it is, without a password.
    fn place(&self) -> String;

    /// The store's own id, made by its first migration.
    fn id(&self) -> StoreId;

    /// Asks for the shortest answer there is.
    async fn ping(&self) -> StoreResult<()>;

    /// Finishes what was begun and closes the connections.
    async fn close(&self);

    // --- nodes ---

    /// Records a node and its boot.
    async fn enter(&self, node: &NodeEntry, now: Timestamp) -> StoreResult<()>;

    /// A heartbeat: counts the node's beats and renews the leases of these runs. Returns those that are still ours.
    async fn beat(&self, me: &Holder, runs: &[RunLease], now: Timestamp) -> StoreResult<Vec<RunId>>;

    /// Records that a node left in good order.
    async fn leave(&self, me: &Holder, now: Timestamp) -> StoreResult<()>;

    /// All nodes that have not left, and those that left within the last day.
    async fn nodes(&self, now: Timestamp) -> StoreResult<Vec<NodeRow>>;

    // --- tasks ---

    /// Puts definitions in force, as a daemon does at its start: new tasks begin their ledger now, changed ones get a new
    /// version, tasks that are no longer named are marked removed and their queued and waiting runs end as cancelled.
    async fn install(&self, definitions: &[TaskDefinition], now: Timestamp) -> StoreResult<()>;

    /// All tasks, removed ones included, by name.
    async fn tasks(&self) -> StoreResult<Vec<TaskRow>>;

    /// A version of a task's definition by its hash.
    async fn definition(&self, task: &TaskName, hash: &str) -> StoreResult<Option<TaskDefinition>>;

    // --- firing and dispatch ---

    /// Writes ledger rows and queues runs: each firing whole or not at all, all in as few transactions as can be. The
    /// overlap rule (`model::overlap::decide`) is applied under a lock on the task. The order of results is that of
    /// the batch.
    async fn fire(&self, batch: Vec<Firing>, now: Timestamp) -> StoreResult<Vec<Fired>>;

    /// Records a run on request; with `claim` it is at once running in its first attempt, held by that node.
    async fn request(&self, run: NewRun, claim: Option<&Holder>, now: Timestamp) -> StoreResult<Requested>;

    /// Takes up to `limit` queued or waiting runs that are due, oldest slot first: they become running, in a new
    /// attempt, held by `me`. Their slots become `ran`. Two nodes never take the same run.
    async fn claim(&self, me: &Holder, limit: u32, now: Timestamp) -> StoreResult<Vec<Run>>;

    /// Takes this run, if it is queued or waiting, due, and nobody else has it.
    async fn claim_run(&self, me: &Holder, run: RunId, now: Timestamp) -> StoreResult<Option<Run>>;

    /// The earliest instant at which a queued or waiting run falls due.
    async fn next_due(&self) -> StoreResult<Option<Timestamp>>;

    /// Ends a queued or waiting run in this state, as it is not to start any more; its slot becomes missed (not started)
    /// if no attempt ever began. Returns whether it still waited.
    async fn give_up(&self, run: RunId, state: RunState, cause: &str, now: Timestamp) -> StoreResult<bool>;

    /// Records the end of an attempt and what follows, in one transaction. The same settlement twice is one, and `Done`
    /// both times.
    async fn settle(&self, settlement: Settlement) -> StoreResult<Settled>;

    /// All running runs with their holders.
    async fn held(&self) -> StoreResult<Vec<HeldRun>>;

    // --- what attempts leave behind ---

    /// Adds a piece of a run's log. The same piece twice is one.
    async fn append_log(&self, chunk: LogChunk) -> StoreResult<()>;

    /// A run's log after a piece, in order: by attempt, then by number.
    async fn log(&self, run: RunId, after: Option<(u32, i64)>, limit: u32) -> StoreResult<Vec<LogChunk>>;

    /// A question to a collection of documents. Writes are refused when the lease is no longer in force.
    async fn document(
        &self,
        lease: &RunLease,
        space: &str,
        collection: &str,
        op: DocumentOp,
        now: Timestamp,
    ) -> Result<DocumentReply, DocumentError>;

    /// Keeps an artifact of a run; one of the same name is replaced. Returns false when the lease is no longer in force.
    async fn put_artifact(
        &self,
        lease: &RunLease,
        artifact: &Artifact,
        bytes: Vec<u8>,
        now: Timestamp,
    ) -> StoreResult<bool>;

    /// The artifacts of a run, by name.
    async fn artifacts(&self, run: RunId) -> StoreResult<Vec<Artifact>>;

    /// The bytes of an artifact.
    async fn artifact(&self, run: RunId, name: &str) -> StoreResult<Option<Vec<u8>>>;

    // --- reading ---

    /// One run.
    async fn run(&self, id: RunId) -> StoreResult<Option<Run>>;

    /// Runs, newest first.
    async fn runs(&self, filter: &RunFilter) -> StoreResult<Vec<Run>>;

    /// The attempts of a run, first to last.
    async fn attempts(&self, run: RunId) -> StoreResult<Vec<AttemptRow>>;

    /// The ledger row that covers an instant.
    async fn slot(&self, task: &TaskName, at: Timestamp) -> StoreResult<Option<SlotRange>>;

    /// Ledger rows of a task, newest first, ending at or before `until`.
    async fn slots(
        &self,
        task: &TaskName,
        until: Option<Timestamp>,
        limit: u32,
    ) -> StoreResult<Vec<SlotRange>>;

    /// What the metrics of all tasks are made from.
    async fn totals(&self) -> StoreResult<Vec<(TaskName, TaskTotals)>>;
}
