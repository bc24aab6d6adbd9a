//! Changes to clusters that people ask for: pins, libraries, the time after which they end by themselves, and their
//! deletion. Each cluster is on its own: what fails for one is told, and the others go on.

use std::{future::Future, time::Duration};

use futures::{StreamExt, stream};
use roundsman_http::HttpError;
use roundsman_task::{ActionInfo, Confirmation, Counts, Outcome, TaskError, no_params, params_of};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::read_params;
use crate::{
    api::{
        OpenText as _,
        clusters::{Cluster, ClusterFilter},
    },
    config::Checked,
    lab::{Lab, host_of},
    provision::check_autotermination,
};

/// How many clusters are changed at a time.
const AT_ONCE: usize = 4;

const fn change(name: &'static str, about: &'static str, params: fn() -> Value) -> ActionInfo {
    let timeout = Duration::from_mins(30);
    ActionInfo { name, about, timeout, exclusive: false, writes: true, params }
}

/// Pins.
pub(super) const PIN: ActionInfo = change("pin-clusters", "pins the managed clusters", no_params);
/// Libraries.
pub(super) const INSTALL_LIBS: ActionInfo = change(
    "install-libs",
    "installs the libraries of `provision` on the managed clusters that lack them",
    no_params,
);
/// Autotermination.
pub(super) const SET_AUTOTERMINATION: ActionInfo = change(
    "set-autotermination",
    "sets after how many idle minutes managed clusters end by themselves",
    params_of::<Autotermination>,
);
/// Deletion.
pub(super) const PURGE: ActionInfo =
    change("purge-clusters", "deletes the managed clusters for good", params_of::<Purge>);

/// The new time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Autotermination {
    /// Minutes: 10 to 10000, or 0 for never.
    minutes: u32,
}

/// Which clusters go.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Purge {
    /// Every cluster of the workspace, not only the managed ones.
    #[serde(default)]
    all: bool,
}

/// What became of one cluster.
struct Done {
    cluster: Cluster,
    result: Result<&'static str, HttpError>,
}

/// What a person is asked before clusters are deleted.
pub(super) fn confirm_purge(config: &Checked, params: &Value) -> Confirmation {
    let host = host_of(config);
    let which = match params["all"].as_bool() {
        Some(true) => "EVERY cluster, managed or not".to_owned(),
        _ => format!("every cluster whose name matches {}", config.managed_regex),
    };
    let text = format!(
        "On {host}, {which} will be unpinned and deleted for good, running or not. Clusters cannot be brought back; \
         notebooks stay."
    );
    Confirmation { text, word: host }
}

/// Pins the managed clusters that are not pinned.
pub(super) async fn pin(lab: &Lab) -> Result<Outcome, TaskError> {
    let pinned = ClusterFilter { pinned: Some(true), ..ClusterFilter::default() };
    let pinned = lab.workspace.clusters().list(&pinned).await?;
    let is_pinned = |cluster: &Cluster| pinned.iter().any(|other| other.cluster_id == cluster.cluster_id);
    let (there, missing): (Vec<_>, Vec<_>) = managed(lab, false).await?.into_iter().partition(is_pinned);
    let done = each(lab, missing, "pinned", "would be pinned", |id| async move {
        lab.workspace.clusters().pin(&id).await.map(drop)
    });
    told(lab, "pinned", done.await, there.len())
}

/// Installs libraries where they are missing.
pub(super) async fn install_libs(lab: &Lab) -> Result<Outcome, TaskError> {
    let wanted = lab.config.provision.libraries();
    if wanted.is_empty() {
        let why = "there are no libraries to install: name them under `provision`, python_packages or maven_packages";
        return Err(TaskError::config(why));
    }
    let there = lab.workspace.libraries().all().await?;
    let missing = |id: &str| {
        let of = there.iter().filter(|of| of.cluster_id == id).flat_map(|of| &of.libraries);
        let known: Vec<String> = of.map(|state| state.library.identity()).collect();
        let lacks = wanted.iter().filter(|library| !known.contains(&library.identity()));
        lacks.cloned().collect::<Vec<_>>()
    };
    let (lacking, whole): (Vec<_>, Vec<_>) =
        managed(lab, false).await?.into_iter().partition(|cluster| !missing(&cluster.cluster_id).is_empty());
    let done = each(lab, lacking, "asked for", "would be asked for", |id| {
        let missing = missing(&id);
        async move { lab.workspace.libraries().install(&id, &missing).await }
    });
    told(lab, "got libraries", done.await, whole.len())
}

