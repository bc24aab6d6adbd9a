//! Lines that were cut anywhere.

use roundsman_model::time::from_micros;
use roundsman_wire::{LogLine, LogStream};

use super::CoveredLines;
use crate::mask::Mask;

const SECRET: &str = "correct-horse-battery-staple";

fn line(stream: LogStream, text: &str) -> LogLine {
    LogLine { at: from_micros(0), stream, level: "info".to_owned(), text: text.to_owned() }
}

fn lines() -> CoveredLines {
    CoveredLines::new(Mask::covering([SECRET].into_iter()))
}

/// Wherever the cuts are, all pieces together say the same.
#[test]
fn a_secret_that_is_cut_is_covered() {
    let whole = format!("{}{SECRET}{}{SECRET} end", "x".repeat(300), "y".repeat(300));
    for first in 280..340 {
        for second in [first + 5, first + 40, first + 200, first + 320] {
            let mut lines = lines();
            let mut said = String::new();
            for piece in [&whole[..first], &whole[first..second.min(whole.len())]] {
                said.extend(lines.piece(line(LogStream::Stdout, piece)).map(|line| line.text));
            }
            said += &lines.line(line(LogStream::Stdout, &whole[second.min(whole.len())..])).text;
            let expected = format!("{}********{}******** end", "x".repeat(300), "y".repeat(300));
            assert_eq!(said, expected, "{first} {second}");
            assert!(lines.finish().is_empty());
        }
    }
}

#[test]
fn streams_are_apart_and_nothing_is_lost() {
    let mut lines = lines();
    let (head, tail) = SECRET.split_at(13);
    let mut said = Vec::new();
    said.extend(lines.piece(line(LogStream::Stdout, head)));
    said.push(lines.line(line(LogStream::Stderr, "warning")));
    said.extend(lines.piece(line(LogStream::Stdout, tail)));
    said.extend(lines.finish());
    let texts: Vec<_> = said.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["warning", "********"]);
    let mut open = CoveredLines::new(Mask::default());
    assert_eq!(open.piece(line(LogStream::Stdout, head)), Some(line(LogStream::Stdout, head)));
}

#[test]
fn whole_lines_may_begin_and_end_as_secrets_do() {
    let mut lines = lines();
    for text in ["this is correct-horse", "battery-staple is missing"] {
        assert_eq!(lines.line(line(LogStream::Stdout, text)).text, text);
    }
    // A line whose end never came.
    assert_eq!(lines.piece(line(LogStream::Stdout, "it is correct-horse-ba")), None);
    assert_eq!(lines.finish()[0].text, "it is ********");
}

#[test]
fn a_line_without_end_needs_little_memory() {
    let mut lines = lines();
    let text = "z".repeat(16 << 10);
    let said: usize = (0..1_000)
        .filter_map(|_| lines.piece(line(LogStream::Stdout, &text)))
        .map(|line| line.text.len())
        .sum();
    let held: usize = lines.held.values().map(|held| held.line.text.len()).sum();
    assert!(held <= 8 * SECRET.len(), "{held}");
    assert_eq!(said + held, 1_000 * text.len());
}
