//! `POST /clusters/*`: what changes a cluster. What the change does to its life is the world's.

use serde_json::{Map, Value, json};

use super::{
    clusters::{self, complain},
    missing_cluster, no_such_call, refuse,
};
use crate::{
    databricks::world::{Level, Refused, State, World},
    exchange::{Answer, Asked},
    faults::shape::error,
};

/// A change of the cluster of an id, with a body, by a user.
type Change = fn(&mut World, &str, &Value, &str) -> Result<(), Refused>;

pub(super) fn answer(world: &mut World, asked: &Asked, user: &str, call: &str) -> Answer {
    let body = asked.json();
    if call == "create" {
        return create(world, &body, user);
    }
    let known: [(&str, Change); 8] = [
        ("start", |world, id, _, user| world.start(id, user)),
        ("restart", |world, id, _, user| world.restart(id, user)),
        ("delete", |world, id, _, user| world.terminate(id, user)),
        ("permanent-delete", |world, id, _, user| permanent_delete(world, id, user)),
        ("pin", |world, id, _, user| pin(world, id, user)),
        ("unpin", |world, id, _, user| unpin(world, id, user)),
        ("edit", |world, id, body, user| edit(world, id, body, user)),
        ("update", |world, id, body, user| update(world, id, body, user)),
    ];
    let Some((_, change)) = known.iter().find(|(name, _)| *name == call) else {
        return no_such_call(asked);
    };
    let id = body["cluster_id"].as_str().unwrap_or_default().to_owned();
    // Ids only: the world also takes names, the API does not.
    if world.by_id(&id).is_none() {
        return missing_cluster(world, &id);
    }
    match change(world, &id, &body, user) {
        Ok(()) => Answer::done(),
        Err(refused) => refuse(world, &refused),
    }
}

fn create(world: &mut World, body: &Value, user: &str) -> Answer {
    let Some(spec) = body.as_object() else {
        return error(400, "MALFORMED_REQUEST", "Could not parse request object");
    };
    if !world.directory.is_admin(user) && !world.directory.is_entitled(user, "allow-cluster-create") {
        return error(403, "PERMISSION_DENIED", "You are not authorized to create clusters.");
    }
    let policy = spec.get("policy_id").and_then(Value::as_str).filter(|id| !id.is_empty());
    if let Some(id) = policy.filter(|id| world.policies.iter().all(|policy| policy.id != *id)) {
        return error(400, "INVALID_PARAMETER_VALUE", &format!("Policy {id} does not exist"));
    }
    match clusters::complain(spec) {
        Some(complaint) => error(400, "INVALID_PARAMETER_VALUE", &complaint),
        None => Answer::ok(&json!({ "cluster_id": world.create(own_fields(spec), user) })),
    }
}

/// What is kept of what was sent: fields that only answers have are not.
fn own_fields(spec: &Map<String, Value>) -> Map<String, Value> {
    let mut spec = spec.clone();
    for key in ["cluster_id", "cluster_source", "state"] {
        spec.remove(key);
    }
    spec
}

fn permanent_delete(world: &mut World, id: &str, user: &str) -> Result<(), Refused> {
    let cluster = world.find(id)?;
    world.require(user, cluster, Level::CanManage)?;
    if cluster.pinned_by.is_some() {
        let why = format!("Cluster {id} is pinned: unpin the cluster first.");
        return Err(Refused::Invalid(why));
    }
    world.forget(id)
}

fn pin(world: &mut World, id: &str, user: &str) -> Result<(), Refused> {
    require_admin(world, user)?;
    let pinned = world.clusters.iter().filter(|cluster| cluster.pinned_by.is_some()).count();
    let (now, limit) = (world.now, world.settings.pinned_limit);
    let by = world.directory.user(user).map(|user| user.id.clone());
    let cluster = world.find_mut(id)?;
    if cluster.pinned_by.is_some() {
        return Ok(());
    }
    if pinned >= limit {
        return Err(Refused::Invalid(format!("The maximum number of pinned clusters ({limit}) is reached.")));
    }
    cluster.pinned_by = by;
    cluster.note(now, "PINNED", user);
    Ok(())
}

fn unpin(world: &mut World, id: &str, user: &str) -> Result<(), Refused> {
    require_admin(world, user)?;
    let now = world.now;
    let cluster = world.find_mut(id)?;
    if cluster.pinned_by.take().is_some() {
        cluster.note(now, "UNPINNED", user);
    }
    Ok(())
}

fn require_admin(world: &World, user: &str) -> Result<(), Refused> {
    if world.directory.is_admin(user) {
        return Ok(());
    }
    Err(Refused::Forbidden(format!("{user} is not an administrator of this workspace.")))
}

/// All fields that are not sent are as if they never had been.
fn edit(world: &mut World, id: &str, body: &Value, user: &str) -> Result<(), Refused> {
    let spec = own_fields(body.as_object().unwrap_or(&Map::new()));
    replace(world, id, spec, user)
}

/// Only the fields that the mask names.
fn update(world: &mut World, id: &str, body: &Value, user: &str) -> Result<(), Refused> {
    let mask = body["update_mask"].as_str().unwrap_or_default();
    if mask.is_empty() || mask.contains(' ') {
        return Err(Refused::Invalid(format!("Invalid update_mask {mask:?}")));
    }
    let mut spec = world.find(id)?.spec.clone();
    for path in mask.split(',') {
        let mut keys = path.split('.').peekable();
        let (mut from, mut to) = (&body["cluster"], &mut spec);
        while let Some(key) = keys.next() {
            from = &from[key];
            if keys.peek().is_none() {
                match from {
                    Value::Null => drop(to.remove(key)),
                    value => drop(to.insert(key.to_owned(), value.clone())),
                }
                break;
            }
            let inner = to.entry(key).or_insert_with(|| json!({}));
            let Value::Object(inner) = inner else {
                return Err(Refused::Invalid(format!("Invalid update_mask {mask:?}")));
            };
            to = inner;
        }
    }
    replace(world, id, spec, user)
}

fn replace(world: &mut World, id: &str, spec: Map<String, Value>, user: &str) -> Result<(), Refused> {
    let cluster = world.find(id)?;
    world.require(user, cluster, Level::CanManage)?;
    let state = cluster.life.state(world.now);
    if !matches!(state, State::Running | State::Terminated) {
        return Err(Refused::BadState(state));
    }
    if let Some(complaint) = complain(&spec) {
        return Err(Refused::Invalid(complaint));
    }
    let now = world.now;
    let cluster = world.find_mut(id)?;
    cluster.spec = spec;
    cluster.note(now, "EDITED", user);
    if state == State::Running { world.restart(id, user) } else { Ok(()) }
}
