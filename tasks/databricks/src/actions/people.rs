//! Users, their home folders and the groups of students, deleted when a course is over. Who may go is decided here, one by one;
//! what fails for one is told, and the others go on.

mod removal;

use std::{collections::BTreeSet, time::Duration};

use roundsman_task::{ActionInfo, Confirmation, Outcome, TaskError, no_params};

use self::removal::{Fate, Going, Refusals, remove, told};
use super::provisioning::busy;
use crate::{
    api::{
        scim::{Directory, ScimQuery, User},
        workspace_files::{Object, ObjectType},
    },
    config::Checked,
    lab::{Lab, host_of},
    provision::STUDENTS,
};

/// The folder that holds the home folders of all users.
const HOMES: &str = "/Users";
/// The group of those who may do everything.
const ADMINS: &str = "admins";

const fn deletion(name: &'static str, about: &'static str) -> ActionInfo {
    let timeout = Duration::from_hours(1);
    ActionInfo { name, about, timeout, exclusive: false, writes: true, params: no_params }
}

/// Users.
pub(super) const DELETE_USERS: ActionInfo = deletion(
    "delete-all-users",
    "deletes all users but administrators, `admin_email`, `keep_users` and ourselves; groups stay",
);
/// Home folders.
pub(super) const DELETE_FOLDERS: ActionInfo =
    deletion("delete-user-folders", "deletes the home folders of addresses that are no users any more");
/// Groups.
pub(super) const DELETE_GROUPS: ActionInfo =
    deletion("delete-all-groups", "deletes the groups group_NN and all_student_groups; users stay");

/// What a person is asked before users go.
pub(super) fn confirm_users(config: &Checked) -> Confirmation {
    confirm(
        config,
        "EVERY user will be deleted but administrators, admin_email, keep_users and ourselves, of whatever course. Their home \
         folders stay until delete-user-folders.",
    )
}

/// What a person is asked before folders go.
pub(super) fn confirm_folders(config: &Checked) -> Confirmation {
    confirm(
        config,
        "the home folder of every address that is no user any more will be deleted for good, with all notebooks in it.",
    )
}

/// What a person is asked before groups go.
pub(super) fn confirm_groups(config: &Checked) -> Confirmation {
    confirm(
        config,
        "every group named group_NN and all_student_groups will be deleted, with what it may do; users and clusters stay.",
    )
}

fn confirm(config: &Checked, what: &str) -> Confirmation {
    let host = host_of(config);
    Confirmation { text: format!("On {host}, {what}"), word: host }
}

/// Deletes everybody who is not to be kept.
pub(super) async fn delete_users(lab: &Lab) -> Result<Outcome, TaskError> {
    if !lab.is_dry && !lab.hold_provisioning().await? {
        return Ok(busy(lab));
    }
    let me = lab.workspace.scim().me().await?;
    let directory = lab.workspace.scim().directory().await?;
    let admins = admins(&directory)?;
    let (mut going, mut fates) = (Vec::new(), Vec::new());
    let mut users: Vec<&User> = directory.users().collect();
    users.sort_by_key(|user| user.user_name.to_lowercase());
    for user in users {
        match reason_to_keep(lab, user, &me, &admins) {
            Some(why) => fates.push((user.user_name.clone(), Fate::Kept(why))),
            None => going.push(Going { name: user.user_name.clone(), id: user.id.clone() }),
        }
    }
    let removed =
        remove(
            lab,
            going,
            Refusals::Failures,
            |id| async move { lab.workspace.scim().delete_user(&id).await },
        );
    fates.extend(removed.await?);
    let reminder = "their home folders remain until delete-user-folders";
    Ok(told(lab, "user", "users", fates, Some(reminder)))
}

/// The ids of all administrators. Without them nobody is deleted: it might be one of them.
fn admins(directory: &Directory) -> Result<BTreeSet<String>, TaskError> {
    let known = directory.members_of(ADMINS).filter(|admins| !admins.too_deep);
    let admins = known.ok_or_else(|| {
        TaskError::permanent(format!(
            "nobody was deleted: it cannot be told who is in the group {ADMINS}, and they must stay"
        ))
    })?;
    Ok(admins.users.into_iter().map(|user| user.id).collect())
}

