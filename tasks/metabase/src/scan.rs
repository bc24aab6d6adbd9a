//! Proof that an export is whole, from its bytes alone, while they pass. Nothing here reads from a network or writes a file.
//!
//! A server of this kind answers 200 before the query runs, so damage is silent. Which layer sees which damage:
//!
//! | damage | seen by |
//! | --- | --- |
//! | an error document instead of, behind or within an export | the scanner of the format; always |
//! | JSON, xlsx: cut at any byte | the scanner; an array that is not closed, a workbook without its directory |
//! | CSV: cut within a record, also within quotes | [`CsvScanner`]; the last byte is no newline, or a quote is open |
//! | CSV: cut exactly behind a record | [`Inflate`] if the answer was packed: its trailer is missing. Without gzip such a CSV is a legal CSV: only the HTTP layer's end, a count or an expectation can tell. [`Scanned::weak`] says so |
//! | packed: any byte cut or changed | [`Inflate`]; check sum and length. Only the time stamp and the like in the head of a member may change, which changes no content |
//! | not packed: a byte changed | xlsx: check sums of its parts. CSV, JSON: only where the form breaks; nothing else can tell |
//! | CSV: all of it twice, or whole records lost, doubled or exchanged in its middle | [`Inflate`] if the answer was packed; otherwise nothing in the bytes, only a count or an expectation |
//! | packed: several streams in one | each is proved; that none is missing behind them is not: [`Inflated::proves_end`] |
//! | JSON: rows with other keys than the first | counted as uneven, which the judge refuses |
//! | JSON: an error document between the brackets of an array that is empty otherwise, and the rest behind it | nothing: it is a value like others; no server is known to write one there |
//! | a limit of rows | [`cap`] |

mod caps;
mod capture;
mod csv;
mod inflate;
mod json;
mod server_error;
pub mod xlsx;

pub use self::{
    caps::{API_AGGREGATED, API_PLAIN, Cap, DOWNLOAD, Source, cap},
    csv::CsvScanner,
    inflate::{Inflate, Inflated},
    json::JsonScanner,
    server_error::{Fate, ServerError},
    xlsx::XlsxScanner,
};

/// Looks at the bytes of an export as they come, in pieces of any size.
pub trait Scanner: Send {
    /// The next piece. After a flaw nothing more is to be handed in.
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Flaw>;

    /// The bytes have ended: is the export whole? To be asked once.
    fn finish(&mut self) -> Result<Scanned, Flaw>;

    /// The rows so far, without the header, for progress; 0 where only the finished file tells.
    fn rows(&self) -> u64;
}

/// What a whole export holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scanned {
    /// The rows without the header; `None` of a workbook before [`xlsx::examine`].
    pub rows: Option<u64>,
    /// The titles of columns in their order; `None` if there are none to see (no rows in JSON) or they are over a MiB.
    pub columns: Option<Vec<String>>,
    /// Rows with another number of cells than the first row; in JSON also those with other keys.
    pub uneven: u64,
    /// The first of them, counted from 1.
    pub first_uneven: Option<u64>,
    /// All bytes that were handed in.
    pub bytes: u64,
    /// A byte-order mark came first.
    pub bom: bool,
    /// The form alone does not prove that nothing is missing at the end: true of CSV. Unpacked, such an export needs
    /// another witness.
    pub weak: bool,
}

/// Why an export is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// It was cut or damaged on its way; another try may bring it whole.
    #[error("the export is not whole: {0}")]
    Truncated(String),
    /// The server wrote an error into it, or nothing but an error.
    #[error("the server wrote an error into the export: {0}")]
    ErrorDocument(Box<ServerError>),
    /// It is something else: a page, another format.
    #[error("the answer is no export of this format: {0}")]
    NotThisFormat(String),
}

impl Flaw {
    fn truncated(what: impl Into<String>) -> Self {
        Self::Truncated(what.into())
    }

    fn other(what: impl Into<String>) -> Self {
        Self::NotThisFormat(what.into())
    }
}
