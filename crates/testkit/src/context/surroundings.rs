//! What surrounds a task in memory: the runs it follows, leases that others have, budgets. The rate of a budget is not
//! modelled: what the test leaves in it is granted at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use roundsman_model::{
    Answer, Artifact, AskError, Clock, Draw, Outcome, Question, RunId, RunState, TaskName, Timestamp,
    UpstreamRun, question::MAX_INPUT_PIECE,
};

use super::memory::describe;
use crate::clock::FakeClock;

/// How long a budget that is used up makes the kind wait.
const USED_UP_FOR: Duration = Duration::from_hours(1);

/// A run that the task under test follows.
#[derive(Debug, Clone)]
pub struct TestUpstream {
    run: UpstreamRun,
    bytes: BTreeMap<String, Vec<u8>>,
}

impl TestUpstream {
    /// A run of this task that succeeded. Panics if the name is no name.
    pub fn new(task: &str) -> Self {
        let run = UpstreamRun {
            task: task.parse().expect("a task name"),
            run: RunId(1),
            state: RunState::Succeeded,
            cause: None,
            outcome: Some(Outcome::success("done")),
            artifacts: Vec::new(),
        };
        Self { run, bytes: BTreeMap::new() }
    }

    /// It ended in this state; without an outcome, unless one is given after this.
    pub fn ended(mut self, state: RunState, cause: &str) -> Self {
        (self.run.state, self.run.cause, self.run.outcome) = (state, Some(cause.to_owned()), None);
        self
    }

    /// What its kind reported.
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.run.outcome = Some(outcome);
        self
    }

    /// An artifact that it kept.
    pub fn artifact(mut self, name: &str, media_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        self.run.artifacts.push(describe(name, media_type, &bytes));
        self.run.artifacts.sort_by(|a: &Artifact, b| a.name.cmp(&b.name));
        self.bytes.insert(name.to_owned(), bytes);
        self
    }
}

#[derive(Default)]
struct Inner {
    upstreams: Vec<TestUpstream>,
    /// Lease, and who has it; nobody means the kind itself.
    leases: BTreeMap<String, Option<TaskName>>,
    budgets: BTreeMap<String, BudgetState>,
    undeclared: BTreeSet<String>,
    failure: Option<AskError>,
    waits: Vec<Duration>,
    /// What was handed in, by parameter.
    inputs: BTreeMap<String, Vec<u8>>,
}

#[derive(Default, Clone)]
struct BudgetState {
    left: Option<u32>,
    taken: u64,
    held_until: Option<Timestamp>,
}

/// What surrounds one task, over all its runs.
pub(super) struct Surroundings {
    clock: Arc<dyn Clock>,
    /// The clock on which waits pass, if they are not to take real time.
    virtual_clock: Option<Arc<FakeClock>>,
    inner: Mutex<Inner>,
}

