//! Exports as they should be: in each form, packed and not, in chunks and otherwise, whole; and how many at once.

use std::{
    io::{Cursor, Read},
    time::Duration,
};

use roundsman_simulators::{
    At, Damage, Fault, MetabaseScenario, Stall,
    metabase::{CardSetup, Ended, Framing, Release, Rows},
};
use serde_json::Value;

use crate::caller::{Caller, unpack};

const CSV: &str = "/api/card/1/query/csv";

async fn rows(rows: Rows) -> Caller {
    let card = CardSetup::native(1, "Orders").rows(rows);
    Caller::new(MetabaseScenario::new(Release::V56).card(card)).await
}

#[tokio::test]
async fn csv_and_json_are_streamed_packed_and_whole() {
    let caller = rows(Rows::awkward(1_000)).await;
    for (format, media_type) in [("csv", "text/csv"), ("json", "application/json; charset=utf-8")] {
        let wire = caller.wire(&format!("/api/card/1/query/{format}")).await;
        assert_eq!(wire.header("content-type"), Some(media_type));
        assert_eq!(wire.header("content-encoding"), Some("gzip"));
        assert_eq!(wire.header("transfer-encoding"), Some("chunked"));
        assert_eq!(wire.header("connection"), Some("close"));
        assert!(wire.header("content-disposition").unwrap().starts_with("attachment; filename=\"orders_"));
        assert!(wire.chunks().1);
        assert_eq!(wire.unpacked(), (caller.sim.truth(1, format), true));
    }
    let csv = String::from_utf8(caller.sim.truth(1, "csv")).unwrap();
    assert!(
        csv.starts_with(
            "ID,Customer,Region,Total,Paid,Ordered On,Created At,Note\n1,Ada Berg,EMEA,0.25,true,"
        )
    );
    assert!(csv.contains(",\"say \"\"hello\"\"\"\n") && csv.contains(",\"two\nlines\"\n"));
    let json: Vec<Value> = serde_json::from_slice(&caller.sim.truth(1, "json")).unwrap();
    assert_eq!((json.len(), &json[7]["Note"]), (1_000, &"{\"".into()));
}

#[tokio::test]
async fn workbooks_are_made_before_they_are_sent() {
    let caller = rows(Rows::awkward(500)).await;
    let wire = caller.wire("/api/card/1/query/xlsx").await;
    let (book, whole) = wire.unpacked();
    assert!(whole && book == caller.sim.truth(1, "xlsx"));
    let mut zip = zip::ZipArchive::new(Cursor::new(book)).unwrap();
    assert!(zip.by_name("[Content_Types].xml").is_ok());
    let mut sheet = String::new();
    zip.by_name("xl/worksheets/sheet1.xml").unwrap().read_to_string(&mut sheet).unwrap();
    assert_eq!(sheet.matches("<row ").count(), 501);
    assert!(sheet.contains(r#"<c r="A3" t="n"><v>2</v></c>"#));
}

#[tokio::test]
async fn bodies_may_be_framed_and_packed_otherwise() {
    let caller = rows(Rows::awkward(300)).await;
    let truth = caller.sim.truth(1, "csv");
    assert_eq!(caller.wire_with(CSV, "").await.chunks(), (truth.clone(), true));
    caller.sim.set(|settings| settings.framing = Framing::ContentLength);
    let wire = caller.wire(CSV).await;
    assert_eq!(wire.header("content-length"), Some(wire.rest.len().to_string().as_str()));
    assert_eq!(unpack(&wire.rest), (truth.clone(), true));
    caller.sim.set(|settings| (settings.framing, settings.strips_gzip) = (Framing::UntilClose, true));
    let wire = caller.wire(CSV).await;
    assert_eq!((wire.header("content-length"), wire.header("content-encoding")), (None, None));
    assert_eq!(wire.rest, truth);
    caller.sim.set(|settings| (settings.framing, settings.piece) = (Framing::Chunked, 1));
    assert_eq!(caller.wire(CSV).await.chunks(), (truth, true));
}

#[tokio::test]
async fn repeated_rows_are_the_same_packed_and_not() {
    let caller = rows(Rows::repeated(100_000)).await;
    for format in ["csv", "json"] {
        let truth = caller.sim.truth(1, format);
        let target = format!("/api/card/1/query/{format}");
        assert!(caller.wire(&target).await.unpacked() == (truth.clone(), true), "{format} packed");
        assert!(caller.wire_with(&target, "").await.chunks() == (truth, true), "{format}");
    }
}

#[tokio::test]
async fn equal_titles_lose_values_in_json_only() {
    let caller = rows(Rows::plain(2).titled(&["ID", "Name", "Name"])).await;
    let (_, json) = caller.form("/api/card/1/query/json", &[]).await;
    assert_eq!((json[0].as_object().unwrap().len(), &json[0]["Name"]), (7, &"EMEA".into()));
    let csv = String::from_utf8(caller.sim.truth(1, "csv")).unwrap();
    assert!(csv.starts_with("ID,Name,Name,"));
}

#[tokio::test]
async fn exports_have_a_limit_too() {
    let caller = rows(Rows::repeated(1_048_600)).await;
    let (csv, whole) = caller.wire(CSV).await.unpacked();
    assert!(whole);
    assert_eq!(csv.split(|byte| *byte == b'\n').count() - 1, 1_048_575 + 1);
    caller.sim.set(|settings| settings.download_row_limit = Some(50));
    let (csv, _) = caller.wire(CSV).await.unpacked();
    assert_eq!(csv.split(|byte| *byte == b'\n').count() - 1, 51);
}

#[tokio::test]
async fn exports_at_once_are_counted_and_so_is_their_end() {
    let caller = rows(Rows::plain(100)).await;
    let fault =
        Fault::on("POST /api/card/1/query/csv").body(Damage::Stall(At::Row(50), Stall::UntilReleased));
    let fault = caller.sim.fault(fault);
    let first = caller.begin(CSV, "").await;
    fault.stalled(1).await;
    let second = caller.begin(CSV, "").await;
    fault.stalled(2).await;
    assert_eq!((caller.sim.in_flight(), caller.sim.most_in_flight()), (2, 2));
    drop(first);
    while caller.sim.in_flight() > 1 {
        // sleep: the end of a connection takes a moment to be seen
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(caller.sim.exports()[0].ended, Ended::ClientLeft);
    fault.release();
    caller.sim.idle().await;
    let seen = caller.sim.exports();
    assert_eq!((seen[1].ended, seen[1].at_once), (Ended::Sent, 2));
    assert_eq!(seen[1].sent, caller.sim.truth(1, "csv").len() as u64);
    drop(second);
}
