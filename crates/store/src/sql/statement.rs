//! A statement with its values, ready for either database. It is never built from pieces at run time.

use roundsman_model::{Timestamp, time::to_micros};
use serde_json::Value as Json;
use sqlx::{Postgres, Sqlite, postgres::PgArguments, query::Query, sqlite::SqliteArguments};

/// The text of a statement for each database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text {
    /// For SQLite.
    pub(crate) sqlite: &'static str,
    /// For Postgres.
    pub(crate) postgres: &'static str,
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }
}

/// A value for a placeholder.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// A number, an instant or a flag.
    Int(Option<i64>),
    /// A text; NUL, which Postgres cannot store, becomes the replacement character.
    Text(Option<String>),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A statement and the values of `$1`, `$2` and so on.
pub(crate) struct Statement {
    text: Text,
    values: Vec<Value>,
}

impl Statement {
    /// A statement without values yet.
    pub(crate) fn new(text: impl Into<Text>) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }

    /// Adds the value of the next placeholder.
    #[must_use]
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    pub(super) fn sqlite(self) -> Query<'static, Sqlite, SqliteArguments> {
        self.values.into_iter().fold(sqlx::query(self.text.sqlite), |query, value| match value {
            Value::Int(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
        })
    }

    pub(super) fn postgres(self) -> Query<'static, Postgres, PgArguments> {
        self.values.into_iter().fold(sqlx::query(self.text.postgres), |query, value| match value {
            Value::Int(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
        })
    }
}

fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(Some(value.into()))
    }
}

impl From<Option<u64>> for Value {
    fn from(value: Option<u64>) -> Self {
        Self::Int(value.map(|value| i64::try_from(value).unwrap_or(i64::MAX)))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(Some(value.into()))
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Int(Some(to_micros(at)))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(at: Option<Timestamp>) -> Self {
        Self::Int(at.map(to_micros))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(storable(text)))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(storable))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&Json> for Value {
    fn from(value: &Json) -> Self {
        Self::Text(Some(value.to_string()))
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Rows> for Value {
    fn from(rows: Rows) -> Self {
        Self::Text(Some(Json::Array(rows.0).to_string()))
    }
}

/// Many rows as one value, for the word `ROWS`: an array of arrays. One statement then writes ten thousand rows, which
/// is what makes firing fast; a statement for each would cost a round trip for each.
#[derive(Debug, Default)]
pub(crate) struct Rows(Vec<Json>);

impl Rows {
    /// Adds a row.
    pub(crate) fn push<const N: usize>(&mut self, row: [Value; N]) {
        self.0.push(Json::Array(row.into_iter().map(Json::from).collect()));
    }

    /// Rows made from each of these.
    pub(crate) fn of<T, const N: usize>(
        each: impl IntoIterator<Item = T>,
        row: impl Fn(T) -> [Value; N],
    ) -> Self {
        let mut rows = Self::default();
        each.into_iter().for_each(|one| rows.push(row(one)));
        rows
    }

    /// Rows that are JSON already.
    pub(crate) fn of_json(rows: Vec<Vec<Json>>) -> Self {
        Self(rows.into_iter().map(Json::Array).collect())
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        match value {
            Value::Int(value) => value.into(),
            Value::Text(value) => value.into(),
            Value::Bytes(_) => unreachable!("bytes are bound one by one, never as rows"),
        }
    }
}
