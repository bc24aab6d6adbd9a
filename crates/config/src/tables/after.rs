//! The key `after` as written: a name, a list, or tables that say which ends count. It knows no other task.

use roundsman_model::RunState;
use schemars::JsonSchema;
use serde::Deserialize;

/// The ways to name the tasks that a task follows.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum AfterKey {
    /// One task, which must succeed.
    Name(#[schemars(extend("format" = "task-name"))] String),
    /// Several, all of which must end as asked.
    Many(#[schemars(length(min = 1))] Vec<UpstreamKey>),
    /// One task, and the ends after which this one goes on.
    Table(UpstreamTable),
}

/// One of several tasks that are followed.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum UpstreamKey {
    /// It must succeed.
    Name(#[schemars(extend("format" = "task-name"))] String),
    /// With the ends after which this task goes on.
    Table(UpstreamTable),
}

/// A task that is followed, and the ends after which this one goes on.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpstreamTable {
    /// The task that is followed.
    #[schemars(extend("format" = "task-name", "examples" = ["collect"]))]
    pub(crate) task: String,
    /// The ends after which this task goes on; after any other it is skipped.
    #[schemars(length(min = 1), extend("default" = ["succeeded"], "uniqueItems" = true))]
    pub(crate) on: Option<Vec<EndKey>>,
}

/// How a run can end.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EndKey {
    Succeeded,
    Partial,
    Failed,
    TimedOut,
    Cancelled,
    Skipped,
    Lost,
}

impl EndKey {
    /// The state it stands for.
    pub(crate) const fn state(self) -> RunState {
        match self {
            Self::Succeeded => RunState::Succeeded,
            Self::Partial => RunState::Partial,
            Self::Failed => RunState::Failed,
            Self::TimedOut => RunState::TimedOut,
            Self::Cancelled => RunState::Cancelled,
            Self::Skipped => RunState::Skipped,
            Self::Lost => RunState::Lost,
        }
    }
}

impl AfterKey {
    /// The tasks that are followed, and the ends asked for, in the order they are written.
    pub(crate) fn upstreams(&self) -> Vec<(&str, Vec<RunState>)> {
        match self {
            Self::Name(task) => vec![(task, vec![RunState::Succeeded])],
            Self::Table(table) => vec![table.upstream()],
            Self::Many(many) => many
                .iter()
                .map(|one| match one {
                    UpstreamKey::Name(task) => (task.as_str(), vec![RunState::Succeeded]),
                    UpstreamKey::Table(table) => table.upstream(),
                })
                .collect(),
        }
    }
}

impl UpstreamTable {
    fn upstream(&self) -> (&str, Vec<RunState>) {
        let on = self.on.as_ref().map(|ends| ends.iter().map(|end| end.state()).collect());
        (&self.task, on.unwrap_or_else(|| vec![RunState::Succeeded]))
    }
}
