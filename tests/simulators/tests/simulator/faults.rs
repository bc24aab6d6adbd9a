//! Faults by endpoint and call, in all shapes, before and after the effect.

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use roundsman_model::Clock;
use roundsman_simulators::{Fault, RunSetup, Scenario, Shape, State};
use serde_json::{Value, json};

use crate::caller::{Caller, said};

const LIST: &str = "/api/2.1/clusters/list";
const DELETE: &str = "/api/2.1/clusters/delete";
const ID: &str = "1116-060000-lab00007";

async fn running() -> Caller {
    let scenario = Scenario::at("2026-11-16 08:00").lab(7, &[], vec![RunSetup::from("07:00")]);
    Caller::new(scenario).await
}

impl Caller {
    fn is(&self) -> Option<State> {
        self.sim.world(|world| world.state(ID))
    }

    async fn text(&self) -> (u16, String) {
        let answer = self.send(Method::GET, LIST, None).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

#[tokio::test]
async fn faults_strike_the_calls_they_name() {
    let caller = running().await;
    let mut statuses = Vec::new();
    caller.sim.fault(Fault::on("GET /api/2.1/clusters/list").nth(2).status(429).retry_after("7"));
    caller.sim.fault(Fault::on("GET /api/2.1/clusters/list").nth(3).status(503));
    let others =
        caller.sim.fault(Fault::on("* /api/2.1/clusters/*").from_call(5).every(2).times(2).status(500));
    for _ in 0..12 {
        statuses.push(caller.get(LIST).await.0);
    }
    assert_eq!(statuses, [200, 429, 503, 200, 200, 500, 200, 500, 200, 200, 200, 200]);
    assert_eq!((others.calls(), others.fired()), (12, 2));
    let one = caller.sim.fault(Fault::on("*").containing("lab00007").status(500));
    assert_eq!(caller.get(LIST).await.0, 200);
    let get = format!("/api/2.1/clusters/get?cluster_id={ID}");
    assert_eq!(caller.get(&get).await.0, 500, "in the query");
    assert_eq!(caller.post(DELETE, json!({ "cluster_id": ID })).await.0, 500, "in the body");
    assert_eq!(caller.is(), Some(State::Running), "nothing was done");
    one.lift();
    assert_eq!(caller.get(&get).await.0, 200);
    caller.sim.fault(Fault::on("*"));
    assert_eq!(caller.get(LIST).await.0, 500);
    caller.sim.clear_faults();
    assert_eq!(caller.get(LIST).await.0, 200);
}

#[tokio::test]
async fn errors_come_in_all_shapes() {
    let caller = running().await;
    let shape = async |fault: Fault| {
        caller.sim.clear_faults();
        caller.sim.fault(fault);
        caller.text().await
    };
    let on = || Fault::on("GET /api/2.1/clusters/list");
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let (status, text) = shape(on().status(403).shape(Shape::Standard, "403", "no")).await;
    assert_eq!((status, json(&text)), (403, json!({ "error_code": 403, "message": "no" })), "a number");
    let (_, text) = shape(on().status(429).shape(Shape::Detailed, "", "slow")).await;
    assert_eq!(json(&text)["error_code"], "RESOURCE_EXHAUSTED");
    assert_eq!(json(&text)["details"][0]["retry_delay"]["seconds"], 3);
    let (_, text) = shape(on().status(500).shape(Shape::Old, "", "IllegalArgumentException: x")).await;
    assert_eq!(json(&text), json!({ "error": "IllegalArgumentException: x" }));
    let (_, text) = shape(on().status(409).shape(Shape::Scim, "uniqueness", "Group exists")).await;
    assert_eq!((&json(&text)["scimType"], &json(&text)["status"]), (&json!("uniqueness"), &json!("409")));
    let (_, text) =
        shape(on().status(400).shape(Shape::Text, "INVALID_STATE", "Cluster is terminating")).await;
    assert_eq!(text, "INVALID_STATE: Cluster is terminating");
    let (_, text) = shape(on().status(502).shape(Shape::Html, "", "Too many requests")).await;
    assert!(text.contains("<pre>Too many requests</pre>"));
    assert_eq!(shape(on().status(500).shape(Shape::Empty, "", "")).await, (500, String::new()));
    assert_eq!(shape(on().page("<html>login</html>")).await, (200, "<html>login</html>".to_owned()));
    assert_eq!(shape(on().status(200).shape(Shape::RawJson, "", "{\"clusters\":")).await.1, "{\"clusters\":");
    caller.sim.clear_faults();
    caller.sim.fault(on().redirect("/login.html?error=private-link-validation-error"));
    let redirect = caller.send(Method::GET, LIST, None).await.unwrap();
    assert_eq!(redirect.status(), 302);
    assert_eq!(
        redirect.headers()["location"].to_str().unwrap(),
        "/login.html?error=private-link-validation-error"
    );
}

#[tokio::test]
async fn connections_are_cut_before_and_after_the_effect() {
    let caller = running().await;
    let body = json!({ "cluster_id": ID });
    caller.sim.fault(Fault::on("POST /api/2.1/clusters/delete").nth(1).cut());
    caller.sim.fault(Fault::on("POST /api/2.1/clusters/delete").nth(2).cut().after_effect());
    assert!(caller.send(Method::POST, DELETE, Some(&body)).await.is_err());
    assert_eq!(caller.is(), Some(State::Running));
    assert!(caller.send(Method::POST, DELETE, Some(&body)).await.is_err());
    assert_eq!(caller.is(), Some(State::Terminating));
    assert_eq!(caller.post(DELETE, body).await.0, 200, "the next connection is fine");
    let seen: Vec<(u16, bool)> =
        caller.sim.journal().iter().map(|entry| (entry.status, entry.effect)).collect();
    assert_eq!(seen, [(0, false), (0, true), (200, true)]);
}

#[tokio::test]
async fn an_error_may_follow_the_effect() {
    let caller = running().await;
    caller.sim.fault(Fault::on(&format!("POST {DELETE}")).status(500).after_effect());
    assert_eq!(caller.post(DELETE, json!({ "cluster_id": ID })).await.0, 500);
    assert_eq!(caller.is(), Some(State::Terminating));
}

#[tokio::test]
async fn delays_pass_on_a_virtual_clock_or_really() {
    let caller = running().await;
    let before = caller.clock.now();
    caller.sim.fault(Fault::on("*").nth(1).virtual_delay(&caller.clock, Duration::from_secs(90)));
    let (status, body) = caller.get(LIST).await;
    assert_eq!((status, &body["clusters"][0]["cluster_id"]), (200, &json!(ID)), "late but right");
    assert_eq!((caller.clock.now() - before).num_seconds(), 90);
    caller.sim.fault(Fault::on("*").nth(1).delay(Duration::from_secs(30)));
    let asked = tokio::time::timeout(Duration::from_millis(50), caller.get(LIST)).await;
    assert!(asked.is_err(), "it takes half a minute");
}

#[tokio::test]
async fn a_test_can_wait_for_a_request_whose_answer_never_comes() {
    let caller = Arc::new(running().await);
    caller.sim.fault(Fault::on(&format!("POST {DELETE}")).hang().after_effect());
    let body = json!({ "cluster_id": ID });
    tokio::select! {
        answer = caller.post(DELETE, body) => panic!("it was answered: {answer:?}"),
        () = caller.sim.reached(1) => {}
    }
    assert_eq!(caller.is(), Some(State::Terminating));
    let journal = caller.sim.asked("POST /api/2.1/clusters/*");
    assert_eq!((journal[0].status, journal[0].json()), (0, json!({ "cluster_id": ID })));
    assert_eq!(journal[0].at, caller.clock.now());
    caller.sim.clear_journal();
    assert!(caller.sim.journal().is_empty());
}

#[tokio::test]
async fn the_mail_service_fails_on_command_too() {
    let caller = running().await;
    caller.sim.fault(Fault::on("POST /emails:send").status(429).retry_after("60"));
    let answer = caller.acs(Method::POST, "/emails:send?api-version=2023-03-31", "{}", None).await.unwrap();
    assert_eq!(answer.headers()["x-ms-error-code"].to_str().unwrap(), "TooManyRequests");
    assert_eq!(answer.headers()["retry-after"].to_str().unwrap(), "60");
    let (status, body) = said(answer).await;
    assert_eq!((status, &body["error"]["code"]), (429, &json!("TooManyRequests")));
}

#[tokio::test]
async fn the_workspace_can_be_away() {
    let caller = running().await;
    assert_eq!(caller.get(LIST).await.0, 200);
    caller.sim.close_databricks().await;
    assert!(caller.send(Method::GET, LIST, None).await.unwrap_err().is_connect());
    caller.sim.reopen_databricks().await.unwrap();
    assert_eq!(caller.get(LIST).await.0, 200);
}
