//! Which running runs nobody vouches for at the moment: their node neither beats nor has left. It ends none of them;
//! that is the rescuer's business, who has proof.

use std::collections::BTreeSet;

use roundsman_model::{Run, RunId, RunState};

use super::{
    failure::Answer,
    session::Session,
    status::nodes::{self, Life, Pulse},
};

/// Running runs that no living node holds.
pub(crate) type Unconfirmed = BTreeSet<RunId>;

/// Of these runs, those that nobody vouches for.
pub(crate) async fn unconfirmed(
    session: &Session,
    runs: impl IntoIterator<Item = &Run>,
) -> Answer<Unconfirmed> {
    let running: Unconfirmed =
        runs.into_iter().filter(|run| run.state == RunState::Running).map(|run| run.id).collect();
    if running.is_empty() {
        return Ok(running);
    }
    let (store, now) = (session.store().await?, session.now());
    let nodes = store.nodes(now).await?;
    let pulse = Pulse::of(session);
    let alive =
        |boot| nodes.iter().any(|node| node.entry.holder == boot && nodes::life(node, pulse) == Life::Alive);
    let held = store.held().await?;
    Ok(held
        .into_iter()
        .filter(|held| !alive(held.lease.holder.clone()))
        .map(|held| held.run.id)
        .filter(|id| running.contains(id))
        .collect())
}
