//! One request, described step by step. How it is sent, and how often, is told elsewhere.

use std::time::Duration;

use reqwest::{
    Method,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use roundsman_model::{ByteSize, Timestamp};
use serde::Serialize;
use url::Url;

use crate::{Answer, Client, Download, HttpError};

/// A request to one system.
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    pub(crate) client: Client,
    pub(crate) method: Method,
    path: String,
    query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) repeatable: bool,
    pub(crate) limit: Option<ByteSize>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) tries: Option<u32>,
    /// How long the first byte of its answer may take.
    pub(crate) answer: Option<Duration>,
    /// How long nothing may come of its body.
    pub(crate) idle: Option<Duration>,
    /// What it is counted as.
    pub(crate) name: &'static str,
    /// What it was described with and cannot be.
    unfit: Option<String>,
}

impl Request {
    pub(crate) fn new(client: Client, method: Method, path: &str) -> Self {
        let repeatable = [Method::GET, Method::HEAD, Method::PUT, Method::DELETE].contains(&method);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Self {
            client,
            method,
            path: path.to_owned(),
            query: Vec::new(),
            headers,
            body: None,
            repeatable,
            limit: None,
            until: None,
            tries: None,
            answer: None,
            idle: None,
            name: "other",
            unfit: None,
        }
    }

    /// A key of the query. A key that is given again is repeated.
    pub fn query(mut self, key: &str, value: impl ToString) -> Self {
        self.query.push((key.to_owned(), value.to_string()));
        self
    }

    /// A header of this request alone.
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(value) => drop(self.headers.insert(name, value)),
            Err(_) => self.unfit = Some(format!("the header {name} cannot hold such a value")),
        }
        self
    }

    /// A header of this request alone whose value is a secret: it is masked wherever requests are told of from now on.
    pub fn secret_header(mut self, name: HeaderName, value: &str) -> Self {
        self.client.inner.journal.hide(value);
        match HeaderValue::from_str(value) {
            Ok(mut secret) => {
                secret.set_sensitive(true);
                self.headers.insert(name, secret);
            }
            Err(_) => self.unfit = Some(format!("the header {name} cannot hold such a value")),
        }
        self
    }

    /// What is sent, as JSON.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.bytes("application/json", bytes),
            Err(error) => {
                self.unfit = Some(error.to_string());
                self
            }
        }
    }

    /// What is sent, as a form.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.bytes("application/x-www-form-urlencoded", body.into_bytes())
    }

    /// What is sent, as it is.
    pub fn bytes(mut self, content_type: &str, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self.header(CONTENT_TYPE, content_type)
    }

    /// Carrying it out twice does no harm, so that it may be tried again when nobody knows what became of it.
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// It is tried again only when it was surely not carried out.
    pub fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }

    /// What it is counted as: the same for all requests that differ only in what they are about.
    pub fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// No try begins after this instant; the error then tells when the next one might have.
    pub fn until(mut self, end: Timestamp) -> Self {
        self.until = Some(end);
        self
    }

    /// It is tried so often at most, whatever the answers mean: for those who look what became of it before they try again.
    pub fn tries(mut self, most: u32) -> Self {
        self.tries = Some(most);
        self
    }

    /// How long its answer may take to begin, and how long its body may be silent, where that differs from the client's other
    /// requests.
    pub fn within(mut self, answer: Duration, idle: Duration) -> Self {
        (self.answer, self.idle) = (Some(answer), Some(idle));
        self
    }

    /// How large this answer may be.
    pub fn limit(mut self, limit: ByteSize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sends it, as often as it takes, and reads the answer to its end. An answer without success is an error.
    pub async fn send(self) -> Result<Answer, HttpError> {
        // Requests are asked from deep within other futures, which would all become as large as this one.
        Box::pin(crate::send::send(&self)).await
    }

    /// As [`send`](Self::send); the body is left to be read piece by piece. It is not tried again once its body has begun.
    pub async fn download(self) -> Result<Download, HttpError> {
        Box::pin(crate::send::download(&self)).await
    }

    /// The whole address.
    pub(crate) fn url(&self) -> Result<Url, HttpError> {
        let mut url = self.client.inner.base.join(&self.path)?;
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        if let Some(told) = &self.unfit {
            let url = self.client.inner.journal.mask(url.as_str());
            return Err(HttpError::Request { url, told: told.clone() });
        }
        Ok(url)
    }
}
