//! `clusters/events`: windows, orders, types, and both ways to say that there is more.

use roundsman_simulators::{Paging, RunSetup, Scenario};
use serde_json::{Value, json};

use crate::caller::{Caller, texts};

const EVENTS: &str = "/api/2.1/clusters/events";
const ID: &str = "1116-060000-lab00007";
const MINUTE: i64 = 60_000;
const EIGHT: i64 = 1_794_808_800_000;
const FIVE: [&str; 5] = ["CREATING", "STARTING", "RESTARTING", "RUNNING", "TERMINATING"];

async fn late(change: impl FnOnce(&mut roundsman_simulators::Settings)) -> Caller {
    Caller::at("2026-11-16T12:00:00Z", Scenario::named("day").unwrap().set(change)).await
}

/// The minutes after eight and the types of events.
fn told(body: &Value) -> Vec<(i64, &str)> {
    let events = body["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    let minutes = |event: &Value| (event["timestamp"].as_i64().unwrap() - EIGHT) / MINUTE;
    events.iter().map(|event| (minutes(event), event["type"].as_str().unwrap())).collect()
}

fn today(order: &str) -> Value {
    json!({ "cluster_id": ID, "start_time": EIGHT, "order": order, "event_types": FIVE, "page_size": 500 })
}

const DAY: [(i64, &str); 8] = [
    (0, "STARTING"),
    (3, "RUNNING"),
    (70, "TERMINATING"),
    (80, "STARTING"),
    (83, "RUNNING"),
    (101, "TERMINATING"),
    (237, "STARTING"),
    (240, "RUNNING"),
];

#[tokio::test]
async fn events_follow_the_same_life_as_the_list() {
    let caller = late(|_| {}).await;
    let (status, body) = caller.post(EVENTS, today("ASC")).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(told(&body), DAY);
    assert_eq!((&body["total_count"], &body["next_page_token"]), (&json!(8), &json!("")));
    assert_eq!(body.get("next_page"), None);
    assert_eq!(body["events"][0]["details"], json!({ "user": "s1@example.edu" }));
    assert_eq!(body["events"][0]["cluster_id"], ID);
    assert_eq!(body["events"][1]["details"], json!({ "current_num_workers": 1, "target_num_workers": 1 }));
    let reason =
        json!({ "code": "INACTIVITY", "type": "SUCCESS", "parameters": { "inactivity_duration_min": "20" } });
    assert_eq!(body["events"][2]["details"], json!({ "reason": reason }));
}

#[tokio::test]
async fn the_newest_come_first_and_all_types_unless_asked_otherwise() {
    let caller = late(|_| {}).await;
    let (_, body) = caller.post(EVENTS, json!({ "cluster_id": ID })).await;
    let events = told(&body);
    assert_eq!(events.first(), Some(&(240, "DRIVER_HEALTHY")), "not only the five");
    assert!(events.is_sorted_by(|one, next| one.0 >= next.0));
    assert_eq!(events.last().unwrap().1, "CREATING");
    assert!(events.iter().all(|(_, name)| *name != "TERMINATED"), "there is no such event");
    let before = json!({
        "cluster_id": ID, "end_time": EIGHT + 100 * MINUTE, "order": "DESC", "event_types": FIVE, "page_size": 1,
    });
    let (_, body) = caller.post(EVENTS, before).await;
    assert_eq!(told(&body), [(83, "RUNNING")]);
    let window = json!({
        "cluster_id": ID, "start_time": EIGHT + 3 * MINUTE, "end_time": EIGHT + 70 * MINUTE,
        "order": "ASC", "event_types": FIVE,
    });
    let (_, body) = caller.post(EVENTS, window).await;
    assert_eq!(told(&body), [(3, "RUNNING"), (70, "TERMINATING")], "both ends belong to it");
    let (_, body) =
        caller.post(EVENTS, json!({ "cluster_id": ID, "start_time": EIGHT + 1_000 * MINUTE })).await;
    assert_eq!(body.get("events"), None, "no events, no list");
}

#[tokio::test]
async fn more_by_token() {
    let caller = late(|settings| settings.events_page_size = 3).await;
    let (mut question, mut all, mut pages) = (today("ASC"), Vec::new(), 0);
    loop {
        let (status, body) = caller.post(EVENTS, question.clone()).await;
        assert_eq!(status, 200, "{body}");
        all.extend(told(&body).into_iter().map(|(at, name)| (at, name.to_owned())));
        pages += 1;
        match body["next_page_token"].as_str().unwrap() {
            "" => break,
            token => question["page_token"] = token.into(),
        }
    }
    assert_eq!(pages, 3);
    assert_eq!(all, DAY.map(|(at, name)| (at, name.to_owned())));
    question["order"] = "DESC".into();
    let (status, body) = caller.post(EVENTS, question).await;
    assert_eq!((status, &body["message"]), (400, &json!("Invalid page token")), "it belongs to its question");
}

#[tokio::test]
async fn more_by_the_next_request() {
    let caller = late(|settings| {
        settings.events_page_size = 3;
        settings.events_paging = Paging::NextPage;
        settings.repeat_events = true;
    });
    let caller = caller.await;
    let (_, first) = caller.post(EVENTS, today("ASC")).await;
    assert_eq!(first.get("next_page_token"), None);
    let next = &first["next_page"];
    assert_eq!((&next["offset"], &next["limit"]), (&json!(3), &json!(3)));
    assert_eq!(next["event_types"], json!(FIVE));
    let (_, second) = caller.post(EVENTS, next.clone()).await;
    assert_eq!(told(&second)[0], DAY[2], "an event may come twice");
    assert_eq!(told(&second)[1..], DAY[3..6]);
    let (_, third) = caller.post(EVENTS, second["next_page"].clone()).await;
    assert_eq!(third.get("next_page"), None);
    assert_eq!(told(&third).last(), DAY.last());
}

#[tokio::test]
async fn both_ways_at_once_and_numbers_as_text() {
    let caller = late(|settings| {
        settings.events_page_size = 5;
        settings.events_paging = Paging::Both;
        settings.int64_as_text = true;
    });
    let caller = caller.await;
    let (_, body) = caller.post(EVENTS, today("ASC")).await;
    assert_eq!(body["events"][0]["timestamp"], EIGHT.to_string());
    assert_eq!(body["next_page"]["start_time"], EIGHT.to_string());
    assert!(!body["next_page_token"].as_str().unwrap().is_empty());
    let (_, rest) = caller.post(EVENTS, body["next_page"].clone()).await;
    assert_eq!(rest["events"].as_array().unwrap().len(), 3, "it takes back what it said");
}

#[tokio::test]
async fn events_may_lag_behind_the_list() {
    let caller = Caller::at(
        "2026-11-16T07:11:00Z",
        Scenario::named("day").unwrap().set(|settings| settings.events_lag_secs = 120),
    );
    let caller = caller.await;
    let (_, list) = caller.get("/api/2.1/clusters/list").await;
    assert_eq!(list["clusters"][0]["state"], "TERMINATED");
    let (_, body) = caller.post(EVENTS, today("ASC")).await;
    assert_eq!(told(&body).last(), Some(&(3, "RUNNING")), "its end is not told yet");
    caller.minutes(2);
    let (_, body) = caller.post(EVENTS, today("ASC")).await;
    assert_eq!(told(&body).last(), Some(&(70, "TERMINATING")));
}

#[tokio::test]
async fn restarts_and_resizes_have_their_events() {
    let run = RunSetup::between("08:03", "09:10").resizing("08:10", "08:12").restarted("08:30");
    let caller =
        Caller::at("2026-11-16T08:00:00Z", Scenario::at("2026-11-16 08:00").lab(7, &[], vec![run])).await;
    let (_, body) =
        caller.post(EVENTS, json!({ "cluster_id": ID, "start_time": EIGHT, "order": "ASC" })).await;
    let names = texts(&body["events"], "type");
    let wanted = [
        "STARTING",
        "RUNNING",
        "DRIVER_HEALTHY",
        "RESIZING",
        "UPSIZE_COMPLETED",
        "RESTARTING",
        "RUNNING",
        "DRIVER_HEALTHY",
        "TERMINATING",
    ];
    assert_eq!(names, wanted);
    assert_eq!(caller.sim.world(|world| world.runs(ID)).len(), 2);
}

#[tokio::test]
async fn questions_that_make_no_sense_are_refused() {
    let caller = late(|_| {}).await;
    let status = async |body: Value| caller.post(EVENTS, body).await.0;
    assert_eq!(status(json!({ "cluster_id": "nobody" })).await, 400);
    assert_eq!(status(json!({ "cluster_id": ID, "page_size": 501 })).await, 400);
    assert_eq!(status(json!({ "cluster_id": ID, "order": "UP" })).await, 400);
    assert_eq!(status(json!({ "cluster_id": ID, "page_token": "x" })).await, 400);
}
