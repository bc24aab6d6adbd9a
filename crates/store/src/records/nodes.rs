//! Nodes and the lead: who takes part in the rounds, and who fires. It judges nobody dead.

use roundsman_model::{BootId, KindName, NodeId, NodeLabel, Timestamp};
use serde::{Deserialize, Serialize};

/// Which database stands behind a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file on this host.
    Sqlite,
    /// A server.
    Postgres,
}

/// One boot of one node: the owner of leases.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Holder {
    /// The node.
    pub node: NodeId,
    /// Its boot.
    pub boot: BootId,
}

/// A node as it enters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeEntry {
    /// Node and boot.
    pub holder: Holder,
    /// A name for people: the host's.
    pub name: String,
    /// Whether it is a one-shot `run-task`.
    pub one_shot: bool,
    /// Its process id on its host.
    pub pid: u32,
    /// The version of Roundsman.
    pub version: String,
    /// Where it serves HTTP, if it does.
    pub listen: Option<String>,
    /// The kinds it has; empty means all. `waiting` names runs that no living node can take.
    pub kinds: Vec<KindName>,
    /// Its labels, for tasks that ask for one.
    pub labels: Vec<NodeLabel>,
    /// A fingerprint of the definitions it loaded; `status` names nodes that differ from the leader.
    pub configuration: Option<String>,
}

/// A node as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    /// What it said when it entered.
    pub entry: NodeEntry,
    /// When it entered.
    pub started_at: Timestamp,
    /// Its last heartbeat, by its own clock.
    pub beat_at: Timestamp,
    /// Counts its heartbeats; a node whose count moves is alive, whatever the clocks say.
    pub beats: i64,
    /// When it left in good order.
    pub ended_at: Option<Timestamp>,
}

/// Who fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leader {
    /// The node, unless it has resigned.
    pub holder: Option<Holder>,
    /// Rises with each change of leader; writes of an older one are refused.
    pub epoch: i64,
    /// Counts renewals: a leader whose count moves is alive, whatever the clocks say.
    pub renewals: i64,
    /// Since when.
    pub since: Timestamp,
}
