//! Answers that lie: status 200, and something else than a whole export. None is published; what can be whole the next time
//! is asked for again, from its first byte.

use roundsman_simulators::{
    At, Damage, Ending, Fault,
    metabase::{Failure, Rows},
};
use roundsman_task::{OutcomeStatus, TaskError};
use serde_json::json;

use super::stage::*;

const CSV: &str = "POST /api/card/12/query/csv";

/// The first answer is damaged so, the second is not: a whole file, two requests, nothing else left.
async fn mends(damage: Vec<Damage>, format: &str) {
    let told = format!("{format}: {damage:?}");
    let stage = Stage::of_rows(200).await.set(json!({ "format": format }));
    stage.sim.set_rows(12, Rows::awkward(200));
    let fault = Fault::on(&format!("POST /api/card/12/query/{format}")).times(1);
    let handle = stage.sim.fault(damage.into_iter().fold(fault, Fault::body));
    let (_, outcome) = stage.good().await;
    assert_eq!(handle.fired(), 1, "{told}");
    assert_eq!(stage.file(&format!("question_12.{format}")), stage.sim.truth(12, format), "{told}");
    assert_eq!(outcome.detail["units"][0]["attempts"], 2, "{told}");
    assert_eq!(stage.files().len(), 3, "{told}: {:?}", stage.files());
    assert_eq!(stage.sim.asked(&format!("POST /api/card/12/query/{format}")).len(), 2, "{told}");
}

/// M-05, M-07, M-09 and what else ends an export early.
#[tokio::test]
async fn what_is_cut_is_asked_for_again() {
    for damage in [
        vec![Damage::End(At::Row(7), Ending::Clean)],
        vec![Damage::End(At::InRow(7), Ending::Clean), Damage::NotPacked],
        vec![Damage::End(At::InQuotes(7), Ending::Clean), Damage::NotPacked],
        vec![Damage::End(At::Row(7), Ending::Closed)],
        vec![Damage::End(At::Row(7), Ending::MidChunk)],
        vec![Damage::End(At::Row(7), Ending::Reset)],
        vec![Damage::End(At::Row(7), Ending::Closed), Damage::NotPacked],
        vec![Damage::TooLong(10)],
        vec![Damage::NoTrailer],
        vec![Damage::WrongSum],
        vec![Damage::Flip(40)],
        vec![Damage::Flip(-1)],
    ] {
        mends(damage, "csv").await;
    }
    mends(vec![Damage::End(At::Row(7), Ending::Clean), Damage::NotPacked], "json").await;
    mends(vec![Damage::End(At::Row(7), Ending::Clean), Damage::NotPacked], "xlsx").await;
    mends(vec![Damage::Flip(2_000), Damage::NotPacked], "xlsx").await;
}

/// An export that fails for good: what is told of it, and nothing new in the folder.
async fn refused(format: &str, faults: Vec<Damage>) -> (TaskError, usize) {
    let stage = Stage::of_rows(200).await.set(json!({ "format": format }));
    let request = format!("POST /api/card/12/query/{format}");
    stage.sim.fault(faults.into_iter().fold(Fault::on(&request), Fault::body));
    let test = stage.builder().build();
    let error = stage.run(&test).await.unwrap_err();
    assert_eq!(stage.files(), Vec::<String>::new());
    let manifest = test.artifact_json("manifest.json");
    assert_eq!((&manifest["status"], &manifest["units"][0]["status"]), (&"failed".into(), &"failed".into()));
    (error, stage.sim.asked(&request).len())
}

