//! Keeps a run's log within its cap: of each attempt the head as it comes, the tail at the end, the cut marked between
//! them. Taking a line never waits; writing to the store is the caller's rhythm.

use std::collections::VecDeque;

use roundsman_model::Timestamp;
use roundsman_wire::{LogLine, LogStream};

/// Bytes kept from the beginning of the first attempt's log, and as many from its end. Each further attempt keeps half as
/// much, so that a run's log is bounded however often it is tried.
const FIRST_PART: usize = 512 << 10;
/// The least that is kept of an attempt at either end: a good screenful of what went wrong.
const LEAST_PART: usize = 16 << 10;
/// Bytes in one chunk.
pub(crate) const CHUNK_BYTES: usize = 64 << 10;

/// The log of one attempt on its way to the store.
pub(crate) struct LogKeeper {
    part_bytes: usize,
    pending: VecDeque<String>,
    head_bytes: usize,
    tail: VecDeque<String>,
    tail_bytes: usize,
    cut_lines: u64,
    cut_bytes: u64,
}

impl LogKeeper {
    /// A keeper for an attempt, 1 for the first.
    pub(crate) fn of_attempt(number: u32) -> Self {
        let part_bytes = (FIRST_PART >> number.saturating_sub(1).min(16)).max(LEAST_PART);
        Self {
            part_bytes,
            pending: VecDeque::new(),
            head_bytes: 0,
            tail: VecDeque::new(),
            tail_bytes: 0,
            cut_lines: 0,
            cut_bytes: 0,
        }
    }

    /// Takes a line.
    pub(crate) fn push(&mut self, line: &LogLine) {
        let text = serde_json::to_string(line).expect("a log line is always representable as JSON");
        if self.tail.is_empty() && self.head_bytes + text.len() <= self.part_bytes {
            self.head_bytes += text.len();
            self.pending.push_back(text);
            return;
        }
        self.tail_bytes += text.len();
        self.tail.push_back(text);
        while self.tail_bytes > self.part_bytes {
            let Some(oldest) = self.tail.pop_front() else { break };
            self.tail_bytes -= oldest.len();
            self.cut_lines += 1;
            self.cut_bytes += oldest.len() as u64;
        }
    }

    /// Counts lines that were dropped before they came here.
    pub(crate) fn dropped(&mut self, lines: u64) {
        self.cut_lines += lines;
    }

    /// The attempt is over: the tail follows the head.
    pub(crate) fn finish(&mut self, now: Timestamp) {
        if self.cut_lines > 0 {
            let text = format!("… {} lines ({} bytes) are not kept …", self.cut_lines, self.cut_bytes);
            let mark = LogLine { at: now, stream: LogStream::Roundsman, level: "warn".to_owned(), text };
            self.pending
                .push_back(serde_json::to_string(&mark).expect("a log line is always representable as JSON"));
            self.cut_lines = 0;
        }
        self.pending.append(&mut self.tail);
        self.tail_bytes = 0;
    }

    /// The next chunk to write, if anything waits.
    pub(crate) fn take_chunk(&mut self) -> Option<String> {
        let mut chunk = String::new();
        while let Some(line) = self.pending.front() {
            if !chunk.is_empty() && chunk.len() + line.len() > CHUNK_BYTES {
                break;
            }
            chunk.push_str(line);
            chunk.push('\n');
            self.pending.pop_front();
        }
        (!chunk.is_empty()).then_some(chunk)
    }
}

#[cfg(test)]
mod tests;
