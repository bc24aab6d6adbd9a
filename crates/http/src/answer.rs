//! An answer that was read to its end. It keeps no connection.

use reqwest::{
    Method, StatusCode,
    header::{CONTENT_TYPE, HeaderMap},
};
use serde::de::DeserializeOwned;

use crate::{Class, HttpError};

/// The most characters of a body that are told.
const EXCERPT: usize = 200;

/// An answer with success.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(crate) method: Method,
    /// The address asked, secrets masked.
    pub(crate) url: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) tries: u32,
}

impl Answer {
    /// The status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body, taken out.
    pub fn into_bytes(self) -> Vec<u8> {
        self.body
    }

    /// How many tries it took.
    pub const fn tries(&self) -> u32 {
        self.tries
    }

    /// The body as JSON. Whether it is some is decided by reading it: login pages come with success too.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            if is_html(&self.headers, &self.body) {
                let told = "the answer is a web page instead of JSON: the address leads to a login page or to something else";
                return self.error(Class::Redirected, told.to_owned());
            }
            // The message of an error may quote the body; it is cut to a line.
            self.unexpected(format!(
                "the answer is not the JSON that was expected: {}",
                excerpt(error.to_string().as_bytes())
            ))
        })
    }

    /// As [`json`](Self::json); an empty body reads as an empty object.
    pub fn json_or_empty<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        if self.body.trim_ascii().is_empty() {
            let empty = Self { body: b"{}".to_vec(), ..self.clone() };
            return empty.json();
        }
        self.json()
    }

    /// The error that says that this answer makes no sense.
    pub fn unexpected(&self, told: impl Into<String>) -> HttpError {
        self.error(Class::Unexpected, told.into())
    }

    fn error(&self, class: Class, told: String) -> HttpError {
        HttpError::Failed {
            method: self.method.clone(),
            url: self.url.clone(),
            class,
            status: Some(self.status),
            code: None,
            told,
            tries: self.tries,
            not_before: None,
        }
    }
}

/// Whether a body is a web page.
pub(crate) fn is_html(headers: &HeaderMap, body: &[u8]) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let begins = body.trim_ascii_start().get(..5).unwrap_or_default().to_ascii_lowercase();
    content_type.starts_with("text/html") || begins == b"<html" || begins == b"<!doc"
}

/// The beginning of a text, on one line.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let visible: String = line.chars().filter(|char| !char.is_control()).take(EXCERPT + 1).collect();
    if visible.chars().count() > EXCERPT {
        visible.chars().take(EXCERPT).chain(['…']).collect()
    } else {
        visible
    }
}