/// Sets the time after which clusters end by themselves, where it is another.
pub(super) async fn set_autotermination(lab: &Lab) -> Result<Outcome, TaskError> {
    let Autotermination { minutes } = read_params(lab)?;
    if check_autotermination(minutes).is_err() {
        let why = format!("minutes = {minutes} is neither 0 (never) nor 10 to 10000");
        return Err(TaskError::config(why));
    }
    let is_so = |cluster: &Cluster| cluster.autotermination_minutes == Some(i64::from(minutes));
    let (so, other): (Vec<_>, Vec<_>) = managed(lab, false).await?.into_iter().partition(is_so);
    let change: Map<String, Value> =
        [("autotermination_minutes".to_owned(), json!(minutes))].into_iter().collect();
    // `edit` would set back all that is not sent; a change of a running cluster would restart it.
    let (running, off): (Vec<_>, Vec<_>) = other.into_iter().partition(|cluster| !cluster.state.is_down());
    let mut done = each(lab, off, "changed", "would be changed", |id| {
        let change = change.clone();
        async move { lab.workspace.clusters().update(&id, &change).await }
    })
    .await;
    done.extend(
        running
            .into_iter()
            .map(|cluster| Done { cluster, result: Ok("runs: left as it is, ask again when it is off") }),
    );
    told(lab, "changed", done, so.len())
}

/// Deletes clusters for good.
pub(super) async fn purge(lab: &Lab) -> Result<Outcome, TaskError> {
    let Purge { all } = read_params(lab)?;
    let going = managed(lab, all).await?;
    let done = each(lab, going, "deleted", "would be deleted", |id| async move {
        lab.workspace.clusters().delete_for_good(&id).await.map(drop)
    });
    told(lab, "deleted", done.await, 0)
}

/// The managed clusters, or all, by number and name.
pub(super) async fn managed(lab: &Lab, all: bool) -> Result<Vec<Cluster>, TaskError> {
    let mut clusters = lab.workspace.clusters().list(&ClusterFilter::default()).await?;
    let number =
        |cluster: &Cluster| lab.naming.managed(&cluster.cluster_name, Some(cluster.cluster_source.as_str()));
    clusters.retain(|cluster| all || number(cluster).is_some());
    clusters.sort_by_key(|cluster| (number(cluster).unwrap_or(u32::MAX), cluster.cluster_name.clone()));
    Ok(clusters)
}

/// Does something to each cluster, a few at a time; in a dry run to none. Stops beginning when the attempt is to stop.
async fn each<F: Future<Output = Result<(), HttpError>>>(
    lab: &Lab,
    clusters: Vec<Cluster>,
    done: &'static str,
    planned: &'static str,
    act: impl Fn(String) -> F,
) -> Vec<Done> {
    let (total, act) = (clusters.len() as u64, &act);
    let acts = clusters.into_iter().map(|cluster| async move {
        let result =
            if lab.is_dry { Ok(planned) } else { act(cluster.cluster_id.clone()).await.map(|()| done) };
        Done { cluster, result }
    });
    let acts = stream::iter(acts).take_while(|_| std::future::ready(!lab.cx.is_cancelled()));
    let mut all = Vec::new();
    let mut acts = std::pin::pin!(acts.buffered(AT_ONCE));
    while let Some(one) = acts.next().await {
        all.push(one);
        lab.cx.progress(all.len() as u64, Some(total), done);
    }
    all
}

/// What was done, as an outcome: partial if some failed.
fn told(lab: &Lab, what: &str, done: Vec<Done>, as_it_was: usize) -> Result<Outcome, TaskError> {
    if lab.cx.is_cancelled() {
        let so_far = done.iter().filter(|one| one.result.is_ok()).count();
        tracing::warn!("ended before all was done: {so_far} clusters {what} so far; ask again to go on");
        return Err(TaskError::Cancelled);
    }
    let failed = done.iter().filter(|one| one.result.is_err()).count();
    let changed = (done.len() - failed) as u64;
    let rows: Vec<Value> = done
        .iter()
        .map(|Done { cluster, result }| {
            let word = result.as_ref().map_or_else(ToString::to_string, |word| (*word).to_owned());
            json!([cluster.cluster_name, cluster.cluster_id, word])
        })
        .collect();
    let mut counts =
        Counts { processed: (done.len() + as_it_was) as u64, failed: failed as u64, ..Counts::default() };
    counts.unchanged = as_it_was as u64;
    counts.ok = counts.processed - counts.failed;
    if lab.is_dry {
        counts.planned = changed;
    } else {
        counts.changed = changed;
    }
    let would = if lab.is_dry { "would be " } else { "" };
    let summary = format!(
        "{}: {changed} of {} clusters {would}{what}, {as_it_was} were so already, {failed} failed",
        lab.host(),
        counts.processed
    );
    let mut outcome = super::listing::table(summary.clone(), &["cluster", "ID", "what became of it"], rows);
    outcome.counts = counts;
    if failed > 0 {
        outcome.status = Outcome::partial(summary).status;
    }
    Ok(outcome)
}
