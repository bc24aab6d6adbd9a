//! Tokens: unknown, scoped, issued, expired; and limits on requests.

use base64::{Engine, prelude::BASE64_STANDARD};
use roundsman_simulators::{ADMIN, Scenario};
use serde_json::{Value, json};

use crate::caller::{Caller, said};

const LIST: &str = "/api/2.1/clusters/list";

fn scenario() -> Scenario {
    Scenario::at("2026-11-16 08:00")
        .client("0f0f0f0f-client", "s3cret/+")
        .token("student", "s1@example.edu")
        .user("s1@example.edu")
        .scoped_token("clusters-only", ADMIN, &["clusters"])
}

impl Caller {
    async fn form(&self, path: &str, form: &str, basic: Option<&str>) -> (u16, Value) {
        let mut request = self.http.post(format!("{}{path}", self.sim.url()));
        request = request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
        if let Some(basic) = basic {
            request = request.header("authorization", format!("Basic {}", BASE64_STANDARD.encode(basic)));
        }
        said(request.send().await.unwrap()).await
    }
}

#[tokio::test]
async fn who_asks_without_a_good_token_is_refused() {
    let caller = Caller::new(scenario()).await.with_token("wrong");
    let (status, body) = caller.get(LIST).await;
    assert_eq!((status, &body["error_code"]), (401, &json!("UNAUTHENTICATED")));
    caller.sim.world(|world| world.settings.legacy_forbidden = true);
    let (status, body) = caller.get(LIST).await;
    assert_eq!((status, &body["error_code"]), (403, &json!(403)), "a number");
    let bare = caller.http.get(format!("{}{LIST}", caller.sim.url())).send().await.unwrap();
    assert_eq!(said(bare).await.0, 401);
    let caller = caller.with_token("clusters-only");
    assert_eq!(caller.get(LIST).await.0, 200);
    let (status, body) = caller.get("/api/2.0/preview/scim/v2/Me").await;
    assert_eq!(status, 403);
    assert_eq!(body["message"], "Provided token does not have required scopes: scim");
    caller.sim.world(|world| world.revoke_token("clusters-only"));
    caller.sim.world(|world| world.settings.legacy_forbidden = false);
    assert_eq!(caller.get(LIST).await.0, 401);
    let caller = caller.with_token("student");
    assert_eq!(caller.get(LIST).await.0, 200);
    let user = json!({ "userName": "x@example.edu" });
    assert_eq!(caller.post("/api/2.0/preview/scim/v2/Users", user).await.0, 403);
    caller.sim.world(|world| world.set_active("s1@example.edu", false));
    assert_eq!(caller.get(LIST).await.0, 403);
    assert_eq!(caller.get("/api/1.2/nothing").await.0, 403);
}

#[tokio::test]
async fn tokens_are_issued_and_expire() {
    let caller = Caller::new(scenario()).await;
    let bare = caller.http.get(format!("{}/oidc/.well-known/oauth-authorization-server", caller.sim.url()));
    let (_, discovered) = said(bare.send().await.unwrap()).await;
    assert_eq!(discovered["token_endpoint"], format!("{}/oidc/v1/token", caller.sim.url()));
    let form = "grant_type=client_credentials&scope=all-apis";
    let wrong = caller.form("/oidc/v1/token", form, Some("0f0f0f0f-client:guess")).await;
    assert_eq!((wrong.0, &wrong.1["error"]), (401, &json!("invalid_client")));
    let (status, body) = caller.form("/oidc/v1/token", form, Some("0f0f0f0f-client:s3cret/+")).await;
    assert_eq!((status, &body["expires_in"], &body["token_type"]), (200, &json!(3_600), &json!("Bearer")));
    let caller = caller.with_token(body["access_token"].as_str().unwrap());
    let (_, me) = caller.get("/api/2.0/preview/scim/v2/Me").await;
    assert_eq!(me["userName"], "0f0f0f0f-client");
    caller.minutes(59);
    assert_eq!(caller.get(LIST).await.0, 200);
    caller.minutes(1);
    assert_eq!(caller.get(LIST).await.0, 401);
    let resource = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d";
    let form = format!(
        "grant_type=client_credentials&client_id=0f0f0f0f-client&client_secret=s3cret%2F%2B&resource={resource}"
    );
    let (status, body) = caller.form("/tenant/oauth2/token", &form, None).await;
    assert_eq!((status, &body["expires_in"]), (200, &json!("3600")), "Entra says it as text");
    let caller = caller.with_token(body["access_token"].as_str().unwrap());
    assert_eq!(caller.get(LIST).await.0, 200);
    caller.sim.world(roundsman_simulators::World::expire_issued_tokens);
    assert_eq!(caller.get(LIST).await.0, 401);
    caller.sim.world(|world| world.settings.oidc_discovery = false);
    assert_eq!(caller.get("/oidc/.well-known/oauth-authorization-server").await.0, 404);
}

#[tokio::test]
async fn many_requests_are_too_many() {
    let caller = Caller::new(scenario().token(roundsman_simulators::ADMIN_TOKEN, ADMIN)).await;
    caller.sim.world(|world| world.settings.requests_per_sec = Some(2));
    assert_eq!(caller.get(LIST).await.0, 200);
    assert_eq!(caller.get(LIST).await.0, 200);
    let (status, body) = caller.get(LIST).await;
    assert_eq!((status, &body["error_code"]), (429, &json!("RESOURCE_EXHAUSTED")));
    caller.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(caller.get(LIST).await.0, 200);
}

#[tokio::test]
async fn answers_carry_the_simulated_date() {
    let caller = Caller::new(scenario()).await;
    let answer = caller.send(reqwest::Method::GET, LIST, None).await.unwrap();
    assert_eq!(answer.headers()["date"].to_str().unwrap(), "Mon, 16 Nov 2026 06:00:00 GMT");
}
