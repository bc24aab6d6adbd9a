//! Where commands write to: standard output, buffered, and notes on standard error. It lays nothing out.

use std::io::{self, BufWriter, IsTerminal as _, Write};

use serde::Serialize;

use super::look::{Look, clean_lines};

/// Standard output as a command sees it.
pub struct Output {
    writer: Box<dyn Write>,
    notes: Box<dyn Write>,
    look: Look,
}

impl Output {
    /// The process's standard output.
    pub fn stdout() -> Self {
        let stdout = io::stdout();
        let look = if stdout.is_terminal() { Look::terminal() } else { Look::PLAIN };
        Self::new(Box::new(BufWriter::new(stdout)), Box::new(io::stderr()), look)
    }

    /// An output of its own: where the answer goes, where notes beside it go, and how text is to look.
    pub fn new(writer: Box<dyn Write>, notes: Box<dyn Write>, look: Look) -> Self {
        Self { writer, notes, look }
    }

    /// How text is to look there.
    pub const fn look(&self) -> Look {
        self.look
    }

    /// Writes text as it is.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        self.writer.write_all(text.as_bytes())
    }

    /// Writes a line.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.writer, "{line}")
    }

    /// Writes bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)
    }

    /// Writes a value as indented JSON.
    pub fn json<T: Serialize + ?Sized>(&mut self, value: &T) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut self.writer, value)?;
        self.writer.write_all(b"\n")
    }

    /// Lets the reader see what was written so far.
    pub fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    /// Tells something beside the answer as it is, after what was written so far.
    pub fn aside(&mut self, text: &str) {
        let _ = self.flush();
        let _ = self.notes.write_all(text.as_bytes());
    }

    /// Tells something beside the answer, cleaned of what could steer a terminal, after what was written so far. A note that cannot be told is no failure.
    pub fn note(&mut self, text: &str) {
        // Both may go to one terminal, where the answer is to come first.
        let _ = self.flush();
        let _ = writeln!(self.notes, "note: {}", clean_lines(text));
    }

    /// Whether standard output is a terminal.
    pub const fn is_terminal(&self) -> bool {
        self.look.width.is_some()
    }
}
