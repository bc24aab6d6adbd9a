//! Logins, logouts, who one is, and what the server says about itself. How long sessions last is the world's.

use roundsman_model::Timestamp;
use serde_json::{Value, json};

use super::{admission::session_of, not_found, ok};
use crate::{
    exchange::{Answer, Asked},
    metabase::{
        scenario::{MetabaseSettings, PersonSetup},
        world::{Refusal, World},
    },
};

pub(super) fn login(world: &mut World, asked: &Asked, now: Timestamp) -> Answer {
    let body = asked.json();
    let refused =
        |status, field: &str, text: &str| Answer::json(status, &json!({ "errors": { field: text } }));
    let mut said = Vec::new();
    for field in ["username", "password"] {
        match body[field].as_str().filter(|text| !text.is_empty()) {
            Some(text) => said.push(text.to_owned()),
            None => return refused(400, field, "value must be a non-blank string."),
        }
    }
    let status = if world.settings.release.is_new() { 401 } else { 400 };
    match world.logins.login(&world.people, &world.settings, (&said[0], &said[1]), now) {
        Ok(id) => {
            let cookie = format!("metabase.SESSION={id};HttpOnly;SameSite=Lax;Path=/");
            Answer::ok(&json!({ "id": id })).with("set-cookie", cookie)
        }
        Err(Refusal::Wrong) => refused(status, "password", "did not match stored password"),
        Err(Refusal::Disabled) => refused(401, "_error", "Your account is disabled."),
        Err(Refusal::Wait(secs)) => {
            let text = format!("Too many attempts! You must wait {secs} seconds before trying again.");
            refused(status, "username", &text)
        }
    }
}

pub(super) fn logout(world: &mut World, asked: &Asked) -> Answer {
    match session_of(asked) {
        Some(id) if world.logins.end(&id) => Answer::empty(204),
        _ => not_found(),
    }
}

pub(super) fn current(person: &PersonSetup) -> Answer {
    let name = person.email.split('@').next().unwrap_or_default();
    ok(json!({
        "id": 1,
        "email": person.email,
        "common_name": name,
        "first_name": name,
        "last_name": null,
        "is_active": person.active,
        "is_superuser": person.superuser,
        "is_qbnewb": false,
        "group_ids": [1],
    }))
}

/// Limits are told to those who are logged in.
pub(super) fn properties(settings: &MetabaseSettings, known: bool) -> Answer {
    let tag = settings.tag();
    let mut body = json!({
        "version": { "date": "2026-10-01", "tag": tag, "hash": "0123abc" },
        "engines": {},
        "setup-token": null,
        "has-user-setup": true,
        "site-name": "Simulated",
        "report-timezone-short": "UTC",
    });
    if known {
        let limit = |limit: Option<u64>| limit.map_or(Value::Null, Value::from);
        body["download-row-limit"] = limit(settings.download_row_limit);
        body["unaggregated-query-row-limit"] = limit(Some(settings.row_limit).filter(|own| *own != 2_000));
        body["aggregated-query-row-limit"] =
            limit(Some(settings.aggregated_row_limit).filter(|own| *own != 10_000));
    }
    ok(body)
}
