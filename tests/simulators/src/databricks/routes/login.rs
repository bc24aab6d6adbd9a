//! The endpoints where clients get tokens: of the workspace itself, and of Entra. They ask for no token themselves.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{
    databricks::world::World,
    exchange::{Answer, Asked},
};

/// What Entra calls Databricks.
const RESOURCE: &str = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d";

/// The answer, if it is a question for a token.
pub(super) fn answer(world: &mut World, asked: &Asked) -> Option<Answer> {
    match (asked.method.as_str(), asked.segments().as_slice()) {
        ("GET", ["oidc", ".well-known", "oauth-authorization-server"]) => Some(discovery(world, asked)),
        ("POST", ["oidc", "v1", "token"]) => Some(oidc(world, asked)),
        ("POST", [_tenant, "oauth2", "token"]) => Some(entra(world, asked)),
        _ => None,
    }
}

fn discovery(world: &World, asked: &Asked) -> Answer {
    if !world.settings.oidc_discovery {
        return Answer::text(404, "text/plain", "Not Found");
    }
    let host = asked.header("host").unwrap_or("127.0.0.1");
    Answer::ok(&json!({
        "authorization_endpoint": format!("http://{host}/oidc/v1/authorize"),
        "token_endpoint": format!("http://{host}/oidc/v1/token"),
    }))
}

fn oidc(world: &mut World, asked: &Asked) -> Answer {
    if asked.form("grant_type").as_deref() != Some("client_credentials") {
        return oauth_error(400, "unsupported_grant_type", "Only client_credentials is supported here.");
    }
    let Some((client, secret)) = basic(asked) else {
        return oauth_error(401, "invalid_client", "Client authentication failed");
    };
    match issue(world, &client, &secret) {
        Some((token, secs)) => Answer::ok(&json!({
            "access_token": token, "token_type": "Bearer", "expires_in": secs, "scope": "all-apis",
        })),
        None => oauth_error(401, "invalid_client", "Client authentication failed"),
    }
}

/// Version 1 of Entra tells `expires_in` as text.
fn entra(world: &mut World, asked: &Asked) -> Answer {
    if asked.form("resource").as_deref() != Some(RESOURCE) {
        let text = "AADSTS500011: The resource principal was not found in the tenant.";
        return oauth_error(400, "invalid_resource", text);
    }
    let client = asked.form("client_id").unwrap_or_default();
    let secret = asked.form("client_secret").unwrap_or_default();
    match issue(world, &client, &secret) {
        Some((token, secs)) => Answer::ok(&json!({
            "access_token": token, "token_type": "Bearer", "expires_in": secs.to_string(), "resource": RESOURCE,
        })),
        None => oauth_error(401, "invalid_client", "AADSTS7000215: Invalid client secret provided."),
    }
}

fn issue(world: &mut World, client: &str, secret: &str) -> Option<(String, u64)> {
    let secs = world.settings.oidc_expires_in_secs;
    let expires = world.now + secs as i64 * 1_000;
    world.tokens.issue(client, secret, expires).map(|token| (token, secs))
}

fn basic(asked: &Asked) -> Option<(String, String)> {
    let encoded = asked.header("authorization")?.strip_prefix("Basic ")?;
    let text = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    text.split_once(':').map(|(client, secret)| (client.to_owned(), secret.to_owned()))
}

fn oauth_error(status: u16, code: &str, text: &str) -> Answer {
    let body: Value = json!({ "error": code, "error_description": text });
    Answer::json(status, &body)
}
