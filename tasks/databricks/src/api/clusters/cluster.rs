//! A cluster as the vendor shows it. Times are milliseconds since the Unix epoch; what they say of usage is not computed here.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Autoscale, ClusterSpec};
use crate::api::lenient::{self, open_enum};

open_enum! {
    /// What a cluster is doing.
    ClusterState {
        /// It starts.
        Pending = "PENDING",
        /// It runs.
        Running = "RUNNING",
        /// It restarts.
        Restarting = "RESTARTING",
        /// It runs, and gets more or fewer workers.
        Resizing = "RESIZING",
        /// It is about to end.
        Terminating = "TERMINATING",
        /// It does not run.
        Terminated = "TERMINATED",
        /// It failed.
        Error = "ERROR",
        /// The vendor does not know.
        Unknown = "UNKNOWN",
    }
}

open_enum! {
    /// Who made a cluster.
    ClusterSource {
        /// A person, in the browser.
        Ui = "UI",
        /// A program.
        Api = "API",
        /// A scheduled job, for itself.
        Job = "JOB",
        /// A pipeline.
        Pipeline = "PIPELINE",
        /// The upkeep of a pipeline.
        PipelineMaintenance = "PIPELINE_MAINTENANCE",
        /// A SQL warehouse.
        Sql = "SQL",
        /// A model that is served.
        Models = "MODELS",
    }
}

open_enum! {
    /// What kind of end a cluster had.
    TerminationType {
        /// A regular one.
        Success = "SUCCESS",
        /// Something that was asked for cannot be.
        ClientError = "CLIENT_ERROR",
        /// The cloud could not.
        CloudFailure = "CLOUD_FAILURE",
        /// The vendor could not.
        ServiceFault = "SERVICE_FAULT",
    }
}

impl ClusterState {
    /// Whether it runs.
    pub const fn is_on(&self) -> bool {
        matches!(self, Self::Running | Self::Resizing)
    }

    /// Whether it runs or is about to.
    pub const fn is_up(&self) -> bool {
        matches!(self, Self::Pending | Self::Running | Self::Restarting | Self::Resizing)
    }

    /// Whether it has ended or is about to.
    pub const fn is_down(&self) -> bool {
        matches!(self, Self::Terminating | Self::Terminated)
    }
}

/// A cluster.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Cluster {
    /// Its id.
    pub cluster_id: String,
    /// Its name: not unique, perhaps empty.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub cluster_name: String,
    /// What it is doing.
    #[serde(default)]
    pub state: ClusterState,
    /// More about that, for people.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub state_message: String,
    /// When its creation was asked for; not when it was last started.
    #[serde(default, rename = "start_time", deserialize_with = "lenient::i64_opt")]
    pub created_ms: Option<i64>,
    /// When it was last started or restarted.
    #[serde(default, rename = "last_restarted_time", deserialize_with = "lenient::i64_opt")]
    pub last_restarted_ms: Option<i64>,
    /// When it last lost what it had in memory.
    #[serde(default, rename = "last_state_loss_time", deserialize_with = "lenient::i64_opt")]
    pub last_state_loss_ms: Option<i64>,
    /// When somebody last did something on it.
    #[serde(default, rename = "last_activity_time", deserialize_with = "lenient::i64_opt")]
    pub last_activity_ms: Option<i64>,
    /// When it ended; only while it has ended.
    #[serde(default, rename = "terminated_time", deserialize_with = "lenient::i64_opt")]
    pub terminated_ms: Option<i64>,
    /// Why it ended; only while it has ended or is about to.
    pub termination_reason: Option<TerminationReason>,
    /// Its first machine; only while it runs.
    pub driver: Option<Node>,
    /// Its other machines.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub executors: Vec<Node>,
    /// Who made it; absent once that user is deleted.
    #[serde(default)]
    pub creator_user_name: Option<String>,
    /// By what it was made.
    #[serde(default)]
    pub cluster_source: ClusterSource,
    /// Who pinned it, as far as that is told at all: listing the pinned ones tells for sure.
    #[serde(default, deserialize_with = "lenient::text_opt")]
    pub pinned_by_user_name: Option<String>,
    /// Its runtime.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub spark_version: String,
    /// The machines of its workers.
    #[serde(default)]
    pub node_type_id: Option<String>,
    /// Its first machine's type.
    #[serde(default)]
    pub driver_node_type_id: Option<String>,
    /// How many workers, where that changes by itself.
    pub autoscale: Option<Autoscale>,
    /// How many workers, where that is fixed.
    #[serde(default, deserialize_with = "lenient::i64_opt")]
    pub num_workers: Option<i64>,
    /// After how long without use it ends by itself; zero for never.
    #[serde(default, deserialize_with = "lenient::i64_opt")]
    pub autotermination_minutes: Option<i64>,
    /// The policy it is under.
    #[serde(default)]
    pub policy_id: Option<String>,
    /// Tags that were asked for.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub custom_tags: BTreeMap<String, String>,
    /// Tags of the vendor's.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub default_tags: BTreeMap<String, String>,
    /// Which of its starts this is. Larger than a floating-point number can tell exactly.
    #[serde(default, deserialize_with = "lenient::i64_opt")]
    pub spark_context_id: Option<i64>,
    /// What it was asked to be; only where it is asked for alone.
    pub spec: Option<ClusterSpec>,
}

/// A machine of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Node {
    /// Its id.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub node_id: String,
    /// When it was launched.
    #[serde(default, rename = "start_timestamp", deserialize_with = "lenient::i64_opt")]
    pub started_ms: Option<i64>,
}

/// Why a cluster ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct TerminationReason {
    /// One of some two hundred words.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub code: String,
    /// What kind of end it was.
    #[serde(default, rename = "type")]
    pub kind: TerminationType,
    /// More about it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub parameters: BTreeMap<String, String>,
}
