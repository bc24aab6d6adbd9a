//! Days that are being closed, with their steps. What a step does is in the module of its name.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use roundsman_task::TaskError;

use super::{
    Closed,
    due::{self, DueDay},
};
use crate::{
    day::Day,
    enforce::Target,
    kinds::metrics,
    lab::Lab,
    state::{Step, StepRow, StepState, UsageRow},
    uptime::{Interval, PollInstant},
};

/// Clocks of nodes may differ by so much.
const AHEAD_MS: i64 = 5 * 60_000;

/// Days that are being closed.
pub struct Closing<'a> {
    pub(super) lab: &'a Lab,
    pub(super) at: PollInstant,
    pub(super) today: Day,
    /// A single day is done again; what is closed up to where stays as it is.
    pub(super) is_again: bool,
    /// Final rows may become smaller.
    pub(super) recompute: bool,
    /// All days that have ended since the last one up to which all is closed, oldest first.
    pub(super) days: Vec<Ending>,
    pub(super) released: Vec<Target>,
    pub(super) problems: Vec<String>,
    pub(super) planned: Vec<String>,
    /// Blocks that cannot be released, one sentence each.
    pub(super) impossible: Vec<String>,
    /// Groups in which nobody is, once they are known.
    pub(super) members: Option<Vec<String>>,
    /// Intervals that were put away long ago, by cluster, once they were read.
    pub(super) old_intervals: BTreeMap<String, Vec<Interval>>,
    last_closed: Option<NaiveDate>,
    /// The same as it is kept.
    kept: Option<NaiveDate>,
}

/// A day that is being closed.
pub(super) struct Ending {
    pub(super) due: DueDay,
    pub(super) steps: BTreeMap<Step, StepRow>,
    /// Its final rows, once they are known here.
    pub(super) rows: Option<BTreeMap<String, UsageRow>>,
}

impl Ending {
    pub(super) fn date(&self) -> NaiveDate {
        self.due.day.date()
    }

    pub(super) fn is_done(&self, step: Step) -> bool {
        self.steps.get(&step).is_some_and(|row| row.state == StepState::Done)
    }

    fn is_closed(&self) -> bool {
        Step::ALL.into_iter().all(|step| self.is_done(step))
    }
}

impl<'a> Closing<'a> {
    /// The days that ended at least `grace_ms` ago and are not closed.
    pub async fn open(lab: &'a Lab, at: PollInstant, grace_ms: i64) -> Result<Self, TaskError> {
        let mut closing = Self::empty(lab, at).await?;
        let first_seen_ms = closing.first_seen_ms().await?;
        let first = due::first_open(closing.last_closed, first_seen_ms, &closing.today);
        closing.add(due::due(first, at.at_ms - grace_ms, &closing.today)).await?;
        Ok(closing)
    }

    /// The same without waiting for anything, and with yesterday among the days even if nothing was ever seen of the
    /// workspace; for the task of the end of the day.
    pub async fn open_at_once(lab: &'a Lab, at: PollInstant) -> Result<Self, TaskError> {
        let mut closing = Self::open(lab, at, 0).await?;
        if closing.last_closed.is_none() && closing.days.is_empty() {
            closing.add(due::due(closing.today.previous(), at.at_ms, &closing.today)).await?;
        }
        Ok(closing)
    }

    /// A single day that has ended, whose usage is computed again whether it is final or not.
    pub async fn open_again(
        lab: &'a Lab,
        at: PollInstant,
        day: Day,
        recompute: bool,
    ) -> Result<Self, TaskError> {
        let mut closing = Self::empty(lab, at).await?;
        (closing.is_again, closing.recompute) = (true, recompute);
        let is_stale = day.date() < due::oldest_by_events(&closing.today).date();
        closing.add(vec![DueDay { day, is_stale }]).await?;
        for ending in &mut closing.days {
            ending.steps.entry(Step::Finalize).or_default().state = StepState::Open;
        }
        Ok(closing)
    }

    async fn empty(lab: &'a Lab, at: PollInstant) -> Result<Self, TaskError> {
        let today = Day::at(at.at_ms, lab.zone());
        let kept = lab.state.workspace().await?.last_closed;
        Ok(Self {
            lab,
            at,
            today,
            is_again: false,
            recompute: false,
            days: Vec::new(),
            released: Vec::new(),
            problems: Vec::new(),
            planned: Vec::new(),
            impossible: Vec::new(),
            members: None,
            old_intervals: BTreeMap::new(),
            // A day that is not over was closed by a clock that was ahead, or in another zone.
            last_closed: kept.map(|closed| closed.min(today.previous().date())),
            kept,
        })
    }

