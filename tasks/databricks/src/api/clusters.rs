//! Clusters: everything that can be asked of one or said to one. Which of them is stopped, and when, is not decided here.

mod cluster;
mod create;
mod events;
mod spec;
mod wait;

use std::collections::HashMap;

use roundsman_http::{HttpError, Request};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

pub use self::{
    cluster::{Cluster, ClusterSource, ClusterState, Node, TerminationReason, TerminationType},
    create::REQUEST_TAG,
    events::{Event, EventDetails, EventQuery, EventType, Order},
    spec::{Autoscale, ClusterSpec},
    wait::{USUAL_LIMIT, WaitError, WaitFor},
};
use super::{OpenText, PINNED, Workspace, ask, ask_whole, lenient, pages::Pages, tell};

/// Where clusters are asked for.
const ROOT: &str = "api/2.1/clusters/";
/// How many clusters are asked for at a time.
const PAGE: u32 = 100;

/// The clusters of a workspace.
#[derive(Clone, Copy)]
pub struct Clusters<'a> {
    pub(super) workspace: &'a Workspace,
}

/// Which clusters are listed; all, if nothing is said.
#[derive(Debug, Clone, Default)]
pub struct ClusterFilter {
    /// In one of these states.
    pub states: Vec<ClusterState>,
    /// Made by one of these.
    pub sources: Vec<ClusterSource>,
    /// Pinned, or not.
    pub pinned: Option<bool>,
    /// Under this policy.
    pub policy_id: Option<String>,
}

/// A runtime that clusters can have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SparkVersion {
    /// The word for it in specifications.
    pub key: String,
    /// Its name for people.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
}

/// A machine that clusters can be made of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NodeType {
    /// The word for it in specifications.
    pub node_type_id: String,
    /// Its memory.
    #[serde(default, deserialize_with = "lenient::i64")]
    pub memory_mb: i64,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default, deserialize_with = "lenient::or_default")]
    clusters: Vec<Cluster>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    next_page_token: String,
}

impl<'a> Clusters<'a> {
    pub(super) const fn new(workspace: &'a Workspace) -> Self {
        Self { workspace }
    }

    /// All clusters that the filter means: those that are pinned or active, and those that ended within thirty days.
    pub async fn list(self, filter: &ClusterFilter) -> Result<Vec<Cluster>, HttpError> {
        let (mut clusters, mut places) = (Vec::<Cluster>::new(), HashMap::new());
        let (mut pages, mut token) = (Pages::default(), String::new());
        loop {
            let (page, answer) = ask_whole::<Listed>(self.page(filter, PAGE, &token)).await?;
            for cluster in page.clusters {
                // Clusters move between pages while they are read; the later word counts.
                if let Some(place) = places.get(&cluster.cluster_id) {
                    clusters[*place] = cluster;
                } else {
                    places.insert(cluster.cluster_id.clone(), clusters.len());
                    clusters.push(cluster);
                }
            }
            token = page.next_page_token;
            if token.is_empty() {
                return Ok(clusters);
            }
            pages.turn(&answer, &token)?;
        }
    }

    /// One cluster, if there is any: enough to learn whether clusters may be listed.
    pub async fn any(self) -> Result<Option<Cluster>, HttpError> {
        let page: Listed = ask(self.page(&ClusterFilter::default(), 1, "")).await?;
        Ok(page.clusters.into_iter().next())
    }

    fn page(self, filter: &ClusterFilter, size: u32, token: &str) -> Request {
        let mut request =
            self.workspace.get("clusters/list", &format!("{ROOT}list")).query("page_size", size);
        for state in &filter.states {
            request = request.query("filter_by.cluster_states", state.as_str());
        }
        for source in &filter.sources {
            request = request.query("filter_by.cluster_sources", source.as_str());
        }
        if let Some(pinned) = filter.pinned {
            request = request.query("filter_by.is_pinned", pinned);
        }
        if let Some(policy) = &filter.policy_id {
            request = request.query("filter_by.policy_id", policy);
        }
        if token.is_empty() { request } else { request.query("page_token", token) }
    }

