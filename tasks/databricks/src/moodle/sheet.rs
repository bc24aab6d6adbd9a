//! A file as a header and rows of cells, each with its line. It knows which titles make a header familiar only from its caller.

mod header;

use csv::{ReaderBuilder, StringRecord};

pub(crate) use header::Header;

use super::{
    complaint::Complaint,
    decode::decode,
    preamble::{self, Delimiter, Preamble},
    quotes,
    remark::{Place, Remarks},
    text::{LineIndex, is_blank},
};

/// A file as cells.
pub(crate) struct Sheet {
    pub(crate) header: Header,
    pub(crate) rows: Vec<Row>,
    pub(crate) delimiter: Delimiter,
}

/// One record of a file.
pub(crate) struct Row {
    /// The number of its first line.
    pub(crate) line: usize,
    /// How many empty lines are before it.
    pub(crate) empty_before: usize,
    cells: StringRecord,
}

/// One cell, with where it is.
#[derive(Clone, Copy)]
pub(crate) struct Cell<'a> {
    pub(crate) line: usize,
    /// From 1.
    pub(crate) column: usize,
    pub(crate) title: &'a str,
    pub(crate) text: &'a str,
}

impl Cell<'_> {
    pub(crate) fn place(&self) -> Place {
        Place::cell(self.line, self.column, self.title)
    }

    pub(crate) fn is_blank(&self) -> bool {
        is_blank(self.text)
    }
}

impl Row {
    /// The cell of a column (from 0); empty where the row is shorter.
    pub(crate) fn cell<'a>(&'a self, index: usize, header: &'a Header) -> Cell<'a> {
        let text = self.cells.get(index).unwrap_or_default();
        Cell { line: self.line, column: index + 1, title: header.title(index), text }
    }

    /// All its cells.
    pub(crate) fn cells<'a>(&'a self, header: &'a Header) -> impl Iterator<Item = Cell<'a>> {
        (0..self.cells.len()).map(|index| self.cell(index, header))
    }

    /// Whether nothing stands in it.
    pub(crate) fn is_blank(&self) -> bool {
        self.cells.iter().all(is_blank)
    }
}

impl Sheet {
    /// Reads a file whose header is `familiar` when split at the right delimiter; none when it cannot be trusted at all.
    pub(crate) fn read(bytes: &[u8], familiar: fn(&Header) -> bool, remarks: &mut Remarks) -> Option<Self> {
        let text = decode(bytes, remarks)?;
        let preamble = preamble::take(&text, remarks)?;
        if is_blank(preamble.rest) {
            remarks.error(Place::file(), Complaint::EmptyFile);
            return None;
        }
        let lines = LineIndex::new(preamble.rest, preamble.line);
        let delimiter = delimiter(&preamble, familiar, remarks);
        if !quotes::check(preamble.rest, delimiter, &lines, remarks) {
            return None;
        }
        let mut rows = records(preamble.rest, delimiter, &lines);
        let first = rows.next().expect("a text that is not blank has a record");
        Some(Self { header: Header::of(first.line, &first.cells), rows: rows.collect(), delimiter })
    }

    /// The rows in which something stands.
    pub(crate) fn filled_rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !row.is_blank())
    }

    /// Complains where something stands in a column that has no title: cells have shifted, or would be lost.
    pub(crate) fn check_titles(&self, remarks: &mut Remarks) {
        for row in &self.rows {
            if let Some(cell) = row.cells(&self.header).find(|cell| cell.title.is_empty() && !cell.is_blank())
            {
                remarks.error(cell.place(), Complaint::NoTitle);
            }
        }
    }
}

/// The delimiter that `sep=` names, unless only another one makes the header familiar: then the file was saved again since.
/// Without `sep=` the one that makes it familiar, else the one that makes the most of it; a tab where there is none.
fn delimiter(preamble: &Preamble<'_>, familiar: fn(&Header) -> bool, remarks: &mut Remarks) -> Delimiter {
    let headers = Delimiter::ALL.map(|delimiter| (delimiter, first_record(preamble.rest, delimiter)));
    let familiar: Vec<Delimiter> =
        headers.iter().filter(|(_, header)| familiar(header)).map(|(delimiter, _)| *delimiter).collect();
    match (preamble.delimiter, familiar.first()) {
        (Some(named), Some(&found)) if !familiar.contains(&named) => {
            let complaint = Complaint::OtherDelimiter { named: named.name(), found: found.name() };
            remarks.warning(Place::line(preamble.line), complaint);
            return found;
        }
        (Some(delimiter), _) | (None, Some(&delimiter)) => return delimiter,
        (None, None) => {}
    }
    let widest = headers.iter().map(|(_, header)| header.width()).max().unwrap_or_default();
    match headers.iter().find(|(_, header)| header.width() == widest) {
        Some((delimiter, _)) if widest > 1 => *delimiter,
        _ => Delimiter::Tab,
    }
}

fn first_record(text: &str, delimiter: Delimiter) -> Header {
    let cells = cells(text, delimiter).next().map(|(cells, _)| cells).unwrap_or_default();
    Header::of(1, &cells)
}

/// All records with their lines.
fn records(text: &str, delimiter: Delimiter, lines: &LineIndex) -> impl Iterator<Item = Row> {
    cells(text, delimiter).map(move |(cells, from)| {
        // A record is said to begin where the one before it ended: at its line end's second half, or at empty lines.
        let ends = text[from..].bytes().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let line = lines.line(from + ends);
        let ended = from.checked_sub(1).map_or(lines.line(0), |end| lines.line(end) + 1);
        Row { line, empty_before: line - ended, cells }
    })
}

/// The cells of all records, with the offset at which the reader began to look for them.
fn cells(text: &str, delimiter: Delimiter) -> impl Iterator<Item = (StringRecord, usize)> {
    let mut reader = ReaderBuilder::new();
    reader.has_headers(false).flexible(true).delimiter(delimiter.byte());
    reader.from_reader(text.as_bytes()).into_records().map(|record| {
        let record = record.expect("text in memory is UTF-8, and records may have any length");
        let from = record.position().map_or(0, |position| position.byte() as usize);
        (record, from)
    })
}

#[cfg(test)]
mod tests;
