//! JSON as the server writes it: one array of objects, strictly by RFC 8259, read in pieces of any size. It counts the
//! elements and keeps the keys of the first; it builds no values.

mod keys;
mod number;
mod text;

use std::{collections::HashSet, ops::Range};

use self::{
    keys::{Key, Keys},
    number::Number,
    text::Utf8,
};
use super::{
    Flaw, Scanned, Scanner,
    capture::{Trust, Witness},
};

/// Values may lie within each other so deep.
const DEPTH: usize = 128;
/// Keys of the first element are remembered up to so many bytes.
const KEYS: usize = 1 << 20;

/// Proves a JSON export while it passes.
#[derive(Debug)]
pub struct JsonScanner {
    state: State,
    /// What lies around: whether it is an object.
    around: Vec<bool>,
    bytes: u64,
    rows: u64,
    /// The key that is read, unless it is one of the usual ones.
    key: Key,
    /// Keys of this element, and of the first.
    keys: Keys,
    first: Keys,
    uneven: u64,
    first_uneven: Option<u64>,
    /// The keys of the first element as written, each with its quotes; `None` when they got too long.
    titles: Option<Vec<u8>>,
    /// Where each of them is, once that element is over, and what tells it apart.
    spans: Vec<(Range<usize>, Key)>,
    utf8: Utf8,
    witness: Witness,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Before the array.
    Start,
    /// Before a value; an array may end here if it is empty.
    Value {
        may_end: bool,
    },
    /// Before a key; an object may end here if it is empty.
    Key {
        may_end: bool,
    },
    Colon,
    /// Behind a value.
    After,
    Text {
        key: bool,
    },
    Escape {
        key: bool,
    },
    /// So many hexadecimal digits are missing.
    Hex {
        key: bool,
        missing: u8,
    },
    Number(Number),
    /// What is missing of `true`, `false` or `null`.
    Word(&'static [u8]),
    /// Behind the array.
    End,
}

impl Default for JsonScanner {
    fn default() -> Self {
        Self {
            state: State::Start,
            around: Vec::with_capacity(DEPTH),
            bytes: 0,
            rows: 0,
            key: Key::default(),
            keys: Keys::default(),
            first: Keys::default(),
            uneven: 0,
            first_uneven: None,
            titles: Some(Vec::new()),
            spans: Vec::new(),
            utf8: Utf8::default(),
            witness: Witness::new(Trust::Near),
        }
    }
}

impl Scanner for JsonScanner {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Flaw> {
        self.bytes += bytes.len() as u64;
        if self.witness.capturing() {
            return self.witness.capture(bytes);
        }
        match self.walk(bytes) {
            Ok(()) => {
                self.witness.passed(bytes);
                Ok(())
            }
            Err((at, what)) => {
                let first = matches!(self.state, State::Start);
                self.witness.violated(bytes, at, what, first)
            }
        }
    }

    fn finish(&mut self) -> Result<Scanned, Flaw> {
        if self.witness.capturing() {
            return Err(self.witness.verdict());
        }
        match self.state {
            State::End => {}
            State::Start => return Err(Flaw::truncated("it is empty")),
            _ => {
                let cut = || Flaw::truncated("it ends before its array does");
                return Err(self.witness.at_end().unwrap_or_else(cut));
            }
        }
        let columns = self.titles.take().filter(|_| self.rows > 0).map(|keys| titles(&keys));
        if let Some(title) = columns.as_deref().and_then(twice) {
            // Whoever reads it keeps one of them.
            return Err(Flaw::other(format!("its elements have the key {title:?} twice")));
        }
        Ok(Scanned {
            rows: Some(self.rows),
            columns,
            uneven: self.uneven,
            first_uneven: self.first_uneven,
            bytes: self.bytes,
            bom: false,
            weak: false,
        })
    }