    /// When a cluster was first seen; only asked for as long as no day was closed.
    async fn first_seen_ms(&self) -> Result<Option<i64>, TaskError> {
        if self.last_closed.is_some() {
            return Ok(None);
        }
        Ok(self.lab.state.clusters().await?.values().map(|row| row.first_seen_ms).min())
    }

    async fn add(&mut self, days: Vec<DueDay>) -> Result<(), TaskError> {
        for due in days {
            let mut steps = self.lab.state.steps(due.day.date()).await?;
            // What was done by a clock that was ahead was done too soon.
            let is_ahead = |row: &StepRow| row.done_ms.is_some_and(|done| done > self.at.at_ms + AHEAD_MS);
            steps.values_mut().filter(|row| is_ahead(row)).for_each(|row| *row = StepRow::default());
            self.days.push(Ending { due, steps, rows: None });
        }
        Ok(())
    }

    /// The dates that are not closed.
    pub fn dates(&self) -> Vec<NaiveDate> {
        self.days.iter().filter(|ending| !ending.is_closed()).map(Ending::date).collect()
    }

    /// The first day whose usage is not final, or today.
    pub fn since(&self) -> Day {
        let unsettled = |ending: &&Ending| !ending.due.is_stale && !ending.is_done(Step::Finalize);
        self.days.iter().find(unsettled).map_or(self.today, |ending| ending.due.day)
    }

    /// The days on which a step is to be done.
    pub(super) fn waiting_for(&self, step: Step) -> Vec<usize> {
        (0..self.days.len()).filter(|&index| !self.days[index].is_done(step)).collect()
    }

    /// The workspace could not be looked at, so that nothing becomes final.
    pub async fn miss(&mut self, cause: &TaskError) -> Result<(), TaskError> {
        for index in self.waiting_for(Step::Finalize) {
            self.note(index, Step::Finalize, Err(cause.to_string())).await?;
        }
        Ok(())
    }

    /// Keeps what became of a step: it is done, with what is worth telling of it, or is to be done again.
    pub(super) async fn note(
        &mut self,
        index: usize,
        step: Step,
        result: Result<Option<String>, String>,
    ) -> Result<(), TaskError> {
        if self.lab.is_dry {
            return Ok(());
        }
        let now_ms = self.lab.cx.now().timestamp_millis();
        let date = self.days[index].date();
        let row = self.days[index].steps.entry(step).or_default();
        row.attempts += 1;
        match result {
            Ok(note) => {
                row.state = StepState::Done;
                row.done_ms.get_or_insert(now_ms);
                (row.error, row.note) = (None, note.or_else(|| row.note.take()));
            }
            Err(error) => {
                self.problems.push(format!("{date}: {} is not done yet: {error}", step.as_str()));
                row.error = Some(error);
            }
        }
        self.lab.state.put_step(date, step, &self.days[index].steps[&step]).await
    }

    /// How far the steps of the last day are.
    fn measure(&self) {
        let Some(last) = self.days.last().filter(|_| !self.lab.is_dry && !self.is_again) else { return };
        for step in Step::ALL {
            let value = if last.is_done(step) { 1.0 } else { 0.0 };
            self.lab.cx.metric(metrics::EOD_STEP, &[("step", step.as_str())], value);
        }
    }

    /// Keeps up to where all is closed, and tells what became of the days.
    pub async fn finish(mut self) -> Result<Closed, TaskError> {
        self.measure();
        let closed = self.days.iter().take_while(|ending| ending.is_closed()).last().map(Ending::date);
        self.last_closed = self.last_closed.max(closed.filter(|_| !self.is_again));
        if self.last_closed != self.kept && !self.is_again && !self.lab.is_dry {
            let mut workspace = self.lab.state.workspace().await?;
            workspace.last_closed = self.last_closed;
            self.lab.state.put_workspace(&workspace).await?;
        }
        let days = self.days.into_iter().map(|ending| (ending.date(), ending.steps)).collect();
        let Self { last_closed, released, problems, planned, .. } = self;
        Ok(Closed { last_closed, days, released, problems, planned })
    }
}

/// What went wrong with a step of one day, as a text; what concerns the whole attempt goes on as an error.
pub(super) fn told<T>(result: Result<T, TaskError>) -> Result<Result<T, String>, TaskError> {
    match result {
        Ok(done) => Ok(Ok(done)),
        Err(error @ (TaskError::Cancelled | TaskError::Interrupted)) => Err(error),
        Err(error) => Ok(Err(error.to_string())),
    }
}
