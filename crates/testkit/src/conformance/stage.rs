//! What a case is played on: a store on a fresh database, and short ways to say what is usual. It checks nothing.

use crate::Installing as _;
use roundsman_store::Claimer;
use std::{any::Any, sync::Arc};

use anyhow::{Context, Result, bail};
use chrono::TimeDelta;
use roundsman_model::{
    AttemptEnd, BootId, HumanDuration, NodeId, Outcome, Reason, Run, RunId, RunState, Schedule, SlotRange,
    TaskDefinition, TaskError, TaskName, Timestamp, Transition, Verdict,
};
use roundsman_store::{
    Fired, Firing, Holder, OpenOptions, Role, RunLease, Settled, Settlement, SlotFate, SlotToRun, Store,
    TaskRow, open,
};

/// A store on a fresh database.
pub struct Stage {
    /// The store.
    pub store: Arc<dyn Store>,
    url: String,
    /// What has to live as long as the database: a folder, a server.
    _keep: Box<dyn Any + Send + Sync>,
}

impl Stage {
    /// When the next run falls due.
    pub(crate) async fn next_due(&self) -> roundsman_store::StoreResult<Option<Timestamp>> {
        Ok(self.store.claim(&Claimer::of(holder("nobody")), 0, at(0)).await?.next_due)
    }

    /// Opens a fresh database; `keep` is dropped with the stage.
    pub async fn open(url: String, keep: impl Any + Send + Sync) -> Self {
        let store = open(&url, OpenOptions::default()).await.expect("a fresh database opens");
        Self { store, url, _keep: Box::new(keep) }
    }

    /// The same database through connections of its own, as another node has it.
    pub async fn other_node(&self) -> Result<Arc<dyn Store>> {
        Ok(open(&self.url, OpenOptions::for_role(Role::OneShot)).await?)
    }

    /// Puts definitions in force at instant 0.
    pub async fn install(&self, definitions: &[TaskDefinition]) -> Result<()> {
        Ok(self.store.install_tasks(definitions, at(0)).await?)
    }

    /// Puts more definitions in force beside those that are.
    pub async fn install_too(&self, definitions: &[TaskDefinition]) -> Result<()> {
        let known = self.store.tasks().await?.into_iter().map(|row| row.definition);
        self.install(&known.chain(definitions.iter().cloned()).collect::<Vec<_>>()).await
    }

    /// Fires one slot of a task, at that instant.
    pub async fn fire(&self, definition: &TaskDefinition, slot_at: i64) -> Result<SlotFate> {
        let firing = self.firing(definition, slot_at, vec![slot(slot_at)]).await?;
        match self.store.fire(vec![firing], None, at(slot_at)).await?.pop() {
            Some(Fired::Done(mut fates)) if fates.len() == 1 => Ok(fates.remove(0)),
            other => bail!("fired one slot and got {other:?}"),
        }
    }

    /// Fires one slot and expects it to be queued.
    pub async fn queue(&self, definition: &TaskDefinition, slot_at: i64) -> Result<RunId> {
        match self.fire(definition, slot_at).await? {
            SlotFate::Queued(run) | SlotFate::TookOver { run, .. } => Ok(run),
            other => bail!("expected a queued run and got {other:?}"),
        }
    }

    /// Installs a task, fires a slot and claims its run.
    pub async fn running(&self, name: &str) -> Result<(Run, RunLease)> {
        let definition = definition(name);
        self.install(std::slice::from_ref(&definition)).await?;
        self.queue(&definition, 60).await?;
        self.claim_one("a", 60).await
    }

    /// Claims the one run that is due.
    pub async fn claim_one(&self, node: &str, now: i64) -> Result<(Run, RunLease)> {
        let me = holder(node);
        let mut runs = self.store.claim(&Claimer::of(me.clone()), 1, at(now)).await?.runs;
        let run = runs.pop().context("there is a run to claim")?;
        let lease = RunLease { run: run.id, attempt: run.attempt, holder: me };
        Ok((run, lease))
    }

    /// Settles an attempt; the end is made up to match.
    pub async fn settle(&self, lease: &RunLease, transition: Transition, now: i64) -> Result<Settled> {
        Ok(self.store.settle(settlement(lease, transition, now)).await?)
    }

    /// Ends a run as succeeded.
    pub async fn succeed(&self, lease: &RunLease, now: i64) -> Result<Settled> {
        self.settle(lease, success("done"), now).await
    }

