//! The other nodes of the store: which are alive, and which loaded something else. Whose runs are taken back is the
//! daemons' matter.

use roundsman_config::Settings;
use roundsman_model::{Finding, Timestamp};
use roundsman_store::{NodeRow, Store, StoreError};

use super::ground::Ground;
use crate::cli::{
    status::nodes::{Life, Pulse, life, troubles},
    times,
};

/// Looks at every node that has not left.
pub(super) async fn look(
    ground: &Ground,
    settings: &Settings,
    store: &dyn Store,
) -> Result<Vec<Finding>, StoreError> {
    let now = ground.now();
    let (nodes, leader) = (store.nodes(now).await?, store.leader().await?);
    let pulse = Pulse::of_settings(settings, now);
    let daemons: Vec<&NodeRow> =
        nodes.iter().filter(|node| !node.entry.one_shot && node.ended_at.is_none()).collect();
    let mut found: Vec<Finding> = daemons
        .iter()
        .filter(|node| life(node, pulse) == Life::Alive)
        .map(|node| Finding::ok("nodes", alive(node, now)))
        .collect();
    found.extend(troubles(&nodes, leader.as_ref(), pulse).into_iter().map(|trouble| {
        let advice = "see its log and `roundsman status`; where configurations differ, bring the files in line and reload";
        Finding::warning("nodes", trouble, advice)
    }));
    if found.is_empty() {
        let none = "no daemon is alive: nothing fires by itself";
        found.push(Finding::warning("nodes", none, "start one: `roundsman daemon`, or the service"));
    }
    Ok(found)
}

fn alive(node: &NodeRow, now: Timestamp) -> String {
    let (name, version) = (&node.entry.name, &node.entry.version);
    format!("{name} ({version}) is alive; its last heartbeat was {}", times::ago(node.beat_at, now))
}
