//! How clusters are made and changed: nothing twice, no restart of one that somebody has started meanwhile, and with pauses
//! where the cloud has no machines.

use std::time::Duration;

use roundsman_http::Class;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    super::{
        change::{Change, ClusterRef, Operation},
        plan::deferral,
    },
    errors::StepError,
    run::{Done, Run},
};
use crate::{
    api::{
        Workspace,
        clusters::ClusterSpec,
        permissions::{Grant, Principal},
    },
    numbering::GroupNumber,
};

/// How long one cluster may take, pauses not counted.
const LIMIT: chrono::TimeDelta = chrono::TimeDelta::minutes(35);
/// How long it is waited when the cloud has no machines, time after time.
const PAUSES: [Duration; 3] = [Duration::from_secs(120), Duration::from_secs(300), Duration::from_secs(600)];
/// The words for that there are none, or none for us.
const STOCK_OUT: [&str; 4] = [
    "CLOUD_PROVIDER_RESOURCE_STOCKOUT",
    "AZURE_QUOTA_EXCEEDED_EXCEPTION",
    "AZURE_RESOURCE_MANAGER_THROTTLING",
    "CLOUD_PROVIDER_LAUNCH_FAILURE",
];

/// Whether a word says that the cloud has no machines for us just now.
pub(super) fn is_stock_out(code: &str) -> bool {
    STOCK_OUT.contains(&code)
}

impl Run<'_> {
    pub(super) async fn change_cluster(
        &self,
        operation: &Operation,
        request: Uuid,
    ) -> Result<Done, StepError> {
        if let Change::ClusterCreate { cluster, spec } = &operation.change {
            return self.create(cluster, spec, request).await;
        }
        let Some(cluster) = operation.change.cluster() else {
            return Err(StepError::Failed("it is no step of a cluster".to_owned()));
        };
        let id = self.id_of_cluster(cluster)?;
        let workspace = self.in_time(cluster);
        let (clusters, libraries) = (workspace.clusters(), workspace.libraries());
        match &operation.change {
            Change::ClusterUpdate { changes, .. } => self.update(&workspace, &id, changes).await?,
            Change::ClusterPin { .. } => clusters.pin(&id).await?,
            Change::PermSet { group, level, .. } => {
                let principal = Principal::Group(group.clone());
                workspace.permissions().raise(&id, &[Grant { principal, level: level.clone() }]).await?;
            }
            Change::LibInstall { library, .. } => {
                libraries.install(&id, std::slice::from_ref(library)).await?;
            }
            Change::LibUninstall { library, .. } => {
                libraries.uninstall(&id, std::slice::from_ref(library)).await?;
            }
            Change::ClusterTerminate { cluster } => self.finish(cluster, &id).await?,
            Change::ClusterDelete { .. } => drop(clusters.delete_for_good(&id).await?),
            _ => {}
        }
        Ok(Done { remote_id: Some(id), attempts: 1 })
    }

    async fn create(
        &self,
        cluster: &ClusterRef,
        spec: &ClusterSpec,
        request: Uuid,
    ) -> Result<Done, StepError> {
        let mut tries = 0;
        loop {
            let made = self.in_time(cluster).clusters().create_tagged(spec, request).await;
            tries += 1;
            match made {
                Ok(id) => {
                    self.state().made.insert(cluster.number, id.clone());
                    return Ok(Done { remote_id: Some(id), attempts: tries });
                }
                Err(error) if error.code().is_some_and(is_stock_out) => {
                    self.pause(cluster, tries, &error.to_string()).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until the cloud may have machines again, and lets fewer clusters ask for some; gives up after the third time.
    pub(super) async fn pause(&self, cluster: &ClusterRef, times: u32, why: &str) -> Result<(), StepError> {
        let Some(pause) = PAUSES.get(times as usize - 1) else {
            return Err(StepError::Failed(format!("{why} (tried {times} times)")));
        };
        let wait = chrono::TimeDelta::from_std(*pause).unwrap_or_default();
        if self.cx.now() + wait > self.cx.deadline() {
            return Err(StepError::Failed(format!("{why} (there is no time to wait for it)")));
        }
        self.gate.narrow(self.pace.parallel.get() >> times);
        self.cx.sleep(*pause).await?;
        self.renew_limit(cluster.number);
        Ok(())
    }

    /// Changes keys of a cluster, unless somebody has started it since it was looked at.
    async fn update(
        &self,
        workspace: &Workspace,
        id: &str,
        changes: &Map<String, Value>,
    ) -> Result<(), StepError> {
        let was = self.actual.clusters.iter().find(|cluster| cluster.id() == id);
        let allow_restart = was.is_some_and(|was| was.cluster.state.is_on());
        let cluster = workspace.clusters().get(id).await?;
        if let Some(because) = deferral(&cluster.state, allow_restart) {
            return Err(StepError::Later(because));
        }
        match workspace.clusters().update(id, changes).await {
            Err(error) if error.class() == Some(Class::WrongState) => {
                Err(StepError::Later(error.to_string()))
            }
            other => Ok(other?),
        }
    }

    /// Looks after the libraries of a cluster that was just made, where that is wanted, and switches it off in any case.
    async fn finish(&self, cluster: &ClusterRef, id: &str) -> Result<(), StepError> {
        let wanted = self.libraries_of(cluster);
        let looked = if self.pace.verify_libraries && cluster.id.is_none() && !wanted.is_empty() {
            self.look_after(cluster, id, &wanted).await
        } else {
            Ok(())
        };
        if let Err(StepError::End(error)) = looked {
            return Err(StepError::End(error));
        }
        // Whatever became of them and however long it took: it must not run on.
        self.workspace.clusters().terminate(id).await?;
        looked
    }

    fn id_of_cluster(&self, cluster: &ClusterRef) -> Result<String, StepError> {
        let made = || self.state().made.get(&cluster.number).cloned();
        let id = cluster.id.clone().or_else(made);
        id.ok_or_else(|| StepError::Failed(format!("{} was not made", cluster.name)))
    }

    /// The workspace, of which nothing is asked for this cluster after its time.
    pub(super) fn in_time(&self, cluster: &ClusterRef) -> Workspace {
        let limit = self.state().limits.get(&cluster.number).copied();
        limit.map_or_else(|| self.workspace.clone(), |limit| self.workspace.until(limit))
    }

    /// From now on a cluster may take as long as any.
    pub(super) fn renew_limit(&self, number: GroupNumber) {
        self.state().limits.insert(number, self.cx.now() + LIMIT);
    }
}
