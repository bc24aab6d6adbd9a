//! What the list of clusters tells about one, as far as its running time depends on it. Names and owners are not here.

use serde::{Deserialize, Serialize};

/// The state of a cluster (A.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// On its way, not yet of use.
    Pending,
    /// On.
    Running,
    /// Off for a moment.
    Restarting,
    /// On, with nodes coming or going.
    Resizing,
    /// On its way off.
    Terminating,
    /// Off.
    Terminated,
    /// The vendor calls it broken.
    Error,
    /// The vendor does not know, or it is a state that is not known here.
    Unknown,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Running,
        Self::Restarting,
        Self::Resizing,
        Self::Terminating,
        Self::Terminated,
        Self::Error,
        Self::Unknown,
    ];

    /// The vendor's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Restarting => "RESTARTING",
            Self::Resizing => "RESIZING",
            Self::Terminating => "TERMINATING",
            Self::Terminated => "TERMINATED",
            Self::Error => "ERROR",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The state with this name; `Unknown` for names that the vendor may add.
    pub fn parse(name: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.as_str() == name).unwrap_or(Self::Unknown)
    }

    /// Whether running time passes.
    pub const fn is_on(self) -> bool {
        matches!(self, Self::Running | Self::Resizing)
    }

    /// Whether it is off or cannot stay on: what a termination is to reach (B.5.2).
    pub const fn is_off(self) -> bool {
        matches!(self, Self::Terminating | Self::Terminated)
    }

    /// Whether there is something to terminate (B.5.1).
    pub const fn can_be_terminated(self) -> bool {
        matches!(self, Self::Pending | Self::Running | Self::Restarting | Self::Resizing)
    }

    /// Whether it tells nothing: the last known state then counts, and nothing is done (B.4.1).
    pub const fn is_unclear(self) -> bool {
        matches!(self, Self::Error | Self::Unknown)
    }
}

/// A cluster as the list has it, or the answer to the question for this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Its state.
    pub state: State,
    /// `driver.start_timestamp`: when the driver node of the present run was launched.
    pub driver_start_ms: Option<i64>,
    /// `last_restarted_time`: the last start, before or at RUNNING.
    pub last_restarted_ms: Option<i64>,
    /// `terminated_time`: when it was last terminated.
    pub terminated_ms: Option<i64>,
    /// `last_state_loss_time`.
    pub last_state_loss_ms: Option<i64>,
}

/// Whether the cluster is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is in the list, or was found by its id.
    Listed(Listed),
    /// It is in neither: deleted for good.
    Gone,
}
