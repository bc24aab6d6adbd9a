//! What an attempt may ask of its daemon besides documents and artifacts of its own. The same words travel over the
//! wire; nothing here answers.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::{
    Artifact, BudgetName, BudgetRule, Draw, LeaseName, Outcome, RunId, RunState, TaskError, TaskName,
    Timestamp,
};

/// The bytes of a piece of an input.
pub const MAX_INPUT_PIECE: usize = 1 << 20;

/// The most bytes of an input.
pub const MAX_INPUT_BYTES: usize = 64 << 20;

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "question")]
pub enum Question {
    /// What came of this task in the round of the attempt.
    Upstream {
        /// The task.
        task: TaskName,
    },
    /// What came of all tasks that this one follows, at whatever distance.
    Upstreams,
    /// The bytes of an artifact of one of their runs.
    UpstreamArtifact {
        /// The run.
        run: RunId,
        /// The artifact.
        name: String,
    },
    /// Whether the attempt may have this to itself until it ends.
    TryLease {
        /// The lease.
        name: LeaseName,
    },
    /// The attempt no longer needs this to itself.
    FreeLease {
        /// The lease.
        name: LeaseName,
    },
    /// How many of these the attempt may do now.
    Draw {
        /// The budget.
        budget: BudgetName,
        /// What holds where the configuration does not name the budget.
        default: Option<BudgetRule>,
        /// How many it would like to do.
        wanted: u32,
    },
    /// With which parameters something was handed in.
    Inputs,
    /// A piece of what was handed in with a parameter of type input.
    Input {
        /// The parameter.
        name: String,
        /// From this byte on.
        offset: u64,
    },
    /// Nobody shall do any before an instant.
    HoldBudget {
        /// The budget.
        budget: BudgetName,
        /// What holds where the configuration does not name the budget.
        default: Option<BudgetRule>,
        /// The instant.
        until: Timestamp,
    },
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Answer {
    /// To `upstream`.
    Upstream {
        /// Its run; absent if the attempt's task does not follow it, or it has none in the round.
        run: Option<Box<UpstreamRun>>,
    },
    /// To `upstreams`.
    Upstreams {
        /// Their runs, nearest first.
        runs: Vec<UpstreamRun>,
    },
    /// To `upstream_artifact`.
    Artifact {
        /// The bytes.
        #[serde(rename = "base64", serialize_with = "to_base64", deserialize_with = "from_base64")]
        bytes: Vec<u8>,
    },
    /// To `try_lease`.
    Lease {
        /// The task and the run that have it; absent if the attempt has it now.
        busy: Option<(TaskName, RunId)>,
    },
    /// To `free_lease`.
    LeaseFreed,
    /// To `draw`.
    Drawn {
        /// What was granted.
        draw: Draw,
        /// How many may be drawn ahead, so that not each one has to be asked for.
        ahead: u32,
    },
    /// To `inputs`.
    Inputs {
        /// The parameters.
        names: Vec<String>,
    },
    /// To `input`.
    Input {
        /// The bytes from there on, at most [`MAX_INPUT_PIECE`] of them; fewer than that at the end, and only there.
        #[serde(rename = "base64", serialize_with = "to_base64", deserialize_with = "from_base64")]
        bytes: Vec<u8>,
    },
    /// To `hold_budget`: durable.
    BudgetHeld,
}

/// A run of the same round, as those that follow it see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpstreamRun {
    /// The task.
    pub task: TaskName,
    /// The run.
    pub run: RunId,
    /// Where it stands.
    pub state: RunState,
    /// How it failed, in one line.
    #[serde(default)]
    pub cause: Option<String>,
    /// What the kind reported, if it did.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// Its artifacts, by name.
    #[serde(default)]
    pub artifacts: Vec<Artifact>,
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "error")]
pub enum AskError {
    /// The question itself is wrong; the same question would get the same answer.
    #[error("{cause}")]
    Invalid {
        /// What is wrong.
        cause: String,
    },
    /// The attempt no longer owns its run: another took over.
    #[error("this attempt no longer owns its run")]
    NotOurs,
    /// The store did not answer in time.
    #[error("no answer: {cause}")]
    Unavailable {
        /// What is known.
        cause: String,
    },
}

impl From<AskError> for TaskError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Invalid { cause } => Self::Permanent { cause },
            other => Self::retry(other),
        }
    }
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    BASE64_STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
}
