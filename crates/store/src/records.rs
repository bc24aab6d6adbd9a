//! What goes into a store and comes out of it: nodes, tasks, firings, requests, settlements, listings. The words inside
//! are those of `model`; nothing here asks a store.

use roundsman_model::{
    ActionName, AttemptEnd, BootId, BudgetName, BudgetRule, KindName, LeaseName, MetricValue, NodeId,
    NodeLabel, Origin, Overlap, Pause, PoolName, Reason, Run, RunId, RunState, RunTerms, SlotRange,
    TaskDefinition, TaskName, Timestamp, Transition, Verdict,
};
use serde::{Deserialize, Serialize};

/// Which database stands behind a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file on this host.
    Sqlite,
    /// A server.
    Postgres,
}

/// One boot of one node: the owner of leases.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Holder {
    /// The node.
    pub node: NodeId,
    /// Its boot.
    pub boot: BootId,
}

/// A node as it enters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeEntry {
    /// Node and boot.
    pub holder: Holder,
    /// A name for people: the host's.
    pub name: String,
    /// Whether it is a one-shot `run-task`.
    pub one_shot: bool,
    /// Its process id on its host.
    pub pid: u32,
    /// The version of Roundsman.
    pub version: String,
    /// Where it serves HTTP, if it does.
    pub listen: Option<String>,
    /// The kinds it has; empty means all. `waiting` names runs that no living node can take.
    pub kinds: Vec<KindName>,
    /// Its labels, for tasks that ask for one.
    pub labels: Vec<NodeLabel>,
    /// A fingerprint of the definitions it loaded; `status` names nodes that differ from the leader.
    pub configuration: Option<String>,
}

/// A node as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    /// What it said when it entered.
    pub entry: NodeEntry,
    /// When it entered.
    pub started_at: Timestamp,
    /// Its last heartbeat, by its own clock.
    pub beat_at: Timestamp,
    /// Counts its heartbeats; a node whose count moves is alive, whatever the clocks say.
    pub beats: i64,
    /// When it left in good order.
    pub ended_at: Option<Timestamp>,
}

/// A task as recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRow {
    /// The definition in force.
    pub definition: TaskDefinition,
    /// Its hash.
    pub hash: String,
    /// Since when it is in force.
    pub valid_from: Timestamp,
    /// When a daemon first knew the task; until then it has no slots.
    pub first_seen: Option<Timestamp>,
    /// All slots up to here are in the ledger.
    pub ledger_until: Option<Timestamp>,
    /// When it left the configuration.
    pub removed_at: Option<Timestamp>,
    /// Rises when something other than firing changes what its slots come to: a definition, a pause, a wake-up.
    pub revision: i64,
    /// The pauses that can still matter to a slot that is not in the ledger yet, and the one in force.
    pub pauses: Vec<Pause>,
    /// An extra run that an earlier one asked for.
    pub wake: Option<Wake>,
}

/// An extra run that an earlier one asked for (`wake_at`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wake {
    /// When it is due.
    pub at: Timestamp,
    /// The run that asked.
    pub run: RunId,
}

/// A slot for which a run is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotToRun {
    /// The slot; absent for the run at the first start.
    pub slot: Option<Timestamp>,
    /// When the run may start.
    pub due_at: Timestamp,
    /// What it comes from when it has no slot.
    pub extra: Extra,
}

/// What a firing run comes from, where it is no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extra {
    /// The first start of a daemon that knows the task.
    #[default]
    FirstStart,
    /// A wake-up; the firing takes it out of the store.
    Wake,
}

/// What firing a task means: ledger rows and runs, written in one transaction or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Firing {
    /// The task.
    pub task: TaskName,
    /// Its kind.
    pub kind: KindName,
    /// The hash of the definition the runs are made from.
    pub definition: String,
    /// The overlap rule.
    pub overlap: Overlap,
    /// What its runs need and keep to.
    pub terms: RunTerms,
    /// Whether other tasks follow this one, so that its runs belong to rounds.
    pub followed: bool,
    /// The revision of the task when this was decided; another in the store refuses the firing.
    pub revision: i64,
    /// Up to where the ledger went when this was decided; another value in the store refuses the firing.
    pub ledger_was: Option<Timestamp>,
    /// Up to where it goes afterwards.
    pub ledger_until: Timestamp,
    /// Slots that do not run, with verdict and reason.
    pub passed: Vec<SlotRange>,
    /// Slots that run, oldest first, subject to the overlap rule.
    pub run: Vec<SlotToRun>,
}

