//! PATCH of users and groups: operations on members, entitlements and what else may change. A request with one operation
//! that cannot be done changes nothing.

use serde_json::Value;

use super::scim::{missing, ok, user_json};
use crate::{
    databricks::world::{
        World,
        directory::{Directory, Group, User},
    },
    exchange::Answer,
    faults::shape::scim_error,
};

const ENTITLEMENTS: [&str; 4] =
    ["workspace-access", "databricks-sql-access", "allow-cluster-create", "allow-instance-pool-create"];

pub(super) fn answer(world: &mut World, body: &Value, what: &str, id: &str) -> Answer {
    let operations = match operations(body) {
        Ok(operations) => operations,
        Err(answer) => return answer,
    };
    if what == "Users" { user(world, &operations, id) } else { group(world, &operations, id) }
}

/// One thing to do: how, with which attribute, with which element of it, with what value.
struct Operation<'a> {
    how: String,
    path: String,
    element: Option<String>,
    value: &'a Value,
}

/// Reads the operations. One without a path names its attributes in its value.
fn operations(body: &Value) -> Result<Vec<Operation<'_>>, Answer> {
    let invalid = |text: &str| scim_error(400, Some("invalidSyntax"), text);
    let listed = body["Operations"].as_array().ok_or_else(|| invalid("Operations are missing"))?;
    let mut operations = Vec::new();
    for one in listed {
        let how = one["op"].as_str().unwrap_or_default().to_lowercase();
        if !matches!(how.as_str(), "add" | "remove" | "replace") {
            return Err(invalid(&format!("Invalid op {:?}", one["op"])));
        }
        match (one["path"].as_str(), &one["value"]) {
            (Some(path), value) => {
                let (path, element) = split(path).ok_or_else(|| invalid(&format!("Invalid path {path}")))?;
                operations.push(Operation { how, path, element, value });
            }
            (None, Value::Object(fields)) => {
                operations.extend(fields.iter().map(|(key, value)| Operation {
                    how: how.clone(),
                    path: key.clone(),
                    element: None,
                    value,
                }));
            }
            (None, _) => return Err(invalid("An operation has neither path nor value")),
        }
    }
    Ok(operations)
}

/// `members[value eq "1001"]` is `members` and `1001`.
fn split(path: &str) -> Option<(String, Option<String>)> {
    let Some((attribute, rest)) = path.split_once('[') else {
        return Some((path.to_owned(), None));
    };
    let value = rest.strip_suffix(']')?.trim().strip_prefix("value")?.trim().strip_prefix("eq")?.trim();
    let value = value.strip_prefix('"')?.strip_suffix('"')?;
    Some((attribute.to_owned(), Some(value.to_owned())))
}

fn group(world: &mut World, operations: &[Operation<'_>], id: &str) -> Answer {
    let Some(mut changed) = world.directory.group_by_id(id).cloned() else {
        return missing("Group", id);
    };
    for operation in operations {
        if let Err(answer) = change_group(&world.directory, &mut changed, operation) {
            return answer;
        }
    }
    if let Some(group) = world.directory.groups.iter_mut().find(|group| group.id == id) {
        *group = changed;
    }
    Answer::empty(204)
}

fn change_group(directory: &Directory, group: &mut Group, operation: &Operation<'_>) -> Result<(), Answer> {
    match operation.path.as_str() {
        "members" => change_members(directory, group, operation),
        "entitlements" => change_entitlements(&mut group.entitlements, operation),
        "displayName" => {
            group.name = operation.value.as_str().unwrap_or(&group.name).to_owned();
            Ok(())
        }
        other => Err(scim_error(400, Some("invalidPath"), &format!("Cannot change {other} of a group"))),
    }
}

fn change_members(directory: &Directory, group: &mut Group, operation: &Operation<'_>) -> Result<(), Answer> {
    let named = match &operation.element {
        Some(id) => vec![id.clone()],
        None if operation.how == "remove" => ids(operation.value),
        None => members(directory, operation.value)?,
    };
    match operation.how.as_str() {
        "add" => {
            let fresh: Vec<String> = named.into_iter().filter(|id| !group.members.contains(id)).collect();
            group.members.extend(fresh);
        }
        "replace" => group.members = named,
        // Without any named all of them go.
        _ if operation.element.is_none() && operation.value.is_null() => group.members.clear(),
        _ => group.members.retain(|id| !named.contains(id)),
    }
    Ok(())
}

fn ids(value: &Value) -> Vec<String> {
    let one = |own: &Value| own["value"].as_str().or_else(|| own.as_str()).map(str::to_owned);
    match value {
        Value::Array(values) => values.iter().filter_map(one).collect(),
        other => one(other).into_iter().collect(),
    }
}

/// The ids of members that a value names, all of them known.
pub(super) fn members(directory: &Directory, value: &Value) -> Result<Vec<String>, Answer> {
    let named = ids(value);
    let unknown = |id: &&String| directory.user_by_id(id).is_none() && directory.group_by_id(id).is_none();
    match named.iter().find(unknown) {
        Some(id) => Err(missing("Resource", id)),
        None => Ok(named),
    }
}

/// The entitlements that a value names, all of them known.
pub(super) fn entitlements(value: &Value) -> Result<Vec<String>, Answer> {
    let named = ids(value);
    match named.iter().find(|name| !ENTITLEMENTS.contains(&name.as_str())) {
        Some(name) => Err(scim_error(400, Some("invalidValue"), &format!("Unknown entitlement {name}"))),
        None => Ok(named),
    }
}

fn change_entitlements(
    own: &mut std::collections::BTreeSet<String>,
    operation: &Operation<'_>,
) -> Result<(), Answer> {
    let named = match &operation.element {
        Some(name) => vec![name.clone()],
        None => entitlements(operation.value)?,
    };
    match operation.how.as_str() {
        "add" => own.extend(named),
        "replace" => *own = named.into_iter().collect(),
        _ if operation.element.is_none() && operation.value.is_null() => own.clear(),
        _ => own.retain(|name| !named.contains(name)),
    }
    Ok(())
}

fn user(world: &mut World, operations: &[Operation<'_>], id: &str) -> Answer {
    let Some(mut changed) = world.directory.user_by_id(id).cloned() else {
        return missing("User", id);
    };
    for operation in operations {
        if let Err(answer) = change_user(&mut changed, operation) {
            return answer;
        }
    }
    let told = user_json(&world.directory, &changed);
    if let Some(user) = world.directory.users.iter_mut().find(|user| user.id == id) {
        *user = changed;
    }
    ok(200, &told)
}

fn change_user(user: &mut User, operation: &Operation<'_>) -> Result<(), Answer> {
    match operation.path.as_str() {
        "entitlements" => return change_entitlements(&mut user.entitlements, operation),
        "active" => user.active = operation.value.as_bool().unwrap_or(user.active),
        "displayName" => user.display = operation.value.as_str().unwrap_or(&user.display).to_owned(),
        // userName and emails are ignored without a word.
        _ => {}
    }
    Ok(())
}
