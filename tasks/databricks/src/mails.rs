//! What is told to people (B.6, C): texts, recipients, the daily report. Whether something is worth telling is decided
//! elsewhere, and nothing here can hold up or fail what is done about clusters.

mod subject_matter;

pub use self::subject_matter::{About, Report, ReportRow, UnmanagedRow};
