//! What is done here to exports that were proved whole: packed, rewritten for spreadsheets, made workbooks. A finished file
//! gets its name only when it is whole and on the disk; the file it was made of is left alone.
//!
//! Everything streams and takes bounded memory. It blocks: callers put it on a thread that may.

mod cells;
mod columns;
mod pack;
mod publish;
mod style;
pub mod workbook;

use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use self::{cells::Reader, pack::Packer, publish::Part, style::Rewriter};
pub use self::{
    columns::{Column, ColumnType, column_types, columns, titled},
    publish::{Finished, Target},
    style::CsvStyle,
    workbook::{Sheet, Workbook, workbook},
};
use crate::config::Post;

/// So much is read at once.
const PIECE: usize = 64 * 1024;

/// Asked after every piece that is read or written. An error ends the work, and what was begun is removed.
pub type Watch<'a> = &'a (dyn Fn() -> io::Result<()> + Sync + 'a);

/// What is done to a finished file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refinement {
    /// It is a CSV and is written anew in this style.
    pub csv: Option<CsvStyle>,
    /// It is packed.
    pub pack: Option<Post>,
}

/// Why a file could not be made of another.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// The file that was proved could not be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The new file could not be written. `ENOSPC` and the like are in the source.
    #[error("cannot write {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no CSV, though it was one when it was proved.
    #[error("{} is no CSV any more: {what}", .path.display())]
    NotCsv {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// Nothing can stand between cells that is used for something else.
    #[error("{0:?} cannot be between the cells of a CSV")]
    Delimiter(char),
    /// A workbook cannot hold it; as CSV it can be exported.
    #[error("a workbook cannot hold this export: {0}; export it as csv")]
    Limit(workbook::Limit),
    /// Not as many rows went into the new file as there are.
    #[error("{written} rows were written of {expected}")]
    Rows {
        /// How many there are.
        expected: u64,
        /// How many were written.
        written: u64,
    },
    /// The writer of workbooks failed.
    #[error("cannot make the workbook {}: {what}", .path.display())]
    Workbook {
        /// The file.
        path: PathBuf,
        /// What it said.
        what: String,
    },
}

/// Why a pass over a CSV ended early: its own fault, or that of what the cells went to.
#[derive(Debug)]
enum Stopped<E> {
    NotCsv(&'static str),
    Sink(E),
}

/// Whether a character can stand between cells of a CSV.
pub const fn delimits(char: char) -> bool {
    !matches!(char, '"' | '\r' | '\n' | '\0')
}

/// Makes another file of a finished one.
pub fn refine(
    from: &Path,
    target: Target<'_>,
    refinement: &Refinement,
    watch: Watch<'_>,
) -> Result<Finished, LocalError> {
    if let Some(delimiter) = refinement.csv.as_ref().and_then(|style| style.delimiter)
        && !delimits(delimiter)
    {
        return Err(LocalError::Delimiter(delimiter));
    }
    let unwritten = |source| LocalError::Write { path: target.path.to_owned(), source };
    let part = Part::create(target, watch).map_err(unwritten)?;
    let mut packer = Packer::new(part, refinement.pack).map_err(unwritten)?;
    match &refinement.csv {
        Some(style) => {
            let mut rewriter = Rewriter::new(&mut packer, style);
            pass(from, &mut rewriter, unwritten, watch)?;
        }
        None => each_piece(from, watch, |piece| packer.write_all(piece).map_err(unwritten))?,
    }
    packer.finish().and_then(Part::publish).map_err(unwritten)
}

/// Hands all cells of a CSV file to a sink.
fn pass<S: cells::Cells>(
    from: &Path,
    sink: &mut S,
    failed: impl Fn(S::Error) -> LocalError,
    watch: Watch<'_>,
) -> Result<(), LocalError> {
    let mut reader = Reader::default();
    let explain = |stopped| match stopped {
        Stopped::NotCsv(what) => LocalError::NotCsv { path: from.to_owned(), what },
        Stopped::Sink(error) => failed(error),
    };
    each_piece(from, watch, |piece| reader.feed(piece, sink).map_err(explain))?;
    reader.finish().map_err(|what| LocalError::NotCsv { path: from.to_owned(), what })
}

fn each_piece(
    from: &Path,
    watch: Watch<'_>,
    mut take: impl FnMut(&[u8]) -> Result<(), LocalError>,
) -> Result<(), LocalError> {
    let unread = |source| LocalError::Read { path: from.to_owned(), source };
    let mut file = File::open(from).map_err(unread)?;
    let mut piece = vec![0; PIECE];
    loop {
        watch().map_err(unread)?;
        match file.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(read) => take(&piece[..read])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unread(error)),
        }
    }
}