/// What became of one slot of a firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotFate {
    /// A run was queued.
    Queued(RunId),
    /// A run was queued in the place of one that waited for a retry, which ended.
    TookOver {
        /// The new run.
        run: RunId,
        /// The run that ended as failed (superseded).
        ended: RunId,
    },
    /// The slot was skipped because of this active run.
    Overlap(RunId),
    /// The slot was in the ledger already; nothing was written for it.
    Recorded,
}

/// What became of a firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fired {
    /// Recorded; one fate for each slot that was to run.
    Done(Vec<SlotFate>),
    /// Ledger or revision were not as expected: another node fired, a person paused the task. Nothing was written; the
    /// task is to be read anew.
    Moved,
    /// The leader's epoch is over: another node leads. Nothing of the batch was written.
    Deposed,
}

/// Pools with their sizes, and budgets with their rules.
pub type PoolsAndBudgets = (Vec<(PoolName, u32)>, Vec<(BudgetName, BudgetRule)>);

/// What is put in force together: all of it in one transaction, or nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Installation {
    /// All tasks. Those that are not named are removed.
    pub definitions: Vec<TaskDefinition>,
    /// All pools and budgets; those in force stay if this says nothing of them.
    pub limits: Option<PoolsAndBudgets>,
    /// What becomes of slots up to now of tasks that go or change, decided over what was in force before.
    pub closing: Vec<Firing>,
    /// Runs at the first start of tasks. Those of tasks that were in force at any time before are left out; the ledger of
    /// the others begins now, whatever the firing says of it.
    pub first: Vec<Firing>,
}

/// What became of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installed {
    /// It is in force.
    Done,
    /// These tasks were changed by somebody after their closing was decided. Nothing was written.
    Moved(Vec<TaskName>),
    /// The leader's epoch is over: another node leads. Nothing was written.
    Deposed,
}

/// A run on request.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// The definition to run; recorded as a version of the task if it is new.
    pub definition: TaskDefinition,
    /// The slot to run for, if it is a repeat of one.
    pub slot: Option<Timestamp>,
    /// What asked for it.
    pub origin: Origin,
    /// Who asked.
    pub requested_by: Option<String>,
    /// The action.
    pub action: Option<ActionName>,
    /// Its parameters.
    pub params: serde_json::Value,
    /// Whether writes only become a plan.
    pub dry_run: bool,
    /// Whether it counts for the overlap rule.
    pub exclusive: bool,
    /// The round it belongs to.
    pub round: Round,
    /// The run it repeats.
    pub rerun_of: Option<RunId>,
}

/// Which round a run on request belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Round {
    /// None: nothing follows it.
    #[default]
    Alone,
    /// One of its own, `run:` and its number.
    Own,
    /// An existing one.
    Of(String),
}

/// A node that takes runs, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimer {
    /// Node and boot.
    pub holder: Holder,
    /// The kinds it has; empty means all.
    pub kinds: Vec<KindName>,
    /// Its labels.
    pub labels: Vec<NodeLabel>,
    /// Whether its workers end with their lease (`without_store = "stop"`). Runs of tasks with `overlap = { allow = … }`
    /// go on regardless.
    pub stops_workers: bool,
}

impl Claimer {
    /// A node that takes runs of every kind, has no labels, and lets workers finish without the store.
    pub fn of(holder: Holder) -> Self {
        Self { holder, kinds: Vec::new(), labels: Vec::new(), stops_workers: false }
    }
}

/// What claiming came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Claimed {
    /// The runs taken, now running.
    pub runs: Vec<Run>,
    /// When the next run falls due; in the past if one is due and could not be taken, for want of a place or a lease.
    pub next_due: Option<Timestamp>,
}

/// What asking for the end of a run came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Stopped {
    /// It had not started, or waited for another attempt: it has ended as cancelled.
    Ended,
    /// It runs on this node, which was asked.
    Asked(Holder),
    /// It had ended already, in this state.
    Over(RunState),
    /// There is no such run.
    Unknown,
}

/// Why a run that is due has not started.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The run.
    pub run: Run,
    /// What it waits for.
    pub by: HeldBy,
}

