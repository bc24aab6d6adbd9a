//! The bytes around the place where an export stopped being one, and the error document that is looked for in them. Where
//! that place is, the scanners tell.

use std::io::{self, Read};

use super::{Flaw, ServerError, server_error::Gleaned};

/// So many bytes before the place are known.
const BEFORE: usize = 64 * 1024;
/// So many behind it are waited for.
const AFTER: usize = 1 << 20;
/// An error document that caused a violation begins at most so far before it.
const NEAR: usize = 64;
/// So many bytes are parsed in all: bytes made to be slow are slow no longer than this.
const BUDGET: u64 = 16 << 20;

/// Which documents before the place are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// Any: rows never look like one.
    Any,
    /// Only one at the place itself: rows are objects too.
    Near,
}

/// Remembers the last bytes, and after a violation what follows.
#[derive(Debug)]
pub(super) struct Witness {
    bytes: Vec<u8>,
    /// The first of them is the first of all.
    from_start: bool,
    trust: Trust,
    violation: Option<Violation>,
}

#[derive(Debug)]
struct Violation {
    /// Its index in the bytes.
    at: usize,
    what: String,
    /// Nothing of an export came before it.
    first: bool,
}

/// What the parser made of a place that may be the beginning of a document.
enum Found {
    Whole(Gleaned),
    Cut(Gleaned),
    Nothing,
}

impl Witness {
    pub(super) fn new(trust: Trust) -> Self {
        Self { bytes: Vec::new(), from_start: true, trust, violation: None }
    }

    /// These bytes are well.
    pub(super) fn passed(&mut self, bytes: &[u8]) {
        let dropped = bytes.len().saturating_sub(BEFORE);
        let bytes = &bytes[dropped..];
        self.from_start &= dropped == 0;
        if self.bytes.len() + bytes.len() > 2 * BEFORE {
            self.from_start = false;
            let keep = BEFORE - bytes.len();
            self.bytes.drain(..self.bytes.len().saturating_sub(keep));
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// At this index of the piece it stopped being an export.
    pub(super) fn violated(&mut self, piece: &[u8], at: usize, what: &str, first: bool) -> Result<(), Flaw> {
        self.passed(&piece[..at]);
        self.violation = Some(Violation { at: self.bytes.len(), what: what.to_owned(), first });
        self.capture(&piece[at..])
    }

    /// There was a violation: what comes is only looked at for its reason.
    pub(super) fn capturing(&self) -> bool {
        self.violation.is_some()
    }

    /// More of what follows a violation; the verdict when there is enough.
    pub(super) fn capture(&mut self, bytes: &[u8]) -> Result<(), Flaw> {
        let begin = self.violation.as_ref().map_or(0, |violation| violation.at);
        let room = (begin + AFTER).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() >= room { Err(self.verdict()) } else { Ok(()) }
    }

    /// What the violation means.
    pub(super) fn verdict(&self) -> Flaw {
        let Some(Violation { at, what, first }) = &self.violation else {
            return Flaw::truncated("nothing was found wrong");
        };
        let mut budget = BUDGET;
        let mut cut = None;
        let mut nameless = false;
        for (begin, near) in self.beginnings(*at) {
            match self.parse(begin, &mut budget) {
                // What ended before the place has not broken it.
                Found::Whole(gleaned) if near && begin + gleaned.end <= *at => {}
                Found::Whole(gleaned) if gleaned.is_error() => return gleaned.into_flaw(),
                Found::Whole(_) => nameless |= near,
                Found::Cut(gleaned) if gleaned.is_error() && cut.is_none() => cut = Some(gleaned),
                Found::Cut(_) | Found::Nothing => {}
            }
        }
        match cut {
            Some(gleaned) => gleaned.into_flaw(),
            None if *first || self.is_page() => Flaw::other(self.opening(*at)),
            None if nameless => ServerError::without_reason().into(),
            None => Flaw::truncated(what.clone()),
        }
    }

    /// The bytes ended too early: an error document that ends exactly with them is the reason.
    pub(super) fn at_end(&self) -> Option<Flaw> {
        let whole = self.bytes.trim_ascii_end();
        if whole.last() != Some(&b'}') {
            return None;
        }
        let mut budget = BUDGET;
        let mut begins = beginnings(whole, 0, whole.len());
        begins.find_map(|begin| match self.parse(begin, &mut budget) {
            Found::Whole(gleaned) if gleaned.is_surely_error() && gleaned.end >= whole.len() - begin => {
                Some(gleaned.into_flaw())
            }
            _ => None,
        })
    }

    /// The last bytes that passed.
    pub(super) fn tail(&self) -> &[u8] {
        &self.bytes
    }

    /// Where a document may begin, likeliest first, and whether the place is near the violation.
    fn beginnings(&self, at: usize) -> impl Iterator<Item = (usize, bool)> + '_ {
        let near = at.saturating_sub(NEAR);
        let ring = if self.trust == Trust::Any { near } else { 0 };
        let mut backwards: Vec<_> = beginnings(&self.bytes, near, (at + 1).min(self.bytes.len())).collect();
        backwards.reverse();
        let around = backwards.into_iter().map(|begin| (begin, true));
        let behind = beginnings(&self.bytes, at + 1, self.bytes.len());
        around.chain(behind.chain(beginnings(&self.bytes, 0, ring)).map(|begin| (begin, false)))
    }

    fn parse(&self, begin: usize, budget: &mut u64) -> Found {
        if *budget == 0 {
            return Found::Nothing;
        }
        let mut reader = Counted { rest: &self.bytes[begin..], count: 0 };
        let mut gleaned = Gleaned::default();
        let parsed = gleaned.read(&mut reader);
        *budget = budget.saturating_sub(reader.count.max(64));
        gleaned.end = usize::try_from(reader.count).unwrap_or(usize::MAX);
        match parsed {
            Ok(()) => Found::Whole(gleaned),
            Err(error) if error.is_eof() => Found::Cut(gleaned),
            Err(_) => Found::Nothing,
        }
    }

    /// What the answer is instead of an export.
    fn opening(&self, at: usize) -> String {
        let text = String::from_utf8_lossy(&self.bytes[..self.bytes.len().min(at.max(1) + 200)]);
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
        format!("{} that begins {line:?}", if self.is_page() { "a page" } else { "something" })
    }

    /// The answer was a page from its first byte on.
    fn is_page(&self) -> bool {
        let begins = |word: &[u8]| {
            let text = self.bytes.trim_ascii_start();
            text.get(..word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word))
        };
        self.from_start && (begins(b"<!doctype") || begins(b"<html"))
    }
}

/// The places of `{` with a `"` behind it, white space aside, from and up to an index.
fn beginnings(bytes: &[u8], from: usize, to: usize) -> impl Iterator<Item = usize> + '_ {
    let range = bytes.get(from..to.max(from)).unwrap_or_default();
    memchr::memchr_iter(b'{', range).map(move |at| from + at).filter(move |&at| {
        let rest = &bytes[at + 1..];
        rest.iter().take(NEAR).find(|byte| !byte.is_ascii_whitespace()) == Some(&b'"')
    })
}

/// Counts what a parser takes.
struct Counted<'a> {
    rest: &'a [u8],
    count: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.rest.read(into)?;
        self.count += read as u64;
        Ok(read)
    }
}
