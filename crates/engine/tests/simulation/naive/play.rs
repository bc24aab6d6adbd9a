//! Plays a year through: when the daemon looks, what it decides, and what every slot came to. The list of looks is what
//! the program is made to do afterwards.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    naive::{
        clock::{Clock, Look as ClockLook},
        runs::Runs,
        verdicts::{Call, Fate, Plan},
    },
    script::{Event, Missed, START, Script, Task, YEAR},
};

/// What happens at a look, before anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// A daemon starts; one was known to live until then.
    Boot(Option<i64>),
    Stop,
    Tick,
    /// A tick at which nothing falls due; no run begins or ends.
    Calm,
    /// The host slept until now.
    Wake,
    Pause {
        task: usize,
        until: Option<i64>,
    },
    Resume {
        task: usize,
    },
}

/// An instant, steady and on the wall.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) steady: i64,
    pub(crate) wall: i64,
    pub(crate) act: Act,
}

/// A task on its way through the year.
struct Course<'s> {
    task: &'s Task,
    number: usize,
    plan: Plan,
    runs: Runs,
    /// How far the ledger goes.
    until: i64,
    /// Slots after that which ran already.
    recorded: BTreeSet<i64>,
    /// The last instant of an outage that is being caught up.
    behind: Option<i64>,
    /// Slots that share a row of the ledger have one number.
    rows: BTreeMap<i64, usize>,
    row_count: usize,
}

/// The year as it should go.
pub(crate) struct Play<'s> {
    script: &'s Script,
    courses: Vec<Course<'s>>,
    pub(crate) looks: Vec<Look>,
    steady: i64,
    /// What the wall clock shows more than the steady one.
    ahead: i64,
    clock: Clock,
    trusted: bool,
    fires: bool,
    known_until: Option<i64>,
    gap: bool,
    truth: Option<i64>,
}

impl<'s> Play<'s> {
    pub(crate) fn of(script: &'s Script) -> Self {
        let course = |(number, task): (usize, &'s Task)| Course {
            task,
            number,
            plan: Plan::of(task),
            runs: Runs::default(),
            until: START,
            recorded: BTreeSet::new(),
            behind: None,
            rows: BTreeMap::new(),
            row_count: 0,
        };
        let mut play = Self {
            script,
            courses: script.tasks.iter().enumerate().map(course).collect(),
            looks: Vec::new(),
            steady: 0,
            ahead: START,
            clock: Clock::default(),
            trusted: false,
            fires: false,
            known_until: None,
            gap: false,
            truth: None,
        };
        play.look(Act::Boot(None));
        for (at, event) in &script.events {
            play.run_until(*at);
            play.happens(*event);
        }
        play.run_until(YEAR);
        play.look(Act::Tick);
        play
    }

    /// Every slot of a task and its fate.
    pub(crate) fn ledger(&self, task: usize) -> &BTreeMap<i64, Fate> {
        &self.courses[task].runs.ledger
    }

    /// Looks whenever something falls due, and shortly before, as a daemon that ticks all the time would.
    fn run_until(&mut self, at: i64) {
        loop {
            let next = self.next().map_or(at, |next| next.max(self.steady)).min(at);
            if next - self.steady > 4 {
                self.steady = next - 3;
                self.note(Act::Calm);
                self.fire();
            } else if next < at {
                self.steady = next;
                self.look(Act::Tick);
            } else {
                self.steady = at;
                return;
            }
        }
    }

    fn next(&self) -> Option<i64> {
        let held = self.clock.holds_until();
        let of_course = |course: &Course<'_>| {
            let slot = course.next_slot().filter(|_| self.fires && held.is_none() && course.behind.is_none());
            let slot = slot.map(|slot| slot + course.task.jitter_offset - self.ahead);
            slot.into_iter().chain(course.runs.next(self.ahead).filter(|at| *at > self.steady)).min()
        };
        // What was due at this very look is over.
        self.courses.iter().filter_map(of_course).chain(held).filter(|at| *at > self.steady).min()
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Step(by) => {
                self.ahead += by;
                self.look(Act::Tick);
            }
            Event::Sleep(secs) => {
                self.steady += secs;
                self.look(Act::Wake);
            }
            Event::Pause { task, secs } => {
                let from = self.wall();
                let until = secs.map(|secs| from + secs);
                self.courses[task].plan.pauses.push((from, until));
                self.look(Act::Pause { task, until });
            }
            Event::Resume { task } => {
                let now = self.wall();
                if let Some(pause) = self.courses[task].plan.pauses.last_mut() {
                    pause.1 = Some(now);
                }
                self.look(Act::Resume { task });
            }
            Event::Down { secs, step, pause } => {
                self.stop();
                let starts = self.steady + secs;
                if let Some(pause) = pause {
                    self.steady += pause.after;
                    let from = self.wall();
                    self.courses[pause.task].plan.pauses.push((from, Some(from + pause.secs)));
                    self.note(Act::Pause { task: pause.task, until: Some(from + pause.secs) });
                }
                self.steady = starts;
                self.ahead += step;
                self.look(Act::Boot(self.known_until));
            }
        }
    }

    fn stop(&mut self) {
        self.note(Act::Stop);
        let since = self.wall();
        for course in &mut self.courses {
            course.runs.end(i64::MAX);
            course.runs.forget();
            course.behind = None;
        }
        (self.clock, self.trusted, self.fires, self.gap, self.truth) =
            (Clock::default(), false, false, false, None);
        self.known_until = Some(since);
    }

    const fn wall(&self) -> i64 {
        self.steady + self.ahead
    }

    fn note(&mut self, act: Act) {
        self.looks.push(Look { steady: self.steady, wall: self.wall(), act });
    }

    fn look(&mut self, act: Act) {
        self.note(act);
        let (wall, steady) = (self.wall(), self.steady);
        for course in &mut self.courses {
            course.runs.end(steady);
        }
        self.fire();
        let script = self.script;
        let doubted = !self.fires || self.clock.holds_until().is_some();
        for course in &mut self.courses {
            course.runs.heed_stops();
            course.runs.expire(wall, steady, doubted);
            let number = course.number;
            course.runs.begin(wall, steady, |slot| script.run_secs(number, slot));
        }
    }

    fn fire(&mut self) {
        let (wall, steady) = (self.wall(), self.steady);
        match self.clock.look(wall, steady) {
            ClockLook::Held => return,
            ClockLook::Even => {}
            ClockLook::Gap => self.gap = true,
            ClockLook::SetRight { truth } => {
                (self.trusted, self.gap) = (true, true);
                self.truth = truth;
            }
        }
        if !self.fires {
            let newest = self.courses.iter().map(|course| course.until).chain(self.known_until).max();
            if !self.trusted && newest.is_some_and(|newest| self.clock.doubts(newest, wall, steady)) {
                return;
            }
            (self.trusted, self.fires, self.gap) = (true, true, true);
        }
        let (gap, truth) = (self.gap.then_some("down"), self.truth.take());
        for course in &mut self.courses {
            if let Some(truth) = truth {
                course.set_right(truth);
            }
            course.fire(gap, wall);
            course.catch_up(gap, wall);
        }
        self.gap = false;
    }
}

