//! Log lines on their way, secrets covered also where a long line was cut in the middle of one. It keeps no line but those
//! that go on.

use std::collections::HashMap;

use roundsman_wire::{LogLine, LogStream};

use crate::mask::{Cut, Mask};

/// How much longer a secret may be in another form: escaped, encoded, or both.
const FORM_FACTOR: usize = 6;
/// The most bytes of a line that wait for what follows it.
const MOST_HELD: usize = 64 << 10;

/// Covers lines in the order in which they come.
pub(crate) struct CoveredLines {
    mask: Mask,
    /// Of lines that go on: the end of what came so far.
    held: HashMap<LogStream, Held>,
}

/// The end of a line so far.
struct Held {
    /// As it came.
    line: LogLine,
    /// Whether the line began before it.
    is_cut: bool,
}

impl CoveredLines {
    /// Lines of an attempt with these secrets.
    pub(crate) fn new(mask: Mask) -> Self {
        Self { mask, held: HashMap::new() }
    }

    /// A line, or the last piece of one.
    pub(crate) fn line(&mut self, line: LogLine) -> LogLine {
        let Held { mut line, is_cut } = self.joined(line);
        let cut = cut(&line.text, is_cut);
        self.mask.cut_string(&mut line.text, cut);
        line
    }

    /// A piece of a line that goes on. What could be the beginning of a secret waits for the next piece.
    pub(crate) fn piece(&mut self, piece: LogLine) -> Option<LogLine> {
        if self.mask.is_empty() {
            return Some(piece);
        }
        let Held { mut line, is_cut } = self.joined(piece);
        let waiting = (self.mask.longest() * FORM_FACTOR).min(MOST_HELD);
        let end = self.mask.outside(&line.text, line.text.len().saturating_sub(waiting));
        let rest = LogLine { text: line.text.split_off(end), ..line.clone() };
        self.held.insert(line.stream, Held { line: rest, is_cut: is_cut || end > 0 });
        self.mask.cut_string(&mut line.text, Cut { head: is_cut, tail: true });
        Some(line).filter(|line| !line.text.is_empty())
    }

    /// What still waited for more: nothing follows.
    pub(crate) fn finish(&mut self) -> Vec<LogLine> {
        let mut left: Vec<Held> = self.held.drain().map(|(_, held)| held).collect();
        left.retain(|held| !held.line.text.is_empty());
        left.sort_by_key(|held| held.line.at);
        let covered = left.into_iter().map(|Held { mut line, is_cut }| {
            // What would have followed was lost, with it perhaps the end of a secret.
            self.mask.cut_string(&mut line.text, Cut { head: is_cut, tail: true });
            line
        });
        covered.collect()
    }

    fn joined(&mut self, line: LogLine) -> Held {
        match self.held.remove(&line.stream) {
            Some(mut held) => {
                held.line.text.push_str(&line.text);
                held
            }
            None => Held { line, is_cut: false },
        }
    }
}

/// Where a line was cut: where it is a piece of one, and where `…` says so.
fn cut(text: &str, is_piece: bool) -> Cut {
    Cut { head: is_piece || text.starts_with('…'), tail: text.ends_with('…') }
}

#[cfg(test)]
mod tests;
