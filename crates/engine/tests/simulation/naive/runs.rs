//! The runs of one task: who waits, who gives way, who begins and who ends. Times to start are on the wall, ends are steady.

use std::collections::BTreeMap;

use crate::{
    naive::verdicts::Fate,
    script::{Beside, Task},
};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Queued,
    /// Under way, until a steady time.
    Running(i64),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    slot: i64,
    due_at: i64,
    start_by: i64,
    step: Step,
    /// The slot of the run it waits for.
    behind: Option<i64>,
    stop: bool,
    /// When this daemon first saw it, on the wall and steady.
    seen: Option<(i64, i64)>,
}

/// The active runs of a task, oldest first, and the verdicts on its slots.
#[derive(Default)]
pub(crate) struct Runs {
    active: Vec<Run>,
    pub(crate) ledger: BTreeMap<i64, Fate>,
}

impl Runs {
    pub(crate) fn is_idle(&self) -> bool {
        self.active.is_empty()
    }

    /// A slot that is to run.
    pub(crate) fn fire(&mut self, task: &Task, slot: i64, due_at: i64) {
        let full = match task.beside {
            Beside::Skip => 1,
            Beside::Queue | Beside::Replace => 2,
            Beside::Allow(limit) => limit,
        };
        let queued = |run: &Run| matches!(run.step, Step::Queued);
        let gives_way = match task.beside {
            Beside::Queue | Beside::Replace if self.active.len() == full => {
                self.active.iter().rposition(queued)
            }
            Beside::Replace if self.active.len() == 1 => self.active.iter().position(queued),
            _ => None,
        };
        match gives_way {
            Some(index) => {
                let gone = self.active.remove(index);
                self.ledger.insert(gone.slot, Fate::Skipped("superseded"));
            }
            None if self.active.len() >= full => {
                self.ledger.insert(slot, Fate::Skipped("overlap"));
                return;
            }
            None => {}
        }
        let in_line = matches!(task.beside, Beside::Queue | Beside::Replace);
        let front = self.active.first_mut().filter(|_| in_line);
        let behind = front.map(|front| {
            front.stop |= task.beside == Beside::Replace && matches!(front.step, Step::Running(_));
            front.slot
        });
        let start_by = due_at + task.start_within.unwrap_or(task.window);
        self.active.push(Run { slot, due_at, start_by, step: Step::Queued, behind, stop: false, seen: None });
        self.ledger.insert(slot, Fate::Fired);
    }

    /// Runs that came to their end by a steady time, and, when the daemon stops, all that are under way.
    pub(crate) fn end(&mut self, steady: i64) {
        self.active.retain(|run| !matches!(run.step, Step::Running(ends) if ends <= steady));
    }

    /// Runs that somebody wants to stop end at once.
    pub(crate) fn heed_stops(&mut self) {
        self.active.retain(|run| !run.stop);
    }

    /// Runs that could not start in time: by the wall, and by what the wall would show had nobody set it since. A clock
    /// that is doubted ends none.
    pub(crate) fn expire(&mut self, wall: i64, steady: i64, doubted: bool) {
        let ledger = &mut self.ledger;
        self.active.retain_mut(|run| {
            let (wall_then, steady_then) = *run.seen.get_or_insert((wall, steady));
            let unset = wall_then + (steady - steady_then);
            let late = matches!(run.step, Step::Queued) && run.start_by < wall.min(unset);
            if late && !doubted {
                ledger.insert(run.slot, Fate::Missed("not_started"));
            }
            !late || doubted
        });
    }

    /// Another daemon knows only what the wall shows.
    pub(crate) fn forget(&mut self) {
        self.active.iter_mut().for_each(|run| run.seen = None);
    }

    /// Runs that are due begin, unless the wall says that it is too late.
    pub(crate) fn begin(&mut self, wall: i64, steady: i64, secs: impl Fn(i64) -> i64) {
        let fronts: Vec<i64> = self.active.iter().map(|run| run.slot).collect();
        for run in &mut self.active {
            let free = run.behind.is_none_or(|front| !fronts.contains(&front));
            let in_time = run.due_at <= wall && wall <= run.start_by;
            if matches!(run.step, Step::Queued) && in_time && free {
                run.step = Step::Running(steady + secs(run.slot));
                self.ledger.insert(run.slot, Fate::Ran);
            }
        }
    }

    /// Takes back everything after an instant of the wall that did not begin.
    pub(crate) fn take_back(&mut self, after: i64) {
        self.active.retain(|run| run.slot <= after || matches!(run.step, Step::Running(_)));
        self.ledger.retain(|slot, fate| *slot <= after || *fate == Fate::Ran);
    }

    /// When, in steady time, something happens by itself.
    pub(crate) fn next(&self, wall_less_steady: i64) -> Option<i64> {
        self.active
            .iter()
            .map(|run| match run.step {
                Step::Running(ends) => ends,
                Step::Queued => run.due_at - wall_less_steady,
            })
            .min()
    }
}
