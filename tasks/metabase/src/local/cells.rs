//! The cells of a CSV that was proved, as they come, in pieces of any size. It holds none of them.

use super::Stopped;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// What cells go to.
pub(super) trait Cells {
    /// How it fails.
    type Error;

    /// A byte-order mark came first.
    fn mark(&mut self) -> Result<(), Self::Error>;

    /// A cell begins, with or without quotes around it.
    fn begin_cell(&mut self, quoted: bool);

    /// Some of what is in the cell, quotes taken off.
    fn text(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;

    /// The cell ends.
    fn end_cell(&mut self) -> Result<(), Self::Error>;

    /// The record ends.
    fn end_record(&mut self) -> Result<(), Self::Error>;
}

/// Takes a CSV apart.
#[derive(Debug)]
pub(super) struct Reader {
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the very beginning, behind so much of a byte-order mark.
    Start(usize),
    Record,
    Cell,
    Plain,
    /// Behind a `\r` outside quotes: part of the line end, or of the cell.
    PlainCr,
    Quoted,
    Quote,
    QuoteCr,
}

impl Default for Reader {
    fn default() -> Self {
        Self { state: State::Start(0) }
    }
}

impl Reader {
    /// The next piece.
    pub(super) fn feed<S: Cells>(&mut self, bytes: &[u8], sink: &mut S) -> Result<(), Stopped<S::Error>> {
        let mut rest = bytes;
        while let Some(&byte) = rest.first() {
            let taken = match self.state {
                State::Start(known) => self.start(known, byte, sink).map_err(Stopped::Sink)?,
                State::Record | State::Cell => self.begin(byte, sink).map_err(Stopped::Sink)?,
                State::Plain => {
                    let end = rest.iter().position(|byte| matches!(byte, b',' | b'\n' | b'\r' | b'"'));
                    let end = end.unwrap_or(rest.len());
                    sink.text(&rest[..end]).map_err(Stopped::Sink)?;
                    match rest.get(end) {
                        None => end,
                        Some(b'"') => {
                            return Err(Stopped::NotCsv("a quote stands within a cell that has none"));
                        }
                        Some(b'\r') => {
                            self.state = State::PlainCr;
                            end + 1
                        }
                        Some(&byte) => {
                            self.end(byte, sink).map_err(Stopped::Sink)?;
                            end + 1
                        }
                    }
                }
                State::PlainCr if byte == b'\n' => self.end(byte, sink).map_err(Stopped::Sink)?,
                State::PlainCr => {
                    sink.text(b"\r").map_err(Stopped::Sink)?;
                    self.state = State::Plain;
                    0
                }
                State::Quoted => {
                    let end = memchr::memchr(b'"', rest).unwrap_or(rest.len());
                    sink.text(&rest[..end]).map_err(Stopped::Sink)?;
                    if end < rest.len() {
                        self.state = State::Quote;
                    }
                    rest.len().min(end + 1)
                }
                State::Quote | State::QuoteCr => self.quote(byte, sink)?,
            };
            rest = &rest[taken..];
        }
        Ok(())
    }

    /// There is no more.
    pub(super) fn finish(self) -> Result<(), &'static str> {
        match self.state {
            State::Record => Ok(()),
            State::Start(_) => Err("it is empty"),
            _ => Err("it ends within a record"),
        }
    }

    fn start<S: Cells>(&mut self, known: usize, byte: u8, sink: &mut S) -> Result<usize, S::Error> {
        if byte == BOM[known] {
            self.state = State::Start(known + 1);
            if known + 1 == BOM.len() {
                self.state = State::Record;
                sink.mark()?;
            }
            return Ok(1);
        }
        self.state = State::Record;
        if known > 0 {
            sink.begin_cell(false);
            sink.text(&BOM[..known])?;
            self.state = State::Plain;
        }
        Ok(0)
    }

    fn begin<S: Cells>(&mut self, byte: u8, sink: &mut S) -> Result<usize, S::Error> {
        sink.begin_cell(byte == b'"');
        match byte {
            b'"' => self.state = State::Quoted,
            b',' | b'\n' => return self.end(byte, sink),
            _ => {
                self.state = State::Plain;
                return Ok(0);
            }
        }
        Ok(1)
    }

    fn quote<S: Cells>(&mut self, byte: u8, sink: &mut S) -> Result<usize, Stopped<S::Error>> {
        match (self.state, byte) {
            (State::Quote, b'"') => {
                sink.text(b"\"").map_err(Stopped::Sink)?;
                self.state = State::Quoted;
                Ok(1)
            }
            (State::Quote, b'\r') => {
                self.state = State::QuoteCr;
                Ok(1)
            }
            (State::Quote, b',') | (_, b'\n') => self.end(byte, sink).map_err(Stopped::Sink),
            _ => Err(Stopped::NotCsv("something follows a closing quote")),
        }
    }

    fn end<S: Cells>(&mut self, byte: u8, sink: &mut S) -> Result<usize, S::Error> {
        sink.end_cell()?;
        if byte == b'\n' {
            sink.end_record()?;
            self.state = State::Record;
        } else {
            self.state = State::Cell;
        }
        Ok(1)
    }
}
