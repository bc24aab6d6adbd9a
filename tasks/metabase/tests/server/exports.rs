//! How exports are asked for, and the streams that come.

use std::time::Duration;

use roundsman_metabase::{
    config::{CardRef, Format},
    params::{Days, of_card},
    server::{Again, ExportRequest, FailureClass, Source},
};
use roundsman_simulators::{
    At, Damage, Ending, Fault, Shape,
    metabase::{
        CardSetup, DashboardSetup, DashcardSetup, Metabase, MetabaseScenario, Release, Rows, TagKind,
        TagSetup,
    },
};
use serde_json::{Map, Value, json};

use crate::desk::{As, Desk, csv, read, unpacked};

fn scenario(release: Release) -> MetabaseScenario {
    let region = TagSetup::new("region", TagKind::Text);
    let least = TagSetup::new("least", TagKind::Number).required();
    MetabaseScenario::new(release)
        .card(CardSetup::native(12, "Orders").rows(Rows::plain(200)))
        .card(CardSetup::native(13, "By region").tag(region).given("region", "EMEA", Rows::plain(3)))
        .card(CardSetup::native(15, "From").tag(least))
        .dashboard(DashboardSetup::new(42, "Board").with(DashcardSetup::of(102, 12)))
        .query("select 1", Rows::plain(1))
}

async fn desk(release: Release) -> Desk {
    Desk::new(scenario(release), As::Key).await
}

#[tokio::test]
async fn a_question_comes_as_the_server_sends_it() {
    let desk = desk(Release::V57).await;
    let mut stream = desk.server().await.export(&csv(12)).await.unwrap();
    assert_eq!(stream.status(), 200);
    assert!(stream.content_type().unwrap().starts_with("text/csv"));
    assert_eq!(stream.content_encoding(), Some("gzip"), "it is asked for and left as it is");
    assert_eq!(unpacked(&mut stream).await, desk.sim.truth(12, "csv"));
    assert!(stream.bytes_read() > 0);
    let entry = &desk.sim.asked("POST /api/card/12/query/csv")[0];
    assert_eq!(entry.header("accept-encoding"), Some("gzip"));
    assert_eq!(entry.header("accept"), Some("*/*"));
    assert_eq!(entry.header("cookie"), None);
    let fields = Metabase::fields(entry);
    for name in ["parameters", "format_rows", "pivot_results"] {
        assert!(fields.get(name).is_some(), "{name} in {fields}");
    }
}

#[tokio::test]
async fn dashboards_and_queries_have_addresses_of_their_own() {
    for release in [Release::V46, Release::V57] {
        let desk = desk(release).await;
        let server = desk.server().await;
        let source = Source::DashboardCard { dashboard: 42, dashcard: 102, card: 12 };
        let on_board = ExportRequest { source, ..csv(12) };
        let mut stream = server.export(&on_board).await.unwrap();
        assert_eq!(unpacked(&mut stream).await, desk.sim.truth(12, "csv"), "{release:?}");
        let source = Source::Sql { database: 1, query: "select 1".to_owned(), template_tags: Map::new() };
        let own = ExportRequest { source, format: Format::Json, ..csv(0) };
        let mut stream = server.export(&own).await.unwrap();
        let rows: Value = serde_json::from_slice(&unpacked(&mut stream).await).unwrap();
        assert_eq!(rows.as_array().map(Vec::len), Some(1), "{release:?}");
    }
}

#[tokio::test]
async fn parameters_reach_the_query() {
    for release in [Release::V46, Release::V57] {
        let desk = desk(release).await;
        let server = desk.server().await;
        let card = server.card(&CardRef::Number(13)).await.unwrap();
        let wanted = serde_json::from_value(json!({ "region": "EMEA" })).unwrap();
        let parameters = of_card(&card, &wanted, &Days::of(desk.test.cx())).unwrap();
        let mut stream = server.export(&ExportRequest { parameters, ..csv(13) }).await.unwrap();
        let text = String::from_utf8(unpacked(&mut stream).await).unwrap();
        assert_eq!(text.lines().count(), 4, "{release:?}: {text}");
    }
}

/// M-27.
#[tokio::test]
async fn wrong_parameters_are_found_before_any_query() {
    let desk = desk(Release::V57).await;
    let server = desk.server().await;
    let days = Days::of(desk.test.cx());
    let check = async |card: u64, wanted: Value| {
        let card = server.card(&CardRef::Number(card)).await.unwrap();
        let error = of_card(&card, &serde_json::from_value(wanted).unwrap(), &days).unwrap_err();
        let error = roundsman_task::TaskError::from(error);
        assert!(matches!(error, roundsman_task::TaskError::Config { .. }), "{error}");
    };
    check(13, json!({ "regoin": "EMEA" })).await;
    check(15, json!({ "least": "many" })).await;
    check(15, json!({})).await;
    assert!(desk.asked().iter().all(|asked| asked.starts_with("GET ")));
}

