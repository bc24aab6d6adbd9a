//! The lines of a manifest, one at a time and each with where it begins. A line that makes no sense is passed over, however
//! long it is.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    os::unix::fs::FileExt,
};

use super::Entry;

/// The longest line that is read. Paths and errors are shorter by far.
const LONGEST: usize = 1 << 20;

/// Lines from somewhere on.
pub(super) struct Lines {
    reader: BufReader<At>,
    at: u64,
}

/// A file read from a place of its own, whoever else reads it.
struct At {
    file: File,
    at: u64,
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Lines {
    /// All of a file.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        Self::from(file, 0)
    }

    /// Those from a place on where one begins.
    pub(super) fn from(file: &File, at: u64) -> io::Result<Self> {
        Ok(Self { reader: BufReader::new(At { file: file.try_clone()?, at }), at })
    }

    /// Where the next one begins.
    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    /// The next line and where it begins; nothing of it where it makes no sense.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Option<Entry>)>> {
        let (begin, mut line, mut whole) = (self.at, Vec::new(), true);
        loop {
            let piece = self.reader.fill_buf()?;
            if piece.is_empty() {
                break;
            }
            let end = piece.iter().position(|byte| *byte == b'\n');
            let count = end.map_or(piece.len(), |end| end + 1);
            whole &= line.len() + count <= LONGEST;
            if whole {
                line.extend_from_slice(&piece[..count]);
            }
            self.reader.consume(count);
            self.at += count as u64;
            if end.is_some() {
                break;
            }
        }
        if self.at == begin {
            return Ok(None);
        }
        Ok(Some((begin, whole.then(|| serde_json::from_slice(&line).ok()).flatten())))
    }
}
