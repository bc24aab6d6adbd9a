//! CSV as the server writes it: a header, records that end with `\n`, and quotes around every cell that holds a quote, a
//! comma or a line end. The scanner is strict about quotes, because that is where appended errors show; it does not look
//! at what cells mean.
//!
//! Legal besides: `\r\n` behind records (a proxy's doing), a byte-order mark, and a `\r` within an unquoted cell, which
//! some writers leave unquoted and which no error document begins with. A page without a quote is a legal CSV with odd
//! titles: the answer's content type tells those apart.

use super::{
    Flaw, Scanned, Scanner,
    capture::{Trust, Witness},
};

const BOM: &[u8] = b"\xEF\xBB\xBF";
/// Longer headers are not remembered.
const HEADER: usize = 1 << 20;

/// Proves a CSV export while it passes.
#[derive(Debug)]
pub struct CsvScanner {
    state: State,
    bytes: u64,
    /// How much of a byte-order mark there is; nothing else came so far.
    bom: Option<usize>,
    had_bom: bool,
    /// The first record as it is written; `None` when it got too long.
    header: Option<Vec<u8>>,
    records: u64,
    /// Commas in the header.
    width: u64,
    /// Commas so far in this record.
    commas: u64,
    uneven: u64,
    first_uneven: Option<u64>,
    witness: Witness,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first byte of a record.
    Record,
    /// Before the first byte of another cell.
    Cell,
    /// Within a cell without quotes.
    Plain,
    /// Within quotes.
    Quoted,
    /// Behind a quote within quotes: the end, or half of a doubled one.
    Quote,
    /// Behind a closing quote and a `\r`.
    QuoteCr,
}

