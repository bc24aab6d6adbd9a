//! What people can ask of a workspace besides the scheduled work (D.6). Each action is one function; this is the list of
//! them.

mod check;
mod clusters;
mod courses;
mod listing;
mod notebooks;
mod people;
mod permissions;
mod provisioning;
mod test_email;
mod usage;

use roundsman_task::{ActionInfo, Confirmation, Outcome, TaskError};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{config::Checked, lab::Lab};

/// All actions of the kind `databricks-quota`.
pub const ALL: &[ActionInfo] = &[
    check::CHECK,
    listing::CLUSTERS,
    listing::GROUPS,
    listing::USERS,
    listing::USER_GROUPS,
    listing::ALLOCATION,
    usage::CLUSTER_USAGE,
    usage::USAGE,
    usage::CUMULATIVE,
    clusters::PIN,
    clusters::INSTALL_LIBS,
    clusters::SET_AUTOTERMINATION,
    clusters::PURGE,
    courses::MOODLE_TO_USERS,
    courses::CREATE_FROM_CSV,
    provisioning::PLAN,
    provisioning::APPLY,
    provisioning::DESTROY,
    people::DELETE_USERS,
    people::DELETE_FOLDERS,
    people::DELETE_GROUPS,
    permissions::RESTORE,
    test_email::TEST_EMAIL,
    notebooks::BACKUP,
    notebooks::RESTORE,
];

/// The names of these actions in the programs that this kind replaces.
pub const ALIASES: &[(&str, &str)] = &[
    ("print-clusters", "clusters"),
    ("print_clusters", "clusters"),
    ("print-groups", "groups"),
    ("print_groups", "groups"),
    ("print-users", "users"),
    ("print_users", "users"),
    ("print-user-groups", "user-groups"),
    ("print_user_groups", "user-groups"),
    ("print-allocation", "allocation"),
    ("print_user_groups_clusters", "allocation"),
    ("test_email", "test-email"),
    ("cluster_usage", "cluster-usage"),
    ("create_from_csv", "create-from-csv"),
    ("delete-users", "delete-all-users"),
    ("delete_all_users", "delete-all-users"),
    ("delete-groups", "delete-all-groups"),
    ("delete_all_groups", "delete-all-groups"),
    ("purge_clusters", "purge-clusters"),
];

/// Does an action.
pub async fn run(lab: &Lab, action: &str) -> Result<Outcome, TaskError> {
    match action {
        "check" => check::check(lab).await,
        "clusters" => listing::clusters(lab).await,
        "groups" => listing::groups(lab).await,
        "users" => listing::users(lab).await,
        "user-groups" => listing::user_groups(lab).await,
        "allocation" => listing::allocation(lab).await,
        "cluster-usage" => usage::cluster_usage(lab).await,
        "usage" => usage::usage(lab).await,
        "cumulative" => usage::cumulative(lab).await,
        "pin-clusters" => clusters::pin(lab).await,
        "install-libs" => clusters::install_libs(lab).await,
        "set-autotermination" => clusters::set_autotermination(lab).await,
        "purge-clusters" => clusters::purge(lab).await,
        "moodle-to-users" => courses::moodle_to_users(lab).await,
        "create-from-csv" => courses::create_from_csv(lab).await,
        "provision-plan" => provisioning::plan(lab).await,
        "provision-apply" => provisioning::apply(lab).await,
        "provision-destroy" => provisioning::destroy(lab).await,
        "delete-all-users" => people::delete_users(lab).await,
        "delete-user-folders" => people::delete_folders(lab).await,
        "delete-all-groups" => people::delete_groups(lab).await,
        "restore-permissions" => permissions::restore(lab).await,
        "backup" => notebooks::backup(lab).await,
        "restore-notebooks" => notebooks::restore(lab).await,
        "test-email" => test_email::test_email(lab).await,
        _ => Err(TaskError::config(format!("there is no action {action:?}"))),
    }
}

/// What a person is asked before an action.
pub fn confirmation(action: &str, config: &Checked, params: &Value) -> Option<Confirmation> {
    match action {
        "purge-clusters" => Some(clusters::confirm_purge(config, params)),
        "create-from-csv" => courses::confirm_create(config, params),
        "provision-apply" => provisioning::confirm_apply(config, params),
        "provision-destroy" => Some(provisioning::confirm_destroy(config)),
        "delete-all-users" => Some(people::confirm_users(config)),
        "delete-user-folders" => Some(people::confirm_folders(config)),
        "restore-notebooks" => notebooks::confirm_restore(config, params),
        "delete-all-groups" => Some(people::confirm_groups(config)),
        _ => None,
    }
}

/// The parameters of the action asked for. They were held against the schema before there was a run.
fn read_params<P: DeserializeOwned>(lab: &Lab) -> Result<P, TaskError> {
    serde_json::from_value(lab.cx.params().clone()).map_err(|error| {
        TaskError::config(format!("parameters of {}: {error}", lab.cx.action().unwrap_or("the action")))
    })
}
