//! Passes a stream on and keeps its last lines, in little memory whatever arrives. It starts nothing and ends nothing.

use std::collections::VecDeque;

use memchr::memchr;
use roundsman_model::terminal::readable;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The most bytes kept of a line.
const MAX_LINE: usize = 1_000;
/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// The last lines of a stream, as bytes until somebody wants to read them.
#[derive(Debug)]
pub struct Tail {
    lines: VecDeque<Line>,
    most: usize,
    open: Line,
    bytes: u64,
}

#[derive(Debug, Default)]
struct Line {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Tail {
    /// Keeps at most so many lines, besides the very last one, which error messages need.
    pub fn new(most: usize) -> Self {
        Self { lines: VecDeque::new(), most, open: Line::default(), bytes: 0 }
    }

    /// Takes in what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let mut rest = bytes;
        while let Some(end) = memchr(b'\n', rest) {
            self.open.extend(&rest[..end]);
            self.close();
            rest = &rest[end + 1..];
        }
        self.open.extend(rest);
    }

    /// The stream is at its end; a last line without a line feed counts.
    pub fn finish(&mut self) {
        if !self.open.bytes.is_empty() {
            self.close();
        }
    }

    /// The last line that says something.
    pub fn last(&self) -> Option<String> {
        let mut texts = self.lines.iter().rev().map(|line| line.text().trim().to_owned());
        texts.find(|text| !text.is_empty())
    }

    /// How many bytes there were in all.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The lines.
    pub fn into_lines(self) -> Vec<String> {
        let surplus = self.lines.len().saturating_sub(self.most);
        self.lines.iter().skip(surplus).map(Line::text).collect()
    }

    fn close(&mut self) {
        // The oldest one's memory becomes that of the next.
        let oldest = if self.lines.len() > self.most { self.lines.pop_front() } else { None };
        let mut next = oldest.unwrap_or_default();
        next.bytes.clear();
        next.is_cut = false;
        self.lines.push_back(std::mem::replace(&mut self.open, next));
    }
}

impl Line {
    fn extend(&mut self, bytes: &[u8]) {
        let room = MAX_LINE - self.bytes.len();
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.is_cut |= bytes.len() > room;
    }

    fn text(&self) -> String {
        let line = self.bytes.strip_suffix(b"\r").unwrap_or(&self.bytes);
        // What steers terminals would reach them, and would hide secrets from whoever covers them.
        let mut text = readable(line);
        if self.is_cut {
            text.push('…');
        }
        text
    }
}

/// Passes everything on until the end of the stream. A sink that fails is given up; reading goes on, so that the
/// program is never stopped by a full pipe.
pub async fn pass_on(from: impl AsyncRead + Unpin, to: impl AsyncWrite + Unpin, tail: &mut Tail) {
    pass_on_sifted(from, to, tail, |bytes, plain| plain.extend_from_slice(bytes)).await;
}

/// Passes on what `sift` makes of each portion: it is given what was read and where to put what goes on.
pub async fn pass_on_sifted(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    tail: &mut Tail,
    mut sift: impl FnMut(&[u8], &mut Vec<u8>),
) {
    let mut buffer = vec![0; CHUNK];
    let mut plain = Vec::new();
    let mut sink_works = true;
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        sift(&buffer[..length], &mut plain);
        tail.push(&plain);
        if sink_works && !plain.is_empty() {
            let written = async {
                to.write_all(&plain).await?;
                to.flush().await
            };
            sink_works = written.await.is_ok();
        }
        plain.clear();
    }
}

#[cfg(test)]
mod tests;
