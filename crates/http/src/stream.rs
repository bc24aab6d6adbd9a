//! Bodies that are read piece by piece, within limits of silence and size. What is in them is the caller's matter.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, StatusCode, header::HeaderMap};
use roundsman_model::{ByteSize, TaskError};
use roundsman_task::TaskContext;
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

use crate::{Class, Client, HttpError, Request, client::Inner, send::Fault, send::of_error};

/// An answer whose body is read piece by piece. Dropping it closes the connection.
pub struct Download {
    client: Client,
    method: Method,
    url: String,
    status: StatusCode,
    headers: HeaderMap,
    chunks: Chunks,
    tries: u32,
    read: u64,
}

impl Download {
    pub(crate) fn new(
        request: &Request,
        url: &Url,
        status: StatusCode,
        headers: HeaderMap,
        chunks: Chunks,
        tries: u32,
    ) -> Self {
        let client = request.client.clone();
        let url = client.inner.journal.mask(url.as_str());
        Self { client, method: request.method.clone(), url, status, headers, chunks, tries, read: 0 }
    }

    /// The status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// How many bytes were read so far.
    pub const fn bytes_read(&self) -> u64 {
        self.read
    }

    /// The next piece; nothing at the end. An error says that the body is not whole.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        match self.chunks.next(&self.client).await? {
            Ok(chunk) => {
                self.read += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
                Ok(chunk)
            }
            Err(fault) => Err(HttpError::Failed {
                method: self.method.clone(),
                url: self.url.clone(),
                class: fault.class,
                status: Some(self.status),
                code: None,
                told: format!("the answer broke off after {}: {}", ByteSize(self.read), fault.told),
                tries: self.tries,
                not_before: None,
            }),
        }
    }
}

/// The pieces of a body.
pub(crate) struct Chunks {
    cx: TaskContext,
    answer: reqwest::Response,
    idle: Duration,
    _place: OwnedSemaphorePermit,
}

impl Chunks {
    /// The body of an answer, which keeps its place among the requests under way until it is read.
    pub(crate) fn new(
        inner: &Inner,
        answer: reqwest::Response,
        idle: Duration,
        place: OwnedSemaphorePermit,
    ) -> Self {
        Self { cx: inner.cx.clone(), answer, idle, _place: place }
    }

    /// The next piece. The outer error says that the attempt is to stop.
    async fn next_of(&mut self) -> Result<Result<Option<Bytes>, Option<reqwest::Error>>, HttpError> {
        tokio::select! {
            () = self.cx.cancelled() => Err(HttpError::Task(TaskError::Cancelled)),
            chunk = tokio::time::timeout(self.idle, self.answer.chunk()) => Ok(match chunk {
                Ok(chunk) => chunk.map_err(Some),
                Err(_) => Err(None),
            }),
        }
    }

    async fn next(&mut self, client: &Client) -> Result<Result<Option<Bytes>, Fault>, HttpError> {
        let chunk = self.next_of().await?;
        Ok(chunk.map_err(|error| match error {
            Some(error) => Fault { class: Class::Broken, ..of_error(&client.inner, &error) },
            None => silence(self.idle),
        }))
    }

    /// Everything, if it is not too much.
    pub(crate) async fn read(&mut self, limit: u64) -> Result<Result<Vec<u8>, Fault>, HttpError> {
        let too_large = || {
            let told = format!("the answer is larger than {}", ByteSize(limit));
            Fault::of(Class::Unexpected, told)
        };
        if self.answer.content_length().is_some_and(|length| length > limit) {
            return Ok(Err(too_large()));
        }
        let mut body = Vec::new();
        loop {
            match self.next_of().await? {
                Ok(None) => return Ok(Ok(body)),
                Ok(Some(chunk)) if (body.len() + chunk.len()) as u64 > limit => return Ok(Err(too_large())),
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Err(Some(error)) => {
                    let told = format!("the answer broke off after {}: {error}", ByteSize(body.len() as u64));
                    return Ok(Err(Fault::of(Class::Broken, told)));
                }
                Err(None) => return Ok(Err(silence(self.idle))),
            }
        }
    }

    /// The beginning, whatever becomes of the rest.
    pub(crate) async fn read_some(&mut self, most: u64) -> Result<Vec<u8>, HttpError> {
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = self.next_of().await? {
            let room = usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(body.len());
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if room <= chunk.len() {
                break;
            }
        }
        Ok(body)
    }
}

fn silence(idle: Duration) -> Fault {
    let told = format!("nothing came for {:.0} s", idle.as_secs_f64());
    Fault::of(Class::Broken, told)
}
