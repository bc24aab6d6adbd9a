//! Takes back runs whose worker or daemon is gone. It decides from the truth of processes and leases, never from elapsed
//! time alone, and declares nothing lost before what was left of it has ended.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use roundsman_model::{AttemptEnd, HumanDuration, RunId, TaskError, TaskName};
use roundsman_store::{HeldRun, Holder, RunLease, Settled, StoreResult};
use roundsman_telemetry::{RunRescued, set_unconfirmed};
use tokio::{sync::Notify, time::Instant};

use crate::{Engine, Mark, Service, overrun::Overruns, settle};

/// How often it looks.
const RHYTHM: Duration = Duration::from_secs(5);
/// Two looks further apart than so many times the rhythm are not one watch: nobody knows what was between them.
const LOST_SIGHT: u32 = 4;
/// A run of ours that is not under way here must be seen twice, this far apart: a claim may just be on its way.
const OURS_GRACE: Duration = Duration::from_secs(15);
/// What is added to the time of a lease: clocks of two hosts do not run at quite the same speed.
const MARGIN: Duration = Duration::from_secs(2);

/// What this host knows about the nodes on it.
pub trait Neighbours: Send + Sync + 'static {
    /// Whether it is proved that this boot has ended: its lock is free, or we hold it ourselves.
    fn is_proved_dead(&self, holder: &Holder) -> bool;
}

struct Seen {
    lease: RunLease,
    renewals: i64,
    since: Instant,
}

/// Takes back lost runs.
pub struct Rescuer {
    engine: Arc<Engine>,
    neighbours: Arc<dyn Neighbours>,
    seen: HashMap<RunId, Seen>,
    looked_at: Option<Instant>,
    unconfirmed: usize,
    overruns: Overruns,
    overrun: BTreeSet<TaskName>,
    wakeups: Arc<Notify>,
}

/// What is to be thought of a running run.
enum Verdict {
    Alive,
    /// Nobody knows: its lease was not renewed for a while.
    Unconfirmed,
    /// Its attempt ended like this.
    Over(AttemptEnd),
}

/// Gives back runs that were claimed for this boot and never began, as when the answer to a claim got lost. For a node
/// that leaves: nothing is under way any more. While results still wait for the store it gives nothing back: they are
/// those of such runs.
pub async fn hand_back(engine: &Arc<Engine>) -> StoreResult<usize> {
    if !engine.spool.is_empty() || engine.parts.settings.spool.as_deref().is_some_and(has_files) {
        return Ok(0);
    }
    let held = engine.store().held().await?;
    let ours =
        held.iter().filter(|held| held.lease.holder == *engine.me() && !engine.live.holds(&held.lease));
    let mut count = 0;
    for held in ours {
        let end = AttemptEnd::Erred { error: TaskError::Interrupted };
        settle::unseen(engine, &held.run, &held.lease, end).await?;
        count += 1;
    }
    Ok(count)
}

fn has_files(folder: &std::path::Path) -> bool {
    let is_result = |path: &std::path::Path| path.extension().is_some_and(|ending| ending == "json");
    std::fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| is_result(&entry.path())))
}

impl Rescuer {
    /// A rescuer that asks these neighbours.
    pub fn new(engine: Arc<Engine>, neighbours: Arc<dyn Neighbours>) -> Self {
        Self {
            engine,
            neighbours,
            seen: HashMap::new(),
            looked_at: None,
            unconfirmed: 0,
            overruns: Overruns::default(),
            overrun: BTreeSet::new(),
            wakeups: Arc::new(Notify::new()),
        }
    }

    /// Looks once at all running runs and takes back those that are lost. Returns how many.
    pub async fn rescue(&mut self) -> StoreResult<usize> {
        let held = self.engine.note_read(self.engine.store().held().await);
        self.keep_watch(held.is_ok());
        let held = held?;
        self.seen.retain(|run, seen| held.iter().any(|h| h.run.id == *run && h.lease == seen.lease));
        self.overrun = self.overruns.look(&self.engine, &held);
        let mut lost = Vec::new();
        self.unconfirmed = 0;
        for held in held {
            match self.verdict(&held) {
                Verdict::Alive => {}
                Verdict::Unconfirmed => self.unconfirmed += 1,
                Verdict::Over(end) => lost.push((held, end)),
            }
        }
        set_unconfirmed(self.unconfirmed);
        let count = lost.len();
        if count > 0 {
            self.take_back(lost).await;
        }
        Ok(count)
    }

    /// Running runs of other nodes, as last seen, whose lease was not renewed for its full time and which may go on
    /// nevertheless.
    pub fn unconfirmed(&self) -> usize {
        self.unconfirmed
    }

