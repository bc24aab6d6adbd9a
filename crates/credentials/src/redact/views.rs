//! A text as it reads once its escapes are undone, and where each part of that stands in the text. It does not judge
//! whether they were meant as escapes.

use std::{borrow::Cow, ops::Range};

/// A reading of a text.
pub(super) struct View<'a> {
    bytes: Cow<'a, [u8]>,
    /// Where each byte stands in the text, and at last where the text ends. Nothing where the reading is the text.
    starts: Option<Vec<usize>>,
}

/// What a decoder reads at the beginning of some bytes: how many of them, and what they stand for.
type Escape = (usize, Decoded);

enum Decoded {
    Byte(u8),
    Char(char),
}

impl<'a> View<'a> {
    /// All readings of a text: as it is, without percent-encoding, without backslashes, and without two of them.
    pub(super) fn all(text: &'a str) -> impl Iterator<Item = Self> {
        let plain = Self { bytes: Cow::Borrowed(text.as_bytes()), starts: None };
        let percent = plain.decoded(b'%', percent);
        let backslash = plain.decoded(b'\\', backslash);
        let below = |view: &Option<Self>| {
            let view = view.as_ref();
            [
                view.and_then(|view| view.decoded(b'%', self::percent)),
                view.and_then(|view| view.decoded(b'\\', self::backslash)),
            ]
        };
        let twice = below(&percent).into_iter().chain(below(&backslash));
        let twice: Vec<_> = twice.flatten().collect();
        std::iter::once(plain).chain(percent).chain(backslash).chain(twice)
    }

    /// What it reads.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where a part of it stands in the text.
    pub(super) fn origin(&self, part: Range<usize>) -> Range<usize> {
        match &self.starts {
            None => part,
            Some(starts) => starts[part.start]..starts[part.end],
        }
    }

    fn start(&self, at: usize) -> usize {
        self.starts.as_ref().map_or(at, |starts| starts[at])
    }

    /// The reading with one kind of escapes undone, if it has any.
    fn decoded(&self, mark: u8, escape: fn(&[u8]) -> Option<Escape>) -> Option<View<'static>> {
        memchr::memchr(mark, &self.bytes)?;
        let mut bytes = Vec::with_capacity(self.bytes.len());
        let mut starts = Vec::with_capacity(self.bytes.len() + 1);
        let mut at = 0;
        while let Some(byte) = self.bytes.get(at) {
            let found = if *byte == mark { escape(&self.bytes[at..]) } else { None };
            let (length, decoded) = found.unwrap_or((1, Decoded::Byte(*byte)));
            match decoded {
                Decoded::Byte(byte) => bytes.push(byte),
                Decoded::Char(char) => bytes.extend(char.encode_utf8(&mut [0; 4]).bytes()),
            }
            starts.resize(bytes.len(), self.start(at));
            at += length;
        }
        if bytes.len() == self.bytes.len() {
            return None;
        }
        starts.push(self.start(at));
        Some(View { bytes: Cow::Owned(bytes), starts: Some(starts) })
    }
}

/// `%2B`, in either case.
fn percent(text: &[u8]) -> Option<Escape> {
    let value = hex(text.get(1..3)?)?;
    Some((3, Decoded::Byte(value as u8)))
}

/// The escapes of JSON, and those of most programming languages.
fn backslash(text: &[u8]) -> Option<Escape> {
    let simple = |char| Some((2, Decoded::Char(char)));
    match text.get(1)? {
        b'n' => simple('\n'),
        b'r' => simple('\r'),
        b't' => simple('\t'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        b'0' => simple('\0'),
        b'u' if text.get(2) == Some(&b'{') => braced(text),
        b'u' => utf16(text),
        b'x' => Some((4, Decoded::Byte(hex(text.get(2..4)?)? as u8))),
        other if other.is_ascii_punctuation() || *other == b' ' => simple(char::from(*other)),
        _ => None,
    }
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
