//! Carrying a plan out: looks, plans, refuses where a person must decide, does each step, and looks again. What fails harms
//! only what needs it. It asks nobody for consent and keeps nothing: each step is told to a journal as it happens.

mod clusters;
mod errors;
mod gate;
mod journal;
mod libraries;
mod people;
mod run;

use std::num::NonZeroUsize;

use roundsman_http::HttpError;
use roundsman_task::{Finding, FindingLevel, TaskContext, TaskError};
use serde::Serialize;

use self::run::Run;
pub use self::{
    errors::ApplyError,
    journal::{Entry, Journal, OpState, unfinished},
    libraries::FailedLibrary,
};
use super::{Actual, Desired, Plan, PlanOptions, ProvisionSettings, plan};
use crate::api::{
    Workspace,
    preflight::{Extent, preflight},
};

/// How clusters are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How many at a time.
    pub parallel: NonZeroUsize,
    /// Whether it is waited until their libraries are installed.
    pub verify_libraries: bool,
}

impl From<&ProvisionSettings> for Pace {
    fn from(settings: &ProvisionSettings) -> Self {
        Self { parallel: settings.parallel, verify_libraries: settings.verify_libraries }
    }
}

/// What is to be applied.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// What the course wants.
    pub desired: &'a Desired,
    /// What else counts for the plan.
    pub options: &'a PlanOptions,
    /// The plan that somebody agreed to; what differs from it is not done.
    pub agreed: Option<&'a Plan>,
    /// How clusters are made.
    pub pace: Pace,
}

/// What came of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct Applied {
    /// The plan.
    pub plan: Plan,
    /// What became of each step, in the order of the plan.
    pub entries: Vec<Entry>,
    /// Libraries that could not be installed.
    pub failed_libraries: Vec<FailedLibrary>,
    /// What is still to be done, as another look tells; absent where that look failed.
    pub remaining: Option<Plan>,
    /// Why that look failed.
    pub unverified: Option<String>,
}

impl Applied {
    /// How many steps came to this end.
    pub fn count(&self, state: OpState) -> usize {
        self.entries.iter().filter(|entry| entry.state == state).count()
    }

    /// Whether everything went well and the workspace is as it should be now, but for what waits for another time.
    pub fn is_success(&self) -> bool {
        let well = |entry: &Entry| matches!(entry.state, OpState::Done | OpState::Deferred);
        let is_there = self.remaining.as_ref().is_some_and(|remaining| {
            remaining.problems.is_empty()
                && (remaining.operations.is_empty() || self.count(OpState::Deferred) > 0)
        });
        self.entries.iter().all(well) && self.failed_libraries.is_empty() && is_there
    }

    /// All of it in one line.
    pub fn summary(&self) -> String {
        let states = [OpState::Done, OpState::Failed, OpState::Skipped, OpState::Deferred];
        let counts = states.map(|state| format!("{} {}", self.count(state), state.word()));
        let failed = self.failed_libraries.len();
        let libraries = (failed > 0).then(|| format!("{failed} libraries could not be installed"));
        let look = match (&self.remaining, &self.unverified) {
            (Some(remaining), _) if !remaining.operations.is_empty() => {
                Some(format!("{} steps remain", remaining.operations.len()))
            }
            (None, Some(why)) => Some(format!("what it is like now cannot be read: {why}")),
            _ => None,
        };
        counts.into_iter().chain(libraries).chain(look).collect::<Vec<_>>().join(", ")
    }
}

/// Makes the workspace what the course wants it to be. Ends early only where the attempt itself must end.
pub async fn apply(
    cx: &TaskContext,
    workspace: &Workspace,
    order: Order<'_>,
    journal: &dyn Journal,
) -> Result<Applied, ApplyError> {
    let findings = preflight(workspace, Extent::Provisioning).await;
    if cx.is_cancelled() {
        return Err(ApplyError::Task(TaskError::Cancelled));
    }
    refuse_unfit(findings)?;
    let actual = Actual::read(workspace).await?;
    let now = plan(order.desired, &actual, order.options);
    if !now.problems.is_empty() {
        return Err(ApplyError::Problems { problems: now.problems });
    }
    if let Some(agreed) = order.agreed.filter(|agreed| !agreed.does_the_same(&now)) {
        return Err(ApplyError::Differs { agreed: agreed.operations.len(), now: now.operations.len() });
    }
    journal.begin(&now).await?;
    let (entries, failed_libraries) =
        Run::new(cx, workspace, &actual, &now, order.pace, journal).through().await?;
    let mut applied = Applied { plan: now, entries, failed_libraries, remaining: None, unverified: None };
    match Actual::read(workspace).await {
        Ok(actual) => applied.remaining = Some(plan(order.desired, &actual, order.options)),
        Err(HttpError::Task(error @ (TaskError::Cancelled | TaskError::Interrupted))) => {
            return Err(ApplyError::Task(error));
        }
        Err(error) => applied.unverified = Some(error.to_string()),
    }
    Ok(applied)
}

fn refuse_unfit(findings: Vec<Finding>) -> Result<(), ApplyError> {
    let failures: Vec<Finding> =
        findings.into_iter().filter(|finding| finding.level == FindingLevel::Failure).collect();
    if failures.is_empty() { Ok(()) } else { Err(ApplyError::Unfit { findings: failures }) }
}
