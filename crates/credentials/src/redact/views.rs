//! A text as it reads once its escapes are undone, and where each part of that stands in the text. It does not judge
//! whether they were meant as escapes.

use std::{borrow::Cow, ops::Range};

use memchr::memchr2;
use roundsman_model::terminal;

/// A reading of a text.
pub(super) struct View<'a> {
    bytes: Cow<'a, [u8]>,
    /// Where the reading does not go on as what it was made of, in order.
    breaks: Vec<Break>,
    /// What it was made of; nothing where the reading is the text.
    below: Option<&'a View<'a>>,
}

/// From here on the reading follows what it was made of again, or stands for one escape of it.
struct Break {
    /// In the reading.
    at: usize,
    /// In what it was made of.
    below: usize,
    is_escape: bool,
}

/// What a decoder reads at the beginning of some bytes: how many of them, and what they stand for.
type Escape = (usize, Decoded);

enum Decoded {
    Byte(u8),
    Char(char),
    Nothing,
}

/// One kind of escapes: with what they begin, and how they are read.
struct Decoder {
    marks: [u8; 2],
    escape: fn(&[u8]) -> Option<Escape>,
    /// Whether undoing it a second time may tell more.
    nests: bool,
}

const DECODERS: [Decoder; 6] = [
    Decoder { marks: [b'%'; 2], escape: percent, nests: true },
    Decoder { marks: [b'\\'; 2], escape: backslash, nests: true },
    Decoder { marks: [b'&'; 2], escape: entity, nests: true },
    Decoder { marks: [b'\'', b'"'], escape: quote, nests: false },
    Decoder { marks: [b'\n', b'\r'], escape: line_end, nests: false },
    Decoder { marks: [0x1b; 2], escape: colour, nests: false },
];

