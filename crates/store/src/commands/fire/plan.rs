//! What a batch of firings comes to, worked out in memory from what is in force. It reads and writes no store.

use std::collections::{BTreeMap, HashMap, HashSet};

use roundsman_model::{Reason, RunId, SlotRange, TaskName, Timestamp, Verdict};

use super::ledger::Ledger;
use crate::{
    Extra, Fired, Firing, SlotFate, SlotToRun,
    commands::places::{Places, Turn},
};

/// Runs that are not recorded yet have numbers from here on: newer than every recorded one, as the rules expect.
const UNNUMBERED: i64 = i64::MAX / 2;

/// What is in force when a batch is fired.
pub(super) struct Board {
    pub(super) ledgers: HashMap<TaskName, Ledger>,
    pub(super) places: HashMap<TaskName, Places>,
    /// Tasks with a wake-up that nobody fired yet.
    pub(super) wakes: HashSet<TaskName>,
}

/// What is to be written.
#[derive(Default)]
pub(in crate::commands) struct Plan<'b> {
    pub(super) runs: Vec<PlannedRun<'b>>,
    pub(super) ended: Vec<Ended<'b>>,
    pub(super) slots: Vec<SlotRow<'b>>,
    pub(super) longer: Vec<Longer<'b>>,
    /// Running runs that are to stop, and the run that comes after each.
    pub(super) stops: BTreeMap<RunId, RunId>,
    pub(super) wakes: Vec<&'b TaskName>,
    pub(super) ledgers: BTreeMap<&'b TaskName, Timestamp>,
    pub(in crate::commands) fired: Vec<Fired>,
    written: HashSet<(&'b TaskName, Timestamp)>,
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
    by: &'b SlotToRun,
}

impl Ended<'_> {
    /// Why it ends.
    pub(super) fn cause(&self) -> String {
        superseded_by(self.by)
    }
}

fn superseded_by(run: &SlotToRun) -> String {
    match (run.slot, run.extra) {
        (Some(slot), _) => format!("superseded by slot {}", slot.format("%Y-%m-%dT%H:%M:%SZ")),
        (None, Extra::FirstStart) => "superseded by the run at the first start".to_owned(),
        (None, Extra::Wake) => "superseded by the run that an earlier one asked for".to_owned(),
    }
}

/// A recorded ledger row that new slots continue.
pub(super) struct Longer<'b> {
    pub(super) task: &'b TaskName,
    pub(super) first: Timestamp,
    pub(super) with: &'b SlotRange,
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
        let Some(ledger) = self.ledgers.get_mut(&firing.task).filter(|ledger| ledger.allows(firing)) else {
            return Fired::Moved;
        };
        let wakes = firing.run.iter().any(|run| run.slot.is_none() && run.extra == Extra::Wake);
        if wakes && !self.wakes.remove(&firing.task) {
            return Fired::Moved;
        }
        plan.wakes.extend(wakes.then_some(&firing.task));
        // In a batch that fires the task twice, its last row is not recorded yet the second time.
        let again = plan.ledgers.insert(&firing.task, firing.ledger_until).is_some();
        let continued = ledger.continued(firing).filter(|_| !again).map(|row| row.first);
        ledger.until = Some(firing.ledger_until);
        let new = usize::from(continued.is_some());
        let longer = |(first, with)| Longer { task: &firing.task, first, with };
        plan.longer.extend(continued.zip(firing.passed.first()).map(longer));
        plan.slots.extend(firing.passed[new..].iter().map(|range| passed(&firing.task, range)));
        let fates = firing.run.iter().map(|slot| self.plan_slot(firing, slot, plan));
        Fired::Done(fates.collect())
    }

    fn plan_slot<'b>(&mut self, firing: &'b Firing, slot: &'b SlotToRun, plan: &mut Plan<'b>) -> SlotFate {
        if let Some(at) = slot.slot
            && (!plan.written.insert((&firing.task, at)) || self.ledgers[&firing.task].has(at))
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
            Turn::Queue { place, ended, behind, stops } => {
                plan.slots.extend(slot.slot.map(|at| row(firing, at, Verdict::Fired, id)));
                plan.runs.push(PlannedRun { id, firing, slot, place, behind, superseded: None });
                plan.stops.extend(stops.map(|old| (old, id)));
                let Some(ended) = ended else { return SlotFate::Queued(id) };
                plan.end(ended, firing, slot);
                SlotFate::TookOver { run: id, ended }
            }
        }
    }
}

impl Ledger {
    /// Whether a firing was decided over what is still in force.
    fn allows(&self, firing: &Firing) -> bool {
        !self.removed
            && self.until == firing.ledger_was
            && self.revision == firing.revision
            && !firing.passed.iter().any(|range| self.crosses(range))
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
    fn end(&mut self, run: RunId, firing: &'b Firing, by: &'b SlotToRun) {
        if run.0 < UNNUMBERED {
            return self.ended.push(Ended { run, task: &firing.task, by });
        }
        let planned = &mut self.runs[(run.0 - UNNUMBERED) as usize];
        planned.superseded = Some(superseded_by(by));
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
        self.stops.values_mut().for_each(number);
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
