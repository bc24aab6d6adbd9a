//! What is said about a file, and about which place in it. Nothing here decides whether the file is taken.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use super::{complaint::Complaint, text::short};

/// How much a remark weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Note,
    /// Probably not what was meant; the file is taken.
    Warning,
    /// The file is not taken.
    Error,
}

/// A place in a file; empty: the whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, from 1; of a record with several lines the first.
    pub line: Option<usize>,
    /// The column, from 1.
    pub column: Option<usize>,
    /// What the header calls that column.
    pub title: Option<String>,
}

impl Place {
    /// The whole file.
    pub(crate) fn file() -> Self {
        Self::default()
    }

    /// A whole line.
    pub(crate) fn line(line: usize) -> Self {
        Self { line: Some(line), ..Self::default() }
    }

    /// A cell of a column that may have no title.
    pub(crate) fn cell(line: usize, column: usize, title: &str) -> Self {
        let title = (!title.is_empty()).then(|| short(title));
        Self { line: Some(line), column: Some(column), title }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(line) = self.line else { return f.write_str("file") };
        write!(f, "line {line}")?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        match &self.title {
            Some(title) => write!(f, " ({title})"),
            None => Ok(()),
        }
    }
}

/// One thing said about a file. It may quote addresses: it is for whoever sent the file, not for logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// How much it weighs.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// What.
    pub complaint: Complaint,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{severity}: {}: {}", self.place, self.complaint)
    }
}

impl Remark {
    /// Where and what, for logs: without addresses.
    pub fn for_logs(&self) -> String {
        format!("{}: {}", self.place, self.complaint.without_addresses())
    }
}

impl Serialize for Remark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Remark", 5)?;
        fields.serialize_field("severity", &self.severity)?;
        fields.serialize_field("line", &self.place.line)?;
        fields.serialize_field("column", &self.place.column)?;
        fields.serialize_field("title", &self.place.title)?;
        fields.serialize_field("message", &self.complaint.to_string())?;
        fields.end()
    }
}

/// What was read, and everything there is to say about it, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked<T> {
    /// What could be read; with an error among the remarks, a part at most.
    pub value: T,
    /// All remarks, by line.
    pub remarks: Vec<Remark>,
}

impl<T> Checked<T> {
    /// Whether the file is not to be used.
    pub fn has_errors(&self) -> bool {
        self.remarks.iter().any(|remark| remark.severity == Severity::Error)
    }
}

/// Remarks while they are collected.
#[derive(Debug, Default)]
pub(crate) struct Remarks(Vec<Remark>);

impl Remarks {
    pub(crate) fn note(&mut self, place: Place, complaint: Complaint) {
        self.0.push(Remark { severity: Severity::Note, place, complaint });
    }

    pub(crate) fn warning(&mut self, place: Place, complaint: Complaint) {
        self.0.push(Remark { severity: Severity::Warning, place, complaint });
    }

    pub(crate) fn error(&mut self, place: Place, complaint: Complaint) {
        self.0.push(Remark { severity: Severity::Error, place, complaint });
    }

    /// Puts them beside what was read, by line; those of one line stay in the order they were found.
    pub(crate) fn beside<T>(mut self, value: T) -> Checked<T> {
        self.0.sort_by_key(|remark| remark.place.line);
        Checked { value, remarks: self.0 }
    }
}
