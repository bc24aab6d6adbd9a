//! `/preview/scim/v2/*`: users and groups. How PATCH changes them stands beside it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{no_such_call, patch, query};
use crate::{
    databricks::world::{
        World,
        directory::{Directory, Group, User},
    },
    exchange::{Answer, Asked},
    faults::shape::scim_error,
};

/// Groups that cannot be deleted.
const BUILT_IN: [&str; 2] = ["admins", "users"];

pub(super) fn answer(world: &mut World, asked: &Asked, user: &str, rest: &[&str]) -> Answer {
    if asked.method != "GET" && !world.directory.is_admin(user) {
        return scim_error(403, None, "Only administrators may change users and groups.");
    }
    match (asked.method.as_str(), rest) {
        ("GET", ["Me"]) => match world.directory.user(user) {
            Some(user) => ok(200, &user_json(&world.directory, user)),
            None => missing("User", user),
        },
        ("GET", ["Users"]) => list(world, asked, users(&world.directory)),
        ("GET", ["Groups"]) => list(world, asked, groups(&world.directory)),
        ("POST", ["Users"]) => create_user(world, &asked.json()),
        ("POST", ["Groups"]) => create_group(world, &asked.json()),
        ("GET", ["Users", id]) => {
            one(asked, world.directory.user_by_id(id).map(|user| user_json(&world.directory, user)), id)
        }
        ("GET", ["Groups", id]) => {
            one(asked, world.directory.group_by_id(id).map(|group| group_json(&world.directory, group)), id)
        }
        ("PATCH", [what @ ("Users" | "Groups"), id]) => patch::answer(world, &asked.json(), what, id),
        ("DELETE", [what @ ("Users" | "Groups"), id]) => delete(world, what, id),
        _ => no_such_call(asked),
    }
}

/// An answer of SCIM's media type.
pub(super) fn ok(status: u16, body: &Value) -> Answer {
    Answer::text(status, "application/scim+json", body.to_string())
}

pub(super) fn missing(what: &str, id: &str) -> Answer {
    scim_error(404, None, &format!("{what} with id {id} not found."))
}

fn one(asked: &Asked, found: Option<Value>, id: &str) -> Answer {
    found.map_or_else(|| missing("Resource", id), |own| ok(200, &query::project(own, asked)))
}

fn list(world: &World, asked: &Asked, all: Vec<Value>) -> Answer {
    match query::page(world, asked, all) {
        Ok(body) => ok(200, &body),
        Err(complaint) => scim_error(400, Some("invalidFilter"), &complaint),
    }
}

fn users(directory: &Directory) -> Vec<Value> {
    let mut groups = directory.groups_by_member();
    let people = directory.users.iter().filter(|user| !user.service_principal);
    people.map(|user| told(user, groups.remove(user.id.as_str()).unwrap_or_default())).collect()
}

fn groups(directory: &Directory) -> Vec<Value> {
    directory.groups.iter().map(|group| group_json(directory, group)).collect()
}

pub(super) fn user_json(directory: &Directory, user: &User) -> Value {
    told(user, directory.groups_of(&user.id))
}

fn told(user: &User, groups: Vec<&Group>) -> Value {
    let mut told = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": user.id,
        "userName": user.name,
        "displayName": user.display,
        "active": user.active,
    });
    if user.has_emails && !user.service_principal {
        told["emails"] = json!([{ "value": user.name, "type": "work", "primary": true }]);
    }
    let groups = groups.into_iter().map(
        |group| json!({ "display": group.name, "value": group.id, "$ref": format!("Groups/{}", group.id) }),
    );
    put_list(&mut told, "groups", groups.collect());
    put_list(&mut told, "entitlements", values(&user.entitlements));
    told
}

