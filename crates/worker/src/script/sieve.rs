//! Cuts a stream into lines of bounded length, and takes those out of standard output that may be meant for us. It
//! understands none of them.

use memchr::memchr;

use super::message::{OUTCOME, names_outcome};

/// The most bytes of a line that may be meant for us.
pub(super) const LINE_BYTES: usize = 1 << 20;
/// What is kept of the room for a line that is too long.
const PIECE: usize = 64 << 10;
/// How a line of standard output begins that may be meant for us.
const MARK: &[u8] = b"::";

/// Takes lines that begin with `::` out of a stream. Everything else goes on at once, whole line or not.
#[derive(Default)]
pub(super) struct Sieve {
    /// The beginning of a line that is, or may become, a marked one.
    held: Vec<u8>,
    /// Whether the line under way is an ordinary one, of which some has gone on already.
    within: bool,
}

impl Sieve {
    /// Takes in what was read. Marked lines go to `marked`, which says whether it understood; all else goes to `plain`.
    pub(super) fn push(&mut self, bytes: &[u8], plain: &mut Vec<u8>, mut marked: impl FnMut(&[u8]) -> bool) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (piece, after) = rest.split_at(end);
            rest = after;
            self.take(piece, plain, &mut marked);
        }
    }

    /// The stream is at its end.
    pub(super) fn finish(&mut self, plain: &mut Vec<u8>, mut marked: impl FnMut(&[u8]) -> bool) {
        let held = std::mem::take(&mut self.held);
        if !held.starts_with(MARK) || !marked(trimmed(&held)) {
            plain.extend_from_slice(&held);
        }
        self.within = false;
    }

    /// Takes in a piece that holds at most one line end, as its last byte.
    fn take(&mut self, piece: &[u8], plain: &mut Vec<u8>, marked: &mut impl FnMut(&[u8]) -> bool) {
        let ends = piece.last() == Some(&b'\n');
        if self.within {
            plain.extend_from_slice(piece);
            self.within = !ends;
            return;
        }
        self.held.extend_from_slice(piece);
        let may_be_meant = MARK.starts_with(&self.held) || self.held.starts_with(MARK);
        let too_long = self.held.len() > LINE_BYTES;
        if ends && may_be_meant && self.held.len() >= MARK.len() && !too_long {
            if !marked(trimmed(&self.held)) {
                plain.extend_from_slice(&self.held);
            }
            self.held.clear();
        } else if !may_be_meant || too_long {
            if too_long && self.held.starts_with(OUTCOME) {
                // What it says cannot be known, and must not be taken for nothing.
                marked(trimmed(&self.held));
            }
            plain.append(&mut self.held);
            self.within = !ends;
        }
    }
}

/// A line that is too long to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong {
    /// What it has.
    pub(super) bytes: usize,
    /// Whether it may have been meant for an outcome.
    pub(super) names_outcome: bool,
}

/// Cuts a stream into lines. Of one that is too long its bytes are only counted and searched.
#[derive(Default)]
pub(super) struct Lines {
    /// The line under way, or the last bytes of one that is too long.
    open: Vec<u8>,
    /// Bytes of the line under way, those that were not kept included.
    length: usize,
    /// Whether a line that is too long may be meant for an outcome.
    names_outcome: bool,
}

impl Lines {
    /// Takes in what was read.
    pub(super) fn push(&mut self, bytes: &[u8], mut line: impl FnMut(Result<&[u8], TooLong>)) {
        let mut rest = bytes;
        while let Some(end) = memchr(b'\n', rest) {
            self.extend(&rest[..end]);
            self.close(&mut line);
            rest = &rest[end + 1..];
        }
        self.extend(rest);
    }

    /// The stream is at its end; a last line without a line feed counts.
    pub(super) fn finish(&mut self, mut line: impl FnMut(Result<&[u8], TooLong>)) {
        if self.length > 0 {
            self.close(&mut line);
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        self.length = self.length.saturating_add(bytes.len());
        self.open.extend_from_slice(bytes);
        if self.length > LINE_BYTES {
            self.names_outcome |= names_outcome(&self.open);
            // As much as the word may have begun with.
            self.open.drain(..self.open.len().saturating_sub(OUTCOME.len()));
            self.open.shrink_to(PIECE);
        }
    }

    fn close(&mut self, line: &mut impl FnMut(Result<&[u8], TooLong>)) {
        let bytes = std::mem::take(&mut self.length);
        let names_outcome = std::mem::take(&mut self.names_outcome);
        line(if bytes > LINE_BYTES {
            Err(TooLong { bytes, names_outcome })
        } else {
            Ok(trimmed(&self.open))
        });
        self.open.clear();
    }
}

/// A line without what ends it.
fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests;
