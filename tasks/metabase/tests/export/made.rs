//! What is made of exports: workbooks with the types that the server tells, files that are made anew when what is done to
//! them changes, and nothing left of what was stopped on the way.

use std::{io::Read as _, time::Duration};

use roundsman_simulators::metabase::{CardSetup, Cell, Column, ColumnType, MetabaseScenario, Release, Rows};
use roundsman_task::{OutcomeStatus, TaskError};
use roundsman_testkit::TestContext;
use serde_json::{Value, json};

use super::stage::*;

/// Question 12 with this table.
async fn of_table(columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Stage {
    let card = CardSetup::native(12, "Orders").rows(Rows::table(columns, rows));
    let scenario = MetabaseScenario::new(Release::V56).card(card);
    Stage::new(scenario, json!([{ "name": "orders", "card": 12 }])).await
}

/// The sheet of a workbook.
fn sheet(workbook: &[u8]) -> String {
    let mut text = String::new();
    let mut package = zip::ZipArchive::new(std::io::Cursor::new(workbook)).unwrap();
    package.by_name("xl/worksheets/sheet1.xml").unwrap().read_to_string(&mut text).unwrap();
    text
}

fn text(of: &str) -> Cell {
    Cell::Text(of.to_owned())
}

/// A column that the database has as text and the server reads as instants is one of instants.
#[tokio::test]
async fn what_the_server_makes_of_a_column_counts() {
    let columns = vec![
        Column::new("at", ColumnType::DateTime).titled("At").stored_as(ColumnType::Text),
        Column::new("code", ColumnType::Text).stored_as(ColumnType::Integer),
    ];
    let rows = vec![vec![text("2026-11-20T12:00:00Z"), text("007")]];
    let stage = of_table(columns, rows).await.set(json!({ "format": "xlsx-local" }));
    let (_, outcome) = stage.good().await;
    let sheet = sheet(&stage.file("question_12.xlsx"));
    assert!(sheet.contains("<v>46346.5</v>") && sheet.contains("<t>007</t>"), "{sheet}");
    assert_eq!(
        outcome.detail["units"][0]["columns"],
        json!([{ "name": "At", "type": "type/DateTimeWithLocalTZ" }, { "name": "code", "type": "type/Text" }])
    );
    assert_eq!(stage.manifest()["units"][0]["verification"]["kept_as_text"], Value::Null);
}

/// Of two columns with one title each has its own type.
#[tokio::test]
async fn columns_of_one_title_have_their_own_types() {
    let columns = vec![
        Column::new("a", ColumnType::Integer).titled("X"),
        Column::new("b", ColumnType::Date).titled("X"),
    ];
    let (_, outcome) = of_table(columns, Vec::new()).await.good().await;
    assert_eq!(
        outcome.detail["units"][0]["columns"],
        json!([{ "name": "X", "type": "type/Integer" }, { "name": "X", "type": "type/Date" }])
    );
}

/// Digits that a workbook would lose, and cells that are not what their column is, stay text and are counted.
#[tokio::test]
async fn cells_that_stay_text_are_told() {
    let columns = vec![Column::new("id", ColumnType::Integer), Column::new("day", ColumnType::Date)];
    let rows = vec![
        vec![Cell::Integer(7), Cell::Null],
        vec![Cell::Integer(9_007_199_254_740_993), text("someday")],
        vec![Cell::Null, text("")],
    ];
    let stage = of_table(columns, rows).await.set(json!({ "format": "xlsx-local", "unchanged": "skip" }));
    let (test, _) = stage.good().await;
    let sheet = sheet(&stage.file("question_12.xlsx"));
    assert!(sheet.contains("<t>9007199254740993</t>") && sheet.contains("<v>7</v>"), "{sheet}");
    assert_eq!(stage.manifest()["units"][0]["verification"]["kept_as_text"], 2);
    // It is remembered with the file.
    let again = test.next_action("export", json!({ "force": true }));
    stage.run(&again).await.unwrap();
    let unit = &stage.manifest()["units"][0];
    assert_eq!((&unit["status"], &unit["verification"]["kept_as_text"]), (&json!("unchanged"), &json!(2)));
}

/// A workbook made here has values, whatever files for people have.
#[tokio::test]
async fn formatted_numbers_are_for_files_of_text() {
    let keys = json!({ "format_rows": true, "format": "xlsx-local" });
    let stage = Stage::of_rows(1).await.set(keys);
    stage.good().await;
    let sheet = sheet(&stage.file("question_12.xlsx"));
    assert!(sheet.contains("<v>0.25</v>") && sheet.contains("t=\"b\""), "{sheet}");
    assert_eq!(stage.manifest()["units"][0]["verification"]["kept_as_text"], Value::Null);
    let stage = Stage::of_rows(1).await.set(json!({ "format_rows": true }));
    stage.good().await;
    let csv = String::from_utf8(stage.file("question_12.csv")).unwrap();
    assert!(csv.contains("January 1, 2024"), "{csv}");
}

#[tokio::test]
async fn more_columns_than_a_workbook_has() {
    let columns = (0..16_385).map(|at| Column::new(&format!("c{at}"), ColumnType::Integer)).collect();
    let stage = of_table(columns, Vec::new()).await.set(json!({ "format": "xlsx-local" }));
    let error = stage.run(&stage.builder().build()).await.unwrap_err();
    assert!(matches!(error, TaskError::Permanent { .. }), "{error:?}");
    let told = error.to_string();
    assert!(told.contains("more than 16384 columns") && told.contains("export it as csv"), "{told}");
    assert_eq!(stage.files(), Vec::<String>::new());
    // As CSV it has no limit.
    let stage = stage.set(json!({ "format": "csv" }));
    stage.good().await;
}

#[tokio::test]
async fn a_cell_that_a_workbook_would_cut() {
    let rows = vec![vec![text("x")], vec![text(&"y".repeat(32_768))]];
    let columns = vec![Column::new("note", ColumnType::Text)];
    let stage = of_table(columns, rows).await.set(json!({ "format": "xlsx-local" }));
    let error = stage.run(&stage.builder().build()).await.unwrap_err();
    let told = error.to_string();
    assert!(told.contains("row 2, column 1") && told.contains("export it as csv"), "{told}");
    assert_eq!(stage.files(), Vec::<String>::new());
}

/// The next run of the export, with its fate.
async fn next(stage: &Stage, test: &TestContext) -> (TestContext, Value) {
    stage.clock.advance(Duration::from_hours(1));
    let next = test.next_action("export", json!({ "item": "orders" }));
    let outcome = stage.run(&next).await.unwrap();
    assert_eq!(outcome.status, OutcomeStatus::Success, "{}", outcome.summary);
    (next, outcome.detail["units"][0].clone())
}

/// A file that did not change stays as long as nothing else is to be done to it, and its name is the same apart from the time.
#[tokio::test]
async fn unchanged_is_what_is_made_the_same_way() {
    let mut stage =
        Stage::of_rows(10).await.set(json!({ "unchanged": "skip", "template": "{name}_{ts}.{ext}" }));
    let (mut test, _) = stage.good().await;
    let first = format!("Orders_{TS}.csv");
    for (change, ending) in [
        (json!({}), ""),
        (json!({ "post": ["gzip"] }), ".csv.gz"),
        (json!({ "post": ["zstd"] }), ".csv.zst"),
        (json!({ "post": [] }), ".csv"),
        (json!({ "csv_bom": true }), ".csv"),
        (json!({ "csv_bom": false, "csv_delimiter": ";" }), ".csv"),
        (json!({ "csv_delimiter": null, "csv_crlf": true }), ".csv"),
        (json!({ "csv_crlf": false, "csv_formula_guard": true }), ".csv"),
        (json!({ "csv_formula_guard": false, "template": "{id}_{ts}.{ext}" }), ".csv"),
        (json!({ "template": "{id}_{date}_{slot}.{ext}" }), ".csv"),
    ] {
        let is_same = change == json!({});
        stage.change(change.clone());
        let (then, unit) = next(&stage, &test).await;
        let path = unit["path"].as_str().unwrap().to_owned();
        if is_same {
            assert_eq!(unit["status"], "unchanged");
            assert!(path.ends_with(&first), "{path}");
        } else {
            assert_eq!(unit["status"], "ok", "{change}");
            assert!(path.ends_with(ending), "{change}: {path}");
        }
        // The one after it finds it as it is now.
        let (then, unit) = next(&stage, &then).await;
        assert_eq!(
            (&unit["status"], unit["path"].as_str().unwrap()),
            (&json!("unchanged"), &*path),
            "{change}"
        );
        test = then;
    }
}

/// The types of a workbook's cells changed at the server, though not what it sent.
#[tokio::test]
async fn other_types_make_another_workbook() {
    let rows = || vec![vec![text("12")]];
    let column = |kind| vec![Column::new("n", kind)];
    let stage = of_table(column(ColumnType::Text), rows()).await;
    let stage = stage.set(json!({ "unchanged": "skip", "format": "xlsx-local" }));
    let (test, _) = stage.good().await;
    stage.sim.set_rows(12, Rows::table(column(ColumnType::Integer), rows()));
    let (test, unit) = next(&stage, &test).await;
    assert_eq!(unit["status"], "ok");
    let workbook = std::fs::read(unit["path"].as_str().unwrap()).unwrap();
    assert!(sheet(&workbook).contains("<v>12</v>"));
    assert_eq!(next(&stage, &test).await.1["status"], "unchanged");
}

/// Files beside their place, being made of others.
fn begun(stage: &Stage) -> bool {
    stage.files().iter().any(|file| file.ends_with("-new"))
}

async fn cancelled_while_made(keys: Value) {
    let stage = Stage::of_rows(60_000).await.set(keys.clone());
    let test = stage.builder().build();
    let cancel = async {
        while !begun(&stage) {
            // sleep: the file is made by a thread of its own
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        test.cancel();
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! { ended = stage.run(&test) => ended, () = cancel => unreachable!() };
    assert!(matches!(ended, Err(TaskError::Cancelled)), "{keys}: {ended:?}");
    assert_eq!(stage.files(), Vec::<String>::new(), "{keys}");
}

#[tokio::test]
async fn cancelled_while_a_file_is_made() {
    cancelled_while_made(json!({ "format": "xlsx-local" })).await;
    cancelled_while_made(json!({ "post": ["gzip"], "csv_delimiter": ";" })).await;
}

/// A run that is dropped leaves nothing behind either, soon after.
#[tokio::test]
async fn dropped_while_a_file_is_made() {
    let stage = Stage::of_rows(60_000).await.set(json!({ "format": "xlsx-local" }));
    let test = stage.builder().build();
    let seen = async {
        while !begun(&stage) {
            // sleep: the file is made by a thread of its own
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! { ended = stage.run(&test) => unreachable!("{ended:?}"), () = seen => {} }
    while begun(&stage) {
        // sleep: the thread ends by itself
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(stage.files(), Vec::<String>::new());
}
