//! Reads and writes of a cluster's access list, and what their failures mean for it. Which grants these are is decided
//! elsewhere.

use std::time::Duration;

use roundsman_http::{Class, HttpError};
use roundsman_task::{TaskError, Timestamp};

use super::grants::{Seen, sent};
use crate::{
    api::permissions,
    lab::Lab,
    permissions::{Grant, Principal},
};

/// How old a list may be when it is put back with changes: what others grant meanwhile would be lost.
pub(super) const FRESH: Duration = Duration::from_secs(10);
/// How often a change is tried from the beginning.
pub(super) const ROUNDS: usize = 5;
/// A longer pause that the vendor wants is left to the next poll.
const PAUSE: Duration = Duration::from_secs(15);
/// Between rounds, where the vendor wants no pause.
const SHORT: Duration = Duration::from_secs(1);

/// Why something was not done about a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// There is no such cluster.
    NoCluster,
    /// There is no such group.
    NoGroup(String),
    /// It may go well later.
    Later(String),
}

impl Failure {
    /// As a sentence for people.
    pub(super) fn cause(&self) -> String {
        match self {
            Self::NoCluster => "there is no such cluster any more".to_owned(),
            Self::NoGroup(group) => format!("there is no group {group} in the workspace"),
            Self::Later(cause) => cause.clone(),
        }
    }
}

impl From<TaskError> for Failure {
    fn from(error: TaskError) -> Self {
        Self::Later(error.to_string())
    }
}

/// What followed the writing of a list.
pub(super) enum Written {
    /// It was taken.
    Yes,
    /// Somebody in it is not there.
    Missing,
    /// It may have been taken or not, or there was no time: read again, and try from the beginning.
    Again(String),
}

/// The access list of a cluster as it is now.
pub(super) async fn read(lab: &Lab, cluster_id: &str) -> Result<Seen, Failure> {
    match lab.workspace.permissions().get(cluster_id).await {
        Ok(acl) => Ok(Seen::of(&acl)),
        Err(error) if error.is_not_found() => Err(Failure::NoCluster),
        Err(error) => Err(Failure::Later(error.to_string())),
    }
}

/// Puts a list in the place of the one that was read at `read_at`, as long as that is fresh: a PUT has no precondition.
pub(super) async fn put(
    lab: &Lab,
    cluster_id: &str,
    grants: &[permissions::Grant],
    read_at: Timestamp,
) -> Result<Written, Failure> {
    let workspace = lab.workspace.until(read_at + FRESH);
    let answer = workspace.permissions().put(cluster_id, grants).await;
    written(lab, answer).await
}

/// Adds grants; nobody else's can be harmed by that, whenever they were read.
pub(super) async fn raise(lab: &Lab, cluster_id: &str, grants: &[Grant]) -> Result<Written, Failure> {
    let grants: Vec<_> = grants.iter().map(sent).collect();
    let answer = lab.workspace.permissions().raise(cluster_id, &grants).await;
    written(lab, answer).await
}

/// Whether the group is there, after somebody in a list was not. Only a clear answer counts.
pub(super) async fn is_group(lab: &Lab, group: &str) -> Result<bool, Failure> {
    let found = lab.workspace.scim().group_named(group).await;
    found.map(|group| group.is_some()).map_err(|error| {
        let told = "somebody in the access list is not there, and whether it is";
        Failure::Later(format!("{told} {group} could not be learnt: {error}"))
    })
}

/// Whether a grant is the group's.
pub(super) fn is_of(grant: &Grant, group: &str) -> bool {
    matches!(&grant.principal, Principal::Group(name) if name == group)
}

async fn written(lab: &Lab, answer: Result<permissions::Acl, HttpError>) -> Result<Written, Failure> {
    let error = match answer {
        Ok(_) => return Ok(Written::Yes),
        Err(error) if error.is_not_found() => return Ok(Written::Missing),
        // The answer says nothing, but the list may have been taken.
        Err(error) if error.class() == Some(Class::Unexpected) => {
            return Ok(Written::Again(error.to_string()));
        }
        Err(error) => error,
    };
    let told = error.to_string();
    let TaskError::Retry { not_before, .. } = TaskError::from(error) else {
        return Err(Failure::Later(told));
    };
    let pause = not_before.and_then(|at| (at - lab.cx.now()).to_std().ok()).unwrap_or(SHORT).max(SHORT);
    if pause > PAUSE {
        return Err(Failure::Later(told));
    }
    lab.cx.sleep(pause).await?;
    Ok(Written::Again(told))
}
