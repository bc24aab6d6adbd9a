//! Which clusters are looked at, and what is asked about each: those in the list, and those that were there before (B.4.2).
//! How long they ran is not its matter.

use std::collections::BTreeMap;

use roundsman_http::HttpError;

use super::{Look, failure::Failure};
use crate::{
    api::{
        OpenText,
        clusters::{Cluster, ClusterFilter},
    },
    config::{Unmanaged, UptimeSource},
    state::ClusterRow,
    uptime::{Interval, Listed, State},
};

/// A cluster that is to be looked at.
pub(super) struct Target {
    pub(super) id: String,
    /// What was known of it.
    pub(super) known: Option<ClusterRow>,
    pub(super) place: Place,
}

/// Where a cluster is to be found.
pub(super) enum Place {
    /// In the list.
    Listed(Box<Cluster>),
    /// Not in the list; to be asked for by its id.
    Elsewhere,
    /// Not in the list, where it would be if it still were.
    Nowhere,
    /// Nothing about it has changed.
    Quiet,
}

impl Look<'_> {
    /// The clusters to look at, and how many are listed.
    pub(super) async fn targets(&self) -> Result<(Vec<Target>, usize), Failure> {
        let mut known = self.lab.state.clusters().await?;
        let listed = self.workspace.clusters().list(&ClusterFilter::default()).await?;
        let count = listed.len();
        let mut targets = Vec::new();
        for cluster in listed {
            let known = known.remove(&cluster.cluster_id);
            if known.is_some() || self.lab.config.unmanaged != Unmanaged::Ignore || self.is_managed(&cluster)
            {
                let (id, place) = (cluster.cluster_id.clone(), Place::Listed(Box::new(cluster)));
                targets.push(Target { id, known, place });
            }
        }
        targets.extend(self.missing(known));
        Ok((targets, count))
    }

    /// Clusters that were there before and are not in the list.
    fn missing(&self, known: BTreeMap<String, ClusterRow>) -> impl Iterator<Item = Target> {
        known.into_iter().filter(|(_, row)| row.deleted_ms.is_none() || !row.recent.is_empty()).map(
            |(id, row)| {
                let place = self.place_of_missing(&row);
                Target { id, known: Some(row), place }
            },
        )
    }

    /// Who is off for thirty days and not pinned is not listed any more, and is asked for once a day. Others than ours are
    /// many, and come back if they run.
    fn place_of_missing(&self, row: &ClusterRow) -> Place {
        let is_unsettled = |run: &Interval| run.end_ms.is_none() || run.provisional;
        let is_off = State::parse(&row.state) == State::Terminated;
        let is_settled = is_off && !row.recent.iter().any(is_unsettled);
        let was_asked_today = row.looked_at_ms.is_some_and(|at| at >= self.today.start_ms());
        match row.number {
            _ if row.deleted_ms.is_some() => Place::Quiet,
            None => Place::Nowhere,
            Some(_) if is_settled && was_asked_today => Place::Quiet,
            Some(_) => Place::Elsewhere,
        }
    }

    fn is_managed(&self, cluster: &Cluster) -> bool {
        self.number(cluster).is_some()
    }

    /// The number of a cluster, if it is managed.
    pub(super) fn number(&self, cluster: &Cluster) -> Option<u32> {
        self.lab.naming.managed(&cluster.cluster_name, Some(cluster.cluster_source.as_str()))
    }

    /// Whether its events are asked for. Those of clusters that only the report names would cost more than they tell: each run
    /// of a scheduled job has a cluster of its own.
    pub(super) fn has_events(&self, number: Option<u32>) -> bool {
        let counts = number.is_some() || self.lab.config.unmanaged == Unmanaged::Enforce;
        counts && self.lab.config.uptime_source == UptimeSource::Events
    }

    /// A cluster that is not in the list; none if it was deleted.
    pub(super) async fn ask(&self, id: &str) -> Result<Option<Cluster>, HttpError> {
        match self.workspace.clusters().get(id).await {
            Ok(cluster) => Ok(Some(cluster)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What the list tells of a cluster's running time.
pub(super) fn listed(cluster: &Cluster) -> Listed {
    Listed {
        state: State::parse(cluster.state.as_str()),
        driver_start_ms: cluster.driver.as_ref().and_then(|driver| driver.started_ms),
        last_restarted_ms: cluster.last_restarted_ms,
        terminated_ms: cluster.terminated_ms,
        last_state_loss_ms: cluster.last_state_loss_ms,
    }
}
