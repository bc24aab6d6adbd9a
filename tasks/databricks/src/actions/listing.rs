//! Listings of a workspace: clusters, groups, users, and who is where. They only read, and go beside everything else.

use std::{collections::BTreeMap, time::Duration};

use roundsman_task::{ActionInfo, Counts, Outcome, TaskError, no_params, params_of};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::read_params;
use crate::{
    api::{
        OpenText as _,
        clusters::{Cluster, ClusterFilter},
        scim::{Directory, ScimQuery},
    },
    lab::Lab,
    quota::group_name,
};

const fn listing(name: &'static str, about: &'static str, params: fn() -> Value) -> ActionInfo {
    let timeout = Duration::from_mins(5);
    ActionInfo { name, about, timeout, exclusive: false, writes: false, params }
}

/// Clusters with their ids.
pub(super) const CLUSTERS: ActionInfo =
    listing("clusters", "lists clusters with id, limits, state and creator", no_params);
/// Names of groups.
pub(super) const GROUPS: ActionInfo = listing("groups", "lists the names of groups", no_params);
/// Addresses of users.
pub(super) const USERS: ActionInfo = listing("users", "lists the addresses of users", no_params);
/// Who is in which group.
pub(super) const USER_GROUPS: ActionInfo =
    listing("user-groups", "lists the groups of students with their members", params_of::<UserGroups>);
/// Which group has which cluster.
pub(super) const ALLOCATION: ActionInfo = listing(
    "allocation",
    "lists each cluster with its group, its grant and its members",
    params_of::<UserGroups>,
);

/// How members are shown.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserGroups {
    /// Whole addresses, not only what is before the @.
    #[serde(default)]
    full: bool,
}

/// All clusters, by number and then by name.
pub(super) async fn clusters(lab: &Lab) -> Result<Outcome, TaskError> {
    let mut clusters = lab.workspace.clusters().list(&ClusterFilter::default()).await?;
    clusters.sort_by_key(|cluster| (number(lab, cluster).unwrap_or(u32::MAX), cluster.cluster_name.clone()));
    let row = |cluster: &Cluster| {
        let number = number(lab, cluster);
        let limits = lab.quota.limits(&cluster.cluster_id, &cluster.cluster_name, number).ok();
        let quota = limits.filter(|_| number.is_some()).map(|limits| {
            let minutes = |ms: i64| ms as f64 / 60_000.0;
            let minutes = format!("{}/{} min", minutes(limits.soft_ms), minutes(limits.hard_ms));
            if limits.exempt { "exempt".to_owned() } else { minutes }
        });
        json!([
            cluster.cluster_name,
            cluster.cluster_id,
            quota,
            cluster.state.as_str(),
            cluster.creator_user_name
        ])
    };
    let rows: Vec<Value> = clusters.iter().map(row).collect();
    let managed = clusters.iter().filter(|cluster| number(lab, cluster).is_some()).count();
    let summary = format!("{} clusters, {managed} of them managed", clusters.len());
    Ok(table(summary, &["Cluster name", "cluster ID", "quota", "state", "creator"], rows))
}

/// The names of all groups, sorted.
pub(super) async fn groups(lab: &Lab) -> Result<Outcome, TaskError> {
    let groups = lab.workspace.scim().groups(&ScimQuery::default()).await?;
    Ok(names("group", groups.into_iter().map(|group| group.display_name).collect()))
}

/// The addresses of all users, sorted.
pub(super) async fn users(lab: &Lab) -> Result<Outcome, TaskError> {
    let users = lab.workspace.scim().users(&ScimQuery::default()).await?;
    Ok(names("user", users.into_iter().map(|user| user.user_name).collect()))
}

/// The groups of students in the order of their numbers, each with its members.
pub(super) async fn user_groups(lab: &Lab) -> Result<Outcome, TaskError> {
    let UserGroups { full } = read_params(lab)?;
    let directory = lab.workspace.scim().directory().await?;
    let groups = student_groups(&directory);
    let rows = groups.values().map(|name| json!([name, members(&directory, name, full, "  ")])).collect();
    Ok(table(format!("{} groups", groups.len()), &["group", "members"], rows))
}

/// Each managed cluster with its group, what the group may do, and who is in it.
pub(super) async fn allocation(lab: &Lab) -> Result<Outcome, TaskError> {
    let UserGroups { full } = read_params(lab)?;
    let directory = lab.workspace.scim().directory().await?;
    let clusters = lab.workspace.clusters().list(&ClusterFilter::default()).await?;
    let mut managed: Vec<_> =
        clusters.iter().filter_map(|cluster| Some((number(lab, cluster)?, cluster))).collect();
    managed.sort_by_key(|(number, cluster)| (*number, cluster.cluster_name.clone()));
    let mut rows = Vec::new();
    for (number, cluster) in managed {
        let group = group_name(number);
        let acl = lab.workspace.permissions().get(&cluster.cluster_id).await?;
        let grant =
            acl.direct().into_iter().find(|grant| grant.principal.key() == ("group_name", group.as_str()));
        let level = grant.map(|grant| grant.level.as_str().to_owned());
        rows.push(json!([cluster.cluster_name, group, level, members(&directory, &group, full, " : ")]));
    }
    let summary = format!("{} managed clusters", rows.len());
    Ok(table(summary, &["cluster", "group", "grant", "members"], rows))
}

fn number(lab: &Lab, cluster: &Cluster) -> Option<u32> {
    lab.naming.managed(&cluster.cluster_name, Some(cluster.cluster_source.as_str()))
}

/// The groups that have a number, by number.
fn student_groups(directory: &Directory) -> BTreeMap<u32, String> {
    let numbered = directory.groups().filter_map(|group| {
        let number: u32 = group.display_name.strip_prefix("group_")?.parse().ok()?;
        (group_name(number) == group.display_name).then(|| (number, group.display_name.clone()))
    });
    numbered.collect()
}

fn members(directory: &Directory, group: &str, full: bool, between: &str) -> String {
    let users = directory.members_of(group).unwrap_or_default().users;
    let local = |address: &str| address.split('@').next().unwrap_or_default().to_owned();
    let shown = |address: &str| if full { address.to_owned() } else { local(address) };
    users.iter().map(|user| shown(&user.user_name)).collect::<Vec<_>>().join(between)
}

fn names(what: &str, mut names: Vec<String>) -> Outcome {
    names.sort();
    let rows = names.iter().map(|name| json!([name])).collect();
    table(format!("{} {what}s", names.len()), &[what], rows)
}

/// A table as the outcome of an action: for people, and as JSON.
pub(super) fn table(summary: String, columns: &[&str], rows: Vec<Value>) -> Outcome {
    let counts = Counts { processed: rows.len() as u64, ok: rows.len() as u64, ..Counts::default() };
    let objects: Vec<Value> = rows.iter().map(|row| object(columns, row)).collect();
    Outcome {
        counts,
        detail: json!({ "rows": objects }),
        print: json!({ "columns": columns, "rows": rows }),
        ..Outcome::success(summary)
    }
}

fn object(columns: &[&str], row: &Value) -> Value {
    let cells = row.as_array().map(Vec::as_slice).unwrap_or_default();
    let named = columns
        .iter()
        .zip(cells)
        .map(|(column, cell)| (column.replace(' ', "_").to_lowercase(), cell.clone()));
    Value::Object(named.collect())
}
