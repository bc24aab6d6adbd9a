//! What is there: one look at a workspace, all pages of everything that a plan compares. It compares nothing.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use roundsman_http::HttpError;

use crate::{
    api::{
        Workspace,
        clusters::{Cluster, ClusterFilter, ClusterSource, ClusterSpec},
        libraries::LibraryState,
        permissions::Grant,
        policies::Policy,
        scim::{Directory, ScimQuery},
    },
    numbering::GroupNumber,
};

/// How many clusters are looked at at a time.
const AT_A_TIME: usize = 8;
/// Clusters that the vendor's own services make are nobody's, whatever their name.
const FOREIGN: [ClusterSource; 5] = [
    ClusterSource::Job,
    ClusterSource::Pipeline,
    ClusterSource::PipelineMaintenance,
    ClusterSource::Sql,
    ClusterSource::Models,
];

/// What is there.
#[derive(Debug, Clone, Default)]
pub struct Actual {
    /// The workspace.
    pub host: String,
    /// Our own address, in lower case.
    pub me: String,
    /// Users and groups.
    pub directory: Directory,
    /// The clusters whose names have a number, by id.
    pub clusters: Vec<ActualCluster>,
    /// The ids of all clusters that are pinned, whatever their names.
    pub pinned: BTreeSet<String>,
    /// Cluster policies.
    pub policies: Vec<Policy>,
    /// The runtimes that clusters can have.
    pub spark_versions: BTreeSet<String>,
    /// The machines that clusters can be made of.
    pub node_types: BTreeSet<String>,
}

/// A cluster that may be one of the course.
#[derive(Debug, Clone)]
pub struct ActualCluster {
    /// The number in its name.
    pub number: GroupNumber,
    /// As the list has it.
    pub cluster: Cluster,
    /// What it was asked to be, where that is told.
    pub spec: Option<ClusterSpec>,
    /// Everything that is granted on it directly.
    pub grants: Vec<Grant>,
    /// Its libraries.
    pub libraries: Vec<LibraryState>,
}

impl Actual {
    /// Looks at everything.
    pub async fn read(workspace: &Workspace) -> Result<Self, HttpError> {
        let clusters = workspace.clusters();
        let all = ClusterFilter::default();
        let pinned = ClusterFilter { pinned: Some(true), ..ClusterFilter::default() };
        let (me, directory, all, pinned) = futures::try_join!(
            workspace.scim().me(),
            directory(workspace),
            clusters.list(&all),
            clusters.list(&pinned),
        )?;
        let (policies, versions, nodes, libraries) = futures::try_join!(
            workspace.policies().list(),
            clusters.spark_versions(),
            clusters.node_types(),
            workspace.libraries().all(),
        )?;
        let libraries: BTreeMap<String, Vec<LibraryState>> =
            libraries.into_iter().map(|of| (of.cluster_id, of.libraries)).collect();
        let numbered = all.into_iter().filter_map(|cluster| Some((number_of(&cluster)?, cluster)));
        let looks = stream::iter(numbered).map(|(number, cluster)| {
            let libraries = libraries.get(&cluster.cluster_id).cloned().unwrap_or_default();
            look(workspace, number, cluster, libraries)
        });
        let clusters: Vec<Option<ActualCluster>> = looks.buffered(AT_A_TIME).try_collect().await?;
        let mut clusters: Vec<ActualCluster> = clusters.into_iter().flatten().collect();
        clusters.sort_by(|a, b| a.id().cmp(b.id()));
        Ok(Self {
            host: workspace.host(),
            me: me.user_name.to_lowercase(),
            directory,
            clusters,
            pinned: pinned.into_iter().map(|cluster| cluster.cluster_id).collect(),
            policies,
            spark_versions: versions.into_iter().map(|version| version.key).collect(),
            node_types: nodes.into_iter().map(|node| node.node_type_id).collect(),
        })
    }

    /// The clusters of a number; more than one is possible, names are not unique.
    pub fn of_number(&self, number: GroupNumber) -> impl Iterator<Item = &ActualCluster> {
        self.clusters.iter().filter(move |cluster| cluster.number == number)
    }
}

impl ActualCluster {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.cluster.cluster_id
    }

    /// One of its tags.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.cluster.custom_tags.get(key).map(String::as_str)
    }
}

/// The number in a name of this beginning: one to three digits.
pub(super) fn number_in(name: &str, beginning: &str) -> Option<GroupNumber> {
    let digits = name.strip_prefix(beginning)?;
    let fits = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<u16>().ok().filter(|_| fits)?.try_into().ok()
}

fn number_of(cluster: &Cluster) -> Option<GroupNumber> {
    number_in(&cluster.cluster_name, "cluster_").filter(|_| !FOREIGN.contains(&cluster.cluster_source))
}

async fn directory(workspace: &Workspace) -> Result<Directory, HttpError> {
    let users = ScimQuery { attributes: vec!["id", "userName", "active"], ..ScimQuery::default() };
    let attributes = vec!["id", "displayName", "members", "entitlements"];
    let groups = ScimQuery { attributes, ..ScimQuery::default() };
    let scim = workspace.scim();
    let (users, groups) = futures::try_join!(scim.users(&users), scim.groups(&groups))?;
    Ok(Directory::new(users, groups))
}

/// A cluster with what only questions about it alone tell; none if it has gone meanwhile.
async fn look(
    workspace: &Workspace,
    number: GroupNumber,
    cluster: Cluster,
    mut libraries: Vec<LibraryState>,
) -> Result<Option<ActualCluster>, HttpError> {
    let id = cluster.cluster_id.clone();
    libraries.sort_by_key(|state| state.library.identity());
    let asked = futures::try_join!(workspace.clusters().get(&id), workspace.permissions().get(&id));
    match asked {
        Ok((told, acl)) => {
            let grants = acl.direct();
            Ok(Some(ActualCluster { number, cluster, spec: told.spec, grants, libraries }))
        }
        // Only if the list says so too: one that is taken for gone is made again.
        Err(error) if error.is_not_found() && !is_listed(workspace, &id).await? => Ok(None),
        Err(error) => Err(error),
    }
}

async fn is_listed(workspace: &Workspace, id: &str) -> Result<bool, HttpError> {
    let all = workspace.clusters().list(&ClusterFilter::default()).await?;
    Ok(all.iter().any(|cluster| cluster.cluster_id == id))
}