    fn rows(&self) -> u64 {
        self.rows
    }
}

impl JsonScanner {
    fn walk(&mut self, bytes: &[u8]) -> Result<(), (usize, &'static str)> {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            at += match self.state {
                State::Text { key } => self.text(key, rest).map_err(|(on, what)| (at + on, what))?,
                _ => match self.usual(rest) {
                    0 => self.step(bytes[at]).map_err(|what| (at, what))?,
                    taken => taken,
                },
            };
        }
        Ok(())
    }

    /// Takes at once what most often comes next: cells with the keys that the first element had at their places; the rest of
    /// a word; digits. How much; none where something else comes or the piece ends within it.
    fn usual(&mut self, bytes: &[u8]) -> usize {
        match self.state {
            State::Key { .. } | State::After if self.around.len() == 2 => self.usual_cells(bytes),
            State::Word(missing) if bytes.starts_with(missing) => {
                self.state = State::After;
                missing.len()
            }
            State::Number(number) if number.takes_digits() => {
                bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len())
            }
            _ => 0,
        }
    }

    /// Takes cells of an element as long as their keys are those of the first, and their values plain and whole.
    fn usual_cells(&mut self, bytes: &[u8]) -> usize {
        let Some(titles) = self.titles.as_deref() else { return 0 };
        let mut at = 0;
        while let Some((span, whole)) = self.spans.get(self.keys.count()) {
            let comma = usize::from(matches!(self.state, State::After));
            let (key, rest) = (&titles[span.clone()], &bytes[at..]);
            let begins = comma == 0 || rest.first() == Some(&b',');
            if !begins || !rest[comma..].starts_with(key) || rest.get(comma + key.len()) != Some(&b':') {
                break;
            }
            at += comma + key.len() + 1;
            self.keys.add(*whole);
            match usual_value(&bytes[at..]) {
                0 => {
                    self.state = State::Value { may_end: false };
                    break;
                }
                taken => at += taken,
            }
            self.state = State::After;
        }
        at
    }

    /// Takes a byte outside of texts; how many were taken: none when a number ended before it.
    fn step(&mut self, byte: u8) -> Result<usize, &'static str> {
        self.state = match self.state {
            State::Escape { key } => {
                self.remember(key, &[byte]);
                match byte {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => State::Text { key },
                    b'u' => State::Hex { key, missing: 4 },
                    _ => return Err("a backslash stands before something that needs none"),
                }
            }
            State::Hex { key, missing } if byte.is_ascii_hexdigit() => {
                self.remember(key, &[byte]);
                if missing == 1 { State::Text { key } } else { State::Hex { key, missing: missing - 1 } }
            }
            State::Hex { .. } => return Err("an escaped character lacks digits"),
            State::Number(number) => match number.then(byte) {
                Some(number) => State::Number(number),
                None if number.may_end() => {
                    self.state = State::After;
                    return Ok(0);
                }
                None => return Err("a number is none"),
            },
            State::Word(missing) => match missing.split_first() {
                Some((&next, [])) if next == byte => State::After,
                Some((&next, rest)) if next == byte => State::Word(rest),
                _ => return Err("a word is neither true, false nor null"),
            },
            state if matches!(byte, b' ' | b'\n' | b'\t' | b'\r') => state,
            _ => self.structure(byte)?,
        };
        Ok(1)
    }

    /// What a byte between values leads to.
    fn structure(&mut self, byte: u8) -> Result<State, &'static str> {
        match (self.state, byte) {
            (State::Start, b'[') => self.open(false),
            (State::Start, b'{') => Err("it is an object instead of an array"),
            (State::Start, _) => Err("it does not begin with an array"),
            (State::Value { .. }, b'{') => self.open(true),
            (State::Value { may_end: true }, b']') | (State::Key { may_end: true }, b'}') => Ok(self.close()),
            (State::Value { .. }, _) if self.around.len() == 1 => Err("an element is no object"),
            (State::Value { .. }, b'[') => self.open(false),
            (State::Value { .. }, b'"') => Ok(State::Text { key: false }),
            (State::Value { .. }, b't') => Ok(State::Word(b"rue")),
            (State::Value { .. }, b'f') => Ok(State::Word(b"alse")),
            (State::Value { .. }, b'n') => Ok(State::Word(b"ull")),
            (State::Value { .. }, _) => Number::begin(byte).map(State::Number).ok_or("a value is missing"),
            (State::Key { .. }, b'"') => {
                self.key = Key::default();
                self.remember(true, b"\"");
                Ok(State::Text { key: true })
            }
            (State::Key { .. }, _) => Err("a key is missing"),
            (State::Colon, b':') => Ok(State::Value { may_end: false }),
            (State::Colon, _) => Err("a key lacks its colon"),
            (State::After, b',') if self.within_object() => Ok(State::Key { may_end: false }),
            (State::After, b',') => Ok(State::Value { may_end: false }),
            (State::After, b'}') if self.within_object() => Ok(self.close()),
            (State::After, b']') if !self.within_object() => Ok(self.close()),
            (State::After, _) => Err("something follows a value that may not"),
            _ => Err("something follows the end of the array"),
        }
    }

    fn within_object(&self) -> bool {
        self.around.last() == Some(&true)
    }

    fn open(&mut self, object: bool) -> Result<State, &'static str> {
        if self.around.len() == DEPTH {
            return Err("values lie too deep within each other");
        }
        self.around.push(object);
        Ok(if object { State::Key { may_end: true } } else { State::Value { may_end: true } })
    }

    fn close(&mut self) -> State {
        self.around.pop();
        match self.around.len() {
            0 => return State::End,
            1 => self.end_element(),
            _ => {}
        }
        State::After
    }

    fn end_element(&mut self) {
        self.rows += 1;
        if self.rows == 1 {
            self.first = self.keys;
            let titles = self.titles.as_deref().unwrap_or_default();
            self.spans =
                text::spans(titles).into_iter().map(|at| (at.clone(), Key::of(&titles[at]))).collect();
        } else if self.keys != self.first {
            self.uneven += 1;
            self.first_uneven.get_or_insert(self.rows);
        }
        self.keys = Keys::default();
    }

    /// Takes from within a text, at most up to its end; how much.
    fn text(&mut self, key: bool, bytes: &[u8]) -> Result<usize, (usize, &'static str)> {
        let ascii = text::ascii(bytes);
        let is_plain = self.utf8.is_whole() && matches!(bytes.get(ascii), None | Some(b'"' | b'\\'));
        let end = if is_plain {
            Some(ascii).filter(|end| *end < bytes.len())
        } else {
            memchr::memchr2(b'"', b'\\', bytes)
        };
        let plain = &bytes[..end.unwrap_or(bytes.len())];
        if !is_plain {
            self.utf8.take(plain)?;
        }
        self.remember(key, plain);
        let Some(end) = end else { return Ok(bytes.len()) };
        if !self.utf8.is_whole() {
            return Err((end, "a text is no UTF-8"));
        }
        self.remember(key, &bytes[end..=end]);
        self.state = match (bytes[end], key) {
            (b'\\', key) => State::Escape { key },
            (_, true) => {
                if self.around.len() == 2 {
                    self.keys.add(self.key);
                }
                State::Colon
            }
            (_, false) => State::After,
        };
        Ok(end + 1)
    }

    /// Keeps what belongs to a key of the first element, and of others what tells keys apart.
    fn remember(&mut self, key: bool, bytes: &[u8]) {
        if !key || self.around.len() != 2 {
            return;
        }
        self.key.read(bytes);
        if self.rows > 0 {
            return;
        }
        let room = self.titles.as_ref().is_some_and(|titles| titles.len() + bytes.len() <= KEYS);
        match &mut self.titles {
            Some(titles) if room => titles.extend_from_slice(bytes),
            too_long => *too_long = None,
        }
    }
}

