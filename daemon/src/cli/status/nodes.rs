//! Whether a node is alive, as far as its row tells. The proof by lock or lease is the daemon's business.

use std::time::Duration;

use chrono_tz::Tz;
use roundsman_model::{NodeLabel, Timestamp, time::delta};
use roundsman_store::{Leader, NodeRow};
use serde_json::{Value, json};

use crate::cli::{
    look::{Look, Tone},
    session::Session,
    table::{Cell, Table},
    times,
};

/// A node beats six times in the time of a lease, but never more seldom than this.
const LONGEST_BEAT: Duration = Duration::from_secs(10);
/// So many heartbeats may fail before a node is called silent.
const BEATS: u32 = 3;

/// What it takes to call a node alive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pulse {
    /// When it is felt.
    pub(crate) now: Timestamp,
    /// A node that has not beaten for so long is silent.
    pub(crate) silent_after: Duration,
    /// Whether it is proved that no daemon uses the store.
    pub(crate) unused: bool,
}

impl Pulse {
    /// For the configured store, now.
    pub(crate) fn of(session: &Session) -> Self {
        Self::of_settings(&session.loaded().settings, session.now())
    }

    /// For the store that these settings name.
    pub(crate) fn of_settings(settings: &roundsman_config::Settings, now: Timestamp) -> Self {
        let beat = (settings.lease.value.get() / 6).min(LONGEST_BEAT);
        let unused = match &settings.store.value {
            roundsman_config::StoreUrl::Sqlite(path) => roundsman_store::is_unused(path),
            roundsman_config::StoreUrl::Postgres(_) => false,
        };
        Self { now, silent_after: beat * BEATS, unused }
    }
}

/// What is known of a node's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// It beat not long ago.
    Alive,
    /// It neither beats nor left.
    Silent,
    /// It did not leave, and is proved to have ended.
    Dead,
    /// It left in good order.
    Left,
}

/// What a node's row tells about its life.
pub(crate) fn life(node: &NodeRow, pulse: Pulse) -> Life {
    match node.ended_at {
        Some(_) => Life::Left,
        None if pulse.unused && !node.entry.one_shot => Life::Dead,
        // A beat ahead of our clock is one of a node whose clock runs ahead.
        None if pulse.now - node.beat_at <= delta(pulse.silent_after) => Life::Alive,
        None => Life::Silent,
    }
}

/// Whether it is a daemon, and alive.
pub(crate) fn is_live_daemon(node: &NodeRow, pulse: Pulse) -> bool {
    !node.entry.one_shot && life(node, pulse) == Life::Alive
}

const fn words(life: Life) -> (&'static str, Tone) {
    match life {
        Life::Alive => ("alive", Tone::Good),
        Life::Silent => ("silent", Tone::Bad),
        Life::Dead => ("dead", Tone::Bad),
        Life::Left => ("stopped", Tone::Dim),
    }
}

/// Whether this boot is the one that fires.
fn leads(node: &NodeRow, leader: Option<&Leader>) -> bool {
    leader.is_some_and(|leader| leader.holder.as_ref() == Some(&node.entry.holder))
}

/// Whether the node loaded other definitions than the leader.
fn differs(node: &NodeRow, nodes: &[NodeRow], leader: Option<&Leader>) -> bool {
    let of_leader = nodes.iter().find(|node| leads(node, leader));
    let fingerprint = of_leader.and_then(|node| node.entry.configuration.as_ref());
    let own = node.entry.configuration.as_ref();
    node.ended_at.is_none() && own.zip(fingerprint).is_some_and(|(own, leaders)| own != leaders)
}

/// What is wrong with nodes, a line for each.
pub(crate) fn troubles(nodes: &[NodeRow], leader: Option<&Leader>, pulse: Pulse) -> Vec<String> {
    let silent = nodes.iter().filter_map(|node| {
        let since = times::rough((pulse.now - node.beat_at).to_std().unwrap_or_default());
        match life(node, pulse) {
            Life::Silent => {
                Some(format!("{} is silent for {since}; its runs are unconfirmed", node.entry.name))
            }
            Life::Dead => Some(format!(
                "{} has ended without leaving, {since} after its last heartbeat at most; the next daemon to start takes \
                 its runs back",
                node.entry.name
            )),
            Life::Alive | Life::Left => None,
        }
    });
    let differing = nodes.iter().filter(|node| differs(node, nodes, leader)).map(|node| {
        format!(
            "{} has loaded another configuration than the leader, whose tasks are those that fire",
            node.entry.name
        )
    });
    silent.chain(differing).collect()
}

/// The nodes as a table.
pub(crate) fn render(
    nodes: &[NodeRow],
    leader: Option<&Leader>,
    zone: Tz,
    pulse: Pulse,
    look: Look,
) -> String {
    let mut table = Table::new()
        .column("NODE")
        .column("STATE")
        .column("AS")
        .column("LABELS")
        .column("CONFIGURATION")
        .number("PID")
        .optional("VERSION")
        .column("SERVES")
        .column("LAST BEAT")
        .optional(format!("SINCE ({zone})"));
    // A run-task that has ended is told by its run; a cron of them would bury the nodes that matter.
    for node in nodes.iter().filter(|node| !node.entry.one_shot || life(node, pulse) != Life::Left) {
        let (word, tone) = words(life(node, pulse));
        let serves = node.entry.listen.as_ref().filter(|_| life(node, pulse) == Life::Alive);
        table.row(vec![
            node.entry.name.as_str().into(),
            Cell::toned(word, tone),
            role(node, leader).into(),
            node.entry.labels.iter().map(NodeLabel::as_str).collect::<Vec<_>>().join(", ").into(),
            if differs(node, nodes, leader) { Cell::toned("differs", Tone::Warn) } else { Cell::default() },
            node.entry.pid.to_string().into(),
            node.entry.version.as_str().into(),
            serves.map(|listen| format!("http://{listen}")).unwrap_or_default().into(),
            times::distance(node.ended_at.unwrap_or(node.beat_at), pulse.now).into(),
            times::stamp(node.started_at, zone).into(),
        ]);
    }
    table.render(look)
}

const fn role_words(one_shot: bool, leads: bool) -> &'static str {
    match (one_shot, leads) {
        (true, _) => "run-task",
        (false, true) => "daemon, leads",
        (false, false) => "daemon",
    }
}

fn role(node: &NodeRow, leader: Option<&Leader>) -> &'static str {
    role_words(node.entry.one_shot, node.ended_at.is_none() && leads(node, leader))
}

/// What programs get to know of a node.
pub(crate) fn as_json(node: &NodeRow, nodes: &[NodeRow], leader: Option<&Leader>, pulse: Pulse) -> Value {
    json!({
        "node": node.entry.holder.node,
        "boot": node.entry.holder.boot,
        "name": node.entry.name,
        "state": words(life(node, pulse)).0,
        "one_shot": node.entry.one_shot,
        "leader": leads(node, leader),
        "labels": node.entry.labels,
        "configuration": node.entry.configuration,
        "configuration_differs": differs(node, nodes, leader),
        "pid": node.entry.pid,
        "version": node.entry.version,
        "listen": node.entry.listen,
        "started_at": node.started_at,
        "beat_at": node.beat_at,
        "ended_at": node.ended_at,
    })
}
