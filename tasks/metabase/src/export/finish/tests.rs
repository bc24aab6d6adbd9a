//! What is refused before anything is made, and when what is made is the same. The files themselves have their tests in
//! `tests/`.

use std::path::PathBuf;

use roundsman_task::Checked;
use roundsman_testkit::TestContext;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::{
    config::Verify,
    export::{failure::Class, judge::Rules, names::Words, part::Writer},
    server::{ExportRequest, Source},
};

fn config(keys: &Value) -> Checked<Config> {
    let mut config = json!({ "base_url": "https://metabase.example.com", "min_free_bytes": "0" });
    for (key, value) in keys.as_object().unwrap() {
        config[key] = value.clone();
    }
    serde_json::from_value(config).unwrap()
}

fn unit(format: Format) -> Unit {
    let request = ExportRequest {
        source: Source::Card(12),
        format,
        parameters: Vec::new(),
        format_rows: false,
        pivot_results: false,
        csv_include_bom: false,
        timeout: None,
    };
    Unit {
        item: "orders".to_owned(),
        request,
        card: None,
        card_id: Some(12),
        name: "Orders".to_owned(),
        dashboard_id: None,
        again: 0,
        words: Words::default(),
        rules: Rules::default(),
        verify: Verify::Structural,
        path: PathBuf::from("question_12.xlsx"),
        timeless: PathBuf::from("question_12.xlsx"),
        refused: None,
    }
}

fn part(folder: &TempDir, text: &str) -> Part {
    let writer = Writer { run: 1, attempt: 1, tried: 1 };
    let mut part = Part::create(&folder.path().join("question_12.xlsx"), writer, 0).unwrap();
    part.write(text.as_bytes()).unwrap();
    part.close().unwrap();
    part
}

/// What is no CSV at all would be refused as such, were it read.
#[tokio::test]
async fn more_rows_or_columns_than_a_sheet_has() {
    let (test, unit) = (TestContext::builder().build(), unit(Format::XlsxLocal));
    let (few, many) = (vec!["a".to_owned()], vec!["a".to_owned(); 16_385]);
    for (rows, titles, told) in [
        (1_048_576, &few, "more than 1048575 rows; export it as csv"),
        (1, &many, "more than 16384 columns; export it as csv"),
    ] {
        let folder = TempDir::new().unwrap();
        let target = folder.path().join("question_12.xlsx");
        let export = Export { unit: &unit, titles, rows };
        let ended = finish(test.cx(), part(&folder, "\"no csv"), export, &config(&json!({})), target).await;
        let failure = ended.unwrap_err();
        assert!(failure.message.ends_with(told), "{failure}");
        assert_eq!((failure.class, failure.is_permanent()), (Class::CheckFailed, true));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

/// Rows that are not there when the workbook is made do not make one.
#[tokio::test]
async fn a_workbook_of_other_rows_than_were_proved() {
    let (test, unit, folder) =
        (TestContext::builder().build(), unit(Format::XlsxLocal), TempDir::new().unwrap());
    let (target, titles) = (folder.path().join("question_12.xlsx"), vec!["a".to_owned()]);
    let export = Export { unit: &unit, titles: &titles, rows: 3 };
    let ended =
        finish(test.cx(), part(&folder, "a\n1\n2\n"), export, &config(&json!({})), target.clone()).await;
    assert!(ended.unwrap_err().message.contains("2 rows were written of 3"));
    assert!(!target.exists());
}

/// A file system that fills up while a file is made ends the run, as it does while the export comes.
#[tokio::test]
async fn no_space_for_what_is_made() {
    let (test, unit, folder) = (TestContext::builder().build(), unit(Format::Csv), TempDir::new().unwrap());
    let (target, titles) = (folder.path().join("question_12.csv.gz"), vec!["a".to_owned()]);
    let export = Export { unit: &unit, titles: &titles, rows: 1 };
    let config = config(&json!({ "post": ["gzip"], "min_free_bytes": "900PiB" }));
    let failure = finish(test.cx(), part(&folder, "a\n1\n"), export, &config, target).await.unwrap_err();
    assert!(failure.ends_run() && failure.is_permanent() && failure.class == Class::Disk, "{failure}");
    assert!(failure.message.contains("min_free_bytes"), "{failure}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_is_made_the_same_way() {
    let of = |unit: &Unit, keys: Value| made(Export { unit, titles: &[], rows: 0 }, &config(&keys));
    let (csv, workbook) = (unit(Format::Csv), unit(Format::XlsxLocal));
    assert_eq!(of(&csv, json!({})), of(&csv, json!({})));
    assert_eq!(of(&csv, json!({})).len(), 16);
    // What is said of CSV files is nothing to workbooks.
    assert_eq!(of(&workbook, json!({ "csv_bom": true })), of(&workbook, json!({})));
    assert_ne!(of(&csv, json!({ "csv_bom": true })), of(&csv, json!({})));
    assert_ne!(of(&workbook, json!({})), of(&csv, json!({})));
    let renamed = Unit { name: "Sales".to_owned(), ..unit(Format::XlsxLocal) };
    assert_ne!(of(&renamed, json!({})), of(&workbook, json!({})), "its sheet has another name");
    let elsewhere = Unit { timeless: PathBuf::from("sales.csv"), ..unit(Format::Csv) };
    assert_ne!(of(&elsewhere, json!({})), of(&csv, json!({})));
}
