//! One task as the firer watches it: its definition, how far its ledger goes, what is known of pauses and wake-ups, and
//! what firing it now means. It asks no store.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use roundsman_model::{
    Misfire, Pause, Reason, SlotRange, TaskDefinition, Timestamp, Verdict,
    misfire::Passed,
    time::delta,
    verdict::{Due, PassedOver},
};
use roundsman_store::{Extra, Firing, SlotToRun, TaskRow, Wake};

use super::{
    gap::{Cause, Gap},
    turn::Turn,
};

/// Slots of a task that is switched off are written down this seldom.
const IDLE_RHYTHM: Duration = Duration::from_secs(60);

/// A task under watch.
pub(crate) struct Watched {
    pub(crate) definition: Arc<TaskDefinition>,
    pub(crate) hash: String,
    /// Whether other tasks follow it.
    pub(crate) followed: bool,
    pub(crate) ledger_until: Timestamp,
    pub(crate) revision: i64,
    /// When it is to be looked at next; entries of the heap that say otherwise are out of date.
    pub(crate) look_at: Option<Timestamp>,
    /// Missed slots that are caught up one after the other.
    pub(crate) behind: Option<Behind>,
    pub(super) pauses: Vec<Pause>,
    wake: Option<Wake>,
    offset: TimeDelta,
    /// Slots after the end of the ledger that ran already, under a clock that was wrong.
    pub(super) ahead: Vec<Timestamp>,
}

/// Slots being caught up: they stay out of the ledger until their turn comes, so that a restart finds them again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Behind {
    /// Why they were missed.
    gap: Gap,
    /// The last instant of the gap; slots after it only wait for their turn.
    until: Timestamp,
}

impl Watched {
    /// A task as the store knows it, under this definition. Nothing if it has no ledger.
    pub(crate) fn new(
        definition: Arc<TaskDefinition>,
        followed: bool,
        row: &TaskRow,
        ahead: Vec<Timestamp>,
    ) -> Option<Self> {
        Some(Self {
            hash: definition.hash(),
            offset: delta(definition.jitter_offset()),
            definition,
            followed,
            ledger_until: row.ledger_until?,
            revision: row.revision,
            look_at: None,
            behind: None,
            pauses: row.pauses.clone(),
            wake: row.wake,
            ahead,
        })
    }

    /// Takes over what somebody else changed in the store.
    pub(crate) fn refresh(&mut self, row: &TaskRow) {
        self.ledger_until = row.ledger_until.unwrap_or(self.ledger_until);
        self.revision = row.revision;
        self.pauses.clone_from(&row.pauses);
        self.wake = row.wake;
    }

    /// The firing was recorded.
    pub(crate) fn fired(&mut self, firing: &Firing) {
        self.ledger_until = firing.ledger_until;
        self.ahead.retain(|slot| *slot > firing.ledger_until);
        if firing.run.iter().any(|run| run.slot.is_none()) {
            self.wake = None;
        }
    }

    /// The next slot that is not in the ledger.
    pub(crate) fn next_slot(&self) -> Option<Timestamp> {
        let schedule = self.definition.schedule.as_ref()?;
        schedule.next_after(self.ledger_until, self.definition.timezone)
    }

    /// When it is to be looked at next. One that is catching up is looked at in another way.
    pub(crate) fn next_look(&self, now: Timestamp) -> Option<Timestamp> {
        let slot = self.next_slot().map(|slot| slot + self.offset).filter(|_| self.behind.is_none());
        let slot = match slot {
            Some(at) if !self.definition.enabled => Some(at.max(self.ledger_until + delta(IDLE_RHYTHM))),
            slot => slot,
        };
        // A wake-up does not overtake what is caught up.
        let wake = self.wake_due(now).filter(|_| self.behind.is_none());
        slot.into_iter().chain(wake).min()
    }

    /// When the extra run is due: not while the task is paused.
    fn wake_due(&self, now: Timestamp) -> Option<Timestamp> {
        let wake = self.wake.filter(|_| self.definition.enabled)?;
        let mut at = wake.at.max(now);
        while let Some(pause) = self.pauses.iter().find(|pause| pause.covers(at)) {
            at = pause.until?;
        }
        Some(if at == now { wake.at } else { at })
    }

