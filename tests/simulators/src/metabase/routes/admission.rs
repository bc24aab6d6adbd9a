//! What stands before everything else: the company's login page, a server that is starting, what needs no login; and who asks.
//! What they may is decided where it is asked for.

use roundsman_model::Timestamp;
use serde_json::json;

use super::{
    super::scenario::{Health, PersonSetup},
    session,
};
use crate::{
    exchange::{Answer, Asked},
    metabase::world::World,
};

const LOGIN_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in - Example Company</title></head>\
    <body><form action=\"https://sso.example.com/login\" method=\"post\"><input name=\"user\"></form></body></html>";

/// What is answered without asking who it is.
pub(super) fn before_login(world: &mut World, asked: &Asked, now: Timestamp) -> Option<Answer> {
    if world.settings.login_page {
        return Some(Answer::text(200, "text/html; charset=utf-8", LOGIN_PAGE));
    }
    let segments = asked.segments();
    let health = (asked.method.as_str(), segments.as_slice()) == ("GET", &["api", "health"]);
    if let Some(progress) = world.starting(now) {
        return Some(Answer::json(503, &json!({ "status": "initializing", "progress": progress })));
    }
    if world.settings.health == Health::NoAppDb {
        let status = "Unable to get app-db connection";
        return Some(if health {
            Answer::json(503, &json!({ "status": status }))
        } else {
            Answer::json(
                500,
                &json!({ "message": "Connections could not be acquired from the underlying database!" }),
            )
        });
    }
    match (asked.method.as_str(), segments.as_slice()) {
        _ if health => Some(Answer::ok(&json!({ "status": "ok" }))),
        ("GET", ["api", "session", "properties"]) => {
            let known = who(world, asked, now).is_some();
            Some(session::properties(&world.settings, known))
        }
        ("POST", ["api", "session"]) => Some(session::login(world, asked, now)),
        ("DELETE", ["api", "session"]) => Some(session::logout(world, asked)),
        _ => None,
    }
}

/// Who asks: the session of a cookie first, as there, then of the header, then the key.
pub(super) fn who(world: &mut World, asked: &Asked, now: Timestamp) -> Option<PersonSetup> {
    let find = |world: &World, found: &dyn Fn(&PersonSetup) -> bool| {
        world.people.iter().find(|person| person.active && found(person)).cloned()
    };
    if let Some(id) = session_of(asked) {
        let email = world.logins.who(&id, &world.settings, now)?;
        return find(world, &|person| person.email == email);
    }
    let key = asked.header("x-api-key")?;
    find(world, &|person| person.key.as_deref() == Some(key))
}

/// The session that a request names.
pub(super) fn session_of(asked: &Asked) -> Option<String> {
    let cookies = asked.header("cookie").unwrap_or_default();
    let cookie = cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix("metabase.SESSION="));
    cookie.or_else(|| asked.header("x-metabase-session")).map(str::to_owned)
}
