//! Puts right at once what the end of the day puts right at night: groups that may not start their clusters. It raises and
//! never lowers, and leaves blocks alone.

use std::time::Duration;

use roundsman_task::{ActionInfo, Counts, Outcome, TaskError, no_params};
use serde_json::{Value, json};

use super::{clusters::managed, listing::table};
use crate::{
    api::OpenText as _,
    enforce::{Reconciled, Target, Trouble, reconcile},
    lab::Lab,
    quota::group_name,
};

/// The right of groups to start their clusters.
pub(super) const RESTORE: ActionInfo = ActionInfo {
    name: "restore-permissions",
    about: "gives groups the right to start their clusters where it is missing; blocked groups stay blocked",
    timeout: Duration::from_mins(15),
    exclusive: true,
    writes: true,
    params: no_params,
};

/// Raises what groups may do where that is too little, and says of each managed cluster what became of it.
pub(super) async fn restore(lab: &Lab) -> Result<Outcome, TaskError> {
    // A block that a poll puts in force meanwhile must not be undone.
    if !lab.is_dry && !lab.hold().await? {
        return Ok(Outcome::skipped("another run is at work on the workspace; ask again when it is done"));
    }
    let mut targets = Vec::new();
    for cluster in managed(lab, false).await? {
        let number = lab.naming.managed(&cluster.cluster_name, Some(cluster.cluster_source.as_str()));
        let Some(number) = number else { continue };
        let (cluster_id, name) = (cluster.cluster_id, cluster.cluster_name);
        targets.push(Target { cluster_id, name, group: group_name(number) });
    }
    let done = reconcile(lab, targets.clone()).await;
    if lab.cx.is_cancelled() {
        return Err(TaskError::Cancelled);
    }
    match done.error.clone() {
        Some(cause) => Err(TaskError::retry(cause)),
        None => Ok(told(lab, &targets, &done)),
    }
}

fn told(lab: &Lab, targets: &[Target], done: &Reconciled) -> Outcome {
    let row = |target: &Target| json!([target.name, target.cluster_id, target.group, word(done, target)]);
    let rows: Vec<Value> = targets.iter().map(row).collect();
    let failed = done.failed.len() + done.impossible.len();
    let changed = if lab.is_dry { done.planned.len() } else { done.raised.len() };
    let would = if lab.is_dry { "would get" } else { "got" };
    let summary = format!(
        "{}: {changed} of {} groups {would} the right to start their cluster, {} had it, {} are blocked, {failed} failed",
        lab.host(),
        targets.len(),
        done.unchanged.len(),
        done.blocked.len(),
    );
    let mut outcome = table(summary.clone(), &["cluster", "ID", "group", "what became of it"], rows);
    outcome.counts = Counts {
        processed: targets.len() as u64,
        ok: (targets.len() - failed) as u64,
        failed: failed as u64,
        unchanged: (done.unchanged.len() + done.blocked.len()) as u64,
        ..Counts::default()
    };
    if lab.is_dry {
        outcome.counts.planned = changed as u64;
        outcome.detail["plan"] = json!(done.planned);
    } else {
        outcome.counts.changed = changed as u64;
    }
    if failed > 0 {
        outcome.status = Outcome::partial(summary).status;
    }
    outcome
}

/// What became of one cluster, for people.
fn word(done: &Reconciled, target: &Target) -> String {
    let is = |other: &Target| other.cluster_id == target.cluster_id;
    let trouble = |troubles: &[Trouble]| {
        troubles.iter().find(|trouble| is(&trouble.target)).map(|trouble| trouble.cause.clone())
    };
    if done.raised.iter().any(is) {
        "raised".to_owned()
    } else if done.unchanged.iter().any(is) {
        "as it was".to_owned()
    } else if done.blocked.iter().any(is) {
        "blocked: left as it is".to_owned()
    } else {
        let failed = trouble(&done.failed).map(|cause| format!("failed: {cause}"));
        let told = failed.or_else(|| trouble(&done.impossible).map(|cause| format!("impossible: {cause}")));
        told.unwrap_or_else(|| "would be raised".to_owned())
    }
}
