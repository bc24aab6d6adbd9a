//! Running text within the width of a terminal. In a pipe it stays one line, for others to break.

use unicode_width::UnicodeWidthStr as _;

use super::look::{Look, clean};

/// The text in lines, each begun with the indent and ended, without anything that could steer a terminal.
pub(crate) fn wrap(text: &str, indent: usize, look: Look) -> String {
    let limit = look.width.unwrap_or(usize::MAX).saturating_sub(indent).max(20);
    let mut lines: Vec<String> = Vec::new();
    for word in clean(text).split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= limit => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| format!("{:indent$}{line}\n", "")).collect()
}

#[cfg(test)]
mod tests {
    use super::wrap;
    use crate::cli::look::Look;

    #[test]
    fn lines_break_between_words_and_only_on_terminals() {
        let narrow = Look { width: Some(26), color: false };
        let text = "one two three four five six seven incomprehensibilities-of-all-sorts eight";
        let expected =
            "    one two three four\n    five six seven\n    incomprehensibilities-of-all-sorts\n    eight\n";
        assert_eq!(wrap(text, 4, narrow), expected);
        assert_eq!(wrap(text, 2, Look::PLAIN), format!("  {text}\n"));
        assert_eq!(wrap("", 2, narrow), "");
        assert_eq!(wrap("a\u{1b}[2J\u{7} b\nc", 0, narrow), "a b c\n");
    }
}