/// What a run that is due waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum HeldBy {
    /// A place in this pool; these runs have them, longest first.
    Pool(PoolName, Vec<Run>),
    /// This lease; that run has it.
    Lease(LeaseName, Box<Run>),
    /// The end of this run of the same task.
    Run(Box<Run>),
    /// This daemon, of which none lives: "a node with label dmz", "a node with kind speedtest", "a daemon".
    Node(String),
    /// A free worker.
    Worker,
}

impl std::fmt::Display for HeldBy {
    /// What follows "waits for".
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HeldBy::Pool(pool, _) => write!(f, "a place in pool {pool}"),
            HeldBy::Lease(lease, run) => write!(f, "lease {lease}, which run {} of {} has", run.id, run.task),
            HeldBy::Run(run) => write!(f, "the end of run {}", run.id),
            HeldBy::Node(node) => f.write_str(node),
            HeldBy::Worker => f.write_str("a free worker"),
        }
    }
}

/// The answer to a kind that wants a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseReply {
    /// It has it until its attempt ends.
    Taken,
    /// Another has it.
    Busy {
        /// The task of the run that has it.
        task: TaskName,
        /// The run.
        run: RunId,
    },
    /// The attempt no longer owns its run.
    NotOurs,
}

/// Who fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leader {
    /// The node, unless it has resigned.
    pub holder: Option<Holder>,
    /// Rises with each change of leader; writes of an older one are refused.
    pub epoch: i64,
    /// Counts renewals: a leader whose count moves is alive, whatever the clocks say.
    pub renewals: i64,
    /// Since when.
    pub since: Timestamp,
}

/// What a person asked for, as recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// `pause`, `resume`, `cancel`, `trigger`, `rerun` or `reload`.
    pub what: String,
    /// The task it concerned.
    pub task: Option<TaskName>,
    /// The run it concerned.
    pub run: Option<RunId>,
    /// Why, and what else was said.
    pub detail: Option<String>,
}

/// What becomes of a follower in a round.
#[derive(Debug, Clone, PartialEq)]
pub enum Follow {
    /// This run is queued.
    Run(Box<NewRun>),
    /// A run is recorded that ended as skipped, for this reason; what follows it learns of it in turn.
    Skip(Box<NewRun>, String),
    /// This follower cannot be decided yet, and the end of no run will tell: the ended run stays to be looked at.
    Later(TaskName),
}

/// What is kept, and how much is taken out in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PruneOrder {
    /// Runs that ended earlier than this go.
    pub older_than: Timestamp,
    /// The most ended runs of a task.
    pub runs_per_task: u32,
    /// The most bytes of logs and artifacts in all.
    pub bytes: u64,
    /// Ledger rows that end earlier than this go.
    pub ledger_older_than: Timestamp,
    /// Of tasks with `history = "changes"`: repeated successes that ended earlier than this become hourly sums. Ledger
    /// rows that end earlier are joined with their neighbours.
    pub changes_older_than: Timestamp,
    /// The most runs in one batch.
    pub batch: u32,
    /// Whether only to tell what would go.
    pub dry_run: bool,
    /// Where the batch before ended.
    pub from: PruneCursor,
}

/// How far a sweep over everything has come; the default is its beginning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PruneCursor(pub(crate) crate::commands::prune::Progress);

/// What pruning came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Pruned {
    /// Runs that went, with attempts, logs and artifacts.
    pub runs: u64,
    /// Of these, successes that only repeated the one before.
    pub repeats: u64,
    /// Bytes of logs and artifacts that went.
    pub bytes: u64,
    /// Ledger rows that went or were joined with their neighbours.
    pub ledger_rows: u64,
    /// Where the next batch begins; nothing once the sweep has come to its end.
    #[serde(skip)]
    pub next: Option<PruneCursor>,
}

impl Pruned {
    /// Adds what another batch came to; where the next begins stays as it is.
    pub fn add(&mut self, batch: &Self) {
        self.runs += batch.runs;
        self.repeats += batch.repeats;
        self.bytes += batch.bytes;
        self.ledger_rows += batch.ledger_rows;
    }
}