    /// The tasks, as last seen, that have a run which takes longer than their interval.
    pub fn overrun(&self) -> &BTreeSet<TaskName> {
        &self.overrun
    }

    fn rhythm(&self) -> Duration {
        (self.engine.parts.settings.lease / 6).min(RHYTHM)
    }

    /// A lease counts as unchanged only while we could have seen it change: with the store reachable, and awake.
    fn keep_watch(&mut self, reachable: bool) {
        let lost_sight = self.looked_at.is_some_and(|at| at.elapsed() > self.rhythm() * LOST_SIGHT);
        if !reachable || lost_sight {
            self.seen.clear();
        }
        self.looked_at = Some(Instant::now());
    }

    fn verdict(&mut self, held: &HeldRun) -> Verdict {
        if self.engine.live.holds(&held.lease) {
            return Verdict::Alive;
        }
        let ours = held.lease.holder == *self.engine.me();
        if !ours && self.neighbours.is_proved_dead(&held.lease.holder) {
            let who = if held.one_shot { "the run-task process" } else { "the daemon" };
            let cause = format!("{who} that ran it ended without recording a result");
            return Verdict::Over(AttemptEnd::Lost { cause });
        }
        let Some(since) = self.unchanged_since(held) else { return Verdict::Alive };
        let (unchanged, settings) = (since.elapsed(), &self.engine.parts.settings);
        if ours {
            // The answer to the claim got lost: nothing of it ever began, so the attempt does not count.
            let end = AttemptEnd::Erred { error: TaskError::Interrupted };
            return if unchanged > OURS_GRACE { Verdict::Over(end) } else { Verdict::Alive };
        }
        let (node, lease) = (&held.lease.holder.node, settings.lease);
        // Its last words may still be on their way.
        if held.left && unchanged > OURS_GRACE.min(lease / 4) {
            let cause = format!("its node {node} left without recording a result");
            return Verdict::Over(AttemptEnd::Lost { cause });
        }
        if held.stops_itself && unchanged > lease + MARGIN.min(lease / 4) {
            let lease = HumanDuration(lease);
            let cause =
                format!("its node {node} did not renew its lease for {lease}, so its worker has ended");
            return Verdict::Over(AttemptEnd::Lost { cause });
        }
        if unchanged > settings.node_gone_after {
            let gone = HumanDuration(settings.node_gone_after);
            let cause = format!("its node {node} gave no sign of life for {gone}");
            return Verdict::Over(AttemptEnd::Lost { cause });
        }
        if unchanged > lease { Verdict::Unconfirmed } else { Verdict::Alive }
    }

    /// Since when this lease was seen with the same count of renewals.
    fn unchanged_since(&mut self, held: &HeldRun) -> Option<Instant> {
        match self.seen.get(&held.run.id) {
            Some(seen) if seen.renewals == held.renewals => Some(seen.since),
            _ => {
                let seen = Seen { lease: held.lease.clone(), renewals: held.renewals, since: Instant::now() };
                self.seen.insert(held.run.id, seen);
                None
            }
        }
    }

    async fn take_back(&self, lost: Vec<(HeldRun, AttemptEnd)>) {
        let store = self.engine.store().id();
        let marks: std::collections::HashSet<String> = lost
            .iter()
            .map(|(held, _)| {
                Mark { store: store.clone(), run: held.run.id, attempt: held.lease.attempt }.to_string()
            })
            .collect();
        let leftovers = match self.engine.parts.executor.sweep(&|mark| marks.contains(mark)).await {
            Ok(leftovers) => leftovers,
            Err(error) => {
                tracing::error!("cannot look for processes of lost attempts: {error}; trying again");
                return;
            }
        };
        for (held, end) in lost {
            let cause = end.to_string();
            let settled = settle::unseen(&self.engine, &held.run, &held.lease, end).await;
            // While the store is away the run stays as it is, and the next round finds it again. Another node may have
            // been quicker.
            if let Ok(Settled::Done) = self.engine.note_read(settled) {
                RunRescued { task: &held.run.task, run: held.run.id, cause: &cause, leftovers }.emit();
            }
        }
        self.engine.wake_dispatcher.notify_one();
    }
}

#[async_trait]
impl Service for Rescuer {
    fn name(&self) -> &'static str {
        "rescue"
    }

    fn wakeups(&self) -> Arc<Notify> {
        self.wakeups.clone()
    }

    async fn run_once(&mut self) -> Duration {
        // An error was noted already; the next round comes soon enough.
        let _ = self.rescue().await;
        self.rhythm()
    }
}
