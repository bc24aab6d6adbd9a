//! Rows as lines, the same from either database: numbers, texts, bytes as base64, nothing as `null`. It knows no table.

use std::io::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use super::{
    Closing,
    tables::{Sort, Table},
};
use crate::sql::{Outcome, Row, Value};

/// Counts and hashes the rows of a table.
pub(super) struct Tally {
    rows: u64,
    hash: Sha256,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self { rows: 0, hash: Sha256::new() }
    }

    /// A line, its end included.
    pub(super) fn add(&mut self, line: &[u8]) {
        self.rows += 1;
        self.hash.update(line);
    }

    pub(super) fn close(self, table: &Table) -> Closing {
        Closing { end: table.name.to_owned(), rows: self.rows, sha256: hex(&self.hash.finalize()) }
    }
}

/// Puts a row into a line, its end included.
pub(super) fn write(row: &Row, table: &Table, line: &mut Vec<u8>) -> Outcome<()> {
    line.clear();
    for (index, (name, sort)) in table.columns.iter().enumerate() {
        line.push(if index == 0 { b'[' } else { b',' });
        match sort {
            Sort::Int => match row.get::<Option<i64>>(name)? {
                Some(number) => write!(line, "{number}").expect("memory takes what is written to it"),
                None => line.extend_from_slice(b"null"),
            },
            Sort::Text => {
                let text: Option<String> = row.get(name)?;
                serde_json::to_writer(&mut *line, &text).expect("a text is always representable as JSON");
            }
            Sort::Bytes => {
                let bytes: Vec<u8> = row.get(name)?;
                write!(line, "\"{}\"", BASE64_STANDARD.encode(bytes))
                    .expect("memory takes what is written to it");
            }
        }
    }
    line.extend_from_slice(b"]\n");
    Ok(())
}

/// Reads the values of a row, and says what is wrong with them.
pub(super) fn read(line: &[u8], table: &Table) -> Result<Vec<Json>, String> {
    let values: Vec<Json> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if values.len() != table.columns.len() {
        let (found, wanted) = (values.len(), table.columns.len());
        return Err(format!("a row of {} has {found} values instead of {wanted}", table.name));
    }
    for ((name, sort), value) in table.columns.iter().zip(&values) {
        let fits = match (sort, value) {
            (Sort::Bytes, Json::Null) => false,
            (_, Json::Null) => true,
            (Sort::Int, value) => value.is_i64(),
            // Postgres stores no NUL, and we never do.
            (_, Json::String(text)) => !text.contains('\0'),
            _ => false,
        };
        if !fits {
            return Err(format!("column {name} of {} cannot hold {value:.60}", table.name));
        }
    }
    Ok(values)
}

/// The values of a row with bytes, for a statement with a placeholder for each.
pub(super) fn bound(values: Vec<Json>, table: &Table) -> Result<Vec<Value>, String> {
    let value = |((_, sort), value): (&(&str, Sort), Json)| match (sort, value) {
        (Sort::Int, value) => Ok(Value::Int(value.as_i64())),
        (Sort::Bytes, Json::String(text)) => {
            BASE64_STANDARD.decode(text).map(Value::Bytes).map_err(|error| error.to_string())
        }
        (_, value) => Ok(Value::Text(value.as_str().map(str::to_owned))),
    };
    table.columns.iter().zip(values).map(value).collect()
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
