//! Gives up runs that could not start in time: nobody wants last night's report at noon. Only the node that fires does it,
//! and a wall clock that was set makes no run older. What is under way is never touched.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::TimeDelta;
use roundsman_model::{RunId, Timestamp, time::delta};
use roundsman_store::{StoreResult, Unstarted};
use roundsman_telemetry::RunExpired;
use tokio::sync::Notify;

use crate::{
    Engine, Service,
    clock::{self, Glance, LONG_AGO},
};

/// How often it looks.
const RHYTHM: Duration = Duration::from_secs(5);
/// The most runs looked at in one go.
const PAGE: u32 = 200;
/// So many steps of the clock are remembered; each one before them may make a run wait in vain for shorter.
const MOST_STEPS: usize = 64;

/// Gives up runs that could not start in time.
pub struct Expirer {
    engine: Arc<Engine>,
    wakeups: Arc<Notify>,
    steps: Steps,
    /// When it first looked, on the clock that nobody sets.
    began: Option<Duration>,
}

impl Expirer {
    /// An expirer for this engine's store.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine, wakeups: Arc::new(Notify::new()), steps: Steps::default(), began: None }
    }

    /// Looks once. Returns how many runs were given up.
    pub async fn expire(&mut self) -> StoreResult<usize> {
        let now = Glance { wall: self.engine.now(), uptime: self.engine.uptime() };
        // Also while it may give up nothing: the clock may be set just then.
        self.steps.look(now);
        let here_for = now.uptime.total.saturating_sub(*self.began.get_or_insert(now.uptime.total));
        let mut given_up = 0;
        let mut after = None;
        while self.engine.standing().fires() && self.engine.trusts_clock() {
            let overdue = self.engine.store().overdue(now.wall, after, PAGE).await;
            let overdue = self.engine.note_read(overdue)?;
            let over: Vec<_> = overdue
                .iter()
                .filter(|run| self.is_over(run, here_for, now.wall))
                .map(|run| run.run)
                .collect();
            given_up += self.give_up(&over, now.wall).await?;
            after = overdue.last().copied();
            if overdue.len() < PAGE as usize {
                break;
            }
        }
        Ok(given_up)
    }

    /// Whether the run's time for a first attempt is over, however often the clock was set meanwhile.
    fn is_over(&self, run: &Unstarted, here_for: Duration, now: Timestamp) -> bool {
        let late = self.steps.without_them(run.queued_at, now) - run.start_by;
        if late > delta(LONG_AGO) {
            // No ordinary outage: the clock may be ahead by years. So it gets once more what it was given.
            return delta(here_for) > run.start_by - run.due_at;
        }
        late > TimeDelta::zero()
    }

    async fn give_up(&self, runs: &[RunId], now: Timestamp) -> StoreResult<usize> {
        if runs.is_empty() {
            return Ok(0);
        }
        let epoch = self.engine.epoch();
        let expired = self.engine.note_write(self.engine.store().expire(runs, epoch, now).await)?;
        let Some(expired) = expired else {
            if let Some(epoch) = epoch {
                self.engine.deposed(epoch);
            }
            return Ok(0);
        };
        for run in &expired {
            let cause = run.cause.as_deref().unwrap_or("it did not start in time");
            RunExpired { task: &run.task, run: run.id, cause }.emit();
        }
        Ok(expired.len())
    }
}

/// How the wall clock was set while this process looked.
#[derive(Default)]
struct Steps {
    last: Option<Glance>,
    steps: VecDeque<Step>,
}

struct Step {
    /// What the clock would have shown just then.
    at: Timestamp,
    by: TimeDelta,
}

impl Steps {
    fn look(&mut self, now: Glance) {
        let Some(last) = self.last.replace(now) else { return };
        let Some(by) = clock::step(last, now) else { return };
        let passed = now.uptime.total.saturating_sub(last.uptime.total);
        self.steps.push_back(Step { at: last.wall + delta(passed), by });
        if self.steps.len() > MOST_STEPS {
            self.steps.pop_front();
        }
    }

    /// What the clock would show, had nobody set it since this instant. Where an instant came twice, the earlier answer.
    fn without_them(&self, since: Timestamp, now: Timestamp) -> Timestamp {
        let mut all = TimeDelta::zero();
        let mut earliest = now;
        for step in self.steps.iter().rev() {
            all += step.by;
            if since <= step.at {
                earliest = earliest.min(now - all);
            }
        }
        earliest
    }
}

#[async_trait]
impl Service for Expirer {
    fn name(&self) -> &'static str {
        "expire"
    }

    fn wakeups(&self) -> Arc<Notify> {
        self.wakeups.clone()
    }

    async fn run_once(&mut self) -> Duration {
        // An error was noted already; the next look comes soon enough.
        let _ = self.expire().await;
        RHYTHM
    }
}
