//! The forms in which a value may stand in a text, apart from escapes. It does not look at any text.

use std::ops::Range;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use roundsman_model::secret::MASK;
use zeroize::Zeroizing;

/// Anything shorter is too likely to be something else.
const SHORTEST: usize = 4;
/// How much of a form the automaton looks for; the rest is compared where it was found.
const ANCHOR: usize = 256;
/// Values up to here are also looked for line by line in all forms, and in pieces of wrapped base64.
const LONGEST_IN_ALL_FORMS: usize = 64 * 1024;
/// So much of a form's beginning and end is looked for where encoders may have wrapped it.
const EDGE_ANCHOR: usize = 4;
/// So much of it is looked for in between.
const INNER_ANCHOR: usize = 8;
/// The least of the middle of a form that counts when nothing else stands beside it.
const LEAST_MIDDLE: usize = 12;

/// One form of a value.
#[derive(PartialEq, Eq)]
pub(super) struct Form {
    bytes: Zeroizing<Vec<u8>>,
    /// Whether pieces of it count as well, as encoders that wrap lines make them.
    wraps: bool,
    /// Whether the base64 character before holds bits of the value.
    leads: bool,
    /// Whether what follows in base64, padding included, may hold bits of the value.
    trails: bool,
}

impl Form {
    fn plain(text: &str) -> Self {
        Self { bytes: Zeroizing::new(text.as_bytes().to_vec()), wraps: false, leads: false, trails: false }
    }

    /// Where it stands in a sorted list: equal ones stand beside each other.
    pub(super) fn order(&self) -> impl Ord {
        (self.bytes.as_slice(), self.leads, self.trails)
    }

    /// What it reads, as two bytes for each unit of UTF-16.
    pub(super) fn utf16(&self, unit: fn(u16) -> [u8; 2]) -> Zeroizing<Vec<u8>> {
        let text = std::str::from_utf8(&self.bytes).unwrap_or_default();
        Zeroizing::new(text.encode_utf16().flat_map(unit).collect())
    }

    /// Where in the form those parts of it stand that the automaton looks for.
    pub(super) fn anchors(&self) -> Vec<Range<usize>> {
        let length = self.bytes.len();
        if !self.wraps {
            return std::iter::once(0..length.min(ANCHOR)).collect();
        }
        // Short enough that even narrow lines hold one; fewer where there would be too many.
        let step = if length <= 512 { 8 } else { 32 };
        let inner = (EDGE_ANCHOR..length.saturating_sub(INNER_ANCHOR)).step_by(step);
        let inner = inner.map(|at| at..at + INNER_ANCHOR);
        let edges = [0..EDGE_ANCHOR, length - EDGE_ANCHOR..length];
        let mut anchors: Vec<_> = inner.chain(edges).collect();
        anchors.dedup();
        anchors
    }

    /// The bytes of an anchor.
    pub(super) fn anchor(&self, anchor: &Range<usize>) -> &[u8] {
        &self.bytes[anchor.clone()]
    }

    /// How far the form reaches in a text that holds this anchor of it there. Of a long value that is cut, as far as it
    /// goes; of one that wraps, also a piece at whose broken ends nothing else of its encoding stands.
    pub(super) fn extent(&self, text: &[u8], found: Range<usize>, anchor: &Range<usize>) -> Extent {
        let before = common_end(&self.bytes[..anchor.start], &text[..found.start]);
        let after = common_begin(&self.bytes[anchor.end..], &text[found.end..]);
        let (from, to) = (anchor.start - before, anchor.end + after);
        let Range { start, end } = found.start - before..found.end + after;
        let is_whole = from == 0 && to >= self.bytes.len().min(ANCHOR);
        let (begins, ends) = (from == 0, to == self.bytes.len());
        let is_piece = self.wraps
            && (begins || start == 0 || !is_base64(text[start - 1]))
            && (ends || text.get(end).is_none_or(|byte| !is_base64(*byte)))
            && (begins || ends || to - from >= LEAST_MIDDLE);
        let counts = is_whole || is_piece;
        Extent {
            matched: start..end,
            covered: counts.then(|| self.with_edges(text, start..end, begins, ends)),
        }
    }