    /// A cluster, with the specification it was made of. Ended ones are known for sixty days.
    pub async fn get(self, cluster_id: &str) -> Result<Cluster, HttpError> {
        ask(self.workspace.get("clusters/get", &format!("{ROOT}get")).query("cluster_id", cluster_id)).await
    }

    /// Starts a cluster that is terminated; without effect on any other.
    pub async fn start(self, cluster_id: &str) -> Result<(), HttpError> {
        tell(self.about("clusters/start", "start", cluster_id).repeatable()).await
    }

    /// Restarts a cluster that runs; without effect on any other.
    pub async fn restart(self, cluster_id: &str) -> Result<(), HttpError> {
        tell(self.about("clusters/restart", "restart", cluster_id)).await
    }

    /// Terminates a cluster, which takes a while; without effect if it is terminated or about to be.
    pub async fn terminate(self, cluster_id: &str) -> Result<(), HttpError> {
        tell(self.about("clusters/delete", "delete", cluster_id).repeatable()).await
    }

    /// Deletes a cluster for good, unpinned if need be; says whether it was still there.
    pub async fn delete_for_good(self, cluster_id: &str) -> Result<bool, HttpError> {
        let delete =
            || tell(self.about("clusters/permanent-delete", "permanent-delete", cluster_id).repeatable());
        let mut deleted = delete().await;
        if deleted.as_ref().is_err_and(|error| error.code() == Some(PINNED)) {
            self.unpin(cluster_id).await?;
            deleted = delete().await;
        }
        match deleted {
            Ok(()) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Keeps a cluster in the list for ever. At most a hundred are kept.
    pub async fn pin(self, cluster_id: &str) -> Result<(), HttpError> {
        tell(self.about("clusters/pin", "pin", cluster_id).repeatable()).await
    }

    /// Keeps it no longer.
    pub async fn unpin(self, cluster_id: &str) -> Result<(), HttpError> {
        tell(self.about("clusters/unpin", "unpin", cluster_id).repeatable()).await
    }

    /// Gives a cluster another specification as a whole: what it does not say is reset. A running cluster restarts.
    pub async fn edit(self, cluster_id: &str, spec: &ClusterSpec) -> Result<(), HttpError> {
        #[derive(Serialize)]
        struct Edit<'a> {
            cluster_id: &'a str,
            #[serde(flatten)]
            spec: &'a ClusterSpec,
        }
        tell(self.post("clusters/edit", "edit").json(&Edit { cluster_id, spec })).await
    }

    /// Changes these keys of a cluster's specification and no others. A running cluster restarts if it must.
    pub async fn update(self, cluster_id: &str, changes: &Map<String, Value>) -> Result<(), HttpError> {
        let mask = changes.keys().map(String::as_str).collect::<Vec<_>>().join(",");
        let body = json!({ "cluster_id": cluster_id, "update_mask": mask, "cluster": changes });
        tell(self.post("clusters/update", "update").json(&body)).await
    }

    /// The runtimes that clusters can have.
    pub async fn spark_versions(self) -> Result<Vec<SparkVersion>, HttpError> {
        self.listed("clusters/spark-versions", "spark-versions", "versions").await
    }

    /// The machines that clusters can be made of.
    pub async fn node_types(self) -> Result<Vec<NodeType>, HttpError> {
        self.listed("clusters/list-node-types", "list-node-types", "node_types").await
    }

    async fn listed<T: DeserializeOwned>(
        self,
        name: &'static str,
        path: &str,
        key: &str,
    ) -> Result<Vec<T>, HttpError> {
        let request = self.workspace.get(name, &format!("{ROOT}{path}"));
        let (mut lists, answer) = ask_whole::<Map<String, Value>>(request).await?;
        match lists.remove(key) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(list) => serde_json::from_value(list)
                .map_err(|error| answer.unexpected(format!("{key} is not what was expected: {error}"))),
        }
    }

    fn post(self, name: &'static str, path: &str) -> Request {
        self.workspace.post(name, &format!("{ROOT}{path}"))
    }

    fn about(self, name: &'static str, path: &str, cluster_id: &str) -> Request {
        self.post(name, path).json(&json!({ "cluster_id": cluster_id }))
    }
}
