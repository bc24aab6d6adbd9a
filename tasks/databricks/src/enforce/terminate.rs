//! Stops clusters and looks whether they went off (B.5.2). Why they are stopped is not known here.

use std::time::Duration;

use futures::{StreamExt, stream};
use roundsman_http::Class;

use super::AT_A_TIME;
use crate::{api::clusters::ClusterState, lab::Lab};

/// How long a poll looks whether clusters went off; what is not off by then is looked at by the next one.
const LOOKING: Duration = Duration::from_secs(30);
/// How long requests for terminations are tried again, so that those that were taken are looked at.
pub(super) const ASKING: Duration = Duration::from_secs(30);
/// Between two looks.
const PAUSE: Duration = Duration::from_secs(3);

/// What is known of a cluster that was to be stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// It is off, on its way there, or not there at all.
    Off,
    /// The vendor took the request.
    Asked,
    /// The vendor took the request; this is what the cluster was seen doing since.
    On(ClusterState),
    /// The vendor took the request; what the cluster is doing could not be learnt since.
    Unseen(String),
    /// The request failed.
    Failed(String),
}

/// Asks for the termination of a cluster.
pub(super) async fn ask(lab: &Lab, cluster_id: &str) -> Stop {
    match lab.workspace.clusters().terminate(cluster_id).await {
        Ok(()) => Stop::Asked,
        Err(error) if error.is_not_found() => Stop::Off,
        // It is in no state for it, or nobody knows whether the request arrived: what it is doing tells.
        Err(error) if error.class() == Some(Class::WrongState) || error.is_ambiguous() => {
            match look(lab, cluster_id).await {
                Stop::Off => Stop::Off,
                _ => Stop::Failed(error.to_string()),
            }
        }
        Err(error) => Stop::Failed(error.to_string()),
    }
}

/// Looks at clusters that were asked to stop, at once and for a while, until all are off.
pub(super) async fn verify(lab: &Lab, cluster_ids: Vec<String>) -> Vec<(String, Stop)> {
    let end = lab.cx.now() + LOOKING;
    let lab = &lab.until(end + PAUSE);
    let (mut known, mut left) = (Vec::new(), cluster_ids);
    loop {
        let looks = stream::iter(left).map(async |id: String| {
            let stop = look(lab, &id).await;
            (id, stop)
        });
        let seen: Vec<_> = looks.buffer_unordered(AT_A_TIME).collect().await;
        let (on, settled): (Vec<_>, Vec<_>) =
            seen.into_iter().partition(|(_, stop)| matches!(stop, Stop::On(_)));
        known.extend(settled);
        if on.is_empty() || lab.cx.now() + PAUSE > end || lab.cx.sleep(PAUSE).await.is_err() {
            known.extend(on);
            return known;
        }
        left = on.into_iter().map(|(id, _)| id).collect();
    }
}

/// What a cluster is doing now.
pub(super) async fn look(lab: &Lab, cluster_id: &str) -> Stop {
    match lab.workspace.clusters().get(cluster_id).await {
        Ok(cluster) if cluster.state.is_down() => Stop::Off,
        Ok(cluster) => Stop::On(cluster.state),
        Err(error) if error.is_not_found() => Stop::Off,
        Err(error) => Stop::Unseen(error.to_string()),
    }
}
