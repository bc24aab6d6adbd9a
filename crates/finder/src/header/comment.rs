//! The comment lines of a script that hold its header. It does not read what they say.

use std::collections::BTreeSet;

/// What follows the comment leader on the line before the header.
const OPENING: &str = "/// roundsman";
/// What follows it on the line after.
const CLOSING: &str = "///";

/// What comments begin with in the languages that scripts are written in. Letters are read in either case.
const LEADERS: &[&str] = &["#", "//", "--", ";", "%", "'", "@REM", "REM"];

/// The lines of a header, freed from what makes them comments.
#[derive(Debug)]
pub(crate) struct Block {
    /// How many lines of the file are above it.
    above: usize,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    /// How many characters were taken away on the left.
    taken: usize,
    content: String,
}

/// Why comment lines are no header: the line, counted from one, and what is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) line: usize,
    pub(crate) what: String,
    pub(crate) expected: String,
}

impl Block {
    /// The header in the first bytes of a script, if there is one. `cut` says whether the script goes on after them.
    pub(crate) fn find(head: &[u8], cut: bool) -> Result<Option<Self>, Malformed> {
        let head = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head);
        let mut lines: Vec<&[u8]> = head.split(|byte| *byte == b'\n').collect();
        if cut {
            // Half a line says nothing.
            lines.pop();
        }
        let opening = |line: &&[u8]| leader(line, OPENING).is_some();
        let Some(opens) = lines.iter().position(opening) else { return Ok(None) };
        let leader = leader(lines[opens], OPENING).expect("it was just found");
        let (block, closes) = Self::after(&lines, opens, leader, cut)?;
        match lines[closes..].iter().position(opening) {
            None => Ok(Some(block)),
            Some(again) => Err(Malformed {
                line: closes + again + 1,
                what: "a second header begins here".into(),
                expected: format!("one header; the first begins in line {}", opens + 1),
            }),
        }
    }

    /// The lines between the opening one and the closing one, and which that is.
    fn after(lines: &[&[u8]], opens: usize, leader: &str, cut: bool) -> Result<(Self, usize), Malformed> {
        let mut block = Self { above: opens + 1, lines: Vec::new() };
        for (at, line) in lines.iter().enumerate().skip(opens + 1) {
            let Ok(text) = std::str::from_utf8(line) else {
                return Err(Malformed {
                    line: at + 1,
                    what: "this is not UTF-8 text".into(),
                    expected: "a header in the encoding UTF-8".into(),
                });
            };
            let text = text.strip_suffix('\r').unwrap_or(text);
            let inner = match strip(text, leader) {
                Some(inner) => inner,
                None if text.trim().is_empty() => "",
                None => return Err(open_header(opens, at, leader)),
            };
            if inner.trim() == CLOSING {
                return Ok((block, at));
            }
            let content = inner.strip_prefix(' ').unwrap_or(inner);
            block
                .lines
                .push(Line { taken: (text.len() - content.len()).min(text.len()), content: content.into() });
        }
        let mut malformed = open_header(opens, opens, leader);
        if cut {
            malformed.what =
                format!("the header does not end within the first {} KiB", super::MAX_HEADER_BYTES >> 10);
        }
        Err(malformed)
    }

    /// The header as text that has every line where the file has it. Columns are the file's too, except in `flush` lines
    /// (counted from zero), which continue a string: blanks would be part of it.
    pub(crate) fn text(&self, flush: &BTreeSet<usize>) -> String {
        let mut text = "\n".repeat(self.above);
        for (at, line) in self.lines.iter().enumerate() {
            if !flush.contains(&(self.above + at)) {
                text.extend(std::iter::repeat_n(' ', line.taken));
            }
            text.push_str(&line.content);
            text.push('\n');
        }
        text
    }
}

fn open_header(opens: usize, at: usize, leader: &str) -> Malformed {
    Malformed {
        line: at + 1,
        what: if at == opens {
            "the header that begins here does not end".into()
        } else {
            format!("the header that begins in line {} does not end before this line", opens + 1)
        },
        expected: format!("`{leader} {CLOSING}` after its last line"),
    }
}

/// The leader of a line that holds nothing but it and this mark.
fn leader(line: &[u8], mark: &str) -> Option<&'static str> {
    // Most lines of a script are ruled out without being decoded.
    let text = std::str::from_utf8(line).ok().filter(|text| text.trim_end().ends_with(mark))?;
    LEADERS.iter().copied().find(|leader| strip(text, leader).is_some_and(|rest| rest.trim() == mark))
}

/// What follows a leader.
fn strip<'a>(text: &'a str, leader: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(leader.len())?;
    let apart =
        leader.ends_with(|c: char| !c.is_alphabetic()) || rest.is_empty() || rest.starts_with([' ', '\t']);
    (start.eq_ignore_ascii_case(leader) && apart).then_some(rest)
}
