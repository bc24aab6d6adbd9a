//! What a request to run a query says, whether it is a form or JSON. It judges no field.

use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{exchange::Asked, journal::Entry};

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::metabase) enum Encoding {
    Form,
    Json,
    Empty,
}

/// How this one is.
pub(in crate::metabase) fn encoding(media_type: Option<&str>, body: &[u8]) -> Encoding {
    let media_type = media_type.unwrap_or_default().to_ascii_lowercase();
    match media_type.split(';').next().unwrap_or_default().trim() {
        _ if body.is_empty() => Encoding::Empty,
        "application/json" => Encoding::Json,
        _ => Encoding::Form,
    }
}

/// The fields of a request that was journaled.
pub(in crate::metabase) fn fields(entry: &Entry) -> Value {
    read(encoding(entry.header("content-type"), entry.body.as_bytes()), &entry.query, entry.body.as_bytes())
}

/// The fields of a request.
pub(in crate::metabase) fn fields_of(asked: &Asked) -> Value {
    read(encoding(asked.header("content-type"), &asked.body), &asked.query, &asked.body)
}

/// Old versions read fields from the query too.
fn read(encoding: Encoding, query: &str, body: &[u8]) -> Value {
    let mut fields = form(query.as_bytes());
    match encoding {
        Encoding::Json => match serde_json::from_slice(body) {
            Ok(Value::Object(own)) => fields.extend(own),
            Ok(_) | Err(_) => return Value::Null,
        },
        Encoding::Form => fields.extend(form(body)),
        Encoding::Empty => {}
    }
    Value::Object(fields)
}

/// Texts that are JSON are undone: `parameters`, `query`, booleans.
fn form(text: &[u8]) -> Map<String, Value> {
    let pairs = form_urlencoded::parse(text);
    let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    pairs.map(|(name, text)| (name.into_owned(), value(&text))).collect()
}
