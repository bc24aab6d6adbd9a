//! Rows made of numbers: the same number gives the same row, on any machine. No chance is involved.

use chrono::{DateTime, Days, NaiveDate, TimeDelta};

use super::{Cell, Column, ColumnType};

/// After so many rows those that are repeated begin again.
pub(super) const PERIOD: u64 = 1_024;

const NAMES: [&str; 6] = ["Ada Berg", "Bruno Costa", "Chen Li", "Dana Novak", "Emil Schulz", "Farah Haddad"];
const REGIONS: [&str; 4] = ["EMEA", "APAC", "AMER", "LATAM"];
const AWKWARD: [&str; 20] = [
    "plain",
    "",
    "a,b",
    "say \"hello\"",
    "two\nlines",
    "carriage\r\nreturn",
    "{\"status\":\"failed\",\"error\":\"only a cell\"}",
    "{\"",
    "{not json}",
    "\"",
    "\"\"",
    "Zürich – Łódź – 東京",
    "🦀 and 👩‍👩‍👧",
    "tab\there",
    " spaces around ",
    "'=1+1",
    "=1+1",
    "[1,2,3]",
    "back\\slash",
    "]\n}",
];

pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::new("id", ColumnType::Integer).titled("ID"),
        Column::new("customer", ColumnType::Text).titled("Customer"),
        Column::new("region", ColumnType::Text).titled("Region"),
        Column::new("total", ColumnType::Float).titled("Total"),
        Column::new("paid", ColumnType::Boolean).titled("Paid"),
        Column::new("ordered_on", ColumnType::Date).titled("Ordered On"),
        Column::new("created_at", ColumnType::DateTime).titled("Created At"),
        Column::new("note", ColumnType::Text).titled("Note"),
    ]
}

pub(super) fn plain(at: u64) -> Vec<Cell> {
    row(at, Cell::Text(format!("order {} of the day", at % 97)))
}

pub(super) fn awkward(at: u64) -> Vec<Cell> {
    let note = if at % 21 == 20 {
        Cell::Null
    } else {
        let text = AWKWARD[(at % 21) as usize];
        Cell::Text(if at % 5 == 4 { format!("{text}{at}") } else { text.to_owned() })
    };
    row(at, note)
}

fn row(at: u64, note: Cell) -> Vec<Cell> {
    let first_day = NaiveDate::from_ymd_opt(2024, 1, 1).expect("a day of the calendar");
    let first_instant = DateTime::from_timestamp(1_704_067_200, 0).expect("an instant that exists");
    let total = if at % 13 == 12 {
        Cell::Null
    } else {
        Cell::Float((at.wrapping_mul(7_919) % 1_000_000) as f64 / 100.0 + 0.25)
    };
    vec![
        Cell::Integer(at as i64 + 1),
        Cell::Text(NAMES[(at % 6) as usize].to_owned()),
        Cell::Text(REGIONS[(at / 3 % 4) as usize].to_owned()),
        total,
        Cell::Boolean(at.is_multiple_of(3)),
        Cell::Date(first_day + Days::new(at % 700)),
        Cell::DateTime(first_instant + TimeDelta::seconds((at % 60_000_000) as i64)),
        note,
    ]
}