    fn with_edges(&self, text: &[u8], found: Range<usize>, begins: bool, ends: bool) -> Range<usize> {
        let Range { mut start, mut end } = found;
        if begins && self.leads && start > 0 && is_base64(text[start - 1]) {
            start -= 1;
        }
        if ends && self.trails {
            end += usize::from(text.get(end).is_some_and(|byte| is_base64(*byte)));
            end += text[end..].iter().take(2).take_while(|byte| **byte == b'=').count();
        }
        start..end
    }
}

/// How far a form reaches in a text.
pub(super) struct Extent {
    /// Where the text reads as the form does.
    pub(super) matched: Range<usize>,
    /// What of the text is to be covered, if that is enough of the form.
    pub(super) covered: Option<Range<usize>>,
}

/// Compared at once, before it is looked at byte by byte.
const STRIDE: usize = 64;

/// How many bytes two begin with alike.
fn common_begin(one: &[u8], other: &[u8]) -> usize {
    let alike = one.chunks_exact(STRIDE).zip(other.chunks_exact(STRIDE));
    let done = alike.take_while(|(one, other)| one == other).count() * STRIDE;
    let rest = one[done..].iter().zip(&other[done..]);
    done + rest.take_while(|(one, other)| one == other).count()
}

/// How many bytes two end with alike.
fn common_end(one: &[u8], other: &[u8]) -> usize {
    let alike = one.rchunks_exact(STRIDE).zip(other.rchunks_exact(STRIDE));
    let done = alike.take_while(|(one, other)| one == other).count() * STRIDE;
    let (one, other) = (&one[..one.len() - done], &other[..other.len() - done]);
    let rest = one.iter().rev().zip(other.iter().rev());
    done + rest.take_while(|(one, other)| one == other).count()
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
}

/// All forms of a value.
pub(super) fn forms(value: &str) -> Vec<Form> {
    // What holds the value holds this, and line ends around it are worth keeping.
    let trimmed = value.trim();
    let mut forms = of_text(trimmed);
    if trimmed.contains(['\n', '\r']) {
        let lines = trimmed.split(['\n', '\r']).map(str::trim);
        if value.len() <= LONGEST_IN_ALL_FORMS {
            forms.extend(lines.flat_map(of_text));
        } else {
            forms.extend(lines.filter(|line| is_worth_it(line)).map(Form::plain));
        }
    }
    forms
}

fn is_worth_it(text: &str) -> bool {
    text.len() >= SHORTEST && !text.bytes().all(|byte| MASK.as_bytes().contains(&byte))
}

fn of_text(text: &str) -> Vec<Form> {
    if !is_worth_it(text) {
        return Vec::new();
    }
    let mut forms = vec![Form::plain(text)];
    if text.contains(' ') {
        // As forms in web pages are sent.
        forms.push(Form::plain(&Zeroizing::new(text.replace(' ', "+"))));
    }
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        forms.extend((0..3).map(|before| base64(engine, text, before)));
    }
    forms.retain(|form| form.bytes.len() >= SHORTEST);
    forms
}

/// The characters that hold nothing but bits of the value, when so many other bytes (modulo three) come before it.
fn base64(engine: &impl Engine, text: &str, before: usize) -> Form {
    let mut bytes = Zeroizing::new(vec![0; before]);
    bytes.extend_from_slice(text.as_bytes());
    let encoded = Zeroizing::new(engine.encode(&bytes));
    let first = (before * 8).div_ceil(6);
    let bits = bytes.len() * 8;
    Form {
        bytes: Zeroizing::new(encoded.as_bytes()[first..bits / 6].to_vec()),
        wraps: text.len() <= LONGEST_IN_ALL_FORMS,
        leads: before > 0,
        trails: !bits.is_multiple_of(6),
    }
}
