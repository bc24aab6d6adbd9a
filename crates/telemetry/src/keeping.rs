//! Events and gauges of runs that wait, follow, overrun, or cannot be written down at once. The ordinary course of an
//! attempt is told in `events`.

use std::{path::Path, time::Duration};

use metrics::{describe_gauge, gauge};
use roundsman_model::{RunId, StopOrder, TaskName};
use tracing::{debug, info, warn};

use crate::names;

/// The result of an attempt waits for the store.
pub struct ResultKept<'a> {
    /// The run.
    pub run: RunId,
    /// 1 for the first.
    pub attempt: u32,
    /// The file it is in, if it is in one.
    pub file: Option<&'a Path>,
}

impl ResultKept<'_> {
    /// Tells it.
    pub fn emit(&self) {
        let file = self.file.map(|file| file.display().to_string());
        debug!(run.id = %self.run, attempt = self.attempt, file, "the result of an attempt is kept until the store is back");
    }
}

/// The result of an attempt of an earlier boot was handed to the store.
pub struct ResultReplayed {
    /// The run.
    pub run: RunId,
    /// 1 for the first.
    pub attempt: u32,
    /// Whether somebody else had taken the run over.
    pub late: bool,
}

impl ResultReplayed {
    /// Tells it.
    pub fn emit(&self) {
        let fate = if self.late { "it came late: another attempt had taken over" } else { "recorded" };
        info!(run.id = %self.run, attempt = self.attempt, "the result of an attempt was kept while the store was away: {fate}");
    }
}

/// The store is still away.
pub struct StoreStillAway {
    /// For how long.
    pub away: Duration,
    /// Results that wait for it.
    pub results: usize,
}

impl StoreStillAway {
    /// Tells it; called now and then during an outage, ever more seldom.
    pub fn emit(&self) {
        warn!(away_secs = self.away.as_secs(), results = self.results, "the store is still away");
    }
}

/// A run was given up because it could not start in time.
pub struct RunExpired<'a> {
    /// The task.
    pub task: &'a TaskName,
    /// The run.
    pub run: RunId,
    /// Why.
    pub cause: &'a str,
}

impl RunExpired<'_> {
    /// Tells it.
    pub fn emit(&self) {
        warn!(task.name = %self.task, run.id = %self.run, "given up before it started: {}", self.cause);
    }
}

/// A run under way here is told to stop.
pub struct StopTold<'a> {
    /// The run.
    pub run: RunId,
    /// Who wants it, and why.
    pub order: &'a StopOrder,
}

impl StopTold<'_> {
    /// Tells it.
    pub fn emit(&self) {
        info!(run.id = %self.run, "told to stop: {}", self.order);
    }
}

/// It was decided what a task does that follows others.
pub struct FollowerDecided<'a> {
    /// The follower.
    pub task: &'a TaskName,
    /// The round.
    pub round: &'a str,
    /// Why it is skipped; absent if it runs.
    pub skipped: Option<&'a str>,
}

impl FollowerDecided<'_> {
    /// Tells it.
    pub fn emit(&self) {
        let (task, round) = (self.task, self.round);
        if let Some(why) = self.skipped {
            info!(task.name = %task, round, "skipped in this round: {why}");
        } else {
            info!(task.name = %task, round, "all it follows is done: its run is queued");
        }
    }
}

/// A run takes longer than its task's interval.
pub struct RunOverruns<'a> {
    /// The task.
    pub task: &'a TaskName,
    /// The run.
    pub run: RunId,
    /// How long it runs.
    pub running: Duration,
    /// The time from its slot to the next.
    pub interval: Duration,
}

impl RunOverruns<'_> {
    /// Tells it; called once per run.
    pub fn emit(&self) {
        warn!(
            task.name = %self.task, run.id = %self.run, running_secs = self.running.as_secs(),
            interval_secs = self.interval.as_secs(),
            "runs longer than the time between its slots"
        );
    }
}

/// Says in metrics whether a run of the task takes longer than its interval.
pub fn set_overrun(task: &str, overruns: bool) {
    gauge!(names::OVERRUN, "task" => task.to_owned()).set(f64::from(u8::from(overruns)));
}

/// Says in metrics how many runs of other nodes gave no sign of life for a while and may still go on.
pub fn set_unconfirmed(runs: usize) {
    gauge!(names::UNCONFIRMED).set(runs as f64);
}

/// Says in metrics how many results wait for the store.
pub fn set_unwritten(results: usize) {
    gauge!(names::UNWRITTEN).set(results as f64);
}

pub(crate) fn describe() {
    describe_gauge!(
        names::OVERRUN,
        "Whether a run of the task takes longer than the time between its slots: 1 or 0."
    );
    describe_gauge!(
        names::UNCONFIRMED,
        "Running runs of other nodes whose leases were not renewed for a while, so that nobody knows whether they go on."
    );
    describe_gauge!(names::UNWRITTEN, "Results of attempts that this node could not write to the store yet.");
}