    /// What firing it now means: nothing if nothing is due. `idle` says that it has no active run, which is known only
    /// of tasks that catch up.
    pub(crate) fn firing(&mut self, gap: Option<Gap>, idle: bool, now: Timestamp) -> Option<Firing> {
        let until = now - self.offset;
        let mut turn = match self.behind {
            Some(behind) => self.catch_up(behind, gap, until, now),
            None => self.turn(self.ledger_until, until, gap, now),
        };
        if self.behind.is_none() && self.is_backlog(&turn) {
            self.behind = gap.map(|gap| Behind { gap: Gap { until: Some(now), ..gap }, until });
        }
        if self.behind.is_some() {
            if !idle && !turn.decided.run.is_empty() {
                // Its turn comes; a wake-up is no reason to overtake it.
                return None;
            }
            self.only_first(&mut turn);
        }
        let wake = self.wake_due(now).filter(|at| *at <= now && self.behind.is_none());
        let ledger_until = turn.until.filter(|until| *until > self.ledger_until);
        if ledger_until.is_none() && wake.is_none() {
            return None;
        }
        let ledger_until = ledger_until.unwrap_or(self.ledger_until);
        let mut firing = self.blank(ledger_until);
        firing.run = turn.decided.run.iter().map(|due| self.slot_to_run(due, turn.late, now)).collect();
        firing.passed = turn.decided.passed.into_iter().map(|passed| self.row(passed, now)).collect();
        firing.run.extend(wake.map(|_| SlotToRun { slot: None, due_at: now, extra: Extra::Wake }));
        Some(firing)
    }

    /// The firing that closes the ledger now, because another definition comes into force: all is decided at once.
    pub(crate) fn closing(&self, gap: Option<Gap>, now: Timestamp) -> Firing {
        let turn = self.turn(self.ledger_until, now, gap, now);
        let mut firing = self.blank(now.max(self.ledger_until));
        firing.run = turn.decided.run.iter().map(|due| self.slot_to_run(due, turn.late, now)).collect();
        firing.passed = turn.decided.passed.into_iter().map(|passed| self.row(passed, now)).collect();
        firing
    }

    /// Slots that would have run, had the task stayed as it was.
    pub(crate) fn unwanted(
        &self,
        slots: &[SlotToRun],
        gap: Option<Gap>,
        why: &str,
        now: Timestamp,
    ) -> Vec<SlotRange> {
        let slots = slots.iter().filter_map(|run| run.slot);
        let row = |slot| {
            let gap = gap.filter(|gap| gap.explains(now - self.offset - slot));
            let outage = gap.map(|gap| gap.outage(&self.definition, self.ledger_until, slot, now));
            let (verdict, reason, detail) = match outage {
                Some(outage) => (Verdict::Missed, outage.reason, outage.detail),
                None => (Verdict::Skipped, Reason::Disabled, why.to_owned()),
            };
            let slots = Passed { first: slot, last: slot, count: 1 };
            self.row(PassedOver { slots, verdict, reason, detail: Some(detail) }, now)
        };
        slots.map(row).collect()
    }

    /// A firing that only moves the ledger.
    pub(crate) fn blank(&self, ledger_until: Timestamp) -> Firing {
        let definition = &self.definition;
        Firing {
            task: definition.name.clone(),
            kind: definition.kind.clone(),
            definition: self.hash.clone(),
            overlap: definition.overlap,
            terms: definition.terms(),
            followed: self.followed,
            revision: self.revision,
            ledger_was: Some(self.ledger_until),
            ledger_until,
            passed: Vec::new(),
            run: Vec::new(),
        }
    }

    fn is_backlog(&self, turn: &Turn) -> bool {
        turn.late && self.definition.misfire == Misfire::All && turn.decided.run.len() > 1
    }

    /// What becomes of slots that were missed, and of those that came since.
    fn catch_up(&self, behind: Behind, gap: Option<Gap>, until: Timestamp, now: Timestamp) -> Turn {
        let missed = self.turn(self.ledger_until, behind.until.min(until), Some(behind.gap), now);
        let since = gap.unwrap_or(Gap::open(Cause::Behind, behind.until));
        let later = self.turn(self.ledger_until.max(behind.until), until, Some(since), now);
        let mut decided = missed.decided;
        decided.run.extend(later.decided.run);
        decided.passed.extend(later.decided.passed);
        Turn { decided, until: later.until.or(missed.until), late: true }
    }

    /// Leaves the first slot to run and what lies before it; with no more to come the task has caught up.
    fn only_first(&mut self, turn: &mut Turn) {
        let runs = &mut turn.decided.run;
        let Some(first) = runs.first().copied().filter(|_| runs.len() > 1) else {
            self.behind = None;
            return;
        };
        runs.truncate(1);
        turn.decided.passed.retain(|passed| passed.slots.last < first.slot);
        turn.until = Some(first.slot);
    }

    fn slot_to_run(&self, due: &Due, late: bool, now: Timestamp) -> SlotToRun {
        let on_time = (due.slot + self.offset).max(due.not_before.unwrap_or(due.slot));
        let due_at = if late { on_time.max(now) } else { on_time };
        SlotToRun { slot: Some(due.slot), due_at, extra: Extra::default() }
    }

    fn row(&self, passed: PassedOver, now: Timestamp) -> SlotRange {
        SlotRange {
            task: self.definition.name.clone(),
            first: passed.slots.first,
            last: passed.slots.last,
            count: passed.slots.count,
            verdict: passed.verdict,
            reason: Some(passed.reason),
            detail: passed.detail,
            run: None,
            decided_at: now,
        }
    }
}
