//! What programs write for terminals: colours and their like are taken out, what else would steer one becomes visible. It
//! interprets none of it.

/// The longest sequence that is looked for: what has no end by then is none.
const LONGEST: usize = 4096;

/// How many bytes the escape sequence takes with which these begin, if they begin with one: colours and movements, titles
/// and links, choices of character sets. One that is cut counts as far as it goes.
pub fn sequence(bytes: &[u8]) -> Option<usize> {
    let [0x1b, kind, rest @ ..] = bytes else { return None };
    let within = &rest[..rest.len().min(LONGEST)];
    match kind {
        b'[' => {
            let parameters = within.iter().take_while(|byte| (0x20..0x40).contains(*byte)).count();
            let ends = within.get(parameters).is_some_and(|byte| (0x40..0x7f).contains(byte));
            Some(2 + parameters + usize::from(ends))
        }
        b']' | b'P' | b'X' | b'^' | b'_' => {
            let end = within.iter().position(|byte| matches!(byte, 0x07 | 0x1b))?;
            let closing =
                if within[end] == 0x07 { 1 } else { 1 + usize::from(rest.get(end + 1) == Some(&b'\\')) };
            Some(2 + end + closing)
        }
        0x20..0x30 => {
            let more = within.iter().take_while(|byte| (0x20..0x30).contains(*byte)).count();
            let ends = within.get(more).is_some_and(|byte| (0x30..0x7f).contains(byte));
            Some(2 + more + usize::from(ends))
        }
        0x30..0x7f => Some(2),
        _ => None,
    }
}

/// A line as text: what is no UTF-8 or would control a terminal is shown by a sign in its place, colours are left out.
pub fn readable(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    if !line.contains(steers) {
        return line.into_owned();
    }
    let mut text = String::with_capacity(line.len());
    let mut rest = &*line;
    while let Some(char) = rest.chars().next() {
        if let Some(length) = sequence(rest.as_bytes()) {
            // Sequences are ASCII but for what titles say, and that ends with ASCII.
            rest = &rest[rest.ceil_char_boundary(length)..];
            continue;
        }
        text.push(if steers(char) { char::REPLACEMENT_CHARACTER } else { char });
        rest = &rest[char.len_utf8()..];
    }
    text
}

fn steers(char: char) -> bool {
    char.is_control() && char != '\t' && char != '\n'
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn colours_go_and_what_steers_is_shown() {
        for (line, expected) in [
            ("\x1b[1;31mred\x1b[0m\tend\x07", "red\tend\u{fffd}"),
            ("\x1b(B\x1b[mplain\x1b[K", "plain"),
            ("\x1b]0;tïtle\x07after", "after"),
            ("\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", "link"),
            ("\x1b]0;title", "\u{fffd}]0;title"),
            ("cut\x1b[31", "cut"),
            ("cut\x1b", "cut\u{fffd}"),
            ("a\0b\rc", "a\u{fffd}b\u{fffd}c"),
        ] {
            assert_eq!(readable(line.as_bytes()), expected, "of {line:?}");
        }
        assert_eq!(readable(b"\xff\x1b[0m"), "\u{fffd}");
    }
}
