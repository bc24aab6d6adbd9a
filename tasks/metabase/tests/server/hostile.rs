//! Servers, and things before them, that answer what no sound one would. Nothing of it may end the process, keep it for ever,
//! or come out as less than there is.

use std::{sync::Arc, time::Duration};

use roundsman_metabase::{
    config::{CardRef, Checked},
    server::{Again, CardFilter, ExportRequest, FailureClass, Server},
};
use roundsman_simulators::{
    Fault, Shape,
    metabase::{API_KEY, CardKind, CardSetup, Metabase, MetabaseScenario, Release},
};
use roundsman_task::SystemClock;
use roundsman_testkit::TestContext;
use serde_json::{Value, json};

use crate::desk::{As, Desk, csv, read};

/// From now on this is answered to such requests.
fn says(desk: &Desk, pattern: &str, answer: &Value) {
    desk.sim.clear_faults();
    desk.sim.fault(Fault::on(pattern).status(200).shape(Shape::RawJson, "", &answer.to_string()));
}

#[tokio::test]
async fn pauses_longer_than_any_calendar_are_pauses() {
    for pause in
        ["99999999999999", "9223372036854775", "18446744073709551615", "Fri, 31 Dec 9999 23:59:59 GMT"]
    {
        let desk = Desk::sample().await;
        desk.sim.fault(Fault::on("POST /api/card/1/query/csv").status(429).retry_after(pause));
        let begun = desk.test.cx().now();
        let failure = desk.server().await.export(&csv(1)).await.err().unwrap();
        assert_eq!(failure.class, FailureClass::Throttled, "{pause}: {failure}");
        assert_eq!(failure.not_before, Some(begun + chrono::TimeDelta::seconds(300)), "{pause}");
        let desk = Desk::with_login().await;
        let told = format!("Too many attempts! You must wait {pause} seconds before trying again.");
        let body = json!({ "errors": { "username": told } }).to_string();
        desk.sim.fault(Fault::on("POST /api/session").status(401).shape(Shape::RawJson, "", &body));
        let failure = desk.server().await.current_user().await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Throttled, "{pause}: {failure}");
        assert_eq!(desk.logins(), 1);
    }
}

/// What is not read may be anything; what is read wrongly is told, and nothing ends the process.
#[tokio::test]
async fn other_types_than_expected_do_harm_only_where_they_matter() {
    let desk = Desk::sample().await;
    let server = desk.server().await;
    let whole = json!({
        "id": 1, "name": "Orders", "entity_id": "x", "type": "question", "archived": false, "database_id": 1, "collection_id": 1,
        "dashboard_id": 1, "display": "table", "dataset_query": {}, "parameters": [], "result_metadata": [], "updated_at": "now",
    });
    let strange = [
        json!(null),
        json!(7),
        json!(-7),
        json!("x"),
        json!(true),
        json!([1]),
        json!({ "a": 1 }),
        json!(1.5),
    ];
    for field in ["entity_id", "type", "collection_id", "dashboard_id", "display", "updated_at"] {
        for value in &strange {
            let mut card = whole.clone();
            card[field] = value.clone();
            says(&desk, "GET /api/card/1", &card);
            let card = server.card(&CardRef::Number(1)).await;
            assert_eq!(card.map(|card| card.name).ok().as_deref(), Some("Orders"), "{field} = {value}");
        }
    }
    for field in whole.as_object().unwrap().keys() {
        for value in &strange {
            let mut card = whole.clone();
            card[field] = value.clone();
            says(&desk, "GET /api/card/1", &card);
            if let Err(failure) = server.card(&CardRef::Number(1)).await {
                assert_eq!(
                    (failure.class, failure.again),
                    (FailureClass::Unexpected, Again::Never),
                    "{field}"
                );
            }
        }
    }
    for field in ["common_name", "is_superuser"] {
        for value in &strange {
            says(&desk, "GET /api/user/current", &json!({ "id": 7, field: value }));
            assert_eq!(server.current_user().await.unwrap().id, 7, "{field} = {value}");
        }
    }
}

