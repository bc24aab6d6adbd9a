//! Events of clusters in both styles of pages, each once.

use std::time::Duration;

use roundsman_databricks::api::clusters::{Event, EventQuery, EventType, Order};
use roundsman_http::Class;
use roundsman_simulators::{Fault, Paging, RunSetup, Scenario, Settings, Shape};
use serde_json::json;

use crate::stage::{Stage, id};

const EVENTS: &str = "POST /api/2.1/clusters/events";

async fn stage(settings: impl FnOnce(&mut Settings)) -> Stage {
    let runs = vec![
        RunSetup::between("08:03", "09:10").by("s7@example.edu"),
        RunSetup::between("09:23", "09:41").resizing("09:30", "09:32"),
        RunSetup::from("12:00"),
    ];
    let scenario = Scenario::at("2026-11-16 08:00").lab(7, &["s7@example.edu"], runs).set(settings);
    Stage::of(scenario).await.later(Duration::from_hours(5))
}

fn kinds(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| roundsman_databricks::api::OpenText::as_str(&event.kind)).collect()
}

#[tokio::test]
async fn every_style_of_pages_tells_the_same() {
    let usual = stage(|_| {}).await;
    let query = EventQuery { from_ms: Some(1_794_779_400_000), ..EventQuery::life_of(&id(7)) };
    let expected = usual.workspace.clusters().events(&query).await.unwrap();
    let life =
        ["STARTING", "RUNNING", "TERMINATING", "STARTING", "RUNNING", "TERMINATING", "STARTING", "RUNNING"];
    assert_eq!(kinds(&expected), life);
    assert_eq!(expected[1].at_ms, 1_794_808_980_000);
    assert_eq!(expected[0].details.user.as_deref(), Some("s7@example.edu"));
    assert_eq!(expected[2].details.reason.as_ref().unwrap().code, "INACTIVITY");
    for paging in [Paging::Token, Paging::NextPage, Paging::Both] {
        for (repeat, as_text) in [(false, false), (true, true)] {
            let stage = stage(|settings| {
                (settings.events_paging, settings.events_page_size) = (paging, 2);
                (settings.repeat_events, settings.int64_as_text) = (repeat, as_text);
            })
            .await;
            let events = stage.workspace.clusters().events(&query).await.unwrap();
            assert_eq!(events, expected, "{paging:?}");
            assert!(stage.asked(EVENTS) >= 4);
        }
    }
}

#[tokio::test]
async fn the_latest_event_before_an_instant() {
    let stage = stage(|_| {}).await;
    let clusters = stage.workspace.clusters();
    let query = EventQuery {
        until_ms: Some(1_794_813_600_000),
        order: Order::LatestFirst,
        ..EventQuery::life_of(&id(7))
    };
    let event = clusters.first_event(&query).await.unwrap().unwrap();
    assert_eq!((event.kind, event.at_ms), (EventType::Starting, 1_794_813_600_000));
    let none = clusters.first_event(&EventQuery { until_ms: Some(1_000), ..query }).await.unwrap();
    assert_eq!(none, None);
    let all = EventQuery { cluster_id: id(7), ..EventQuery::default() };
    assert!(clusters.events(&all).await.unwrap().iter().any(|event| event.kind == EventType::Resizing));
}

#[tokio::test]
async fn events_are_read_although_it_is_a_post() {
    let stage = stage(|_| {}).await;
    stage.sim.fault(Fault::on(EVENTS).times(1).cut());
    stage.sim.fault(Fault::on(EVENTS).nth(2).status(500));
    assert_eq!(stage.workspace.clusters().events(&EventQuery::life_of(&id(7))).await.unwrap().len(), 10);
    assert_eq!(stage.asked(EVENTS), 3);
}

#[tokio::test]
async fn events_without_end_are_noticed() {
    for next in
        [json!({ "next_page_token": "again" }), json!({ "next_page": { "cluster_id": "7", "offset": 2 } })]
    {
        let stage = stage(|_| {}).await;
        stage.sim.fault(Fault::on(EVENTS).status(200).shape(Shape::RawJson, "", &next.to_string()));
        let error = stage.workspace.clusters().events(&EventQuery::life_of(&id(7))).await.unwrap_err();
        assert_eq!((error.class(), stage.asked(EVENTS)), (Some(Class::Unexpected), 2), "{error}");
    }
}
