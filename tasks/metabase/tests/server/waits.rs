//! What is told while a server lets nobody in: who, why, until when, in one sentence.

use roundsman_metabase::server::ServerFailure;
use roundsman_simulators::{Fault, Shape, metabase::EMAIL};
use roundsman_task::TaskError;
use serde_json::json;

use crate::desk::{Desk, csv};

/// What a run that waits because of this says.
fn told(failure: ServerFailure) -> String {
    match failure.into() {
        TaskError::Snooze { cause, .. } => cause,
        other => panic!("it waits instead of {other:?}"),
    }
}

#[tokio::test]
async fn a_pause_is_told_with_its_end_and_its_reason() {
    let desk = Desk::sample().await;
    let fault = Fault::on("POST /api/card/1/query/csv").status(429).retry_after("20");
    desk.sim.fault(fault.shape(Shape::RawText, "", "too many requests"));
    let failure = desk.server().await.export(&csv(1)).await.err().unwrap();
    let why = "wants a pause until 2026-11-20 08:00:20 +00:00: 429 Too Many Requests: too many requests";
    assert_eq!(told(failure), format!("{} {why}", desk.sim.url()));
}

#[tokio::test]
async fn so_is_a_login_that_has_to_wait() {
    let desk = Desk::with_login().await;
    let throttled = json!({ "errors": {
        "username": "Too many attempts! You must wait 15 seconds before trying again." } });
    let fault = Fault::on("POST /api/session").status(401).times(1);
    desk.sim.fault(fault.shape(Shape::RawJson, "", &throttled.to_string()));
    // Whoever tried, and whoever comes later.
    for server in [desk.server().await, desk.elsewhere().await] {
        let told = told(server.current_user().await.unwrap_err());
        let (who, rest) = told.split_once(" before 2026-11-20 08:00:1").unwrap();
        assert_eq!(who, format!("nobody may log in at {} as this user", desk.sim.url()));
        assert_eq!(rest, "7 +00:00: there were too many attempts");
        assert!(!told.contains(EMAIL), "{told}");
    }
    assert_eq!(desk.logins(), 1);
}