pub(super) fn group_json(directory: &Directory, group: &Group) -> Value {
    let mut told = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "id": group.id,
        "displayName": group.name,
        "meta": { "resourceType": "WorkspaceGroup" },
    });
    let members = group.members.iter().filter_map(|id| {
        let user = directory.user_by_id(id).map(|user| (user.display.as_str(), "Users"));
        let (display, folder) =
            user.or_else(|| directory.group_by_id(id).map(|group| (group.name.as_str(), "Groups")))?;
        Some(json!({ "value": id, "display": display, "$ref": format!("{folder}/{id}") }))
    });
    put_list(&mut told, "members", members.collect());
    put_list(&mut told, "entitlements", values(&group.entitlements));
    told
}

fn values(entitlements: &BTreeSet<String>) -> Vec<Value> {
    entitlements.iter().map(|name| json!({ "value": name })).collect()
}

/// Lists with nothing in them are absent.
fn put_list(told: &mut Value, key: &str, list: Vec<Value>) {
    if !list.is_empty() {
        told[key] = list.into();
    }
}

fn create_user(world: &mut World, body: &Value) -> Answer {
    let name = body["userName"].as_str().unwrap_or_default().trim().to_lowercase();
    if !name.contains('@') {
        return scim_error(400, Some("invalidValue"), "userName must be an email address");
    }
    if world.directory.user(&name).is_some() {
        return scim_error(409, Some("uniqueness"), &format!("User with username {name} already exists."));
    }
    if world.settings.account_only_users.iter().any(|other| other.eq_ignore_ascii_case(&name)) {
        let text = format!("User with email {name} already exists in this account");
        return scim_error(409, Some("uniqueness"), &text);
    }
    let wanted = patch::entitlements(&body["entitlements"]);
    if let Err(answer) = wanted {
        return answer;
    }
    let id = world.add_user(&name);
    if let Some(user) = world.directory.users.iter_mut().find(|user| user.id == id) {
        user.active = body["active"].as_bool().unwrap_or(true);
        user.entitlements.extend(wanted.unwrap_or_default());
        if let Some(display) = body["displayName"].as_str() {
            display.clone_into(&mut user.display);
        }
    }
    one_created(world.directory.user_by_id(&id).map(|user| user_json(&world.directory, user)), &id)
}

fn create_group(world: &mut World, body: &Value) -> Answer {
    let name = body["displayName"].as_str().unwrap_or_default().trim().to_owned();
    if name.is_empty() {
        return scim_error(400, Some("invalidValue"), "displayName must not be empty");
    }
    if world.directory.group(&name).is_some() {
        return scim_error(409, Some("uniqueness"), &format!("Group with name {name} already exists."));
    }
    if world.settings.federated_groups {
        return scim_error(404, None, &format!("Account group with name {name} not found"));
    }
    let changes = patch::entitlements(&body["entitlements"])
        .and_then(|wanted| Ok((wanted, patch::members(&world.directory, &body["members"])?)));
    match changes {
        Err(answer) => answer,
        Ok((wanted, members)) => {
            let id = world.add_group(&name);
            if let Some(group) = world.directory.group_mut(&name) {
                group.entitlements.extend(wanted);
                group.members = members;
            }
            one_created(
                world.directory.group_by_id(&id).map(|group| group_json(&world.directory, group)),
                &id,
            )
        }
    }
}

fn one_created(made: Option<Value>, id: &str) -> Answer {
    made.map_or_else(|| missing("Resource", id), |own| ok(201, &own))
}

fn delete(world: &mut World, what: &str, id: &str) -> Answer {
    let directory = &world.directory;
    let known = match what {
        "Users" => directory.user_by_id(id).map(|user| user.name.clone()),
        _ => directory.group_by_id(id).map(|group| group.name.clone()),
    };
    match known {
        None => missing(what.trim_end_matches('s'), id),
        Some(name) if what == "Groups" && BUILT_IN.contains(&name.as_str()) => {
            scim_error(403, None, &format!("The group {name} cannot be deleted."))
        }
        Some(_) => {
            world.delete_principal(id);
            Answer::empty(204)
        }
    }
}
