//! Workbooks that the server makes: their first bytes and their end while they pass, and the finished file as a whole. What
//! the cells hold is not looked at, except for the titles.
//!
//! A file is examined as a package that must be whole: its directory stands exactly at the end, every part has the length
//! and the check sum that the directory says, and the first sheet is read to its last tag.

mod layout;
mod package;
mod sheet;

use std::io::{self, Read, Seek};

use super::{
    Flaw, Scanned, Scanner,
    capture::{Trust, Witness},
};

const MAGIC: &[u8] = b"PK\x03\x04";
const END: &[u8] = b"PK\x05\x06";

/// Looks at a workbook while it passes. Its rows are known only of the finished file: [`examine`].
#[derive(Debug)]
pub struct XlsxScanner {
    bytes: u64,
    witness: Witness,
}

impl Default for XlsxScanner {
    fn default() -> Self {
        Self { bytes: 0, witness: Witness::new(Trust::Any) }
    }
}

impl Scanner for XlsxScanner {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Flaw> {
        let begin = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        self.bytes += bytes.len() as u64;
        if self.witness.capturing() {
            return self.witness.capture(bytes);
        }
        let magic = MAGIC.get(begin..).unwrap_or_default();
        if let Some(at) = magic.iter().zip(bytes).position(|(magic, byte)| magic != byte) {
            return self.witness.violated(bytes, at, "it does not begin as a workbook does", true);
        }
        self.witness.passed(bytes);
        Ok(())
    }

    fn finish(&mut self) -> Result<Scanned, Flaw> {
        if self.witness.capturing() {
            return Err(self.witness.verdict());
        }
        if self.bytes == 0 {
            return Err(Flaw::truncated("it is empty"));
        }
        if layout::end_record(self.witness.tail()).is_none() {
            return Err(self.witness.at_end().unwrap_or_else(layout::cut));
        }
        Ok(Scanned { bytes: self.bytes, ..Scanned::default() })
    }

    fn rows(&self) -> u64 {
        0
    }
}

/// Why a finished file could not be examined, or what is wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum ExamineError {
    /// It could not be read.
    #[error("cannot read the workbook")]
    Io(#[from] io::Error),
    /// It is no whole workbook.
    #[error(transparent)]
    Flaw(#[from] Flaw),
}

/// Examines a finished workbook: every part of its package and its first sheet, in bounded memory.
pub fn examine<R: Read + Seek>(file: &mut R) -> Result<Scanned, ExamineError> {
    let mut file = package::Remembering::new(file);
    package::examine(&mut file).map_err(|error| match (error, file.take_error()) {
        // What the reader of the package makes of a disk that fails is not what the file is.
        (_, Some(error)) => ExamineError::Io(error),
        (flaw, None) => ExamineError::Flaw(flaw),
    })
}

#[cfg(test)]
mod tests;