/// An hour of runs that were summed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RollUp {
    /// The task.
    pub task: TaskName,
    /// The hour's beginning.
    pub hour: Timestamp,
    /// How many runs.
    pub runs: u64,
    /// The sum of their durations in milliseconds.
    pub total_ms: u64,
    /// The longest in milliseconds.
    pub longest_ms: u64,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Requested {
    /// The run was recorded, and claimed if that was asked.
    Run(Box<Run>),
    /// This active run is in the way; nothing was written.
    Overlap(Box<Run>),
    /// The task was removed from the configuration at this instant; nothing was written.
    Removed(Timestamp),
}

/// A run that has not started, and for how long it may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unstarted {
    /// The run.
    pub run: RunId,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// When it was to start.
    pub due_at: Timestamp,
    /// The latest start of its first attempt.
    pub start_by: Timestamp,
}

/// The right to write for a run: its attempt, held by one boot of a node. Each write names it; when another attempt or
/// holder is recorded, the write is refused and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RunLease {
    /// The run.
    pub run: RunId,
    /// The attempt.
    pub attempt: u32,
    /// Who holds it.
    pub holder: Holder,
}

/// A running run and who holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldRun {
    /// The run.
    pub run: Run,
    /// Who holds it.
    pub lease: RunLease,
    /// Counts renewals: a lease whose count moves is alive.
    pub renewals: i64,
    /// Whether the holder is a one-shot `run-task`.
    pub one_shot: bool,
    /// Whether its worker ends by itself when the lease is not renewed for its full time.
    pub stops_itself: bool,
    /// Whether the holder said that it left: its workers have ended with it.
    pub left: bool,
}

/// An attempt's end and what follows. It can be written to a file while the store is away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settlement {
    /// Whose.
    pub lease: RunLease,
    /// How the attempt ended.
    pub end: AttemptEnd,
    /// What the run does next.
    pub transition: Transition,
    /// The last samples of the kind's metrics.
    pub metrics: Vec<MetricValue>,
    /// Processor time in milliseconds, where known.
    pub cpu_ms: Option<u64>,
    /// Peak resident memory in bytes, where known.
    pub max_rss: Option<u64>,
    /// An extra run that the kind asks for.
    pub wake_at: Option<Timestamp>,
    /// When.
    pub at: Timestamp,
}

/// Whether a settlement was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Recorded.
    Done,
    /// The lease was no longer ours: kept with the attempt as late, nothing else changed.
    Late,
    /// The attempt was to be given up for lost, and its end was recorded already: nothing changed.
    Known,
}

/// An attempt as recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptRow {
    /// The run.
    pub run: RunId,
    /// 1 for the first.
    pub number: u32,
    /// Who ran it.
    pub holder: Holder,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub end: Option<AttemptEnd>,
    /// Whether the end came after another attempt had taken over.
    pub late: bool,
    /// Processor time in milliseconds.
    pub cpu_ms: Option<u64>,
    /// Peak resident memory in bytes.
    pub max_rss: Option<u64>,
}

/// A piece of a run's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogChunk {
    /// The run.
    pub run: RunId,
    /// The attempt.
    pub attempt: u32,
    /// Rises within the run over all attempts; given by the writer, unique in (run, attempt).
    pub seq: i64,
    /// Lines as JSON, one per text line, as `wire::LogLine` serializes.
    pub lines: String,
}

/// Which runs to list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunFilter {
    /// Only of this task.
    pub task: Option<TaskName>,
    /// Only in these states; empty for all.
    pub states: Vec<RunState>,
    /// Only of this round.
    pub round: Option<String>,
    /// Only queued at or after.
    pub since: Option<Timestamp>,
    /// Only with numbers below: the next page.
    pub before: Option<RunId>,
    /// At most so many, newest first.
    pub limit: u32,
}

/// What the metrics of a task are made from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaskTotals {
    /// Ended runs by state.
    pub runs: Vec<(RunState, u64)>,
    /// Slots by verdict and reason.
    pub slots: Vec<(Verdict, Option<Reason>, u64)>,
    /// Active runs: queued, running, waiting.
    pub active: Vec<(RunState, u64)>,
    /// Queued runs by pool.
    pub queued: Vec<(Option<PoolName>, u64)>,
    /// When the last run that succeeded ended.
    pub last_success: Option<Timestamp>,
    /// The last samples of the kind's metrics.
    pub metrics: Vec<MetricValue>,
}
