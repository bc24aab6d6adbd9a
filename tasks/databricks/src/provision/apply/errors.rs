//! Why nothing is applied, and why a step failed. What follows from either is decided where it happens.

use roundsman_http::{Class, HttpError};
use roundsman_task::{Finding, TaskError};

use crate::api::clusters::WaitError;

/// Why a plan is not carried out, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The workspace, or what we may do in it, does not do.
    #[error("the workspace cannot be provisioned: {}", told(.findings))]
    Unfit {
        /// What was found.
        findings: Vec<Finding>,
    },
    /// A person must decide first.
    #[error("nothing was done: {}", .problems.join("; "))]
    Problems {
        /// What.
        problems: Vec<String>,
    },
    /// It is not what somebody agreed to.
    #[error(
        "nothing was done: the workspace or the course has changed since the plan was made ({agreed} steps then, {now} \
         now); plan again"
    )]
    Differs {
        /// Steps of the plan that was agreed to.
        agreed: usize,
        /// Steps that would be done now.
        now: usize,
    },
    /// What is there cannot be read.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The attempt must end.
    #[error(transparent)]
    Task(#[from] TaskError),
}

fn told(findings: &[Finding]) -> String {
    let told = findings.iter().map(|finding| format!("{}: {}", finding.what, finding.found));
    told.collect::<Vec<_>>().join("; ")
}

impl From<ApplyError> for TaskError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Http(error) => error.into(),
            ApplyError::Task(error) => error,
            other => Self::permanent(other.to_string()),
        }
    }
}

/// Why a step was not done.
#[derive(Debug)]
pub(super) enum StepError {
    /// It failed, and it alone.
    Failed(String),
    /// It failed, and nothing after it can go well.
    Hopeless(String),
    /// It must wait for another time.
    Later(String),
    /// The time that it may take is used up, or that of the attempt.
    NoTime(TaskError),
    /// The attempt must end.
    End(TaskError),
}

impl From<HttpError> for StepError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Task(error) => error.into(),
            HttpError::Suspended { .. } => Self::Hopeless(error.to_string()),
            _ if error.class() == Some(Class::Unauthenticated) => Self::Hopeless(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<WaitError> for StepError {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::Http(error) => error.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<TaskError> for StepError {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Retry { .. } => Self::NoTime(error),
            other => Self::End(other),
        }
    }
}
