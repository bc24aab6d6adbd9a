//! Servers that are starting, and servers that are away.

use std::time::Duration;

use roundsman_metabase::{
    config::CardRef,
    server::{Again, FailureClass, Health},
};
use roundsman_simulators::{
    Fault,
    metabase::{self, MetabaseScenario, Release},
};

use crate::desk::{As, Desk, csv, read};

fn starting(seconds: u64) -> MetabaseScenario {
    let health = metabase::Health::Initializing(Duration::from_secs(seconds));
    MetabaseScenario::sample(Release::V57, 20).set(|settings| settings.health = health)
}

/// M-25.
#[tokio::test]
async fn a_server_that_starts_is_waited_for_and_that_is_no_try() {
    let desk = Desk::new(starting(20), As::Key).await;
    let server = desk.server().await;
    assert_eq!(server.health().await.unwrap(), Health::Initializing);
    let card = 1_u64;
    server.card(&CardRef::Number(card)).await.unwrap();
    assert!(desk.sim.asked("GET /api/health").len() > 3);
    assert_eq!(desk.sim.asked(&format!("GET /api/card/{card}")).len(), 2, "before and after");
}

#[tokio::test]
async fn so_is_one_that_is_asked_for_an_export() {
    let desk = Desk::new(starting(20), As::Key).await;
    let card = 1_u64;
    let mut stream = desk.server().await.export(&csv(card)).await.unwrap();
    assert!(!read(&mut stream).await.unwrap().is_empty());
}

#[tokio::test]
async fn not_for_ever() {
    let desk = Desk::new(starting(100_000), As::Key).await;
    let server = desk.server().await;
    let failure = server.wait_ready().await.unwrap_err();
    assert_eq!((failure.class, failure.again), (FailureClass::HttpServer, Again::Yes));
    assert!(failure.to_string().contains("still starting"), "{failure}");
    let waited: Duration = desk.test.waits().iter().sum();
    assert!((Duration::from_secs(170)..=Duration::from_secs(181)).contains(&waited), "{waited:?}");
}

#[tokio::test]
async fn one_without_its_database_says_so() {
    let scenario =
        MetabaseScenario::sample(Release::V57, 5).set(|settings| settings.health = metabase::Health::NoAppDb);
    let desk = Desk::new(scenario, As::Key).await;
    let failure = desk.server().await.wait_ready().await.unwrap_err();
    assert!(failure.to_string().contains("app-db"), "{failure}");
}

#[tokio::test]
async fn one_that_is_away_is_told_at_once() {
    let desk = Desk::sample().await;
    let server = desk.server().await;
    desk.sim.close();
    let failure = server.wait_ready().await.unwrap_err();
    assert_eq!((failure.class, failure.again), (FailureClass::Network, Again::Yes), "{failure}");
}

#[tokio::test]
async fn one_that_does_not_answer_is_given_up_in_time() {
    let desk = Desk::sample().await.configured(serde_json::json!({
        "timeouts": { "meta": "1s" }, "retry": { "max_attempts": 2 } }));
    desk.sim.fault(Fault::on("GET /api/user/current").hang());
    let failure = desk.server().await.current_user().await.unwrap_err();
    assert_eq!((failure.class, failure.again), (FailureClass::Timeout, Again::Yes), "{failure}");
    assert_eq!(desk.asked().len(), 2);
}