/// The length of the value at the front, if it is plain and whole: a text of ASCII without escapes, a number, a word.
fn usual_value(bytes: &[u8]) -> usize {
    match bytes.first() {
        Some(b'"') => {
            let length = text::ascii(&bytes[1..]);
            if bytes.get(length + 1) == Some(&b'"') { length + 2 } else { 0 }
        }
        Some(b't') if bytes.starts_with(b"true") => 4,
        Some(b'n') if bytes.starts_with(b"null") => 4,
        Some(b'f') if bytes.starts_with(b"false") => 5,
        Some(&byte) => Number::begin(byte).map_or(0, |number| number.length(bytes)),
        None => 0,
    }
}

/// The keys, of texts in JSON one after the other. One that is half of a character pair stays as it is written.
fn titles(keys: &[u8]) -> Vec<String> {
    let title = |span: Range<usize>| {
        let key = &keys[span];
        let raw = || String::from_utf8_lossy(&key[1..key.len() - 1]).into_owned();
        serde_json::from_slice(key).unwrap_or_else(|_| raw())
    };
    text::spans(keys).into_iter().map(title).collect()
}

/// A title that two columns have.
fn twice(titles: &[String]) -> Option<&String> {
    let mut seen = HashSet::with_capacity(titles.len());
    titles.iter().find(|title| !seen.insert(*title))
}

#[cfg(test)]
mod tests;
