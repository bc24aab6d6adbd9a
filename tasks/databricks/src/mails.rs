//! What is told to people (B.6, C): texts, recipients, the daily report. Whether something is worth telling is decided
//! elsewhere, and nothing here can hold up or fail what is done about clusters.

mod carrier;
mod delivery;
mod digest;
mod entering;
mod incident;
mod kind;
mod letter;
mod notices;
mod post;
mod recipients;
mod report;
mod subject_matter;
mod templates;
mod texts;
mod trial;
mod words;

pub use self::{
    kind::MailKind,
    post::Post,
    subject_matter::{About, Incident, Report, ReportRow, UnmanagedRow},
    trial::Tested,
};

/// The role of the credentials for mail: `access_key` or `connection_string` of Azure Communication Services, or `user` and
/// `password` of a mail server.
pub const CREDENTIAL: &str = "mail";