/// The index in the piece at which it is no CSV, and why.
type Violation = (usize, &'static str);

impl Default for CsvScanner {
    fn default() -> Self {
        Self {
            state: State::Record,
            bytes: 0,
            bom: Some(0),
            had_bom: false,
            header: Some(Vec::new()),
            records: 0,
            width: 0,
            commas: 0,
            uneven: 0,
            first_uneven: None,
            witness: Witness::new(Trust::Any),
        }
    }
}

impl Scanner for CsvScanner {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Flaw> {
        self.bytes += bytes.len() as u64;
        if self.witness.capturing() {
            return self.witness.capture(bytes);
        }
        match self.walk(bytes) {
            Ok(()) => {
                self.witness.passed(bytes);
                Ok(())
            }
            Err((at, what)) => self.witness.violated(bytes, at, what, self.records == 0),
        }
    }

    fn finish(&mut self) -> Result<Scanned, Flaw> {
        if self.witness.capturing() {
            return Err(self.witness.verdict());
        }
        match self.state {
            State::Record if self.records == 0 => {
                return Err(Flaw::truncated("it is empty, without even a header"));
            }
            State::Record => {}
            State::Quoted => return Err(Flaw::truncated("it ends within quotes")),
            _ => return Err(Flaw::truncated("it ends within a record: the last byte is no newline")),
        }
        Ok(Scanned {
            rows: Some(self.rows()),
            columns: self.header.take().map(|header| titles(&header)),
            uneven: self.uneven,
            first_uneven: self.first_uneven,
            bytes: self.bytes,
            bom: self.had_bom,
            weak: true,
        })
    }

    fn rows(&self) -> u64 {
        self.records.saturating_sub(1)
    }
}

impl CsvScanner {
    fn walk(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        let mut at = self.mark(bytes);
        while self.records == 0 && at < bytes.len() {
            self.remember(&bytes[at..=at]);
            self.step(bytes[at]).map_err(|what| (at, what))?;
            at += 1;
        }
        let next_quote = |at: usize| memchr::memchr(b'"', &bytes[at..]).map_or(bytes.len(), |next| at + next);
        let mut quote = next_quote(at);
        while at < bytes.len() {
            if quote < at {
                quote = next_quote(at);
            }
            at = match self.state {
                State::Quoted if quote == bytes.len() => quote,
                State::Quoted => {
                    self.state = State::Quote;
                    quote + 1
                }
                // What lies before the next quote is counted in one go.
                State::Record | State::Cell | State::Plain if at < quote => {
                    self.plain(&bytes[at..quote]);
                    quote
                }
                _ => {
                    self.step(bytes[at]).map_err(|what| (at, what))?;
                    at + 1
                }
            };
        }
        Ok(())
    }

    /// Passes a byte-order mark, however it is cut; the index of the first byte behind it.
    fn mark(&mut self, bytes: &[u8]) -> usize {
        let Some(known) = self.bom else { return 0 };
        let same = bytes.iter().zip(&BOM[known..]).take_while(|(byte, mark)| byte == mark).count();
        if known + same == BOM.len() {
            self.had_bom = true;
            self.bom = None;
        } else if same == bytes.len() {
            self.bom = Some(known + same);
        } else {
            // No mark after all: what looked like one belongs to the first cell.
            self.bom = None;
            if known + same > 0 {
                self.state = State::Plain;
                self.remember(&BOM[..known + same]);
            }
        }
        same
    }

    fn remember(&mut self, bytes: &[u8]) {
        let room = self.header.as_ref().is_some_and(|header| header.len() + bytes.len() <= HEADER);
        match &mut self.header {
            Some(header) if room => header.extend_from_slice(bytes),
            too_long => *too_long = None,
        }
    }

    /// Bytes without a quote, outside quotes.
    fn plain(&mut self, bytes: &[u8]) {
        let mut begin = 0;
        for newline in memchr::memchr_iter(b'\n', bytes) {
            self.commas += commas(&bytes[begin..newline]);
            self.end_record();
            begin = newline + 1;
        }
        let rest = &bytes[begin..];
        if let Some(&last) = rest.last() {
            self.commas += commas(rest);
            self.state = if last == b',' { State::Cell } else { State::Plain };
        }
    }

    fn step(&mut self, byte: u8) -> Result<(), &'static str> {
        self.state = match (self.state, byte) {
            (State::Quoted, b'"') => State::Quote,
            (State::Quoted, _) | (State::Quote | State::Record | State::Cell, b'"') => State::Quoted,
            (State::Plain, b'"') => return Err("a quote stands within a cell that has none"),
            (State::Quote, b'\r') => State::QuoteCr,
            (_, b'\n') => {
                self.end_record();
                return Ok(());
            }
            (State::Record | State::Cell | State::Plain | State::Quote, b',') => {
                self.commas += 1;
                State::Cell
            }
            (State::Quote | State::QuoteCr, _) => return Err("something follows a closing quote"),
            (State::Record | State::Cell | State::Plain, _) => State::Plain,
        };
        Ok(())
    }

    fn end_record(&mut self) {
        if self.records == 0 {
            self.width = self.commas;
        } else if self.commas != self.width {
            self.uneven += 1;
            self.first_uneven.get_or_insert(self.records);
        }
        self.records += 1;
        self.commas = 0;
        self.state = State::Record;
    }
}

fn commas(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b',', bytes).count() as u64
}

/// The titles in a header that is known to be well-formed.
fn titles(header: &[u8]) -> Vec<String> {
    let header = header.strip_suffix(b"\n").unwrap_or(header);
    let header = header.strip_suffix(b"\r").unwrap_or(header);
    let mut titles = vec![Vec::new()];
    let (mut quoted, mut previous) = (false, 0);
    for &byte in header {
        let title = titles.last_mut().expect("there is always one");
        match byte {
            b'"' if !quoted && previous == b'"' => {
                title.push(b'"');
                quoted = true;
            }
            b'"' => quoted = !quoted,
            b',' if !quoted => titles.push(Vec::new()),
            _ => title.push(byte),
        }
        previous = byte;
    }
    titles.iter().map(|title| String::from_utf8_lossy(title).into_owned()).collect()
}

#[cfg(test)]
mod tests;
