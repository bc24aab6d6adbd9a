//! What becomes of due slots before any run is looked at: pauses, dark times, and what was missed. Slots and times are in
//! seconds since the epoch.

use std::collections::BTreeSet;

use crate::{
    naive::wall,
    script::{DAY, Missed, START, Task, YEAR},
};

/// What became of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Fired,
    Ran,
    Skipped(&'static str),
    Missed(&'static str),
}

/// Before any run is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// It runs, and not before an instant.
    Runs(Option<i64>),
    Passed(Fate),
}

/// What can be known of a task in advance.
pub(crate) struct Plan {
    pub(crate) slots: Vec<i64>,
    /// Times in which a blackout holds, those that overlap or touch made one.
    dark: Vec<(i64, i64)>,
    pub(crate) pauses: Vec<(i64, Option<i64>)>,
}

/// Clocks may be far ahead for a while.
const AHEAD: i64 = 60 * DAY;

impl Plan {
    pub(crate) fn of(task: &Task) -> Self {
        let (from, until) = (START - 40 * DAY, START + YEAR + AHEAD);
        let mut windows: Vec<(i64, i64)> = task
            .darks
            .iter()
            .flat_map(|dark| {
                let openings = wall::of_pattern(dark.opens, dark.zone.unwrap_or(task.zone), from, until);
                openings.into_iter().map(|at| (at, at + dark.secs))
            })
            .collect();
        windows.sort_unstable();
        let mut dark: Vec<(i64, i64)> = Vec::new();
        for (from, until) in windows {
            match dark.last_mut().filter(|last| from <= last.1) {
                Some(last) => last.1 = last.1.max(until),
                None => dark.push((from, until)),
            }
        }
        Self { slots: wall::slots(&task.when, task.zone, START - 60, until), dark, pauses: Vec::new() }
    }

    pub(crate) fn dark_until(&self, at: i64) -> Option<i64> {
        self.dark.iter().find(|(from, until)| *from <= at && at < *until).map(|(_, until)| *until)
    }

    pub(crate) fn is_paused(&self, at: i64) -> bool {
        self.pauses.iter().any(|(from, until)| *from <= at && until.is_none_or(|until| at < until))
    }

    /// Slots after one instant and up to another that were not recorded already.
    pub(crate) fn due(&self, after: i64, until: i64, recorded: &BTreeSet<i64>) -> Vec<i64> {
        let place = |at: i64| self.slots.partition_point(|slot| *slot <= at);
        let due = &self.slots[place(after)..place(until).max(place(after))];
        due.iter().copied().filter(|slot| !recorded.contains(slot)).collect()
    }

    fn alone(&self, task: &Task, slot: i64) -> Call {
        if self.is_paused(slot) {
            return Call::Passed(Fate::Skipped("paused"));
        }
        let Some(until) = self.dark_until(slot) else { return Call::Runs(None) };
        let next = self.slots.iter().find(|next| **next > slot);
        let is_last = next.is_none_or(|next| *next >= until);
        if task.once && is_last { Call::Runs(Some(until)) } else { Call::Passed(Fate::Skipped("blackout")) }
    }

    /// What becomes of these slots. `why` says what kept them from firing at their time, if something did.
    pub(crate) fn call(
        &self,
        task: &Task,
        slots: &[i64],
        why: Option<&'static str>,
        until: i64,
        now: i64,
    ) -> Vec<(i64, Call)> {
        let mut calls: Vec<(i64, Call)> = slots.iter().map(|slot| (*slot, self.alone(task, *slot))).collect();
        let Some(why) = why else { return calls };
        let (mut left, reach) = match task.missed {
            Missed::Latest => (1, task.window),
            Missed::None => (1, 60),
            Missed::All => (100, task.window),
        };
        if self.is_paused(now) {
            left = 0;
        }
        for (slot, call) in calls.iter_mut().rev() {
            let Call::Runs(from) = call else { continue };
            if left == 0 || from.unwrap_or(*slot) < until - reach {
                *call = Call::Passed(Fate::Missed(why));
            } else {
                left -= 1;
                *from = (*from).max(self.dark_until(now));
            }
        }
        calls
    }
}
