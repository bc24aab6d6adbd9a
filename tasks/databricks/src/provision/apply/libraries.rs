//! The libraries of a cluster that was just made: waits until nothing more comes of them, and takes off those that failed.
//! Which libraries there are is the plan's matter.

use std::time::Duration;

use serde::Serialize;

use super::{
    super::change::{Change, ClusterRef},
    clusters::is_stock_out,
    errors::StepError,
    run::Run,
};
use crate::api::{
    Workspace,
    clusters::{USUAL_LIMIT, WaitError, WaitFor},
    libraries::{Library, LibraryState, LibraryStatus},
};

/// How long libraries may take once the cluster runs.
const LIMIT: chrono::TimeDelta = chrono::TimeDelta::minutes(30);
/// How long it is waited between two looks.
const PAUSE: Duration = Duration::from_secs(10);

/// A library that could not be installed, and was taken off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedLibrary {
    /// The cluster.
    pub cluster: String,
    /// The library.
    pub library: String,
    /// What the vendor says.
    pub messages: Vec<String>,
}

impl Run<'_> {
    /// The libraries that this plan puts on a cluster.
    pub(super) fn libraries_of(&self, cluster: &ClusterRef) -> Vec<String> {
        let of = |change: &Change| match change {
            Change::LibInstall { cluster: of, library } if of.number == cluster.number => {
                Some(library.identity())
            }
            _ => None,
        };
        self.plan.operations.iter().filter_map(|operation| of(&operation.change)).collect()
    }

    pub(super) async fn look_after(
        &self,
        cluster: &ClusterRef,
        id: &str,
        wanted: &[String],
    ) -> Result<(), StepError> {
        let workspace = self.running(cluster, id).await?;
        let states = self.settled(&workspace, cluster, id, wanted).await?;
        let failed: Vec<LibraryState> =
            states.into_iter().filter(|state| state.status == LibraryStatus::Failed).collect();
        if failed.is_empty() {
            return Ok(());
        }
        let libraries: Vec<Library> = failed.iter().map(|state| state.library.clone()).collect();
        self.state().failed_libraries.extend(failed.into_iter().map(|state| FailedLibrary {
            cluster: cluster.name.clone(),
            library: state.library.identity(),
            messages: state.messages,
        }));
        Ok(workspace.libraries().uninstall(id, &libraries).await?)
    }

    /// Waits until the cluster runs; where the cloud has no machines it is started again after a pause. The workspace with
    /// what is left of the cluster's time.
    async fn running(&self, cluster: &ClusterRef, id: &str) -> Result<Workspace, StepError> {
        let mut times = 0;
        loop {
            let workspace = self.in_time(cluster);
            let Err(error) = workspace.clusters().wait_for(id, WaitFor::Running, USUAL_LIMIT).await else {
                return Ok(workspace);
            };
            match &error {
                WaitError::Missed { reason: Some(reason), .. } if is_stock_out(&reason.code) => {
                    times += 1;
                    self.pause(cluster, times, &error.to_string()).await?;
                    self.in_time(cluster).clusters().start(id).await?;
                }
                _ => return Err(error.into()),
            }
        }
    }

    /// The wanted libraries, once nothing more comes of any.
    async fn settled(
        &self,
        workspace: &Workspace,
        cluster: &ClusterRef,
        id: &str,
        wanted: &[String],
    ) -> Result<Vec<LibraryState>, StepError> {
        let limit = self.state().limits.get(&cluster.number).copied();
        let ends = [Some(self.cx.now() + LIMIT), Some(self.cx.deadline()), limit];
        let end = ends.into_iter().flatten().min().unwrap_or(self.cx.deadline());
        loop {
            let mut states = workspace.libraries().of(id).await?;
            states.retain(|state| wanted.contains(&state.library.identity()));
            let open = wanted.len() - states.iter().filter(|state| state.status.is_final()).count();
            if open == 0 {
                return Ok(states);
            }
            if self.cx.now() + chrono::TimeDelta::from_std(PAUSE).unwrap_or_default() > end {
                let told = format!("{open} of {} libraries are still not installed", wanted.len());
                return Err(StepError::Failed(told));
            }
            self.cx.sleep(PAUSE).await?;
        }
    }
}
