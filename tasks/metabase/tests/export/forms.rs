//! The forms of files and what is done to them: each readable by others as what it says it is.

use std::io::Read as _;

use serde_json::json;

use super::stage::*;

#[tokio::test]
async fn json_and_workbooks() {
    for format in ["json", "xlsx"] {
        let stage = Stage::of_rows(50).await.set(json!({ "format": format }));
        stage.good().await;
        assert_eq!(stage.file(&format!("question_12.{format}")), stage.sim.truth(12, format));
        assert_eq!(stage.manifest()["units"][0]["rows"], 50);
        assert!(stage.manifest()["units"][0]["columns"].as_array().unwrap().len() > 2);
    }
}

#[tokio::test]
async fn excel_is_another_word_for_xlsx() {
    let stage = Stage::of_rows(5).await.set(json!({ "format": "excel" }));
    stage.good().await;
    assert!(stage.file("question_12.xlsx").starts_with(b"PK"));
    // Configurations and parameters are held against the schema before anything reads them.
    let schema = schemars::schema_for!(roundsman_metabase::config::Format).to_value();
    assert!(schema["enum"].as_array().unwrap().contains(&json!("excel")), "{schema}");
}

#[tokio::test]
async fn a_workbook_of_our_own() {
    let stage = Stage::of_rows(50).await.set(json!({ "format": "xlsx-local" }));
    stage.good().await;
    assert_eq!(stage.sim.asked("POST /api/card/12/query/csv").len(), 1);
    let bytes = stage.file("question_12.xlsx");
    let examined = roundsman_metabase::scan::xlsx::examine(&mut std::io::Cursor::new(&bytes)).unwrap();
    assert_eq!(examined.rows, Some(50));
    let unit = &stage.manifest()["units"][0];
    assert_eq!(unit["sha256"], sha256(&bytes));
    assert_eq!(unit["content_sha256"], sha256(&stage.sim.truth(12, "csv")));
    assert_eq!(stage.files().len(), 3, "{:?}", stage.files());
}

#[tokio::test]
async fn packed_files() {
    let stage = Stage::of_rows(50).await.set(json!({ "post": ["gzip"] }));
    stage.good().await;
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&stage.file("question_12.csv.gz")[..]).read_to_end(&mut plain).unwrap();
    assert_eq!(plain, stage.sim.truth(12, "csv"));
    let stage = Stage::of_rows(50).await.set(json!({ "post": ["zstd"], "format": "xlsx-local" }));
    stage.good().await;
    let plain = zstd::decode_all(&stage.file("question_12.xlsx.zst")[..]).unwrap();
    assert!(plain.starts_with(b"PK"));
    assert_eq!(stage.files().len(), 3, "{:?}", stage.files());
}

#[tokio::test]
async fn csv_as_spreadsheets_like_it() {
    let stage =
        Stage::of_rows(3).await.set(json!({ "csv_bom": true, "csv_delimiter": ";", "csv_crlf": true }));
    stage.good().await;
    let text = String::from_utf8(stage.file("question_12.csv")).unwrap();
    assert!(text.starts_with('\u{feff}') && text.ends_with("\r\n"), "{text:?}");
    let truth = String::from_utf8(stage.sim.truth(12, "csv")).unwrap();
    assert_eq!(
        text.lines().next().unwrap().matches(';').count(),
        truth.lines().next().unwrap().matches(',').count()
    );
}

#[tokio::test]
async fn progress_and_metrics() {
    let stage = Stage::of_rows(40_000).await;
    let (test, _) = stage.good().await;
    let bytes = stage.file("question_12.csv").len();
    let progress = test.progress();
    assert!(progress.len() > 1 && progress.iter().all(|step| step.total.is_none()));
    assert_eq!(progress.last().unwrap().done, bytes as u64);
    assert!(progress.last().unwrap().note.starts_with("1 of 1 files, 40000 rows"), "{progress:?}");
    assert_eq!(test.metric("roundsman_metabase_export_units_total", &[("status", "ok")]), Some(1.0));
    assert_eq!(test.metric("roundsman_metabase_export_rows_total", &[]), Some(40_000.0));
    assert_eq!(
        test.metric("roundsman_metabase_requests_total", &[("endpoint", "export"), ("code", "200")]),
        Some(1.0)
    );
    // The next run knows how much there is.
    let again = test.next_action("export", json!({ "force": true }));
    stage.run(&again).await.unwrap();
    assert_eq!(again.progress().last().unwrap().total, Some(bytes as u64));
}
