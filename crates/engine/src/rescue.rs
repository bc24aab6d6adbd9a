//! Takes back runs whose worker or daemon is gone. It decides from the truth of processes and leases, never from elapsed
//! time alone, and declares nothing lost before what was left of it has ended.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use roundsman_model::{AttemptEnd, RunId, TaskError};
use roundsman_store::{HeldRun, Holder, RunLease, StoreResult};
use roundsman_telemetry::RunRescued;
use tokio::{sync::Notify, time::Instant};

use crate::{Engine, Mark, Service, beat::NODE_GONE_AFTER, settle};

/// How often it looks.
const RHYTHM: Duration = Duration::from_secs(5);
/// A run of ours that is not under way here must be seen twice, this far apart: a claim may just be on its way.
const OURS_GRACE: Duration = Duration::from_secs(15);

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
    wakeups: Arc<Notify>,
}

impl Rescuer {
    /// A rescuer that asks these neighbours.
    pub fn new(engine: Arc<Engine>, neighbours: Arc<dyn Neighbours>) -> Self {
        Self { engine, neighbours, seen: HashMap::new(), wakeups: Arc::new(Notify::new()) }
    }

    /// Looks once at all running runs and takes back those that are lost. Returns how many.
    pub async fn rescue(&mut self) -> StoreResult<usize> {
        let held = self.engine.note_read(self.engine.store().held().await)?;
        self.seen.retain(|run, seen| held.iter().any(|h| h.run.id == *run && h.lease == seen.lease));
        let mut lost = Vec::new();
        for held in held {
            if let Some(end) = self.verdict(&held) {
                lost.push((held, end));
            }
        }
        let count = lost.len();
        if count > 0 {
            self.take_back(lost).await;
        }
        Ok(count)
    }

    /// How a run's attempt ended that nobody saw; `None` while it may be alive.
    fn verdict(&mut self, held: &HeldRun) -> Option<AttemptEnd> {
        if self.engine.live.holds(&held.lease) {
            return None;
        }
        let ours = held.lease.holder == *self.engine.me();
        if !ours && self.neighbours.is_proved_dead(&held.lease.holder) {
            let who = if held.one_shot { "the run-task process" } else { "the daemon" };
            return Some(AttemptEnd::Lost {
                cause: format!("{who} that ran it ended without recording a result"),
            });
        }
        let since = self.unchanged_since(held)?;
        let limit = if ours { OURS_GRACE } else { NODE_GONE_AFTER };
        (since.elapsed() > limit).then(|| {
            if ours {
                // The answer to the claim got lost: nothing of it ever began, so the attempt does not count.
                return AttemptEnd::Erred { error: TaskError::Interrupted };
            }
            let (node, minutes) = (&held.lease.holder.node, NODE_GONE_AFTER.as_secs() / 60);
            AttemptEnd::Lost { cause: format!("its node {node} gave no sign of life for {minutes} minutes") }
        })
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
            RunRescued { task: &held.run.task, run: held.run.id, cause: &cause, leftovers }.emit();
            let settled = settle::unseen(&self.engine, &held.run, &held.lease, end).await;
            // While the store is away the run stays as it is, and the next round finds it again.
            let _ = self.engine.note_read(settled);
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
        RHYTHM
    }
}
