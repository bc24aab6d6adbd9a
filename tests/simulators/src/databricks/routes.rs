//! Requests to the workspace: who asks and whether they may, and which part of the API they mean. What a part does stands
//! with that part.

mod admission;
mod cluster_changes;
mod cluster_events;
mod clusters;
mod libraries;
mod login;
mod numbers;
mod patch;
mod permissions;
mod policies;
mod query;
mod scim;
mod workspace;

use serde_json::Value;

use super::world::{Refused, World};
use crate::{
    exchange::{Answer, Asked},
    faults::shape::error,
};

/// What the workspace does and says.
pub(crate) fn answer(world: &mut World, asked: &Asked) -> Answer {
    if let Some(answer) = login::answer(world, asked) {
        return answer;
    }
    if let Some(answer) = admission::throttle(world, asked) {
        return answer;
    }
    let user = match admission::admit(world, asked) {
        Ok(user) => user,
        Err(answer) => return answer,
    };
    let answer = route(world, asked, &user);
    if world.settings.int64_as_text { numbers::as_text(answer) } else { answer }
}

fn route(world: &mut World, asked: &Asked, user: &str) -> Answer {
    let segments = asked.segments();
    match (asked.method.as_str(), segments.as_slice()) {
        (_, ["api", "2.0" | "2.1", "clusters", call]) => clusters::answer(world, asked, user, call),
        (_, ["api", "2.0", "permissions", "clusters", id]) => permissions::answer(world, asked, user, id),
        (_, ["api", "2.0", "preview", "scim", "v2", rest @ ..]) => scim::answer(world, asked, user, rest),
        (_, ["api", "2.0", "libraries", call]) => libraries::answer(world, asked, user, call),
        (_, ["api", "2.0", "workspace", call]) => workspace::answer(world, asked, user, call),
        (_, ["api", "2.0", "policies", "clusters", call]) => policies::answer(world, asked, user, call),
        _ => no_such_call(asked),
    }
}

fn no_such_call(asked: &Asked) -> Answer {
    let text = format!("No API found for '{} {}'", asked.method, asked.path);
    error(404, "ENDPOINT_NOT_FOUND", &text)
}

/// How a refusal is told.
fn refuse(world: &World, refused: &Refused) -> Answer {
    match refused {
        Refused::Missing(id) => missing_cluster(world, id),
        Refused::Forbidden(why) => error(403, "PERMISSION_DENIED", why),
        Refused::BadState(state) => {
            let text = format!("Cluster is in unexpected state {}", state.word());
            error(400, "INVALID_STATE", &text)
        }
        Refused::Invalid(why) => error(400, "INVALID_PARAMETER_VALUE", why),
    }
}

/// How a cluster that is not there is told: real workspaces do either.
fn missing_cluster(world: &World, id: &str) -> Answer {
    let text = format!("Cluster {id} does not exist");
    match world.settings.missing_cluster_status {
        404 => error(404, "RESOURCE_DOES_NOT_EXIST", &text),
        _ => error(400, "INVALID_PARAMETER_VALUE", &text),
    }
}

/// A whole number of a body, written as a number or as text.
fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}