/// M-29.
#[tokio::test]
async fn a_server_that_wants_json_is_remembered_as_such() {
    let scenario = scenario(Release::V56).set(|settings| settings.refuses_forms = true);
    let desk = Desk::new(scenario, As::Key).await;
    let server = desk.server().await;
    for _ in 0..2 {
        let mut stream = server.export(&csv(12)).await.unwrap();
        assert_eq!(unpacked(&mut stream).await, desk.sim.truth(12, "csv"));
    }
    let types = || -> Vec<_> {
        let asked = desk.sim.asked("POST /api/card/12/query/csv");
        asked.iter().map(|entry| entry.header("content-type").unwrap().to_owned()).collect()
    };
    let (form, json) = ("application/x-www-form-urlencoded", "application/json");
    assert_eq!(types(), [form, json, json]);
    // Another run knows it too.
    let mut stream = desk.elsewhere().await.export(&csv(12)).await.unwrap();
    read(&mut stream).await.unwrap();
    assert_eq!(types(), [form, json, json, json]);
}

#[tokio::test]
async fn an_old_server_that_refuses_a_form_is_not_asked_otherwise() {
    let desk = desk(Release::V46).await;
    desk.sim.fault(Fault::on("POST /api/card/12/query/csv").status(400).shape(Shape::RawText, "", "no"));
    let failure = desk.server().await.export(&csv(12)).await.err().unwrap();
    assert_eq!((failure.class, failure.again), (FailureClass::BadRequest, Again::Never), "{failure}");
    assert_eq!(desk.sim.asked("POST /api/card/12/query/csv").len(), 1);
}

#[tokio::test]
async fn a_mark_that_the_server_does_not_know_is_left_out() {
    for (release, asked) in [(Release::V56, 2), (Release::V57, 1)] {
        let desk = desk(release).await;
        let request = ExportRequest { csv_include_bom: true, ..csv(12) };
        let server = desk.server().await;
        let mut stream = server.export(&request).await.unwrap();
        let whole = unpacked(&mut stream).await;
        assert_eq!(whole.starts_with(b"\xef\xbb\xbf"), release == Release::V57, "{release:?}");
        assert_eq!(desk.sim.asked("POST /api/card/12/query/csv").len(), asked, "{release:?}");
        unpacked(&mut server.export(&request).await.unwrap()).await;
        assert_eq!(desk.sim.asked("POST /api/card/12/query/csv").len(), asked + 1, "it is known by now");
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_says_so() {
    let desk = desk(Release::V57).await;
    desk.sim.fault(Fault::on("POST /api/card/12/query/csv").body(Damage::End(At::Byte(40), Ending::Closed)));
    let mut stream = desk.server().await.export(&csv(12)).await.unwrap();
    let failure = read(&mut stream).await.unwrap_err();
    assert_eq!((failure.class, failure.again), (FailureClass::Network, Again::Yes), "{failure}");
    assert_eq!(stream.chunk().await.unwrap(), None, "nothing more comes");
}

#[tokio::test]
async fn an_export_has_its_time() {
    let desk = desk(Release::V57).await;
    desk.sim.fault(Fault::on("POST /api/card/12/query/csv").hang());
    let request = ExportRequest { timeout: Some(Duration::from_millis(300)), ..csv(12) };
    let failure = desk.server().await.export(&request).await.err().unwrap();
    assert_eq!((failure.class, failure.again), (FailureClass::Timeout, Again::Yes), "{failure}");
    assert!(desk.test.leases().is_empty(), "its place is free again");
}

#[tokio::test]
async fn who_stops_ends_the_connection_at_once() {
    let desk = desk(Release::V57).await;
    desk.sim.fault(Fault::on("POST /api/card/12/query/csv").hang());
    let server = desk.server().await;
    let request = csv(12);
    let (failure, ()) = tokio::join!(server.export(&request), async {
        desk.sim.reached(0).await;
        desk.test.cancel();
    });
    let failure = failure.err().unwrap();
    assert_eq!(failure.class, FailureClass::Cancelled, "{failure}");
    assert!(matches!(failure.into(), roundsman_task::TaskError::Cancelled));
}