impl<'a> View<'a> {
    /// Shows all readings of a text: as it is, with each kind of escapes undone, and with two of them.
    pub(super) fn each(text: &str, mut visit: impl FnMut(&View<'_>)) {
        let plain = View { bytes: Cow::Borrowed(text.as_bytes()), breaks: Vec::new(), below: None };
        visit(&plain);
        for (first, decoder) in DECODERS.iter().enumerate() {
            let Some(once) = plain.decoded(decoder) else { continue };
            visit(&once);
            for (second, decoder) in DECODERS.iter().enumerate() {
                if first != second || decoder.nests {
                    once.decoded(decoder).iter().for_each(&mut visit);
                }
            }
        }
    }

    /// What it reads.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where a part of it stands in the text.
    pub(super) fn origin(&self, part: Range<usize>) -> Range<usize> {
        match self.below {
            None => part,
            Some(below) => below.origin(self.start(part.start)..self.end(part.end)),
        }
    }

    /// Where what begins here begins in what the reading was made of: after an escape that stands for nothing.
    fn start(&self, at: usize) -> usize {
        match self.breaks[..self.breaks.partition_point(|next| next.at <= at)].last() {
            None => at,
            Some(last) if last.is_escape => last.below,
            Some(last) => last.below + (at - last.at),
        }
    }

    /// Where what ends here ends in what the reading was made of: before an escape that stands for nothing.
    fn end(&self, at: usize) -> usize {
        let (before, after) = self.breaks.split_at(self.breaks.partition_point(|next| next.at < at));
        match (before.last(), after.first()) {
            (Some(last), Some(next)) if last.is_escape => next.below,
            (Some(last), _) => last.below + (at - last.at),
            (None, _) => at,
        }
    }

    /// The reading with one kind of escapes undone, if it has any.
    fn decoded(&'a self, decoder: &Decoder) -> Option<View<'a>> {
        let [one, other] = decoder.marks;
        let mut bytes = Vec::new();
        let mut breaks: Vec<Break> = Vec::new();
        let (mut done, mut at) = (0, 0);
        while let Some(distance) = memchr2(one, other, &self.bytes[at..]) {
            at += distance;
            let Some((length, decoded)) = (decoder.escape)(&self.bytes[at..]) else {
                at += 1;
                continue;
            };
            bytes.extend_from_slice(&self.bytes[done..at]);
            breaks.push(Break { at: bytes.len(), below: at, is_escape: true });
            match decoded {
                Decoded::Byte(byte) => bytes.push(byte),
                Decoded::Char(char) => bytes.extend(char.encode_utf8(&mut [0; 4]).bytes()),
                Decoded::Nothing => {}
            }
            at += length;
            done = at;
            breaks.push(Break { at: bytes.len(), below: at, is_escape: false });
        }
        if breaks.is_empty() {
            return None;
        }
        bytes.extend_from_slice(&self.bytes[done..]);
        Some(View { bytes: Cow::Owned(bytes), breaks, below: Some(self) })
    }
}

/// `%2B`, in either case.
fn percent(text: &[u8]) -> Option<Escape> {
    let value = hex(text.get(1..3)?)?;
    Some((3, Decoded::Byte(value as u8)))
}

/// The escapes of XML and HTML that writers of them make: `&amp;`, `&#39;`, `&#x27;`.
fn entity(text: &[u8]) -> Option<Escape> {
    let length = text.iter().take(11).position(|byte| *byte == b';')?;
    let char = match &text[1..length] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(hex(digits)?)?,
        [b'#', digits @ ..] => char::from_u32(std::str::from_utf8(digits).ok()?.parse().ok()?)?,
        _ => return None,
    };
    Some((length + 1, Decoded::Char(char)))
}

/// Quotes within quotes: those of shells, and doubled ones as in SQL and CSV.
fn quote(text: &[u8]) -> Option<Escape> {
    let forms: [(&[u8], char); 4] = [(br"'\''", '\''), (br#"'"'"'"#, '\''), (b"''", '\''), (b"\"\"", '"')];
    let (form, char) = forms.iter().find(|(form, _)| text.starts_with(form))?;
    Some((form.len(), Decoded::Char(*char)))
}

/// Where a line was broken, the indent of the next one included.
fn line_end(text: &[u8]) -> Option<Escape> {
    let blanks = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    (blanks > 0).then_some((blanks, Decoded::Nothing))
}

/// Colours, and whatever else is meant for a terminal.
fn colour(text: &[u8]) -> Option<Escape> {
    Some((terminal::sequence(text)?, Decoded::Nothing))
}

/// The escapes of JSON, and those of most programming languages and shells.
fn backslash(text: &[u8]) -> Option<Escape> {
    let simple = |char| Some((2, Decoded::Char(char)));
    match text.get(1)? {
        b'n' => simple('\n'),
        b'r' => simple('\r'),
        b't' => simple('\t'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        b'a' => simple('\u{7}'),
        b'v' => simple('\u{b}'),
        b'e' | b'E' => simple('\u{1b}'),
        b'0'..=b'7' => Some(octal(text)),
        b'u' if text.get(2) == Some(&b'{') => braced(text),
        b'u' => utf16(text),
        b'x' => Some((4, Decoded::Byte(hex(text.get(2..4)?)? as u8))),
        other if other.is_ascii_punctuation() || *other == b' ' => simple(char::from(*other)),
        _ => None,
    }
}

/// `\303`: up to three digits, as long as they make a byte.
fn octal(text: &[u8]) -> Escape {
    let digits = text[1..].iter().take(3).take_while(|byte| (b'0'..=b'7').contains(*byte));
    let (mut value, mut length) = (0, 1);
    for digit in digits.map(|digit| u32::from(digit - b'0')) {
        if value * 8 + digit > u32::from(u8::MAX) {
            break;
        }
        value = value * 8 + digit;
        length += 1;
    }
    (length, Decoded::Byte(value as u8))
}

/// `\u{1f511}`.
fn braced(text: &[u8]) -> Option<Escape> {
    let digits = text.get(3..)?.iter().take(7).position(|byte| *byte == b'}')?;
    let char = char::from_u32(hex(&text[3..3 + digits])?)?;
    Some((4 + digits, Decoded::Char(char)))
}

/// `\u00e9`, or a pair of them.
fn utf16(text: &[u8]) -> Option<Escape> {
    let unit = |at: usize| hex(text.get(at..at + 4)?);
    let first = unit(2)?;
    if let Some(char) = char::from_u32(first) {
        return Some((6, Decoded::Char(char)));
    }
    let second = unit(8).filter(|_| text.get(6..8) == Some(br"\u"))?;
    let pair = [first as u16, second as u16];
    let char = char::decode_utf16(pair).next()?.ok()?;
    Some((12, Decoded::Char(char)))
}

fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
