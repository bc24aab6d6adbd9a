//! Making a cluster, which does harm if it is done twice: a tag of the request tells whether an attempt that broke off made one.

use std::time::Duration;

use roundsman_http::HttpError;
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
    /// Makes a cluster, which starts at once; its id. It is tried again only where nothing was made for sure.
    pub async fn create(self, spec: &ClusterSpec) -> Result<String, HttpError> {
        #[derive(Deserialize)]
        struct Created {
            cluster_id: String,
        }
        let created: Created = ask(self.post("clusters/create", "create").json(spec)).await?;
        Ok(created.cluster_id)
    }

    /// Makes a cluster that bears this request as a tag; its id. Where nobody knows what became of an attempt, a cluster that
    /// bears the tag is taken for the one, and only where there is none it is made again.
    pub async fn create_tagged(self, spec: &ClusterSpec, request: Uuid) -> Result<String, HttpError> {
        let mut spec = spec.clone();
        spec.custom_tags.insert(REQUEST_TAG.to_owned(), request.to_string());
        let mut tries = 1;
        loop {
            let error = match self.create(&spec).await {
                Ok(cluster_id) => return Ok(cluster_id),
                Err(error) if error.is_ambiguous() && tries < TRIES => error,
                Err(error) => return Err(error),
            };
            tracing::info!("looking for what became of it: {error}");
            self.workspace.cx.sleep(APPEARS_WITHIN).await?;
            if let Some(cluster) = self.find_tagged(request).await? {
                return Ok(cluster.cluster_id);
            }
            tries += 1;
        }
    }

    /// The cluster that was made by this request, if there is one.
    pub async fn find_tagged(self, request: Uuid) -> Result<Option<Cluster>, HttpError> {
        let request = request.to_string();
        let made_by_it = |cluster: &Cluster| cluster.custom_tags.get(REQUEST_TAG) == Some(&request);
        Ok(self.list(&ClusterFilter::default()).await?.into_iter().find(made_by_it))
    }
}
