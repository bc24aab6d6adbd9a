//! What may stand before the header: blank lines, lines of dots, and Excel's `sep=,`. It does not look at the header.

use super::{
    complaint::Complaint,
    remark::{Place, Remarks},
    text::{first_line, is_mark, short},
};

/// What cells are split at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delimiter {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
}

impl Delimiter {
    /// All of them, the likeliest first.
    pub(crate) const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    /// As it stands in a file.
    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }

    /// In words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Comma => "commas",
            Self::Semicolon => "semicolons",
            Self::Tab => "tabs",
        }
    }

    fn of(char: char) -> Option<Self> {
        Self::ALL.into_iter().find(|delimiter| char::from(delimiter.byte()) == char)
    }
}

/// A text after what stood before its header.
pub(crate) struct Preamble<'a> {
    /// From the header on.
    pub(crate) rest: &'a str,
    /// The number of the header's line.
    pub(crate) line: usize,
    /// What `sep=` named.
    pub(crate) delimiter: Option<Delimiter>,
}

/// Takes off what stands before the header; none when `sep=` names something that cannot be.
pub(crate) fn take<'a>(text: &'a str, remarks: &mut Remarks) -> Option<Preamble<'a>> {
    let mut preamble = Preamble { rest: text, line: 1, delimiter: None };
    while !preamble.rest.is_empty() {
        let (end, next) = first_line(preamble.rest);
        let line = &preamble.rest[..end];
        match (is_filler(line), separator(line)) {
            (false, Separator::None) => break,
            (false, Separator::Unknown(text)) => {
                remarks.error(Place::line(preamble.line), Complaint::UnknownDelimiter(text));
                return None;
            }
            (false, Separator::Known(delimiter)) => preamble.delimiter = delimiter,
            (true, _) => {}
        }
        preamble.rest = &preamble.rest[next..];
        preamble.line += 1;
    }
    preamble.rest = preamble.rest.trim_start_matches('\u{FEFF}');
    Some(preamble)
}

/// A blank line or one of dots, alone or in cells.
fn is_filler(line: &str) -> bool {
    line.chars()
        .all(|char| matches!(char, '.' | '…' | '"') || Delimiter::of(char).is_some() || is_blank_char(char))
}

fn is_blank_char(char: char) -> bool {
    char.is_whitespace() || is_mark(char)
}

enum Separator {
    /// Another line.
    None,
    /// `sep=X`; without a delimiter where a spreadsheet has since saved the file with another one.
    Known(Option<Delimiter>),
    /// `sep=` and something else.
    Unknown(String),
}

/// Reads `sep=X`, also `"sep=X"`, and also with the empty cells that spreadsheets fill the line up with.
fn separator(line: &str) -> Separator {
    let line = line.trim_start_matches(|char| char == ' ' || char == '"' || is_mark(char));
    let Some(written) = line.get(..3).filter(|sep| sep.eq_ignore_ascii_case("sep")).and_then(|_| {
        // Not `trim`: the delimiter may be a tab.
        line[3..].trim_start_matches(' ').strip_prefix('=')
    }) else {
        return Separator::None;
    };
    let written = written.trim_matches(|char| char == ' ' || char == '"' || is_mark(char));
    let mut chars = written.chars().filter(|&char| char != ' ' && char != '"');
    let Some(delimiter) = chars.next().and_then(Delimiter::of) else {
        return Separator::Unknown(short(written));
    };
    let filled: Vec<Option<Delimiter>> = chars.map(Delimiter::of).collect();
    if filled.contains(&None) {
        return Separator::Unknown(short(written));
    }
    Separator::Known(filled.iter().all(|&other| other == Some(delimiter)).then_some(delimiter))
}
