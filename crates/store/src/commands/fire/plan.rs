//! What a batch of firings comes to, worked out in memory from what is in force. It reads and writes no store.

use std::collections::{BTreeMap, HashMap, HashSet};

use roundsman_model::{Reason, RunId, SlotRange, TaskName, Timestamp, Verdict};

use crate::{
    Fired, Firing, SlotFate, SlotToRun,
    commands::places::{Places, Turn},
};

/// Runs that are not recorded yet have numbers from here on: newer than every recorded one, as the rules expect.
const UNNUMBERED: i64 = i64::MAX / 2;

/// Where the ledger of a task stands.
pub(super) struct Ledger {
    /// All slots up to here are recorded.
    pub(super) until: Option<Timestamp>,
    /// Whether the task has left the configuration.
    pub(super) removed: bool,
    /// Its revision.
    pub(super) revision: i64,
}

/// What is in force when a batch is fired.
pub(super) struct Board {
    pub(super) ledgers: HashMap<TaskName, Ledger>,
    pub(super) places: HashMap<TaskName, Places>,
    pub(super) recorded: HashSet<(TaskName, Timestamp)>,
}

/// What is to be written.
#[derive(Default)]
pub(super) struct Plan<'b> {
    pub(super) runs: Vec<PlannedRun<'b>>,
    pub(super) ended: Vec<Ended<'b>>,
    pub(super) slots: Vec<SlotRow<'b>>,
    pub(super) ledgers: BTreeMap<&'b TaskName, Timestamp>,
    pub(super) fired: Vec<Fired>,
}

/// A run to record.
pub(in crate::commands) struct PlannedRun<'b> {
    pub(in crate::commands) id: RunId,
    pub(in crate::commands) firing: &'b Firing,
    pub(in crate::commands) slot: &'b SlotToRun,
    pub(in crate::commands) place: u32,
    pub(in crate::commands) behind: Option<RunId>,
    /// Set when a later slot of the same batch took its place.
    pub(in crate::commands) superseded: Option<String>,
}

/// A recorded run that a newcomer takes the place of.
pub(super) struct Ended<'b> {
    pub(super) run: RunId,
    pub(super) task: &'b TaskName,
    slot: Option<Timestamp>,
}

impl Ended<'_> {
    /// Why it ends.
    pub(super) fn cause(&self) -> String {
        superseded_by(self.slot)
    }
}

fn superseded_by(slot: Option<Timestamp>) -> String {
    match slot {
        Some(slot) => format!("superseded by slot {}", slot.format("%Y-%m-%dT%H:%M:%SZ")),
        None => "superseded by the run at the first start".to_owned(),
    }
}

/// A ledger row to write.
pub(super) struct SlotRow<'b> {
    pub(super) task: &'b TaskName,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) count: u64,
    pub(super) verdict: Verdict,
    pub(super) reason: Option<Reason>,
    pub(super) detail: Option<String>,
    pub(super) run: Option<RunId>,
}

impl Board {
    /// Works out a batch. A task that comes twice is fired twice, one after the other.
    pub(super) fn plan(mut self, batch: &[Firing]) -> Plan<'_> {
        let mut plan = Plan::default();
        for firing in batch {
            let fired = self.plan_one(firing, &mut plan);
            plan.fired.push(fired);
        }
        plan
    }

    fn plan_one<'b>(&mut self, firing: &'b Firing, plan: &mut Plan<'b>) -> Fired {
        let Some(ledger) = self.ledgers.get_mut(&firing.task) else {
            return Fired::Moved;
        };
        if ledger.removed || ledger.until != firing.ledger_was || ledger.revision != firing.revision {
            return Fired::Moved;
        }
        ledger.until = Some(firing.ledger_until);
        plan.ledgers.insert(&firing.task, firing.ledger_until);
        plan.slots.extend(firing.passed.iter().map(|range| passed(&firing.task, range)));
        let fates = firing.run.iter().map(|slot| self.plan_slot(firing, slot, plan));
        Fired::Done(fates.collect())
    }

    fn plan_slot<'b>(&mut self, firing: &'b Firing, slot: &'b SlotToRun, plan: &mut Plan<'b>) -> SlotFate {
        if let Some(at) = slot.slot
            && !self.recorded.insert((firing.task.clone(), at))
        {
            return SlotFate::Recorded;
        }
        let id = RunId(UNNUMBERED + plan.runs.len() as i64);
        let places = self.places.entry(firing.task.clone()).or_default();
        match places.admit(firing.overlap, id) {
            Turn::Skip(run) => {
                plan.slots.extend(slot.slot.map(|at| row(firing, at, Verdict::Skipped, run)));
                SlotFate::Overlap(run)
            }
            Turn::Queue { place, ended, behind } => {
                plan.slots.extend(slot.slot.map(|at| row(firing, at, Verdict::Fired, id)));
                plan.runs.push(PlannedRun { id, firing, slot, place, behind, superseded: None });
                let Some(ended) = ended else { return SlotFate::Queued(id) };
                plan.end(ended, firing, slot.slot);
                SlotFate::TookOver { run: id, ended }
            }
        }
    }
}

fn passed<'b>(task: &'b TaskName, range: &'b SlotRange) -> SlotRow<'b> {
    SlotRow {
        task,
        first: range.first,
        last: range.last,
        count: range.count,
        verdict: range.verdict,
        reason: range.reason,
        detail: range.detail.clone(),
        run: range.run,
    }
}

fn row(firing: &Firing, at: Timestamp, verdict: Verdict, run: RunId) -> SlotRow<'_> {
    let reason = (verdict == Verdict::Skipped).then_some(Reason::Overlap);
    SlotRow {
        task: &firing.task,
        first: at,
        last: at,
        count: 1,
        verdict,
        reason,
        detail: None,
        run: Some(run),
    }
}

impl<'b> Plan<'b> {
    fn end(&mut self, run: RunId, firing: &'b Firing, slot: Option<Timestamp>) {
        if run.0 < UNNUMBERED {
            return self.ended.push(Ended { run, task: &firing.task, slot });
        }
        let planned = &mut self.runs[(run.0 - UNNUMBERED) as usize];
        planned.superseded = Some(superseded_by(slot));
        if let Some(row) = self.slots.iter_mut().find(|row| row.run == Some(run)) {
            (row.verdict, row.reason) = (Verdict::Skipped, Some(Reason::Superseded));
        }
    }

    /// Gives the planned runs their numbers, rising from `first`.
    pub(super) fn number(&mut self, first: RunId) {
        let number = |run: &mut RunId| {
            if run.0 >= UNNUMBERED {
                run.0 = run.0 - UNNUMBERED + first.0;
            }
        };
        for run in &mut self.runs {
            number(&mut run.id);
            run.behind.iter_mut().for_each(number);
        }
        for row in &mut self.slots {
            row.run.iter_mut().for_each(number);
            if let (Some(Reason::Overlap), Some(run), None) = (row.reason, row.run, &row.detail) {
                row.detail = Some(format!("run {run} was still active"));
            }
        }
        for fired in &mut self.fired {
            let Fired::Done(fates) = fired else { continue };
            for fate in fates {
                match fate {
                    SlotFate::Queued(run) | SlotFate::Overlap(run) => number(run),
                    SlotFate::TookOver { run, ended } => [run, ended].into_iter().for_each(number),
                    SlotFate::Recorded => {}
                }
            }
        }
    }
}