impl Surroundings {
    pub(super) fn new(
        clock: Arc<dyn Clock>,
        virtual_clock: Option<Arc<FakeClock>>,
        upstreams: Vec<TestUpstream>,
    ) -> Self {
        let upstreams = (1..).zip(upstreams).map(|(number, mut upstream)| {
            upstream.run.run = RunId(1_000 + number);
            upstream
        });
        let inner = Inner { upstreams: upstreams.collect(), ..Inner::default() };
        Self { clock, virtual_clock, inner: Mutex::new(inner) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nothing panics while it holds the lock")
    }

    /// Lets time pass: on the virtual clock at once, else as it does.
    pub(super) async fn sleep(&self, length: Duration) {
        self.inner().waits.push(length);
        match &self.virtual_clock {
            Some(clock) => {
                clock.advance(length);
                tokio::task::yield_now().await;
            }
            None => tokio::time::sleep(length).await,
        }
    }

    pub(super) fn waits(&self) -> Vec<Duration> {
        self.inner().waits.clone()
    }

    pub(super) fn fail_with(&self, error: Option<AskError>) {
        self.inner().failure = error;
    }

    pub(super) fn take_lease_for(&self, name: &str, task: &str) {
        self.inner().leases.insert(name.to_owned(), Some(task.parse().expect("a task name")));
    }

    pub(super) fn free_lease(&self, name: &str) {
        self.inner().leases.remove(name);
    }

    pub(super) fn hand_in(&self, name: &str, bytes: Vec<u8>) {
        self.inner().inputs.insert(name.to_owned(), bytes);
    }

    /// What an attempt had to itself ends with it.
    pub(super) fn end_attempt(&self) {
        self.inner().leases.retain(|_, holder| holder.is_some());
    }

    pub(super) fn own_leases(&self) -> Vec<String> {
        let inner = self.inner();
        inner.leases.iter().filter(|(_, holder)| holder.is_none()).map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn leave_in_budget(&self, name: &str, left: u32) {
        self.inner().budgets.entry(name.to_owned()).or_default().left = Some(left);
    }

    pub(super) fn taken(&self, name: &str) -> u64 {
        self.inner().budgets.get(name).map_or(0, |budget| budget.taken)
    }

    pub(super) fn held_until(&self, name: &str) -> Option<Timestamp> {
        self.inner().budgets.get(name)?.held_until
    }

    pub(super) fn undeclared(&self) -> Vec<String> {
        self.inner().undeclared.iter().cloned().collect()
    }

    pub(super) fn answer(&self, question: Question) -> Result<Answer, AskError> {
        let mut inner = self.inner();
        if let Some(error) = &inner.failure {
            return Err(error.clone());
        }
        if let Question::Draw { budget, default: None, .. }
        | Question::HoldBudget { budget, default: None, .. } = &question
        {
            inner.undeclared.insert(budget.to_string());
        }
        match question {
            Question::Upstream { task } => {
                let found = inner.upstreams.iter().find(|upstream| upstream.run.task == task);
                Ok(Answer::Upstream { run: found.map(|upstream| Box::new(upstream.run.clone())) })
            }
            Question::Upstreams => Ok(Answer::Upstreams {
                runs: inner.upstreams.iter().map(|upstream| upstream.run.clone()).collect(),
            }),
            Question::UpstreamArtifact { run, name } => {
                let found = inner.upstreams.iter().find(|upstream| upstream.run.run == run);
                let bytes = found.and_then(|upstream| upstream.bytes.get(&name)).cloned();
                let cause = format!("run {run} keeps no artifact {name:?} any more");
                bytes.map(|bytes| Answer::Artifact { bytes }).ok_or(AskError::Invalid { cause })
            }
            Question::TryLease { name } => {
                let holder = inner.leases.entry(name.to_string()).or_default();
                Ok(Answer::Lease { busy: holder.clone().map(|task| (task, RunId(2_000))) })
            }
            Question::FreeLease { name } => {
                // What others have stays with them.
                inner.leases.retain(|lease, holder| holder.is_some() || *lease != name.to_string());
                Ok(Answer::LeaseFreed)
            }
            Question::Draw { budget, wanted, .. } => {
                let budget = inner.budgets.entry(budget.to_string()).or_default();
                Ok(Answer::Drawn { draw: budget.draw(wanted, self.clock.now()), ahead: 0 })
            }
            Question::Inputs => Ok(Answer::Inputs { names: inner.inputs.keys().cloned().collect() }),
            Question::Input { name, offset } => {
                let whole = inner.inputs.get(&name).cloned();
                let whole = whole.ok_or_else(|| AskError::Invalid {
                    cause: format!("nothing was handed in with parameter {name:?}"),
                })?;
                let rest = whole.iter().skip(usize::try_from(offset).unwrap_or(usize::MAX));
                Ok(Answer::Input { bytes: rest.take(MAX_INPUT_PIECE).copied().collect() })
            }
            Question::HoldBudget { budget, until, .. } => {
                inner.budgets.entry(budget.to_string()).or_default().held_until = Some(until);
                Ok(Answer::BudgetHeld)
            }
        }
    }
}

impl BudgetState {
    fn draw(&mut self, wanted: u32, now: Timestamp) -> Draw {
        if let Some(until) = self.held_until.filter(|until| *until > now) {
            return Draw { granted: 0, wait: (until - now).to_std().unwrap_or_default() };
        }
        let granted = self.left.map_or(wanted, |left| left.min(wanted));
        self.left = self.left.map(|left| left - granted);
        self.taken += u64::from(granted);
        Draw { granted, wait: if granted < wanted { USED_UP_FOR } else { Duration::ZERO } }
    }
}