    /// A run that is known to be there.
    pub async fn run(&self, id: RunId) -> Result<Run> {
        self.store.run(id).await?.with_context(|| format!("run {id} is there"))
    }

    /// A firing of these slots, decided over what is in force now.
    pub async fn firing(
        &self,
        definition: &TaskDefinition,
        ledger_until: i64,
        run: Vec<SlotToRun>,
    ) -> Result<Firing> {
        let row = self.task(&definition.name).await?;
        let firing = firing(definition, row.ledger_until, ledger_until, run);
        Ok(Firing { revision: row.revision, ..firing })
    }

    /// A task that is known to be there.
    pub async fn task(&self, name: &TaskName) -> Result<TaskRow> {
        let tasks = self.store.tasks().await?;
        let row = tasks.into_iter().find(|row| row.definition.name == *name);
        row.with_context(|| format!("task {name} is known"))
    }

    /// Passes these slots of a task over for this reason, as one firing.
    pub async fn pass(&self, definition: &TaskDefinition, slots: &[i64], reason: Reason) -> Result<()> {
        let (first, last) = (slots[0], slots[slots.len() - 1]);
        let mut firing = self.firing(definition, last, Vec::new()).await?;
        firing.passed.push(passed(definition, first, last, slots.len() as u64, reason));
        match self.store.fire(vec![firing], None, at(last)).await?.pop() {
            Some(Fired::Done(fates)) if fates.is_empty() => Ok(()),
            other => bail!("passed slots over and got {other:?}"),
        }
    }
}

/// A ledger row of slots that were skipped.
pub fn passed(definition: &TaskDefinition, first: i64, last: i64, count: u64, reason: Reason) -> SlotRange {
    SlotRange {
        task: definition.name.clone(),
        first: at(first),
        last: at(last),
        count,
        verdict: Verdict::Skipped,
        reason: Some(reason),
        detail: Some(format!("because of {reason}")),
        run: None,
        decided_at: at(last),
    }
}

/// So many seconds after noon on a Monday in January.
pub fn at(secs: i64) -> Timestamp {
    chrono::DateTime::from_timestamp(1_767_614_400, 0).expect("an instant in 2026") + TimeDelta::seconds(secs)
}

/// A slot that may start at its instant.
pub fn slot(secs: i64) -> SlotToRun {
    SlotToRun { slot: Some(at(secs)), due_at: at(secs), extra: roundsman_store::Extra::default() }
}

/// A node's first boot.
pub fn holder(node: &str) -> Holder {
    Holder { node: NodeId::new(node), boot: BootId::new(format!("{node}-boot-1")) }
}

/// A task that runs each minute.
pub fn definition(name: &str) -> TaskDefinition {
    TaskDefinition {
        schedule: Some(Schedule::parse("* * * * *").expect("a schedule")),
        timeout: HumanDuration::from_secs(30),
        with: serde_json::json!({"target": "192.0.2.1"}),
        ..TaskDefinition::new(name.parse().expect("a task name"), "test".parse().expect("a kind name"))
    }
}

/// A firing of these slots that moves the ledger on.
pub fn firing(
    definition: &TaskDefinition,
    ledger_was: Option<Timestamp>,
    ledger_until: i64,
    run: Vec<SlotToRun>,
) -> Firing {
    Firing {
        task: definition.name.clone(),
        kind: definition.kind.clone(),
        definition: definition.hash(),
        terms: definition.terms(),
        followed: false,
        revision: 0,
        overlap: definition.overlap,
        ledger_was,
        ledger_until: at(ledger_until),
        passed: Vec::new(),
        run,
    }
}

/// A run that succeeded.
pub(super) fn success(summary: &str) -> Transition {
    Transition::End { state: RunState::Succeeded, cause: None, outcome: Some(Outcome::success(summary)) }
}

/// An attempt's end that goes with a transition.
pub(super) fn settlement(lease: &RunLease, transition: Transition, now: i64) -> Settlement {
    let end = match &transition {
        Transition::End { outcome: Some(outcome), .. } => AttemptEnd::Finished { outcome: outcome.clone() },
        other => AttemptEnd::Erred { error: TaskError::retry(format!("{:?}", other.state())) },
    };
    let lease = lease.clone();
    Settlement {
        wake_at: None,
        lease,
        end,
        transition,
        metrics: Vec::new(),
        cpu_ms: Some(12),
        max_rss: Some(4096),
        at: at(now),
    }
}
