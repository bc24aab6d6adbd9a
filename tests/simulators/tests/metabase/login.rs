//! Who may come: sessions and how they end, the brake on logins, keys.

use roundsman_simulators::{
    MetabaseScenario,
    metabase::{API_KEY, EMAIL, PASSWORD, PersonSetup, Release},
};
use serde_json::{Value, json};

use crate::caller::{Caller, Said};

async fn new(release: Release) -> Caller {
    Caller::new(MetabaseScenario::new(release)).await
}

async fn login(caller: &Caller, password: &str) -> Said {
    caller.post("/api/session", json!({ "username": EMAIL, "password": password })).await
}

#[tokio::test]
async fn a_session_lasts_until_its_age_or_its_end() {
    let mut caller = new(Release::V56).await;
    let (status, body) = login(&caller, PASSWORD).await;
    assert_eq!(status, 200);
    let id = body["id"].as_str().unwrap().to_owned();
    caller.identify("x-metabase-session", &id);
    assert_eq!(caller.get("/api/user/current").await.1["email"], EMAIL);
    caller.pass(20_160 * 60 - 1);
    assert_eq!(caller.get("/api/user/current").await.0, 200);
    caller.pass(1);
    assert_eq!(caller.get("/api/user/current").await, (401, "Unauthenticated".into()));
    let second = caller.sim.session(EMAIL);
    caller.identify("x-metabase-session", &second);
    assert_eq!(caller.delete("/api/session").await.0, 204);
    assert_eq!(caller.delete("/api/session").await, (404, "Not found.".into()));
}

#[tokio::test]
async fn an_unused_session_ends_where_that_is_set() {
    let mut caller = new(Release::V56).await;
    caller.sim.set(|settings| settings.session_inactivity = Some(std::time::Duration::from_secs(60)));
    let id = caller.sim.session(EMAIL);
    caller.identify("x-metabase-session", &id);
    for _ in 0..3 {
        caller.pass(59);
        assert_eq!(caller.get("/api/user/current").await.0, 200);
    }
    caller.pass(60);
    assert_eq!(caller.get("/api/user/current").await.0, 401);
}

#[tokio::test]
async fn cookies_come_before_headers() {
    let mut caller = new(Release::V56).await;
    caller.identify("cookie", "metabase.SESSION=an-old-one");
    assert_eq!(caller.get("/api/user/current").await.0, 401);
    caller.identify("x-metabase-session", API_KEY);
    assert_eq!(caller.get("/api/user/current").await.0, 401);
    caller.identify("x-api-key", API_KEY);
    assert_eq!(caller.get("/api/user/current").await.0, 200);
}

#[tokio::test]
async fn refusals_differ_between_versions() {
    let wrong = json!({ "errors": { "password": "did not match stored password" } });
    assert_eq!(login(&new(Release::V46).await, "wrong").await, (400, wrong.clone()));
    assert_eq!(login(&new(Release::V56).await, "wrong").await, (401, wrong));
    let scenario = MetabaseScenario::new(Release::V56);
    let caller = Caller::new(scenario.person(PersonSetup::new("gone@example.com", "x").disabled())).await;
    let said = caller.post("/api/session", json!({ "username": "gone@example.com", "password": "x" })).await;
    assert_eq!(said, (401, json!({ "errors": { "_error": "Your account is disabled." } })));
    assert_eq!(caller.post("/api/session", json!({ "username": EMAIL })).await.0, 400);
}

fn wait(said: &Said) -> u64 {
    let text = said.1["errors"]["username"].as_str().unwrap();
    let secs = text.strip_prefix("Too many attempts! You must wait ").unwrap();
    secs.strip_suffix(" seconds before trying again.").unwrap().parse().unwrap()
}

#[tokio::test]
async fn each_attempt_while_waiting_makes_the_wait_longer() {
    let caller = new(Release::V56).await;
    for _ in 0..10 {
        assert_eq!(login(&caller, "wrong").await.1["errors"]["username"], Value::Null);
    }
    let first = login(&caller, PASSWORD).await;
    assert_eq!((first.0, wait(&first)), (401, 15));
    let second = login(&caller, PASSWORD).await;
    assert_eq!(wait(&second), 42);
    caller.pass(20);
    assert!(wait(&login(&caller, PASSWORD).await) > 42, "the wait begins anew with each attempt");
    caller.pass(3_600);
    assert_eq!(login(&caller, PASSWORD).await.0, 200);
}

#[tokio::test]
async fn waiting_as_long_as_was_said_is_enough() {
    let caller = new(Release::V46).await;
    for _ in 0..10 {
        login(&caller, "wrong").await;
    }
    let said = login(&caller, PASSWORD).await;
    assert_eq!((said.0, wait(&said)), (400, 15));
    caller.pass(43);
    assert_eq!(login(&caller, PASSWORD).await.0, 200);
}
