//! Making a cluster, which does harm if it is done twice: a tag of the request tells whether an attempt that broke off made one.

use std::time::Duration;

use chrono::TimeDelta;
use roundsman_http::{Class, HttpError};
use serde::Deserialize;
use uuid::Uuid;

use super::{Cluster, ClusterFilter, ClusterSpec, Clusters};
use crate::api::ask;

/// The tag that holds the request a cluster was made by.
pub const REQUEST_TAG: &str = "lab_request";
/// How often a creation is tried when nobody knows what became of it.
const TRIES: u32 = 3;
/// How long a cluster may take to appear in the list.
const APPEARS_WITHIN: Duration = Duration::from_secs(2);

impl Clusters<'_> {
    /// Makes a cluster, which starts at once; its id. It is tried once: also who says "not now" may have made it.
    pub async fn create(self, spec: &ClusterSpec) -> Result<String, HttpError> {
        #[derive(Deserialize)]
        struct Created {
            cluster_id: String,
        }
        let created: Created = ask(self.post("clusters/create", "create").tries(1).json(spec)).await?;
        Ok(created.cluster_id)
    }

    /// Makes a cluster that bears this request as a tag; its id. After any answer that leaves open what became of it, also one
    /// that asks to come again, a cluster that bears the tag is taken for the one, and only where there is none it is made
    /// again.
    pub async fn create_tagged(self, spec: &ClusterSpec, request: Uuid) -> Result<String, HttpError> {
        let mut spec = spec.clone();
        spec.custom_tags.insert(REQUEST_TAG.to_owned(), request.to_string());
        let end = self.workspace.cx.now() + delta(self.workspace.retry_total);
        let end = self.workspace.until.map_or(end, |until| until.min(end));
        let mut unknown = 0;
        loop {
            let error = match self.create(&spec).await {
                Ok(cluster_id) => return Ok(cluster_id),
                Err(error) if is_open(&error) => error,
                Err(error) => return Err(error),
            };
            tracing::info!("looking for what became of it: {error}");
            let now = self.workspace.cx.now();
            let asked_to_wait =
                error.not_before().and_then(|at| (at - now).to_std().ok()).unwrap_or_default();
            let pause = asked_to_wait.max(APPEARS_WITHIN);
            let in_time = now + delta(pause) < end.min(self.workspace.cx.deadline());
            self.workspace.cx.sleep(if in_time { pause } else { APPEARS_WITHIN }).await?;
            if let Some(cluster) = self.find_tagged(request).await? {
                return Ok(cluster.cluster_id);
            }
            unknown += u32::from(error.is_ambiguous());
            if unknown >= TRIES || !in_time {
                return Err(error);
            }
        }
    }

    /// The cluster that was made by this request, if there is one.
    pub async fn find_tagged(self, request: Uuid) -> Result<Option<Cluster>, HttpError> {
        let request = request.to_string();
        let made_by_it = |cluster: &Cluster| cluster.custom_tags.get(REQUEST_TAG) == Some(&request);
        Ok(self.list(&ClusterFilter::default()).await?.into_iter().find(made_by_it))
    }
}

/// Whether an error leaves open what became of a creation, or asks for another try.
fn is_open(error: &HttpError) -> bool {
    let not_now = matches!(error.class(), Some(Class::Throttled | Class::Unavailable | Class::Conflict));
    not_now || error.is_ambiguous()
}

fn delta(of: Duration) -> TimeDelta {
    TimeDelta::from_std(of).unwrap_or_default()
}