fn reason_to_keep(lab: &Lab, user: &User, me: &User, admins: &BTreeSet<String>) -> Option<&'static str> {
    let address = user.user_name.to_lowercase();
    let is = |other: &str| other.trim().to_lowercase() == address;
    let reasons = [
        (user.id == me.id || is(&me.user_name), "we ourselves"),
        (admins.contains(&user.id), "administrator"),
        (lab.config.admin_email.iter().any(is), "admin_email"),
        (lab.config.keep_users.iter().any(|kept| is(kept)), "keep_users"),
    ];
    reasons.into_iter().find(|(holds, _)| *holds).map(|(_, why)| why)
}

/// Deletes home folders of those who are gone.
pub(super) async fn delete_folders(lab: &Lab) -> Result<Outcome, TaskError> {
    if !lab.is_dry && !lab.hold_provisioning().await? {
        return Ok(busy(lab));
    }
    let homes = lab.workspace.files().list(HOMES).await?;
    // After the folders: who is made meanwhile is a user by then.
    let users = lab.workspace.scim().users(&ScimQuery::default()).await?;
    let users: BTreeSet<String> = users.into_iter().map(|user| user.user_name.to_lowercase()).collect();
    if users.is_empty() {
        let why = "nothing was deleted: the workspace tells of no user at all, so nobody knows whose folders remain";
        return Err(TaskError::permanent(why));
    }
    let kept: BTreeSet<String> =
        lab.config.keep_users.iter().map(|address| address.trim().to_lowercase()).collect();
    let (mut going, mut fates) = (Vec::new(), Vec::new());
    for (path, address) in homes.iter().filter_map(home) {
        if users.contains(&address) {
            continue;
        }
        if kept.contains(&address) {
            fates.push((path, Fate::Kept("keep_users")));
        } else {
            going.push(Going { name: path.clone(), id: path });
        }
    }
    let removed = remove(lab, going, Refusals::Protection, |path| async move {
        lab.workspace.files().delete_all(&path).await
    });
    fates.extend(removed.await?);
    Ok(told(lab, "folder", "folders", fates, None))
}

/// The path of a home folder and the address it belongs to, in lower case. Folders of programs bear no address.
fn home(object: &Object) -> Option<(String, String)> {
    let address = object.path.strip_prefix(HOMES)?.strip_prefix('/')?;
    let fits = object.object_type == ObjectType::Directory && address.contains('@') && !address.contains('/');
    fits.then(|| (object.path.clone(), address.to_lowercase()))
}

/// Deletes the groups of students.
pub(super) async fn delete_groups(lab: &Lab) -> Result<Outcome, TaskError> {
    if !lab.is_dry && !lab.hold_provisioning().await? {
        return Ok(busy(lab));
    }
    let query = ScimQuery { attributes: vec!["id", "displayName"], ..ScimQuery::default() };
    let mut groups = lab.workspace.scim().groups(&query).await?;
    groups.retain(|group| is_of_students(&group.display_name));
    // By number; the group of all groups is the last.
    groups.sort_by_key(|group| {
        let name = group.display_name.clone();
        (name == STUDENTS, name.len(), name)
    });
    let going = groups.into_iter().map(|group| Going { name: group.display_name, id: group.id }).collect();
    let removed =
        remove(
            lab,
            going,
            Refusals::Failures,
            |id| async move { lab.workspace.scim().delete_group(&id).await },
        );
    Ok(told(lab, "group", "groups", removed.await?, None))
}

/// Whether a group is one that courses have: `group_07`, `group_123`, `all_student_groups`.
fn is_of_students(name: &str) -> bool {
    let number = name.strip_prefix("group_");
    name == STUDENTS
        || number.is_some_and(|digits| {
            (2..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_groups_of_courses_go() {
        for name in ["group_00", "group_07", "group_123", "all_student_groups"] {
            assert!(is_of_students(name), "{name}");
        }
        for name in ["group_7", "group_1234", "group_07b", "my group_07", "group_٠٧", "Group_07", "admins"]
        {
            assert!(!is_of_students(name), "{name}");
        }
    }
}
