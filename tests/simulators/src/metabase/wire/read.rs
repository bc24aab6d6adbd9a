//! Requests from a connection: heads, and bodies by length or in chunks. It knows no path.

use std::io::{self, ErrorKind};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::{Buf, Bytes, BytesMut};
use percent_encoding::percent_decode_str;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::exchange::Asked;

const LARGEST_HEAD: usize = 64 * 1_024;
const LARGEST_BODY: usize = 16 * 1_024 * 1_024;

/// A connection, and what was read of it beyond the last request.
pub(super) struct Line {
    stream: TcpStream,
    buffer: BytesMut,
}

struct Head {
    method: String,
    target: String,
    headers: HeaderMap,
    length: usize,
}

impl Line {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: BytesMut::new() }
    }

    pub(super) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// The next request; none if the client has closed the connection between two.
    pub(super) async fn read(&mut self) -> io::Result<Option<Asked>> {
        let head = loop {
            if let Some(head) = parse(&self.buffer)? {
                break head;
            }
            if self.buffer.len() > LARGEST_HEAD {
                return Err(wrong("the head of a request is too long"));
            }
            if !self.more().await? {
                return Ok(None);
            }
        };
        self.buffer.advance(head.length);
        let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        if text("expect").is_some_and(|expect| expect.eq_ignore_ascii_case("100-continue")) {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let body = if text("transfer-encoding").is_some() {
            self.chunks().await?
        } else {
            let length = text("content-length").map_or(Ok(0), str::parse);
            self.exactly(length.map_err(|_| wrong("a length that is no number"))?).await?
        };
        let (path, query) = head.target.split_once('?').unwrap_or((&head.target, ""));
        Ok(Some(Asked {
            method: head.method,
            path: percent_decode_str(path).decode_utf8_lossy().into_owned(),
            query: query.to_owned(),
            target: head.target.clone(),
            headers: head.headers,
            body,
        }))
    }

    /// Returns once the client has closed the connection.
    pub(super) async fn gone(&mut self) {
        let mut nothing = [0; 1_024];
        while !matches!(self.stream.read(&mut nothing).await, Ok(0) | Err(_)) {}
    }

    async fn more(&mut self) -> io::Result<bool> {
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }

    async fn exactly(&mut self, length: usize) -> io::Result<Bytes> {
        if length > LARGEST_BODY {
            return Err(wrong("the body of a request is too long"));
        }
        while self.buffer.len() < length {
            if !self.more().await? {
                return Err(wrong("a request that breaks off"));
            }
        }
        Ok(self.buffer.split_to(length).freeze())
    }

    async fn chunks(&mut self) -> io::Result<Bytes> {
        let mut body = BytesMut::new();
        loop {
            let size = loop {
                match httparse::parse_chunk_size(&self.buffer) {
                    Ok(httparse::Status::Complete((head, size))) => {
                        self.buffer.advance(head);
                        break usize::try_from(size).unwrap_or(usize::MAX);
                    }
                    Ok(httparse::Status::Partial) if self.more().await? => {}
                    _ => return Err(wrong("a chunk without a size")),
                }
            };
            if body.len().saturating_add(size) > LARGEST_BODY {
                return Err(wrong("the body of a request is too long"));
            }
            // Behind each chunk stands a line end; behind the last one nothing else, as no client sends trailers.
            let chunk = self.exactly(size + 2).await?;
            if size == 0 {
                return Ok(body.freeze());
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }
}

fn parse(buffer: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut request = httparse::Request::new(&mut headers);
    let length = match request.parse(buffer) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(io::Error::new(ErrorKind::InvalidData, error)),
    };
    let mut map = HeaderMap::new();
    for header in request.headers.iter() {
        let name = HeaderName::from_bytes(header.name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(header.value)) {
            map.append(name, value);
        }
    }
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Ok(Some(Head { method: text(request.method), target: text(request.path), headers: map, length }))
}

fn wrong(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}