impl Course<'_> {
    fn next_slot(&self) -> Option<i64> {
        self.plan.slots.get(self.plan.slots.partition_point(|slot| *slot <= self.until)).copied()
    }

    fn fire(&mut self, gap: Option<&'static str>, wall: i64) {
        if self.behind.is_some() {
            return;
        }
        let until = wall - self.task.jitter_offset;
        let due = self.plan.due(self.until, until, &self.recorded);
        let calls = self.plan.call(self.task, &due, gap, until, wall);
        let runs = calls.iter().filter(|(_, call)| matches!(call, Call::Runs(_))).count();
        if gap.is_some() && self.task.missed == Missed::All && runs > 1 {
            self.behind = Some(until);
        } else {
            self.write(&calls, gap.is_some(), wall);
            self.pass_recorded(until);
        }
    }

    /// Slots of an outage that run one after the other: the next one when nothing of the task is active.
    fn catch_up(&mut self, gap: Option<&'static str>, wall: i64) {
        let Some(behind) = self.behind.filter(|_| self.runs.is_idle()) else { return };
        let until = wall - self.task.jitter_offset;
        let missed_until = behind.min(until);
        let missed = self.plan.due(self.until, missed_until, &self.recorded);
        let later = self.plan.due(self.until.max(behind), until, &self.recorded);
        let mut calls = self.plan.call(self.task, &missed, Some("down"), missed_until, wall);
        calls.extend(self.plan.call(self.task, &later, gap.or(Some("misfire")), until, wall));
        let mut runs = (0..calls.len()).filter(|index| matches!(calls[*index].1, Call::Runs(_)));
        if let (Some(first), Some(_)) = (runs.next(), runs.next()) {
            return self.write(&calls[..=first], true, wall);
        }
        self.behind = None;
        self.write(&calls, true, wall);
        self.pass_recorded(until);
    }

    fn write(&mut self, calls: &[(i64, Call)], late: bool, wall: i64) {
        let mut last = None;
        for (slot, call) in calls {
            // A slot that ran already parts the rows before and after it.
            let parted = self.recorded.range(self.until..*slot).next().is_some();
            self.until = self.until.max(*slot);
            match call {
                Call::Passed(fate) => {
                    self.row_count += usize::from(last != Some(*fate) || parted);
                    self.rows.insert(*slot, self.row_count);
                    self.runs.ledger.insert(*slot, *fate);
                    last = Some(*fate);
                }
                Call::Runs(not_before) => {
                    let on_time = (slot + self.task.jitter_offset).max(not_before.unwrap_or(*slot));
                    self.runs.fire(self.task, *slot, if late { on_time.max(wall) } else { on_time });
                    self.rows.remove(slot);
                    last = None;
                }
            }
        }
    }

    fn pass_recorded(&mut self, until: i64) {
        let passed = self.recorded.iter().copied().filter(|slot| *slot <= until).max();
        self.until = passed.map_or(self.until, |slot| slot.max(self.until));
        self.recorded.retain(|slot| *slot > self.until);
    }

    /// Takes back what was written for a future that did not come. A row that reaches into it goes whole.
    fn set_right(&mut self, truth: i64) {
        if self.until <= truth {
            return;
        }
        let row_before = self.rows.range(..=truth).next_back().map(|(_, row)| *row);
        let row_after = self.rows.range(truth + 1..).next().map(|(_, row)| *row);
        let last_before = self.runs.ledger.range(..=truth).next_back().map(|(slot, _)| *slot);
        let spans = row_before.is_some()
            && row_before == row_after
            && last_before.is_some_and(|slot| self.rows.contains_key(&slot));
        let end = if spans {
            self.rows.iter().find(|(_, row)| Some(**row) == row_before).map_or(truth, |(slot, _)| slot - 1)
        } else {
            truth
        };
        self.runs.take_back(end);
        self.rows.retain(|slot, _| *slot <= end);
        self.until = end;
        self.recorded = self.runs.ledger.range(end + 1..).map(|(slot, _)| *slot).collect();
    }
}
