//! The types of columns, from what the server knows of a question's result. What becomes of cells of a type is decided by
//! those who write files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnType {
    /// Whole numbers.
    Integer,
    /// Numbers as processors have them.
    Float,
    /// Numbers with exactly so many digits.
    Decimal,
    /// True or false.
    Boolean,
    /// Days.
    Date,
    /// Instants, with or without a zone.
    #[serde(rename = "datetime")]
    DateTime,
    /// Times of a day.
    Time,
    /// Text, and all that has no better place than text.
    Text,
    /// Nobody says.
    #[default]
    Unknown,
}

/// A column of a question's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name in the query.
    pub name: String,
    /// Its title in exports, as a rule.
    pub display_name: String,
    /// What its cells are.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// The server's own name for that: `type/Integer`.
    #[serde(default)]
    pub server_type: Option<String>,
}

impl ColumnType {
    /// The type by the server's names for it: `type/Integer`. The effective one counts, if there is one.
    pub fn of(base: &str, effective: Option<&str>) -> Self {
        let name = name_of(base, effective);
        match name.strip_prefix("type/").unwrap_or(name) {
            "Integer" | "BigInteger" => Self::Integer,
            "Float" => Self::Float,
            "Decimal" | "Number" => Self::Decimal,
            "Boolean" => Self::Boolean,
            "Date" => Self::Date,
            "Instant" => Self::DateTime,
            name if name.starts_with("DateTime") => Self::DateTime,
            name if name.starts_with("Time") => Self::Time,
            "*" | "" => Self::Unknown,
            _ => Self::Text,
        }
    }
}

/// The server's name for a type: the effective one, if it says anything.
fn name_of<'a>(base: &'a str, effective: Option<&'a str>) -> &'a str {
    effective.filter(|name| !name.is_empty() && *name != "type/*").unwrap_or(base)
}

/// The columns in a `result_metadata` or in the `data.cols` of an answer; what has no name is left out.
pub fn columns(metadata: &Value) -> Vec<Column> {
    let column = |column: &Value| {
        let text = |key: &str| column.get(key).and_then(Value::as_str);
        let name = text("name")?;
        let (base, effective) = (text("base_type").unwrap_or_default(), text("effective_type"));
        Some(Column {
            name: name.to_owned(),
            display_name: text("display_name").unwrap_or(name).to_owned(),
            kind: ColumnType::of(base, effective),
            server_type: Some(name_of(base, effective)).filter(|name| !name.is_empty()).map(str::to_owned),
        })
    };
    metadata.as_array().map(|columns| columns.iter().filter_map(column).collect()).unwrap_or_default()
}

/// The types of the columns of an export, by its titles. What matches nothing is unknown.
pub fn column_types(titles: &[String], columns: &[Column]) -> Vec<ColumnType> {
    titled(titles, columns)
        .into_iter()
        .map(|column| column.map(|column| column.kind).unwrap_or_default())
        .collect()
}

/// The columns of an export, by its titles. Questions may hide and reorder columns, so titles count before places: the
/// display name if only one column has it, else the name; equal titles follow their order if there are equally many of them.
pub fn titled<'a>(titles: &[String], columns: &'a [Column]) -> Vec<Option<&'a Column>> {
    let mut shown: BTreeMap<&str, Vec<&Column>> = BTreeMap::new();
    let mut named: BTreeMap<&str, &Column> = BTreeMap::new();
    for column in columns {
        shown.entry(&column.display_name).or_default().push(column);
        named.entry(&column.name).or_insert(column);
    }
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for title in titles {
        *times.entry(title).or_default() += 1;
    }
    let mut before: BTreeMap<&str, usize> = BTreeMap::new();
    let mut found = Vec::with_capacity(titles.len());
    for title in titles.iter().map(String::as_str) {
        let place = before.entry(title).or_default();
        let nth = std::mem::replace(place, *place + 1);
        found.push(match shown.get(title).map(Vec::as_slice) {
            Some(several) if several.len() == times[title] => Some(several[nth]),
            // All of one type: whichever it is.
            Some([first, rest @ ..]) if rest.iter().all(|other| other.kind == first.kind) => Some(*first),
            _ => named.get(title).copied(),
        });
    }
    found
}

#[cfg(test)]
mod tests;
