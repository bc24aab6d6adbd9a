//! What is read of a document that may be an error: its wanted fields, also where it ends too early. It decides nothing
//! about exports.

use std::{fmt, io::Read};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{Flaw, ServerError, shortened};

/// The fields of a failure object or a serialized exception, as far as they are there.
#[derive(Debug, Default)]
pub(in crate::scan) struct Gleaned {
    error: Option<String>,
    message: Option<String>,
    cause: Option<String>,
    error_type: Option<String>,
    class: Option<String>,
    /// What the innermost exception of `via` says.
    via: Option<String>,
    /// It says `"status":"failed"`, or has `via`, `trace` or `_status`.
    marked: bool,
    /// So many bytes it took.
    pub(in crate::scan) end: usize,
}

impl Gleaned {
    /// Reads one object and no further. What was read before an error stays.
    pub(in crate::scan) fn read(&mut self, from: impl Read) -> serde_json::Result<()> {
        Fields(self).deserialize(&mut serde_json::Deserializer::from_reader(from))
    }

    /// It looks like an error: enough where no row can stand.
    pub(in crate::scan) fn is_error(&self) -> bool {
        let texts = [&self.error, &self.message, &self.cause, &self.error_type];
        self.marked || texts.into_iter().any(Option::is_some)
    }

    /// It has what only errors of the server have: enough where a row might stand.
    pub(in crate::scan) fn is_surely_error(&self) -> bool {
        self.marked || self.error_type.is_some()
    }

    pub(in crate::scan) fn into_flaw(self) -> Flaw {
        self.into_error().into()
    }

    pub(super) fn into_error(self) -> ServerError {
        let message = self.error.or(self.message).or(self.cause).or(self.via);
        match message {
            Some(message) => ServerError {
                message: shortened(&message),
                error_type: self.error_type.map(|text| shortened(&text)),
                class: self.class.map(|text| shortened(&text)),
            },
            None => ServerError {
                error_type: self.error_type,
                class: self.class,
                ..ServerError::without_reason()
            },
        }
    }

    fn take(&mut self, key: &str, value: Value) {
        if key == "status" {
            self.marked |= value == "failed";
            return;
        }
        let text = match value {
            Value::Null => return,
            Value::String(text) if text.trim().is_empty() => return,
            Value::String(text) => text,
            other => other.to_string(),
        };
        match key {
            "error" => self.error = Some(text),
            "message" => self.message = Some(text),
            "cause" => self.cause = Some(text),
            "error_type" => self.error_type = Some(text),
            _ => self.class = Some(text),
        }
    }
}

struct Fields<'a>(&'a mut Gleaned);

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "error" | "message" | "cause" | "error_type" | "class" | "status" => {
                    let value = map.next_value()?;
                    self.0.take(&key, value);
                }
                "via" => {
                    self.0.marked = true;
                    map.next_value_seed(Via(self.0))?;
                }
                "trace" | "_status" => {
                    self.0.marked = true;
                    map.next_value::<IgnoredAny>()?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// The chain of exceptions: the innermost comes last.
struct Via<'a>(&'a mut Gleaned);

impl<'de> DeserializeSeed<'de> for Via<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Via<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of exceptions")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(exception) = seq.next_element::<Value>()? {
            let text = |key: &str| exception.get(key).and_then(Value::as_str).map(str::to_owned);
            self.0.via = text("message").or_else(|| text("type")).or(self.0.via.take());
            self.0.class = text("type").or(self.0.class.take());
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.via = Some(text.to_owned());
        Ok(())
    }
}
