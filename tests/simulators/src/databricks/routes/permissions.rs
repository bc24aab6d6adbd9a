//! `/permissions/clusters/{id}`: PUT replaces all direct grants, PATCH only adds and raises.

use serde_json::Value;

use super::{missing_cluster, no_such_call, refuse};
use crate::{
    databricks::{
        scenario::Principal,
        world::{
            Level, World,
            access::{is_admins, key_and_name},
        },
    },
    exchange::{Answer, Asked},
    faults::shape::error,
};

pub(super) fn answer(world: &mut World, asked: &Asked, user: &str, id: &str) -> Answer {
    if world.by_id(id).is_none() {
        // Whatever other calls say of missing clusters, this one says 404.
        let text = format!("Cluster {id} does not exist");
        return error(404, "RESOURCE_DOES_NOT_EXIST", &text);
    }
    let allowed = world.find(id).and_then(|cluster| world.require(user, cluster, Level::CanManage));
    if let Err(refused) = allowed {
        return refuse(world, &refused);
    }
    match asked.method.as_str() {
        "GET" => {}
        "PUT" | "PATCH" => match grants(world, &asked.json()) {
            Ok(grants) => apply(world, id, grants, asked.method == "PUT"),
            Err(answer) => return answer,
        },
        _ => return no_such_call(asked),
    }
    let display = |name: &str| world.directory.user(name).map(|user| user.display.clone());
    match world.by_id(id) {
        Some(cluster) => Answer::ok(&cluster.acl.to_json(id, display)),
        None => missing_cluster(world, id),
    }
}

fn apply(world: &mut World, id: &str, grants: Vec<(Principal, Level)>, replaces: bool) {
    if let Ok(cluster) = world.find_mut(id) {
        if replaces {
            cluster.acl.replace(grants);
        } else {
            cluster.acl.raise(grants);
        }
    }
}

/// The grants of a body, all of them known and possible.
fn grants(world: &World, body: &Value) -> Result<Vec<(Principal, Level)>, Answer> {
    let invalid = |text: String| error(400, "INVALID_PARAMETER_VALUE", &text);
    let entries = match &body["access_control_list"] {
        Value::Array(entries) => entries.as_slice(),
        Value::Null => &[],
        _ => return Err(invalid("access_control_list is not a list".to_owned())),
    };
    let mut grants = Vec::new();
    for entry in entries {
        let principal = principal(entry).ok_or_else(|| {
            invalid("Exactly one of user_name, group_name, service_principal_name must be given".to_owned())
        })?;
        let word = entry["permission_level"].as_str().unwrap_or_default();
        let level = Level::of(word)
            .ok_or_else(|| invalid(format!("{word:?} is not a permission level of clusters")))?;
        if let Some(unknown) = unknown(world, &principal) {
            return Err(error(404, "RESOURCE_DOES_NOT_EXIST", &unknown));
        }
        if is_admins(&principal) && level < Level::CanManage {
            return Err(invalid("Cannot lower the permissions of the admins group".to_owned()));
        }
        grants.push((principal, level));
    }
    Ok(grants)
}

fn principal(entry: &Value) -> Option<Principal> {
    let name = |key: &str| entry[key].as_str().filter(|name| !name.is_empty()).map(str::to_owned);
    match (name("user_name"), name("group_name"), name("service_principal_name")) {
        (Some(user), None, None) => Some(Principal::User(user)),
        (None, Some(group), None) => Some(Principal::Group(group)),
        (None, None, Some(id)) => Some(Principal::ServicePrincipal(id)),
        _ => None,
    }
}

fn unknown(world: &World, principal: &Principal) -> Option<String> {
    let (_, name) = key_and_name(principal);
    let (what, known) = match principal {
        Principal::User(_) => {
            ("User", world.directory.user(name).is_some_and(|user| !user.service_principal))
        }
        Principal::ServicePrincipal(_) => {
            ("Service principal", world.directory.user(name).is_some_and(|user| user.service_principal))
        }
        Principal::Group(_) => ("Group", world.directory.group(name).is_some()),
    };
    (!known).then(|| format!("{what} {name} does not exist"))
}
