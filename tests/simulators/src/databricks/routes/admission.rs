//! Whether a request is heard at all: rates, tokens and what they are good for. Permissions on single objects are not asked
//! here.

use crate::{
    databricks::world::World,
    exchange::{Answer, Asked},
    faults::shape::error,
    window::Limit,
};

/// 429 where there are limits and they are used up.
pub(super) fn throttle(world: &mut World, asked: &Asked) -> Option<Answer> {
    let now = world.now;
    let all = world.settings.requests_per_sec.map(|most| Limit { most, millis: 1_000 });
    let mut wait = all.and_then(|limit| world.requests.note(now, &[limit]));
    if asked.path.contains("/scim/v2/") && asked.method != "GET" {
        let writes = world.settings.scim_writes_per_minute.map(|most| Limit { most, millis: 60_000 });
        wait = wait.max(writes.and_then(|limit| world.scim_writes.note(now, &[limit])));
    }
    let secs = (wait? as u64).div_ceil(1_000);
    let answer = error(429, "RESOURCE_EXHAUSTED", "Current request has exceeded the rate limit");
    Some(answer.with("retry-after", secs.to_string()))
}

/// The name of who asks, or why the request is not heard.
pub(super) fn admit(world: &World, asked: &Asked) -> Result<String, Answer> {
    let Some(token) = asked.header("authorization").and_then(|text| text.strip_prefix("Bearer ")) else {
        let text = "Credential was not sent or was of an unsupported type for this API.";
        return Err(error(401, "401", text));
    };
    let known = world.tokens.caller(token.trim(), world.now);
    let Some(caller) = known.filter(|caller| world.directory.user(&caller.name).is_some()) else {
        return Err(if world.settings.legacy_forbidden {
            error(403, "403", "Invalid access token.")
        } else {
            error(401, "UNAUTHENTICATED", "Invalid access token.")
        });
    };
    let user = world.directory.user(&caller.name).filter(|user| user.active);
    if user.is_none() {
        return Err(error(403, "403", "User is deactivated."));
    }
    if let (Some(scopes), Some(needed)) = (&caller.scopes, scope(&asked.path))
        && !scopes.iter().any(|scope| scope == needed || scope == "all-apis")
    {
        let text = format!("Provided token does not have required scopes: {needed}");
        return Err(error(403, "PERMISSION_DENIED", &text));
    }
    Ok(caller.name.clone())
}

/// Which scope a path needs.
fn scope(path: &str) -> Option<&'static str> {
    let scopes = [
        ("/permissions/", "permissions"),
        ("/scim/", "scim"),
        ("/policies/", "policies"),
        ("/libraries/", "libraries"),
        ("/workspace/", "workspace"),
        ("/clusters/", "clusters"),
    ];
    scopes.into_iter().find(|(part, _)| path.contains(part)).map(|(_, scope)| scope)
}
