//! The trait: what the engine and the command line ask of a store. No SQL here.

use async_trait::async_trait;
use roundsman_model::{
    Artifact, BudgetName, BudgetRule, DocumentError, DocumentOp, DocumentReply, Draw, LeaseName, Pause, Run,
    RunId, RunState, SlotRange, StopOrder, StoreId, TaskDefinition, TaskName, Timestamp,
};

use crate::{
    AttemptRow, Backend, CheckRow, Claimed, Claimer, Control, Fired, Firing, Follow, Held, HeldRun, Holder,
    Installation, Installed, Leader, LeaseReply, LogChunk, NewRun, NodeEntry, NodeRow, PruneOrder, Pruned,
    Requested, RollUp, RunFilter, RunLease, Settled, Settlement, Stopped, StoreFacts, StoreResult, TaskRow,
    TaskTotals, Unstarted,
};

/// Durable truth. Every call has a time limit; acknowledged means durable.
///
/// A call that failed because the store was away or slow may have been carried out nevertheless: its answer got lost. So
/// `settle`, `append_log`, `put_artifact`, `hand_in`, `give_up`, `install` and the calls of nodes may simply be made again; after
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

    /// The time by the clock of the database.
    async fn clock(&self) -> StoreResult<Timestamp>;

    /// What the database says of itself: version, schema, settings.
    async fn facts(&self) -> StoreResult<StoreFacts>;

    /// What is damaged in the file, nothing where it is whole; reads all of it. A server looks after that itself.
    async fn faults(&self) -> StoreResult<Vec<String>>;

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

    /// Who leads, if anybody ever did.
    async fn leader(&self) -> StoreResult<Option<Leader>>;

    /// Takes the lead, if the leader is still as it was seen: absent, resigned, or with these renewals under this epoch.
    /// Returns the new epoch.
    async fn take_lead(&self, me: &Holder, seen: Option<&Leader>, now: Timestamp)
    -> StoreResult<Option<i64>>;

    /// Keeps the lead. Returns false when another leads.
    async fn keep_lead(&self, me: &Holder, epoch: i64) -> StoreResult<bool>;

    /// Gives the lead up, so that another may take it at once.
    async fn resign(&self, me: &Holder, epoch: i64) -> StoreResult<()>;

    // --- control ---

    /// Pauses a task; one that is paused already is paused anew with these words. Returns false if there is no such task.
    async fn pause(&self, task: &TaskName, pause: &Pause) -> StoreResult<bool>;

    /// Ends a task's pause now. Returns false if it was not paused.
    async fn resume(&self, task: &TaskName, by: &str, now: Timestamp) -> StoreResult<bool>;

    /// Asks for the end of a run. One that has not started, or waits, ends at once as cancelled; the node of one that
    /// runs learns of it through `stop_orders`. A run with such an order ends with its attempt, whatever the policy.
    async fn stop(&self, run: RunId, order: &StopOrder) -> StoreResult<Stopped>;

    /// The running runs of this boot that somebody wants to stop.
    async fn stop_orders(&self, me: &Holder) -> StoreResult<Vec<(RunId, StopOrder)>>;

    /// Records what a person asked for, where the call that does it does not: `trigger`, `rerun`, `reload`.
    async fn note_control(&self, control: &Control) -> StoreResult<()>;

    /// What people asked for, newest first.
    async fn controls(&self, task: Option<&TaskName>, limit: u32) -> StoreResult<Vec<Control>>;

    // --- tasks ---

    /// Puts definitions in force, as a daemon does at its start: new tasks begin their ledger now, changed ones get a new
    /// version, tasks that are no longer named are marked removed and their queued and waiting runs end as cancelled. With
    /// everything that goes with it, all or nothing: the last verdicts under the old definitions, pools and budgets (those
    /// not named are taken out of force), and first runs. With an epoch, nothing is done unless that epoch still leads.
    async fn install(&self, what: Installation, epoch: Option<i64>, now: Timestamp)
    -> StoreResult<Installed>;

    /// All tasks, removed ones included, by name.
    async fn tasks(&self) -> StoreResult<Vec<TaskRow>>;

    /// Some tasks, as `tasks` tells them.
    async fn tasks_named(&self, names: &[TaskName]) -> StoreResult<Vec<TaskRow>>;

    /// The revisions of all tasks in the configuration: cheap enough to be asked every few seconds.
    async fn revisions(&self) -> StoreResult<Vec<(TaskName, i64)>>;

    /// Tasks that have an active run which counts for the overlap rule.
    async fn busy(&self) -> StoreResult<Vec<TaskName>>;

    /// Slots that lie after the end of their task's ledger and led to a run nevertheless, under a clock that was wrong.
    async fn ran_ahead(&self) -> StoreResult<Vec<(TaskName, Timestamp)>>;

    /// A version of a task's definition by its hash.
    async fn definition(&self, task: &TaskName, hash: &str) -> StoreResult<Option<TaskDefinition>>;

    // --- firing and dispatch ---

    /// Writes ledger rows and queues runs: each firing whole or not at all, all in as few transactions as can be. The
    /// overlap rule (`model::overlap::decide`) is applied under a lock on the task; `replace` also leaves a stop order
    /// for the run that is to go. The order of results is that of the batch. With an epoch, nothing is written unless
    /// that epoch still leads.
    async fn fire(&self, batch: Vec<Firing>, epoch: Option<i64>, now: Timestamp) -> StoreResult<Vec<Fired>>;

    /// Takes back the rows of a task's ledger that lie after an instant and led to no run that started, as after a
    /// clock that was wrong; their runs end as cancelled. A row that spans the instant is taken back whole. The ledger
    /// then ends at the instant, or before the row that spanned it, even if slots after it ran: those stay, `ran_ahead`
    /// tells them, and when their time comes again `fire` finds them recorded. A task first seen after the instant was
    /// first seen then. Returns how many slots were taken back; nothing, and nothing was written, if there is an epoch and
    /// it is over.
    async fn withdraw(
        &self,
        task: &TaskName,
        after: Timestamp,
        epoch: Option<i64>,
    ) -> StoreResult<Option<u64>>;

    /// Brings what is still to come and was asked for under a clock that was ahead as near as it was then: retries,
    /// wake-ups, runs on request, budgets. The right time, where that clock was corrected, is `truth`. Returns how much, or
    /// nothing for an epoch that is over: then nothing was done.
    async fn set_back(&self, truth: Timestamp, epoch: Option<i64>) -> StoreResult<Option<u64>>;

    /// Records a run on request; with `claim` it is at once running in its first attempt, held by that node. Where it has
    /// to wait for a place in its pool, for a lease or for another node, it is queued. A task that was removed runs no more;
    /// one that no daemon ever installed does.
    async fn request(&self, run: NewRun, claim: Option<&Claimer>, now: Timestamp) -> StoreResult<Requested>;

    /// Takes up to `limit` queued or waiting runs that are due, oldest slot first: they become running, in a new
    /// attempt, held by `me`. Their slots become `ran`. Two nodes never take the same run. Pools are never overfull,
    /// leases are taken all together or not at all, and a run that has to wait for one keeps no other from starting.
    /// With a limit of 0 it only tells when the next run falls due.
    async fn claim(&self, me: &Claimer, limit: u32, now: Timestamp) -> StoreResult<Claimed>;

    /// Takes this run, if it is queued or waiting, due, and nobody else has it; pools and leases as in `claim`.
    async fn claim_run(&self, me: &Claimer, run: RunId, now: Timestamp) -> StoreResult<Option<Run>>;

    /// Runs without a first attempt that should have started before an instant, by their latest start: those after `after`.
    /// Nobody takes them while the wall clock says so; whether it is to be believed is the engine's matter.
    async fn overdue(
        &self,
        now: Timestamp,
        after: Option<Unstarted>,
        limit: u32,
    ) -> StoreResult<Vec<Unstarted>>;

    /// Ends those of these runs that never started as failed, their slots as missed (not started). Returns them; nothing,
    /// and nothing was written, if there is an epoch and it is over.
    async fn expire(
        &self,
        runs: &[RunId],
        epoch: Option<i64>,
        now: Timestamp,
    ) -> StoreResult<Option<Vec<Run>>>;

    /// Runs that are due and have not started, and what each waits for, oldest slot first.
    async fn waiting(&self, limit: u32, now: Timestamp) -> StoreResult<Vec<Held>>;

    /// Ended runs of rounds whose followers were not decided yet, oldest first: those after `after`.
    async fn unfollowed(&self, after: Option<RunId>, limit: u32) -> StoreResult<Vec<Run>>;

    /// Records what followers of an ended run do, and that it was looked at, in one transaction. A follower that has a
    /// run in the round already gets no other; one that was removed is skipped. Returns the runs recorded; nothing, and
    /// nothing was written, if there is an epoch and it is over.
    async fn follow(
        &self,
        ended: RunId,
        followers: &[Follow],
        epoch: Option<i64>,
        now: Timestamp,
    ) -> StoreResult<Option<Vec<RunId>>>;

    /// Takes a named lease for an attempt under way; it is free again when the attempt ends.
    async fn try_lease(&self, lease: &RunLease, name: &LeaseName, now: Timestamp) -> StoreResult<LeaseReply>;

    /// Frees one lease that an attempt under way has; nothing happens if it does not have it.
    async fn free_lease(&self, lease: &RunLease, name: &LeaseName) -> StoreResult<()>;

    /// Draws from a budget; one that is not configured follows `default`.
    async fn draw(
        &self,
        budget: &BudgetName,
        default: &BudgetRule,
        wanted: u32,
        now: Timestamp,
    ) -> StoreResult<Draw>;

    /// Nothing is granted from a budget before an instant: the other side said so (Retry-After).
    async fn hold_budget(
        &self,
        budget: &BudgetName,
        default: &BudgetRule,
        until: Timestamp,
    ) -> StoreResult<()>;

    /// Ends a queued or waiting run in this state, as it is not to start any more; its slot becomes missed (not started)
    /// if no attempt ever began. Returns whether it still waited.
    async fn give_up(&self, run: RunId, state: RunState, cause: &str, now: Timestamp) -> StoreResult<bool>;

    /// Records the end of an attempt and what follows, in one transaction. The same settlement twice is one, and `Done`
    /// both times. A run that would go on and whose task was removed meanwhile ends as cancelled.
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

    /// Sends a piece of an input ahead of the run that is requested with it: pieces are counted from 0, and all but the last
    /// have `MAX_INPUT_PIECE` bytes. The same piece twice is one. What no request comes for goes after a day.
    async fn hand_in(&self, key: &str, piece: u32, bytes: Vec<u8>, now: Timestamp) -> StoreResult<()>;

    /// A piece of what was handed in with a parameter of a run: the bytes from `offset` on, at most `limit`. Nothing, if
    /// nothing was handed in.
    async fn input(&self, run: RunId, param: &str, offset: u64, limit: usize)
    -> StoreResult<Option<Vec<u8>>>;

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

    /// The newest run of each task.
    async fn last_runs(&self) -> StoreResult<Vec<Run>>;

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

    /// Hours of a task that were summed up, newest first.
    async fn roll_ups(&self, task: &TaskName, limit: u32) -> StoreResult<Vec<RollUp>>;

    // --- looking ahead ---

    /// Keeps what a node found when it looked at a task, in place of what it found before. Returns false, and nothing was
    /// written, if there is no such task in the configuration any more.
    async fn record_check(&self, check: CheckRow) -> StoreResult<bool>;

    /// What the last looks at tasks found, by task and node. A task that leaves the configuration takes its own along.
    async fn checks(&self) -> StoreResult<Vec<CheckRow>>;

    // --- keeping house ---

    /// Takes out one batch of what need not be kept, and tells where the next begins: a sweep is over once nothing is
    /// next. Active runs stay, those of rounds that are not over, and the newest ended run and the newest success of each
    /// task. The slots of runs that go become ranges, so that they are still accounted for. A dry run makes the same
    /// decisions and writes nothing.
    async fn prune(&self, order: &PruneOrder) -> StoreResult<Pruned>;

    /// Writes everything, from one snapshot, as lines of JSON; nodes, the lead, named leases and checks stay behind.
    /// Returns how many rows. Writing may wait: whoever shares the thread waits too.
    async fn export(&self, out: &mut (dyn std::io::Write + Send), now: Timestamp) -> StoreResult<u64>;

    /// Reads what `export` wrote into a store that is empty, or in which an earlier import was interrupted. Until all is
    /// there, was read again and compared, nobody but another import can open the store. Returns how many rows. The store
    /// then is the one that was exported, its id included, for whoever opens it next.
    async fn import(&self, from: &mut (dyn std::io::BufRead + Send)) -> StoreResult<u64>;

    /// What the metrics of all tasks are made from.
    async fn totals(&self) -> StoreResult<Vec<(TaskName, TaskTotals)>>;
}
