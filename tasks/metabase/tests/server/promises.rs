//! Sentences of the manual that no other test speaks of: answers that are not whole, second refusals, times, goodbyes.

use std::time::Duration;

use roundsman_metabase::{
    config::{CardRef, Format},
    server::{Again, ExportRequest, FailureClass, ServerFailure},
};
use roundsman_simulators::{
    At, Damage, Fault, Shape, Stall,
    metabase::{Ended, MetabaseScenario, PASSWORD, Release},
};
use serde_json::{Value, json};

use crate::desk::{As, Desk, csv, read};

const EXPORT: &str = "POST /api/card/1/query/csv";

async fn counted(answer: Value, status: u16) -> Result<u64, ServerFailure> {
    let desk = Desk::sample().await;
    let server = desk.server().await;
    let card = server.card(&CardRef::Number(1)).await.unwrap();
    let fault = Fault::on("POST /api/dataset").status(status);
    desk.sim.fault(fault.shape(Shape::RawJson, "", &answer.to_string()));
    server.count(&card).await
}

/// M-13: nothing is read from an answer that was cut, or that failed with success.
#[tokio::test]
async fn an_answer_that_was_cut_is_no_count() {
    let answer = |rows: Value, more: Value| {
        let mut data = json!({ "rows": rows, "cols": [] });
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "status": "completed", "row_count": 1, "data": data })
    };
    assert_eq!(counted(answer(json!([[7]]), json!({})), 202).await.unwrap(), 7);
    assert_eq!(counted(answer(json!([["7"]]), json!({ "rows_truncated": null })), 200).await.unwrap(), 7);
    let cut = counted(answer(json!([[7]]), json!({ "rows_truncated": 2_000 })), 202).await.unwrap_err();
    assert!(cut.is("cap_reached") && cut.is_permanent(), "{cut:?}");
    assert!(cut.to_string().contains("at 2000 rows") && cut.to_string().contains("as a file"), "{cut}");
    for rows in [json!([]), json!([[7], [8]]), json!([[]]), json!([[null]]), json!([[-1]])] {
        let failure = counted(answer(rows.clone(), json!({})), 202).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Unexpected, "{rows}: {failure}");
    }
}

#[tokio::test]
async fn a_failure_with_status_202_is_no_count_either() {
    for status in ["failed", "completed", "interrupted"] {
        let failed =
            json!({ "status": status, "error": "relation \"x\" does not exist", "data": { "rows": [[7]] } });
        let failure = counted(failed, 202).await.unwrap_err();
        assert_eq!((failure.class, failure.again), (FailureClass::QueryFailed, Again::Never), "{failure}");
    }
    let typed =
        json!({ "status": "failed", "error": "no", "error_type": "timed-out", "data": { "rows": [[7]] } });
    assert!(counted(typed, 202).await.unwrap_err().is("timed-out"));
}

#[tokio::test]
async fn an_export_that_is_refused_twice_is_given_up() {
    let desk = Desk::with_login().await;
    desk.sim.fault(Fault::on(EXPORT).status(401).shape(Shape::RawText, "", "Unauthenticated"));
    let failure = desk.server().await.export(&csv(1)).await.err().unwrap();
    assert_eq!((failure.class, failure.again), (FailureClass::Auth, Again::Never), "{failure}");
    assert_eq!((desk.sim.asked(EXPORT).len(), desk.logins()), (2, 2));
    assert!(desk.test.leases().is_empty());
}

#[tokio::test]
async fn a_pause_may_be_said_as_a_date() {
    let desk = Desk::sample().await;
    let fault = Fault::on("GET /api/user/current").status(429).times(1);
    desk.sim.fault(fault.retry_after("Fri, 20 Nov 2026 08:00:40 GMT"));
    desk.server().await.current_user().await.unwrap();
    let at: Vec<_> = desk.sim.journal().iter().map(|entry| entry.at).collect();
    let pause = (at[1] - at[0]).num_seconds();
    assert!((40..=42).contains(&pause), "{pause} s");
}

#[tokio::test]
async fn whoever_logs_in_carries_a_header_and_no_cookie() {
    let desk = Desk::with_login().await;
    let server = desk.server().await;
    server.current_user().await.unwrap();
    read(&mut server.export(&csv(1)).await.unwrap()).await.unwrap();
    for entry in desk.sim.journal() {
        assert_eq!(entry.header("cookie"), None, "the server's own cookie is not kept: {}", entry.path);
        let is_login = entry.path == "/api/session";
        assert_eq!(entry.header("x-metabase-session").is_some(), !is_login, "{}", entry.path);
        assert_eq!(entry.header("x-api-key"), None);
        let agent = entry.header("user-agent").unwrap();
        assert!(agent.starts_with("roundsman/") && agent.ends_with("(task test)"), "{agent}");
    }
}