/// M-02, M-03, M-15: errors that come after the first byte.
#[tokio::test]
async fn errors_within_exports_are_told() {
    let permanent =
        Failure::new("ERROR: relation \"orders\" does not exist").typed("invalid-query").document();
    for (format, at) in [
        ("csv", At::Row(7)),
        ("csv", At::InRow(7)),
        ("csv", At::InQuotes(7)),
        ("csv", At::End),
        ("csv", At::Byte(0)),
        ("json", At::Row(7)),
        ("json", At::End),
        ("json", At::Byte(0)),
        ("xlsx", At::Byte(0)),
    ] {
        for packed in [vec![], vec![Damage::NotPacked]] {
            if packed.is_empty() && at == At::Byte(0) {
                // Nothing that packs its answer writes before the packing.
                continue;
            }
            let damage = [vec![Damage::document(at, &permanent)], packed].concat();
            let (error, asked) = refused(format, damage.clone()).await;
            let told = error.to_string();
            assert!(told.contains("relation \"orders\" does not exist"), "{format} {damage:?}: {told}");
            assert!(matches!(error, TaskError::Permanent { .. }), "{format} {damage:?}: {error:?}");
            assert_eq!(asked, 1, "{format} {damage:?}");
        }
    }
}

/// M-11: no type, but a message that says that it may go well.
#[tokio::test]
async fn what_the_message_says_decides_where_there_is_no_type() {
    let passing = Failure::new("connection refused").document();
    let (error, asked) = refused("csv", vec![Damage::document(At::Row(7), &passing)]).await;
    assert!(matches!(error, TaskError::Retry { .. }), "{error:?}");
    assert_eq!(asked, 3);
    let unknown = Failure::new("a bad day").document();
    let (_, asked) = refused("csv", vec![Damage::document(At::Row(7), &unknown)]).await;
    assert_eq!(asked, 2, "once more, in case");
}

/// M-17.
#[tokio::test]
async fn a_login_page_is_no_export() {
    let stage = Stage::of_rows(10).await;
    let page = format!("<html><title>Sign in</title>{}</html>", "x".repeat(4_000));
    stage.sim.fault(Fault::on(CSV).page(&page));
    let error = stage.run(&stage.builder().build()).await.unwrap_err();
    assert!(matches!(error, TaskError::Config { .. }), "{error:?}");
    let told = error.to_string();
    assert!(told.contains("Sign in") && told.len() < 800, "{told}");
    assert_eq!(stage.sim.asked(CSV).len(), 1);
    assert_eq!(stage.files(), Vec::<String>::new());
}

#[tokio::test]
async fn another_content_type() {
    let (error, asked) = refused("csv", vec![Damage::ContentType("application/octet-stream".into())]).await;
    assert!(error.to_string().contains("application/octet-stream"), "{error}");
    assert_eq!(asked, 1);
    refused("csv", vec![Damage::ContentType("application/json".into())]).await;
    refused("xlsx", vec![Damage::ContentType("text/csv".into())]).await;
}

/// What says itself that it is only a part, or another's word.
#[tokio::test]
async fn another_status() {
    for status in [203, 206] {
        let (error, asked) = refused("csv", vec![Damage::Status(status), Damage::NotPacked]).await;
        assert!(error.to_string().contains(&format!("has status {status}")), "{error}");
        assert_eq!(asked, 2);
    }
    mends(vec![Damage::Status(206)], "csv").await;
    let stage = Stage::of_rows(20).await;
    stage.sim.fault(Fault::on(CSV).body(Damage::Status(202)));
    stage.good().await;
}

/// An old file stays as it was when the new one is not whole.
#[tokio::test]
async fn the_old_file_outlives_a_bad_new_one() {
    let stage = Stage::of_rows(20).await;
    let (first, _) = stage.good().await;
    let old = stage.file("question_12.csv");
    stage.sim.fault(Fault::on(CSV).body(Damage::End(At::Row(3), Ending::Clean)));
    let before = stage.files();
    let forced = first.next_action("export", json!({ "force": true }));
    stage.run(&forced).await.unwrap_err();
    assert_eq!(stage.file("question_12.csv"), old);
    assert_eq!(stage.files(), before);
    stage.sim.clear_faults();
    let outcome = stage.run(&forced.next_action("export", json!({ "force": true }))).await.unwrap();
    assert_eq!((outcome.status, outcome.counts.changed), (OutcomeStatus::Success, 1));
}
