//! Log lines on their way, secrets covered also where a long line was cut in the middle of one. It keeps no line but those
//! that go on.

use std::collections::HashMap;

use roundsman_wire::{LogLine, LogStream};

use crate::mask::Mask;

/// How much longer a secret may be in another form: escaped, encoded, or both.
const FORM_FACTOR: usize = 6;
/// The most bytes of a line that wait for what follows it.
const MOST_HELD: usize = 64 << 10;

/// Covers lines in the order in which they come.
pub(crate) struct CoveredLines {
    mask: Mask,
    /// Of lines that go on: the end of what came so far, as it came.
    held: HashMap<LogStream, LogLine>,
}

impl CoveredLines {
    /// Lines of an attempt with these secrets.
    pub(crate) fn new(mask: Mask) -> Self {
        Self { mask, held: HashMap::new() }
    }

    /// A line, or the last piece of one.
    pub(crate) fn line(&mut self, line: LogLine) -> LogLine {
        let mut line = self.joined(line);
        self.mask.string(&mut line.text);
        line
    }

    /// A piece of a line that goes on. What could be the beginning of a secret waits for the next piece.
    pub(crate) fn piece(&mut self, piece: LogLine) -> Option<LogLine> {
        if self.mask.is_empty() {
            return Some(piece);
        }
        let mut line = self.joined(piece);
        let waiting = (self.mask.longest() * FORM_FACTOR).min(MOST_HELD);
        let cut = self.mask.outside(&line.text, line.text.len().saturating_sub(waiting));
        let rest = LogLine { text: line.text.split_off(cut), ..line.clone() };
        self.held.insert(line.stream, rest);
        self.mask.string(&mut line.text);
        Some(line).filter(|line| !line.text.is_empty())
    }

    /// What still waited for more: nothing follows.
    pub(crate) fn finish(&mut self) -> Vec<LogLine> {
        let mut left: Vec<LogLine> = self.held.drain().map(|(_, line)| line).collect();
        left.retain(|line| !line.text.is_empty());
        left.sort_by_key(|line| line.at);
        for line in &mut left {
            self.mask.string(&mut line.text);
        }
        left
    }

    fn joined(&mut self, line: LogLine) -> LogLine {
        match self.held.remove(&line.stream) {
            Some(mut held) => {
                held.text.push_str(&line.text);
                held
            }
            None => line,
        }
    }
}

#[cfg(test)]
mod tests;