/// Sessions are ended only by whoever began them, and only where nobody else uses them.
#[tokio::test]
async fn a_session_that_others_use_is_not_ended() {
    for who in [As::Key, As::Token, As::Person(PASSWORD)] {
        let desk = Desk::new(MetabaseScenario::sample(Release::V57, 5), who).await;
        let server = desk.server().await;
        server.current_user().await.unwrap();
        server.close().await;
        assert!(desk.sim.asked("DELETE /api/session").is_empty(), "{who:?}");
        desk.elsewhere().await.current_user().await.unwrap();
    }
}

#[tokio::test]
async fn silence_and_length_have_their_limits() {
    let silent = Damage::Stall(At::Row(5), Stall::UntilReleased);
    let check = async |times: Value, limit: Option<u64>, damage: Damage, says: &str| {
        let desk = Desk::sample().await.configured(json!({ "timeouts": times }));
        desk.sim.fault(Fault::on(EXPORT).body(damage));
        let timeout = limit.map(Duration::from_millis);
        let mut stream = desk.server().await.export(&ExportRequest { timeout, ..csv(1) }).await.unwrap();
        let failure = read(&mut stream).await.unwrap_err();
        assert_eq!((failure.class, failure.again), (FailureClass::Timeout, Again::Yes), "{failure}");
        assert!(failure.to_string().contains(says), "{failure}");
        desk.sim.idle().await;
        assert_eq!(desk.sim.exports()[0].ended, Ended::ClientLeft, "the server notices");
    };
    check(json!({ "idle": "300ms" }), None, silent.clone(), "nothing came for").await;
    check(json!({}), Some(300), silent, "not whole within").await;
    let slow = Damage::Slow(16, Duration::from_millis(50));
    check(json!({ "idle": "20s" }), Some(400), slow, "not whole within").await;
}

#[tokio::test]
async fn the_first_byte_has_another_limit_for_workbooks() {
    let desk = Desk::sample().await.configured(json!({
        "timeouts": { "first_byte": "200ms", "first_byte_xlsx": "900ms" } }));
    desk.sim.fault(Fault::on("POST /api/card/1/query/*").hang());
    let server = desk.server().await;
    let took = async |format: Format| {
        let since = tokio::time::Instant::now();
        let failure = server.export(&ExportRequest { format, ..csv(1) }).await.err().unwrap();
        assert_eq!((failure.class, failure.again), (FailureClass::Timeout, Again::Yes), "{failure}");
        since.elapsed().as_millis()
    };
    let (csv, json) = (took(Format::Csv).await, took(Format::Json).await);
    assert!((200..850).contains(&csv) && (200..850).contains(&json), "{csv} {json}");
    assert!(took(Format::Xlsx).await >= 900);
}

/// Whoever cancels, or has enough, ends the query at the server too.
#[tokio::test]
async fn the_server_notices_at_once_who_leaves() {
    let desk = Desk::sample().await;
    desk.sim.fault(Fault::on(EXPORT).body(Damage::Stall(At::Row(5), Stall::UntilReleased)));
    let server = desk.server().await;
    drop(server.export(&csv(1)).await.unwrap());
    tokio::time::timeout(Duration::from_secs(5), desk.sim.idle()).await.unwrap();
    let mut stream = server.export(&csv(1)).await.unwrap();
    let (failure, ()) = tokio::join!(read(&mut stream), async { desk.test.cancel() });
    assert_eq!(failure.unwrap_err().class, FailureClass::Cancelled);
    drop(stream);
    tokio::time::timeout(Duration::from_secs(5), desk.sim.idle()).await.unwrap();
    assert!(desk.sim.exports().iter().all(|export| export.ended == Ended::ClientLeft));
}

#[tokio::test]
async fn a_form_is_given_up_only_where_nobody_decided() {
    for (encoding, types) in [("auto", 2), ("form", 1), ("json", 1)] {
        let desk = Desk::sample().await.configured(json!({ "body_encoding": encoding }));
        desk.sim.fault(Fault::on(EXPORT).status(415).shape(Shape::RawText, "", "no"));
        let failure = desk.server().await.export(&csv(1)).await.err().unwrap();
        assert_eq!((failure.class, failure.again), (FailureClass::BadRequest, Again::Never), "{failure}");
        let asked = desk.sim.asked(EXPORT);
        assert_eq!(asked.len(), types, "{encoding}");
        let is_json = |at: usize| asked[at].header("content-type") == Some("application/json");
        assert_eq!((is_json(0), is_json(types - 1)), (encoding == "json", encoding != "form"), "{encoding}");
    }
}
