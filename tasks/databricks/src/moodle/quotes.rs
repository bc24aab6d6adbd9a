//! Quotes that do not close, and text behind those that do: the reader of cells takes both without a word, and then rows
//! run into each other. It follows the reader's own rules and reads no cells.

use super::{
    complaint::Complaint,
    preamble::Delimiter,
    remark::{Place, Remarks},
    text::LineIndex,
};

#[derive(Clone, Copy)]
enum State {
    CellBegins,
    Bare,
    Quoted {
        opened: usize,
        column: usize,
    },
    /// After a quote inside a quoted cell: its end, or the first of two.
    Closed {
        opened: usize,
        column: usize,
    },
    /// Blanks after the end of a quoted cell.
    Padded,
}

/// Checks all quotes; false when one is open at the end, so that no row can be trusted.
pub(crate) fn check(text: &str, delimiter: Delimiter, lines: &LineIndex, remarks: &mut Remarks) -> bool {
    let mut state = State::CellBegins;
    let mut column = 1;
    for (at, byte) in text.bytes().enumerate() {
        let quoted = matches!(state, State::Quoted { .. });
        if !quoted && byte == delimiter.byte() {
            state = State::CellBegins;
            column += 1;
            continue;
        }
        if !quoted && matches!(byte, b'\r' | b'\n') {
            state = State::CellBegins;
            column = 1;
            continue;
        }
        state = match (state, byte) {
            (State::CellBegins, b'"') => State::Quoted { opened: at, column },
            (State::Closed { opened, column }, b'"') => State::Quoted { opened, column },
            (State::Quoted { opened, column }, b'"') => State::Closed { opened, column },
            (State::Quoted { .. }, _) => state,
            (State::Closed { .. } | State::Padded, b' ' | b'\t') => State::Padded,
            (State::Closed { .. } | State::Padded, _) => {
                remarks.error(Place::cell(lines.line(at), column, ""), Complaint::TextAfterQuote);
                State::Bare
            }
            (State::CellBegins | State::Bare, _) => State::Bare,
        };
    }
    if let State::Quoted { opened, column } = state {
        remarks.error(Place::cell(lines.line(opened), column, ""), Complaint::UnterminatedQuote);
        return false;
    }
    true
}
