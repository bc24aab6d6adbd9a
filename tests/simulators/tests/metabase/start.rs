//! What the server says about itself: while it starts, without its database, behind a login page; its version and limits.

use std::time::Duration;

use roundsman_simulators::{
    Fault, MetabaseScenario,
    metabase::{Health, Release},
};
use serde_json::{Value, json};

use crate::caller::Caller;

async fn new(health: Health) -> Caller {
    Caller::new(MetabaseScenario::new(Release::V56).set(|settings| settings.health = health)).await
}

#[tokio::test]
async fn it_starts_for_a_while() {
    let mut caller = new(Health::Initializing(Duration::from_secs(20))).await;
    caller.pass(5);
    let starting = json!({ "status": "initializing", "progress": 0.25 });
    assert_eq!(caller.get("/api/health").await, (503, starting));
    assert_eq!(caller.get("/api/user/current").await.0, 503);
    caller.pass(15);
    caller.identify("x-api-key", "nobody");
    assert_eq!(caller.get("/api/health").await, (200, json!({ "status": "ok" })));
    assert_eq!(caller.get("/api/user/current").await.0, 401);
}

#[tokio::test]
async fn it_may_miss_its_database_or_stand_behind_a_login_page() {
    let caller = new(Health::NoAppDb).await;
    let missing = json!({ "status": "Unable to get app-db connection" });
    assert_eq!(caller.get("/api/health").await, (503, missing));
    caller.sim.set(|settings| settings.login_page = true);
    let response = caller.send(reqwest::Method::GET, "/api/health", None).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    assert!(response.text().await.unwrap().contains("Sign in - Example Company"));
}

#[tokio::test]
async fn limits_are_told_to_those_who_are_known() {
    let mut caller = new(Health::Ok).await;
    caller.sim.set(|settings| settings.download_row_limit = Some(2_000_000));
    let (_, known) = caller.get("/api/session/properties").await;
    assert_eq!(
        (&known["version"]["tag"], &known["download-row-limit"]),
        (&"v0.56.4".into(), &2_000_000.into())
    );
    caller.identify("x-api-key", "nobody");
    let (status, unknown) = caller.get("/api/session/properties").await;
    assert_eq!((status, unknown.get("download-row-limit")), (200, None::<&Value>));
}

#[tokio::test]
async fn it_may_live_below_a_path_and_go_away() {
    let scenario = MetabaseScenario::new(Release::V56).set(|settings| settings.prefix = "/bi".into());
    let caller = Caller::new(scenario).await;
    assert!(caller.sim.url().ends_with("/bi"));
    assert_eq!(caller.get("/api/health").await.0, 200);
    assert_eq!(caller.sim.asked("GET /api/health").len(), 1);
    caller.sim.close();
    assert!(caller.send(reqwest::Method::GET, "/api/health", None).await.is_err());
    caller.sim.reopen().await.unwrap();
    assert_eq!(caller.get("/api/health").await.0, 200);
}

#[tokio::test]
async fn faults_speak_in_plain_text() {
    let caller = new(Health::Ok).await;
    caller.sim.fault(Fault::on("GET /api/health").times(1).status(429).retry_after("7"));
    let response = caller.send(reqwest::Method::GET, "/api/health", None).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    assert_eq!(response.headers()["content-type"], "text/plain");
    caller.sim.fault(Fault::on("*").times(1).cut());
    assert!(caller.send(reqwest::Method::GET, "/api/health", None).await.is_err());
    let statuses: Vec<u16> = caller.sim.journal().iter().map(|entry| entry.status).collect();
    assert_eq!(statuses, [429, 0]);
}
