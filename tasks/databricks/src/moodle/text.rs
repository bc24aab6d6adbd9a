//! Text as people paste it: invisible marks, odd blanks, odd case. It does not know what a text means.

/// Marks that cannot be seen: zero-width characters and what steers the direction of Hebrew and Arabic text.
pub(crate) fn is_mark(char: char) -> bool {
    matches!(char,
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{061C}' | '\u{FEFF}')
}

/// A name as it is compared: no marks, blanks inside collapsed to one, none outside.
pub(crate) fn tidy(text: &str) -> String {
    let visible: String = text.chars().filter(|char| !is_mark(*char)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether there is nothing to see.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(|char| is_mark(char) || char.is_whitespace())
}

/// A text as messages quote it: no longer than a line.
pub(crate) fn short(text: &str) -> String {
    const MOST: usize = 100;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Where the first line of `text` ends: its length without and with its line end (LF, CRLF or CR).
pub(crate) fn first_line(text: &str) -> (usize, usize) {
    match text.find(['\r', '\n']) {
        None => (text.len(), text.len()),
        Some(end) if text[end..].starts_with("\r\n") => (end, end + 2),
        Some(end) => (end, end + 1),
    }
}

/// Finds the line of a place in a text, by LF, CRLF and CR alike.
pub(crate) struct LineIndex {
    /// The number of the text's first line.
    first: usize,
    /// Where the second and all later lines begin.
    starts: Vec<usize>,
}

impl LineIndex {
    /// Looks through `text`, whose first line has the number `first`.
    pub(crate) fn new(text: &str, first: usize) -> Self {
        let bytes = text.as_bytes();
        let ends = |&at: &usize| match bytes[at] {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        Self { first, starts: (0..bytes.len()).filter(ends).map(|at| at + 1).collect() }
    }

    /// The number of the line that the byte at `offset` is in.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.first + self.starts.partition_point(|&start| start <= offset)
    }
}
