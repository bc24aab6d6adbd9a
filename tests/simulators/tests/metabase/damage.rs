//! What goes wrong within a body: documents of errors at any place, bytes that are others, trailers, types.

use roundsman_simulators::{
    At, Damage, Fault, MetabaseScenario,
    metabase::{CardSetup, Failure, Release, Rows},
};

use crate::caller::{Caller, Wire};

async fn damaged(format: &str, damages: &[Damage]) -> (Caller, Wire) {
    let card = CardSetup::native(1, "Orders").rows(Rows::awkward(100));
    let caller = Caller::new(MetabaseScenario::new(Release::V56).card(card)).await;
    let fault = damages.iter().fold(Fault::on("*"), |fault, damage| fault.body(damage.clone()));
    caller.sim.fault(fault.times(1));
    let wire = caller.wire(&format!("/api/card/1/query/{format}")).await;
    (caller, wire)
}

fn document() -> String {
    Failure::new("canceling statement due to user request").document().to_string()
}

/// What stands before the document, which ends the body; the rest is all as it should be.
async fn before_document(format: &str, at: At) -> (Vec<u8>, Vec<u8>) {
    let (caller, wire) = damaged(format, &[Damage::Document(at, document())]).await;
    let (mut body, whole) = wire.unpacked();
    assert!(whole && wire.chunks().1, "such an answer looks well");
    assert!(body.ends_with(document().as_bytes()));
    body.truncate(body.len() - document().len());
    let truth = caller.sim.truth(1, format);
    assert!(truth.starts_with(&body));
    (body, truth)
}

#[tokio::test]
async fn errors_come_behind_rows() {
    for format in ["csv", "json"] {
        let (body, truth) = before_document(format, At::Row(7)).await;
        let rest = String::from_utf8(truth[body.len()..].to_vec()).unwrap();
        assert!(rest.starts_with(if format == "csv" { "8,Bruno" } else { ",\n{\"ID\":8," }), "{rest}");
        assert!(!before_document(format, At::Row(0)).await.0.is_empty());
    }
    let (body, truth) = before_document("csv", At::End).await;
    assert_eq!(body, truth);
    let (body, truth) = before_document("json", At::End).await;
    assert_eq!(truth[body.len()..], *b"\n]");
    let (body, truth) = before_document("xlsx", At::End).await;
    assert_eq!(body, truth);
}

#[tokio::test]
async fn errors_come_within_rows_and_quotes() {
    let (body, _) = before_document("csv", At::InRow(7)).await;
    assert!(!body.ends_with(b"\n") && body.len() > 8);
    let (body, _) = before_document("csv", At::InQuotes(7)).await;
    let quotes = body.split(|byte| *byte == b'"').count() - 1;
    assert!(body.ends_with(b"\"") && quotes % 2 == 1, "within quotes");
    let (body, truth) = before_document("json", At::InRow(7)).await;
    assert!(body.len() < truth.len());
    let (body, _) = before_document("xlsx", At::Row(7)).await;
    assert!(body.starts_with(b"PK\x03\x04"));
}

#[tokio::test]
async fn trailers_and_bytes_are_wrong() {
    for damage in [Damage::NoTrailer, Damage::WrongSum, Damage::Flip(-6), Damage::Flip(-1)] {
        let (caller, wire) = damaged("csv", std::slice::from_ref(&damage)).await;
        let (body, whole) = wire.unpacked();
        assert!(!whole && wire.chunks().1, "{damage:?}");
        assert_eq!(body, caller.sim.truth(1, "csv"), "{damage:?}");
    }
    let (caller, wire) = damaged("csv", &[Damage::NotPacked, Damage::Flip(20)]).await;
    let (body, truth) = (wire.chunks().0, caller.sim.truth(1, "csv"));
    let differ: Vec<usize> = (0..truth.len()).filter(|at| body[*at] != truth[*at]).collect();
    assert_eq!((body.len(), differ), (truth.len(), vec![20]));
}

#[tokio::test]
async fn types_and_members_are_others() {
    let (_, wire) = damaged("csv", &[Damage::ContentType("application/json".into())]).await;
    assert_eq!(wire.header("content-type"), Some("application/json"));
    let (caller, wire) = damaged("csv", &[Damage::Members(1_000)]).await;
    assert_eq!(wire.unpacked(), (caller.sim.truth(1, "csv"), true));
    let heads = wire.chunks().0.windows(3).filter(|own| own == b"\x1f\x8b\x08").count();
    assert!(heads > 5, "{heads} members");
}

#[tokio::test]
async fn pages_come_instead() {
    let caller = Caller::new(MetabaseScenario::sample(Release::V56, 1)).await;
    caller.sim.fault(Fault::on("POST *").page("<html>Please log in</html>"));
    let wire = caller.wire("/api/card/1/query/csv").await;
    assert_eq!(wire.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(caller.sim.exports(), []);
}
