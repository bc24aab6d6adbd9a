//! The events that begin and end runs, and their order. Others of the vendor's do not exist here.

use serde::{Deserialize, Serialize};

/// The five types that matter (A.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EventKind {
    /// A run ends.
    Terminating,
    /// A run ends, and another one is on its way.
    Restarting,
    /// A new cluster is on its way.
    Creating,
    /// A cluster that was off is on its way.
    Starting,
    /// A run begins.
    Running,
}

impl EventKind {
    /// All of them, in the order in which events of one instant count.
    pub const ALL: [Self; 5] =
        [Self::Terminating, Self::Restarting, Self::Creating, Self::Starting, Self::Running];

    /// The vendor's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Terminating => "TERMINATING",
            Self::Restarting => "RESTARTING",
            Self::Creating => "CREATING",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
        }
    }

    /// The type with this name; none if it is of no interest.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Something that happened to a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at_ms: i64,
    /// What.
    pub kind: EventKind,
    /// Whose doing it was; absent for the control plane's own.
    pub user: Option<String>,
    /// The code of the termination, if it is one.
    pub reason: Option<String>,
}

/// The events of a window in the order in which they count, each once: overlapping fetches give them more than once.
pub(super) fn in_order(events: &[Event], from_ms: i64) -> Vec<&Event> {
    let mut ordered: Vec<_> = events.iter().filter(|event| event.at_ms >= from_ms).collect();
    // Of copies that tell differently much, the one that tells more comes first and stays.
    ordered.sort_by(|a, b| {
        let place = (a.at_ms, a.kind).cmp(&(b.at_ms, b.kind));
        place.then_with(|| b.user.cmp(&a.user)).then_with(|| b.reason.cmp(&a.reason))
    });
    ordered.dedup_by_key(|event| (event.at_ms, event.kind));
    ordered
}
