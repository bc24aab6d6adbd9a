//! The types of columns, from what the server knows of a question's result. What becomes of cells of a type is decided by
//! those who write files.

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
}

impl ColumnType {
    /// The type by the server's names for it: `type/Integer`. The effective one counts, if there is one.
    pub fn of(base: &str, effective: Option<&str>) -> Self {
        let effective = effective.filter(|name| !name.is_empty() && *name != "type/*");
        let name = effective.unwrap_or(base);
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

/// The columns in a `result_metadata` or in the `data.cols` of an answer; what has no name is left out.
pub fn columns(metadata: &Value) -> Vec<Column> {
    let column = |column: &Value| {
        let text = |key: &str| column.get(key).and_then(Value::as_str);
        let name = text("name")?;
        Some(Column {
            name: name.to_owned(),
            display_name: text("display_name").unwrap_or(name).to_owned(),
            kind: ColumnType::of(text("base_type").unwrap_or_default(), text("effective_type")),
        })
    };
    metadata.as_array().map(|columns| columns.iter().filter_map(column).collect()).unwrap_or_default()
}

/// The types of the columns of an export, by its titles. Questions may hide and reorder columns, so titles count before
/// places: the display name if only one column has it, else the name; equal titles follow their order if there are equally
/// many of them. What matches nothing is unknown.
pub fn column_types(titles: &[String], columns: &[Column]) -> Vec<ColumnType> {
    let same = |title: &str| titles.iter().filter(|other| *other == title).count();
    let typed = |(at, title): (usize, &String)| {
        let shown: Vec<_> = columns.iter().filter(|column| column.display_name == *title).collect();
        let before = titles[..at].iter().filter(|other| *other == title).count();
        let by_name = || columns.iter().find(|column| column.name == *title).map(|column| column.kind);
        match shown.as_slice() {
            several if !several.is_empty() && several.len() == same(title) => several[before].kind,
            // All of one type: whichever it is.
            [first, rest @ ..] if rest.iter().all(|other| other.kind == first.kind) => first.kind,
            _ => by_name().unwrap_or_default(),
        }
    };
    titles.iter().enumerate().map(typed).collect()
}

#[cfg(test)]
mod tests;
