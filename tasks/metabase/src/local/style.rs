//! CSV written anew: another character between cells, other line ends, a mark at the front, and no cell of text that a
//! spreadsheet takes for a formula. What cells say is changed in no other way.

use std::io::{self, Write};

use super::{ColumnType, cells::Cells};

/// Longer cells are written with quotes, needed or not: whether they are needed is known only at their end.
const PENDING: usize = 64 * 1024;

/// How a CSV is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CsvStyle {
    /// With a byte-order mark. One that is there stays in any case.
    pub bom: bool,
    /// What is between cells; a comma if nothing is said.
    pub delimiter: Option<char>,
    /// Lines end with `\r\n`; those within cells stay.
    pub crlf: bool,
    /// Cells of text that begin with `=`, `+`, `-`, `@`, a tab or a carriage return get an apostrophe in front: those of
    /// columns of text, and of columns of which nothing is known unless they are numbers; of others all but those with a sign.
    /// Titles too. These are the types of columns.
    pub formula_guard: Option<Vec<ColumnType>>,
}

/// Writes cells in a style.
pub(super) struct Rewriter<'a, W> {
    out: W,
    style: &'a CsvStyle,
    delimiter: Vec<u8>,
    /// The cell so far, as long as nothing of it is written.
    cell: Vec<u8>,
    quoted: bool,
    /// It got too long to wait for its end: it is being written, within quotes.
    flowing: bool,
    column: usize,
    header: bool,
    begun: bool,
}

impl<'a, W: Write> Rewriter<'a, W> {
    pub(super) fn new(out: W, style: &'a CsvStyle) -> Self {
        Self {
            out,
            style,
            delimiter: style.delimiter.unwrap_or(',').to_string().into_bytes(),
            cell: Vec::new(),
            quoted: false,
            flowing: false,
            column: 0,
            header: true,
            begun: false,
        }
    }

    fn begin_file(&mut self) -> io::Result<()> {
        if !self.begun && self.style.bom {
            self.out.write_all("\u{feff}".as_bytes())?;
        }
        self.begun = true;
        Ok(())
    }

    /// Writes what comes before the text of a cell.
    fn open(&mut self, quotes: bool) -> io::Result<()> {
        self.begin_file()?;
        if self.column > 0 {
            self.out.write_all(&self.delimiter)?;
        }
        if quotes {
            self.out.write_all(b"\"")?;
        }
        if self.is_guarded() {
            self.out.write_all(b"'")?;
        }
        Ok(())
    }

    fn is_guarded(&self) -> bool {
        let Some(types) = &self.style.formula_guard else { return false };
        if !matches!(self.cell.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r')) {
            return false;
        }
        match types.get(self.column).copied().unwrap_or(ColumnType::Unknown) {
            ColumnType::Text => true,
            _ if self.header => true,
            ColumnType::Unknown => !is_number(&self.cell),
            // Signs may be those of numbers, however they are formatted. With anything else no number, day or truth begins:
            // such a cell is text, whatever the server still knows of its column.
            _ => !matches!(self.cell.first(), Some(b'+' | b'-')),
        }
    }

    fn needs_quotes(&self) -> bool {
        let quotes = |byte: &u8| matches!(byte, b'"' | b'\n' | b'\r');
        self.quoted
            || self.cell.iter().any(quotes)
            || memchr::memmem::find(&self.cell, &self.delimiter).is_some()
    }

    fn doubled(&mut self, text: &[u8]) -> io::Result<()> {
        let mut begin = 0;
        for quote in memchr::memchr_iter(b'"', text) {
            self.out.write_all(&text[begin..=quote])?;
            begin = quote;
        }
        self.out.write_all(&text[begin..])
    }
}

impl<W: Write> Cells for Rewriter<'_, W> {
    type Error = io::Error;

    fn mark(&mut self) -> io::Result<()> {
        self.begun = true;
        self.out.write_all("\u{feff}".as_bytes())
    }

    fn begin_cell(&mut self, quoted: bool) {
        self.cell.clear();
        self.quoted = quoted;
        self.flowing = false;
    }

    fn text(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.flowing {
            return self.doubled(bytes);
        }
        self.cell.extend_from_slice(bytes);
        if self.cell.len() > PENDING {
            self.flowing = true;
            self.open(true)?;
            let cell = std::mem::take(&mut self.cell);
            self.doubled(&cell)?;
            self.cell = cell;
        }
        Ok(())
    }

    fn end_cell(&mut self) -> io::Result<()> {
        if self.flowing {
            self.out.write_all(b"\"")?;
        } else if self.needs_quotes() {
            self.open(true)?;
            let cell = std::mem::take(&mut self.cell);
            self.doubled(&cell)?;
            self.cell = cell;
            self.out.write_all(b"\"")?;
        } else {
            self.open(false)?;
            self.out.write_all(&self.cell)?;
        }
        self.column += 1;
        Ok(())
    }

    fn end_record(&mut self) -> io::Result<()> {
        self.column = 0;
        self.header = false;
        self.out.write_all(if self.style.crlf { b"\r\n" } else { b"\n" })
    }
}

/// A number, as it may stand in a column of which nothing is known.
fn is_number(cell: &[u8]) -> bool {
    let text = std::str::from_utf8(cell).unwrap_or_default();
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
        && text.parse::<f64>().is_ok()
}
