//! What happens to exports on servers and on the way: they are cut, and errors are written into them.

use rand::{Rng as _, rngs::StdRng};
use roundsman_metabase::scan::Flaw;
use serde_json::{Value, json};

/// What an error document says.
pub(crate) const REASON: &str = "ERROR: relation \"orders\" does not exist\n  Position: 15 {\"}]";

/// Something done to an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// Nothing comes behind this byte.
    Cut(usize),
    /// An error document comes behind this byte, and nothing more.
    Error(usize),
    /// The beginning of one, and nothing more.
    HalfError(usize, usize),
    /// One comes, and then the rest.
    Inserted(usize),
    /// This byte comes behind the end, so many times.
    Garbage(u8, usize),
    /// All of it comes twice.
    Twice,
}

impl Damage {
    pub(crate) fn any(length: usize, document: usize, rng: &mut StdRng) -> Self {
        let at = rng.random_range(0..=length);
        match rng.random_range(0..12) {
            0..4 => Self::Cut(at.min(length - 1)),
            4..8 => Self::Error(at),
            // An empty line alone would be a legal row.
            8 => Self::HalfError(at, rng.random_range(2..document)),
            9 => Self::Inserted(at),
            10 => Self::Garbage(rng.random(), rng.random_range(1..30)),
            _ => Self::Twice,
        }
    }

    /// What becomes of an export.
    pub(crate) fn of(self, export: &[u8], document: &[u8]) -> Vec<u8> {
        match self {
            Self::Cut(at) => export[..at].to_vec(),
            Self::Error(at) => [&export[..at], document].concat(),
            Self::HalfError(at, length) => [&export[..at], &document[..length]].concat(),
            Self::Inserted(at) => [&export[..at], document, &export[at..]].concat(),
            Self::Garbage(byte, times) => [export, &vec![byte; times]].concat(),
            Self::Twice => export.repeat(2),
        }
    }

    /// Checks a verdict that must not be an acceptance.
    pub(crate) fn must_be_refused<T: std::fmt::Debug>(self, verdict: Result<T, Flaw>, damaged: &[u8]) {
        let text = || String::from_utf8_lossy(&damaged[..damaged.len().min(4_000)]).into_owned();
        match (self, verdict) {
            (_, Ok(accepted)) => panic!("{self:?} was accepted: {accepted:?} of {}", text()),
            (Self::Error(_), Err(Flaw::ErrorDocument(error))) => {
                assert_eq!(error.message, REASON, "{self:?} of {}", text());
            }
            (Self::Error(_), Err(other)) => panic!("{self:?} was taken for {other:?}: {}", text()),
            (_, Err(_)) => {}
        }
    }
}

/// An error as the server writes it: a failure of the query, or a serialized exception, whole or stripped, on lines of its
/// own or not.
pub(crate) fn document(rng: &mut StdRng) -> Vec<u8> {
    let cells: Vec<Value> =
        (0..rng.random_range(0..20)).map(|at| json!({ "at": at, "in": ["a", null] })).collect();
    let text = match rng.random_range(0..4) {
        0 => format!(
            "{{\"status\":\"failed\",\"stacktrace\":{},\"error_type\":\"invalid-query\",\"error\":{},\"row_count\":0}}",
            Value::from(cells),
            json!(REASON)
        ),
        1 => format!(
            "{{\"via\":[{{\"type\":\"java.lang.Exception\",\"message\":\"outer\"}}],\"trace\":{},\"cause\":{},\"_status\":500}}",
            Value::from(cells),
            json!(REASON)
        ),
        2 => format!("{{\"via\":[{{\"type\":\"E\",\"message\":{}}}]}}", json!(REASON)),
        _ => format!(
            "{{\"_status\":500,\"data\":{{\"cells\":{}}},\"message\":{}}}",
            Value::from(cells),
            json!(REASON)
        ),
    };
    let line_end = |rng: &mut StdRng| if rng.random_ratio(1, 6) { "\n" } else { "" };
    format!("{}{text}{}", line_end(rng), line_end(rng)).into_bytes()
}
