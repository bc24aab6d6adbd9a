//! A budget, as a kind uses it: it waits for its turn. The counting, for all tasks and nodes together, is the daemon's
//! side.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use roundsman_model::{
    Answer, BudgetName, BudgetRule, Draw, HumanDuration, Question, TaskError, Timestamp, time::delta,
};
use tokio::time::Instant;

use crate::{TaskContext, context::unexpected};

/// What is left of the time limit when a wait is given up, so that the kind can still say so.
const RESERVE: Duration = Duration::from_secs(5);
/// How long something drawn ahead may be used; what is older is forgotten.
const AHEAD_FOR: Duration = Duration::from_secs(1);
/// The longest sleep before asking again: somebody may have changed the rule.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// The shortest.
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

/// Something that all tasks and nodes together may do only so often, such as requests to an outside system. Cheap to
/// clone; clones share what was drawn ahead.
#[derive(Clone)]
pub struct Budget {
    cx: TaskContext,
    name: String,
    default: Option<BudgetRule>,
    ahead: Arc<Mutex<Ahead>>,
}

/// What was drawn but not used yet.
#[derive(Default)]
struct Ahead {
    left: u32,
    /// How many may be drawn ahead at a time.
    at_most: u32,
    used_at: Option<Instant>,
}

impl Ahead {
    /// Takes up to so many; says how many it was.
    fn use_up_to(&mut self, wanted: u32) -> u32 {
        if !self.is_busy() {
            self.left = 0;
        }
        let used = self.left.min(wanted);
        self.left -= used;
        used
    }

    /// Whether it was used just now, so that more will be needed soon.
    fn is_busy(&self) -> bool {
        self.used_at.is_some_and(|at| at.elapsed() < AHEAD_FOR)
    }
}

impl Budget {
    pub(crate) fn new(cx: TaskContext, name: &str, default: Option<BudgetRule>) -> Self {
        Self { cx, name: name.to_owned(), default, ahead: Arc::default() }
    }

    /// Waits until `count` may be done, and counts them as done. Ends with [`TaskError::Cancelled`] when the attempt is to
    /// stop, and with [`TaskError::Retry`] when the turn would come within the last five seconds of the time limit or
    /// after it.
    pub async fn take(&self, count: u32) -> Result<(), TaskError> {
        self.take_by(count, self.cx.deadline() - delta(RESERVE)).await
    }

    /// As [`take`](Self::take), for those who have less time than the attempt: the turn must come by this instant.
    pub async fn take_by(&self, count: u32, end: Timestamp) -> Result<(), TaskError> {
        let end = end.min(self.cx.deadline() - delta(RESERVE));
        let mut missing = count - self.lock().use_up_to(count);
        while missing > 0 {
            if self.cx.is_cancelled() {
                return Err(TaskError::Cancelled);
            }
            let draw = self.draw(missing).await?;
            missing -= self.keep_rest(draw, missing);
            if missing > 0 {
                self.wait(draw.wait, end).await?;
            }
        }
        self.lock().used_at = Some(Instant::now());
        Ok(())
    }

    /// The other side wants a pause (Retry-After): nobody takes from this budget for so long, on any node. A day at most.
    pub async fn retry_after(&self, pause: Duration) -> Result<(), TaskError> {
        self.hold_until(self.cx.now() + delta(pause)).await
    }

    /// The other side wants a pause: nobody takes from this budget before this instant, on any node. A day at most.
    pub async fn hold_until(&self, until: Timestamp) -> Result<(), TaskError> {
        self.lock().left = 0;
        let question = Question::HoldBudget { budget: self.name()?, default: self.default.clone(), until };
        match self.cx.port().ask(question).await? {
            Answer::BudgetHeld => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    async fn draw(&self, missing: u32) -> Result<Draw, TaskError> {
        let ahead = {
            let ahead = self.lock();
            if ahead.is_busy() { ahead.at_most } else { 0 }
        };
        let (budget, default) = (self.name()?, self.default.clone());
        let question = Question::Draw { budget, default, wanted: missing.saturating_add(ahead) };
        match self.cx.port().ask(question).await? {
            Answer::Drawn { draw, ahead } => {
                self.lock().at_most = ahead;
                Ok(draw)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Says how many of those missing were granted, and keeps what was granted beyond them.
    fn keep_rest(&self, draw: Draw, missing: u32) -> u32 {
        let used = draw.granted.min(missing);
        let mut ahead = self.lock();
        ahead.left = ahead.left.saturating_add(draw.granted - used);
        used
    }

    async fn wait(&self, wait: Duration, end: Timestamp) -> Result<(), TaskError> {
        let wait = wait.max(SHORTEST_SLEEP);
        let turn = self.cx.now() + delta(wait);
        if turn > end {
            let cause = format!(
                "budget {:?} is used up: the next turn comes in {}, too late for the time that is left",
                self.name,
                HumanDuration(wait)
            );
            return Err(TaskError::Retry { cause, not_before: Some(turn) });
        }
        self.cx.sleep(wait.min(LONGEST_SLEEP)).await
    }

    fn name(&self) -> Result<BudgetName, TaskError> {
        self.name.parse().map_err(TaskError::permanent)
    }

    fn lock(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
