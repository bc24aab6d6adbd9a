//! `/policies/clusters/*`. What a policy forbids is not enforced on clusters.

use serde_json::{Value, json};

use super::no_such_call;
use crate::{
    databricks::world::{Policy, World},
    exchange::{Answer, Asked},
    faults::shape::error,
};

pub(super) fn answer(world: &mut World, asked: &Asked, user: &str, call: &str) -> Answer {
    if asked.method == "GET" {
        return read(world, asked, call);
    }
    if !world.directory.is_admin(user) {
        return error(403, "PERMISSION_DENIED", "Only administrators may change cluster policies.");
    }
    let body = asked.json();
    match (asked.method.as_str(), call) {
        ("POST", "create") => create(world, &body),
        ("POST", "edit") => edit(world, &body),
        ("POST", "delete") => delete(world, &body),
        _ => no_such_call(asked),
    }
}

fn read(world: &World, asked: &Asked, call: &str) -> Answer {
    match call {
        "list" => {
            let policies: Vec<Value> = world.policies.iter().map(to_json).collect();
            Answer::ok(&json!({ "policies": policies, "total_count": policies.len() }))
        }
        "get" => {
            let id = asked.param("policy_id").unwrap_or_default();
            match world.policies.iter().find(|policy| policy.id == id) {
                Some(policy) => Answer::ok(&to_json(policy)),
                None => missing(&id),
            }
        }
        _ => no_such_call(asked),
    }
}

fn create(world: &mut World, body: &Value) -> Answer {
    let id = format!("E061A8AA5DC{:05}", world.policies.len() + 1);
    match of_body(world, &id, body) {
        Ok(policy) => {
            world.policies.push(policy);
            Answer::ok(&json!({ "policy_id": id }))
        }
        Err(answer) => answer,
    }
}

fn edit(world: &mut World, body: &Value) -> Answer {
    let id = body["policy_id"].as_str().unwrap_or_default().to_owned();
    if world.policies.iter().all(|policy| policy.id != id) {
        return missing(&id);
    }
    match of_body(world, &id, body) {
        Ok(changed) => {
            if let Some(policy) = world.policies.iter_mut().find(|policy| policy.id == id) {
                *policy = changed;
            }
            Answer::done()
        }
        Err(answer) => answer,
    }
}

fn delete(world: &mut World, body: &Value) -> Answer {
    let id = body["policy_id"].as_str().unwrap_or_default();
    let before = world.policies.len();
    world.policies.retain(|policy| policy.id != id);
    if world.policies.len() < before { Answer::done() } else { missing(id) }
}

/// The policy that a body describes: names are unique, definitions and overrides are JSON written as text.
fn of_body(world: &World, id: &str, body: &Value) -> Result<Policy, Answer> {
    let invalid = |text: &str| error(400, "INVALID_PARAMETER_VALUE", text);
    let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
    let name = text("name");
    if name.is_empty() {
        return Err(invalid("Policy name must not be empty"));
    }
    if world.policies.iter().any(|policy| policy.name == name && policy.id != id) {
        return Err(error(409, "RESOURCE_ALREADY_EXISTS", &format!("Policy {name} already exists")));
    }
    for key in ["definition", "policy_family_definition_overrides"] {
        let is_json = |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object());
        let fine = match &body[key] {
            Value::Null => true,
            Value::String(text) => text.is_empty() || is_json(text),
            _ => false,
        };
        if !fine {
            return Err(invalid(&format!("{key} must be a JSON object written as a string")));
        }
    }
    Ok(Policy {
        id: id.to_owned(),
        name,
        description: text("description"),
        family: text("policy_family_id"),
        overrides: text("policy_family_definition_overrides"),
        definition: text("definition"),
    })
}

fn to_json(policy: &Policy) -> Value {
    let fields = [
        ("policy_id", &policy.id),
        ("name", &policy.name),
        ("description", &policy.description),
        ("policy_family_id", &policy.family),
        ("policy_family_definition_overrides", &policy.overrides),
        ("definition", &policy.definition),
    ];
    let written = fields.into_iter().filter(|(_, text)| !text.is_empty());
    Value::Object(written.map(|(key, text)| (key.to_owned(), text.as_str().into())).collect())
}

fn missing(id: &str) -> Answer {
    error(404, "RESOURCE_DOES_NOT_EXIST", &format!("Policy {id} does not exist"))
}
