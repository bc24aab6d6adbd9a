//! How plans of courses are asked for: actions, their parameters, and what a person is asked first. Nothing is done here.

use std::{collections::BTreeSet, time::Duration};

use roundsman_task::{ActionInfo, Confirmation, params_of};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{config::Checked, lab::host_of};

/// Long enough for a course whose clusters wait for machines again and again.
pub(in crate::actions) const APPLY_TIMEOUT: Duration = Duration::from_hours(4);

/// Polls and their blocks go on meanwhile, so it shares no guard with them: a lease keeps two of these apart.
const fn provisioning(
    name: &'static str,
    about: &'static str,
    timeout: Duration,
    writes: bool,
    params: fn() -> Value,
) -> ActionInfo {
    ActionInfo { name, about, timeout, exclusive: false, writes, params }
}

/// The plan.
pub(in crate::actions) const PLAN: ActionInfo = provisioning(
    "provision-plan",
    "shows what would have to be done so that the workspace is as a course file wants it",
    Duration::from_mins(15),
    false,
    params_of::<PlanParams>,
);
/// Carrying it out.
pub(in crate::actions) const APPLY: ActionInfo = provisioning(
    "provision-apply",
    "makes the users, groups and clusters of a course file",
    APPLY_TIMEOUT,
    true,
    params_of::<ApplyParams>,
);
/// Taking everything away.
pub(in crate::actions) const DESTROY: ActionInfo = provisioning(
    "provision-destroy",
    "deletes the users, groups and clusters of the course",
    APPLY_TIMEOUT,
    true,
    params_of::<DestroyParams>,
);

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanParams {
    /// users.csv, or the file as Moodle exports it.
    #[schemars(extend("format" = "input"))]
    pub(super) file: String,
    /// Delete users, groups and clusters of the course that the file no longer has.
    #[serde(default)]
    pub(super) prune: bool,
    /// Restart running clusters that must change.
    #[serde(default)]
    pub(super) allow_restart: bool,
    /// Ids of clusters that are the course's own, where names alone do not tell.
    #[serde(default)]
    pub(super) adopt: BTreeSet<String>,
    /// Leave out members whose addresses are no good, with a warning, instead of refusing the file.
    #[serde(default)]
    pub(super) lenient: bool,
    /// Number the groups 1, 2, … anew, in the order of the file; refused as long as the course has clusters.
    #[serde(default)]
    pub(super) renumber: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ApplyParams {
    /// users.csv, or the file as Moodle exports it.
    #[schemars(extend("format" = "input"))]
    pub(super) file: String,
    /// The artifact `plan.json` of a plan that was agreed to; nothing is done if anything has changed since.
    #[serde(default)]
    #[schemars(extend("format" = "input"))]
    pub(super) plan_file: Option<String>,
    /// Delete users, groups and clusters of the course that the file no longer has.
    #[serde(default)]
    pub(super) prune: bool,
    /// Restart running clusters that must change.
    #[serde(default)]
    pub(super) allow_restart: bool,
    /// Ids of clusters that are the course's own, where names alone do not tell.
    #[serde(default)]
    pub(super) adopt: BTreeSet<String>,
    /// Leave out members whose addresses are no good, with a warning, instead of refusing the file.
    #[serde(default)]
    pub(super) lenient: bool,
    /// Number the groups 1, 2, … anew, in the order of the file; refused as long as the course has clusters.
    #[serde(default)]
    pub(super) renumber: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DestroyParams {
    /// The artifact `plan.json` of a dry run that was agreed to; nothing is done if anything has changed since.
    #[serde(default)]
    #[schemars(extend("format" = "input"))]
    pub(super) plan_file: Option<String>,
    /// Ids of clusters that are the course's own, where names alone do not tell.
    #[serde(default)]
    pub(super) adopt: BTreeSet<String>,
}

/// What a person is asked before something goes that a file no longer has.
pub(in crate::actions) fn confirm_prune(config: &Checked) -> Confirmation {
    let (host, course) = (host_of(config), &config.course);
    let text = format!(
        "On {host}, users, groups and clusters of the course {course} that the file no longer has will be deleted for \
         good. Clusters cannot be brought back; home folders of users stay."
    );
    Confirmation { text, word: host }
}

/// What a person is asked before a plan is applied: only where something may be deleted.
pub(in crate::actions) fn confirm_apply(config: &Checked, params: &Value) -> Option<Confirmation> {
    (params["prune"] == true).then(|| confirm_prune(config))
}

/// What a person is asked before a course is taken away.
pub(in crate::actions) fn confirm_destroy(config: &Checked) -> Confirmation {
    let (host, course) = (host_of(config), &config.course);
    let text = format!(
        "On {host}, EVERY group and cluster of the course {course}, and every user who is in no other group, will be \
         deleted for good. Clusters cannot be brought back; home folders of users stay."
    );
    // A name of several words cannot be asked for as one.
    let named = config.workspace_name.clone().filter(|name| !name.is_empty());
    let word = named.filter(|name| !name.contains(|char: char| char.is_whitespace() || char.is_control()));
    Confirmation { text, word: word.unwrap_or(host) }
}