#[tokio::test]
async fn what_is_in_a_collection_is_never_left_out_in_silence() {
    let desk = Desk::sample().await;
    let server = desk.server().await;
    let good = json!({ "id": 1, "name": "A", "model": "card" });
    let root = CardRef::Entity("root".to_owned());
    for strange in [
        json!({ "id": "2", "name": "B", "model": "card" }),
        json!({ "id": 2.5, "name": "B", "model": "card" }),
        json!({ "name": "B", "model": "dashboard" }),
        json!("B"),
        json!(null),
    ] {
        says(&desk, "GET /api/collection/*/items", &json!({ "data": [good, strange], "total": 2 }));
        let failure = server.collection_items(&root, &["card"]).await.unwrap_err();
        assert_eq!((failure.class, failure.again), (FailureClass::Unexpected, Again::Never), "{strange}");
    }
    let odd = json!({ "id": 3, "name": ["C"], "model": "card", "entity_id": 8 });
    says(&desk, "GET /api/collection/*/items", &json!({ "data": [good, odd], "total": 2 }));
    server.collection_items(&root, &["card"]).await.unwrap_err();
    for strange in
        [json!({ "items": [] }), json!(7), json!({ "recents": { "views": [] } }), json!({ "recents": null })]
    {
        says(&desk, "GET /api/activity/recents", &strange);
        let failure = server.recents().await.unwrap_err();
        assert_eq!((failure.class, failure.again), (FailureClass::Unexpected, Again::Never), "{strange}");
    }
    says(&desk, "GET /api/activity/recents", &json!({ "recents": [] }));
    assert!(server.recents().await.unwrap().is_empty());
    desk.sim.clear_faults();
    desk.sim.fault(Fault::on("GET /api/activity/recents").status(204).shape(Shape::Empty, "", ""));
    assert!(server.recents().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_collection_that_grows_while_it_is_read_has_its_end() {
    let desk = Desk::sample().await;
    for page in 0..40_u64 {
        let cards: Vec<_> = (0..5_000_u64)
            .map(|at| json!({ "id": page * 5_000 + at, "name": "A", "model": "card" }))
            .collect();
        let answer = json!({ "data": cards, "total": 10_000_000, "limit": 5_000 }).to_string();
        let fault =
            Fault::on("GET /api/collection/*/items").containing(&format!("&offset={}&", page * 5_000));
        desk.sim.fault(fault.status(200).shape(Shape::RawJson, "", &answer));
    }
    let failure = desk.server().await.collection_items(&CardRef::Number(1), &["card"]).await.unwrap_err();
    assert_eq!((failure.class, failure.again), (FailureClass::Unexpected, Again::Never), "{failure}");
    assert!(desk.asked().len() <= 22, "{}", desk.asked().len());
}

/// Old servers know no metrics of their own and refuse to be asked for them.
#[tokio::test]
async fn a_server_that_knows_no_metrics_is_asked_without() {
    for (release, found) in [(Release::V46, 2), (Release::V57, 3)] {
        let scenario = MetabaseScenario::new(release)
            .card(CardSetup::native(1, "A"))
            .card(CardSetup::native(2, "B").kind(CardKind::Model))
            .card(CardSetup::native(3, "C").kind(CardKind::Metric));
        let desk = Desk::new(scenario, As::Key).await;
        let root = CardRef::Entity("root".to_owned());
        let items = desk.server().await.collection_tree(&root, &["card", "dataset", "metric"]).await.unwrap();
        assert_eq!(items.len(), found, "{release:?}: {items:?}");
    }
}

/// The time for an export is that of the export, not that of waiting for one's turn.
#[tokio::test]
async fn waiting_for_a_turn_takes_nothing_from_the_time_of_an_export() {
    let clock = Arc::new(SystemClock);
    let sim = Metabase::start(clock.clone(), MetabaseScenario::sample(Release::V57, 5)).await.unwrap();
    let test = TestContext::builder().clock(clock).credential("metabase", "api_key", API_KEY).build();
    let config: Checked = serde_json::from_value(json!({ "base_url": sim.url() })).unwrap();
    let server = Server::open(test.cx(), &config).await.unwrap();
    sim.fault(Fault::on("POST /api/card/1/query/csv").status(429).retry_after("2").times(1));
    let request = ExportRequest { timeout: Some(Duration::from_millis(900)), ..csv(1) };
    let failure = server.export(&request).await.err().unwrap();
    assert_eq!(failure.class, FailureClass::Throttled, "{failure}");
    let mut stream = server.export(&request).await.unwrap();
    assert!(!read(&mut stream).await.unwrap().is_empty());
}

/// A page for developers shows what it was asked with.
#[tokio::test]
async fn an_answer_that_repeats_our_secrets_is_told_without_them() {
    let desk = Desk::with_login().await;
    let server = desk.server().await;
    server.current_user().await.unwrap();
    let token = desk.sim.asked("GET /api/user/current")[0].header("x-metabase-session").unwrap().to_owned();
    for before in [0, 20, 150, 185, 195, 199] {
        let echo = format!("{}{token} and more", "<".repeat(before));
        for (status, shape) in
            [(200, Shape::RawHtml), (500, Shape::RawText), (400, Shape::RawText), (200, Shape::RawText)]
        {
            desk.sim.clear_faults();
            desk.sim.fault(Fault::on("GET /api/user/current").status(status).shape(shape, "", &echo));
            let told = format!("{:?}", server.current_user().await.unwrap_err());
            let leaks = (8..token.len()).any(|length| told.contains(&token[..length]));
            assert!(!leaks, "{status} {before}: {told}");
        }
        let body =
            json!({ "error_type": echo, "error_code": echo, "error": echo, "message": echo }).to_string();
        desk.sim.clear_faults();
        desk.sim.fault(Fault::on("GET /api/user/current").status(500).shape(Shape::RawJson, "", &body));
        let told = format!("{:?}", server.current_user().await.unwrap_err());
        assert!(!(8..token.len()).any(|length| told.contains(&token[..length])), "{before}: {told}");
    }
}

/// Servers tell all they know of every question; there may be thousands.
#[tokio::test]
async fn a_long_list_of_questions_is_read() {
    let desk = Desk::sample().await;
    let known = "of its columns ".repeat(1_000);
    let card = |id: u64| {
        json!({ "id": id, "name": format!("Card {id}"), "type": "question", "collection_id": null,
            "result_metadata": [{ "fingerprint": known }], "parameters": [{ "slug": "region" }] })
    };
    says(&desk, "GET /api/card", &Value::Array((0..1_500).map(card).collect()));
    let cards = desk.server().await.cards(CardFilter::All).await.unwrap();
    assert_eq!((cards.len(), cards[7].name.as_str()), (1_500, "Card 7"));
    assert_eq!(cards[7].parameters[0].slug, "region");
}

#[tokio::test]
async fn an_answer_without_end_is_not_kept() {
    let desk = Desk::sample().await;
    let huge = format!("[{}1]", "1,".repeat(9 << 20));
    desk.sim.fault(Fault::on("GET /api/card/1").status(200).shape(Shape::RawJson, "", &huge));
    let failure = desk.server().await.card(&CardRef::Number(1)).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Unexpected, "{failure}");
    assert!(failure.to_string().contains("larger than"), "{failure}");
    let deep = "[".repeat(1 << 20);
    desk.sim.clear_faults();
    desk.sim.fault(Fault::on("GET /api/card*").status(200).shape(Shape::RawJson, "", &deep));
    assert_eq!(desk.server().await.cards(CardFilter::All).await.unwrap_err().class, FailureClass::Unexpected);
}
