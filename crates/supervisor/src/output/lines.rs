//! Bytes to lines that people can read. It knows no stream and no cap over lines.

/// The most bytes of one line; a longer one becomes several.
const LINE_BYTES: usize = 16 << 10;

/// What is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// A line, or the last piece of one.
    Line,
    /// A piece of a line that goes on.
    Piece,
}

/// Cuts a stream into lines.
#[derive(Default)]
pub(crate) struct Splitter {
    begun: Vec<u8>,
}

impl Splitter {
    /// Takes bytes and gives out the lines that end in them.
    pub(crate) fn push(&mut self, mut bytes: &[u8], mut line: impl FnMut(&[u8], Part)) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (head, rest) = bytes.split_at(end);
            self.add(head, &mut line);
            line(self.begun.strip_suffix(b"\r").unwrap_or(&self.begun), Part::Line);
            self.begun.clear();
            bytes = &rest[1..];
        }
        self.add(bytes, &mut line);
    }

    /// Gives out the line that was begun.
    pub(crate) fn end(&mut self, mut line: impl FnMut(&[u8], Part)) {
        if !self.begun.is_empty() {
            line(&self.begun, Part::Line);
            self.begun.clear();
        }
    }

    fn add(&mut self, mut bytes: &[u8], line: &mut impl FnMut(&[u8], Part)) {
        while self.begun.len() + bytes.len() > LINE_BYTES {
            let (head, rest) = bytes.split_at(LINE_BYTES - self.begun.len());
            self.begun.extend_from_slice(head);
            bytes = rest;
            // A character that would be cut in two goes to the next piece as a whole.
            let whole = whole_characters(&self.begun);
            line(&self.begun[..whole], Part::Piece);
            self.begun.drain(..whole);
        }
        self.begun.extend_from_slice(bytes);
    }
}

/// How many of the bytes remain when a character that is not complete is left off at the end.
fn whole_characters(bytes: &[u8]) -> usize {
    let last_start = bytes.iter().rev().take(4).position(|byte| byte & 0b1100_0000 != 0b1000_0000);
    let Some(back) = last_start.map(|back| back + 1) else { return bytes.len() };
    let start = bytes.len() - back;
    let length = match bytes[start] {
        0b1100_0000..=0b1101_1111 => 2,
        0b1110_0000..=0b1110_1111 => 3,
        0b1111_0000..=0b1111_0111 => 4,
        _ => 1,
    };
    if back < length && start > 0 { start } else { bytes.len() }
}

/// The last bytes of a stream.
pub(crate) struct Tail {
    bytes: Vec<u8>,
    limit: usize,
}

impl Tail {
    pub(crate) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(self.limit)..];
        self.bytes.extend_from_slice(bytes);
        // Moved only now and then, so that many short writes stay cheap.
        if self.bytes.len() > 2 * self.limit {
            self.bytes.drain(..self.bytes.len() - self.limit);
        }
    }

    /// At most the limit, from the beginning of a line on where there is one.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let last = &self.bytes[self.bytes.len().saturating_sub(self.limit)..];
        if last.len() == self.bytes.len() {
            return last.to_vec();
        }
        let line = last.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if line == last.len() { last.to_vec() } else { last[line..].to_vec() }
    }
}

#[cfg(test)]
mod tests;
