//! Clusters, their events, their older intervals, and blocks. Only what lies in the asked-for time is read, so that what was
//! kept long ago costs nothing.

use std::collections::BTreeMap;

use roundsman_task::{DocumentWrite, TaskError};

use super::{BlockRow, ClusterRow, State, instant_key};
use crate::uptime::{Event, Interval};

impl State {
    /// All clusters that were ever seen and not forgotten, by id.
    pub async fn clusters(&self) -> Result<BTreeMap<String, ClusterRow>, TaskError> {
        Ok(self.all("clusters", "", None).await?.into_iter().collect())
    }

    /// Keeps these clusters.
    pub async fn put_clusters<'a>(
        &self,
        rows: impl IntoIterator<Item = (&'a String, &'a ClusterRow)>,
    ) -> Result<(), TaskError> {
        self.put("clusters", rows.into_iter().map(|(id, row)| (id.clone(), row))).await
    }

    /// Forgets a cluster.
    pub async fn delete_cluster(&self, cluster_id: &str) -> Result<(), TaskError> {
        let write = DocumentWrite::Delete { key: cluster_id.to_owned(), if_version: None };
        self.write("clusters", vec![write]).await
    }

    /// The events of a cluster from an instant on.
    pub async fn events(&self, cluster_id: &str, from_ms: i64) -> Result<Vec<Event>, TaskError> {
        let prefix = format!("{cluster_id}/");
        let after = format!("{prefix}{}", instant_key(from_ms));
        let rows = self.all("events", &prefix, Some(after)).await?;
        Ok(rows.into_iter().map(|(_, event)| event).collect())
    }

    /// Keeps events of a cluster; the same one twice is kept once.
    pub async fn put_events<'a>(
        &self,
        cluster_id: &str,
        events: impl IntoIterator<Item = &'a Event>,
    ) -> Result<(), TaskError> {
        let key =
            |event: &Event| format!("{cluster_id}/{}/{}", instant_key(event.at_ms), event.kind.as_str());
        self.put("events", events.into_iter().map(|event| (key(event), event))).await
    }

    /// The intervals of a cluster that were put away and begin in this time.
    pub async fn old_intervals(&self, cluster_id: &str, from_ms: i64) -> Result<Vec<Interval>, TaskError> {
        let prefix = format!("{cluster_id}/");
        let after = format!("{prefix}{}", instant_key(from_ms - 1));
        let rows = self.all("intervals", &prefix, Some(after)).await?;
        Ok(rows.into_iter().map(|(_, interval)| interval).collect())
    }

    /// Puts intervals of a cluster away.
    pub async fn put_old_intervals<'a>(
        &self,
        cluster_id: &str,
        intervals: impl IntoIterator<Item = &'a Interval>,
    ) -> Result<(), TaskError> {
        let key = |interval: &Interval| format!("{cluster_id}/{}", instant_key(interval.start_ms));
        self.put("intervals", intervals.into_iter().map(|interval| (key(interval), interval))).await
    }

    /// Forgets what a cluster did before an instant: its events and the intervals that were put away.
    pub async fn forget_before(&self, cluster_id: &str, before_ms: i64) -> Result<(), TaskError> {
        for collection in ["events", "intervals"] {
            let from = format!("{cluster_id}/");
            let until = Some(format!("{cluster_id}/{}", instant_key(before_ms)));
            self.write(collection, vec![DocumentWrite::DeleteRange { from, until }]).await?;
        }
        Ok(())
    }

    /// All blocks that are not released, by cluster.
    pub async fn blocks(&self) -> Result<BTreeMap<String, BlockRow>, TaskError> {
        Ok(self.all("blocks", "", None).await?.into_iter().collect())
    }

    /// Keeps a block.
    pub async fn put_block(&self, cluster_id: &str, row: &BlockRow) -> Result<(), TaskError> {
        self.put("blocks", [(cluster_id.to_owned(), row)]).await
    }

    /// A block was released.
    pub async fn delete_block(&self, cluster_id: &str) -> Result<(), TaskError> {
        let write = DocumentWrite::Delete { key: cluster_id.to_owned(), if_version: None };
        self.write("blocks", vec![write]).await
    }
}
