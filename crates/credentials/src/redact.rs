//! Masking by value: what is known to be secret is found in text, also when it was encoded on the way, and covered. It
//! does not guess what looks like a secret.

mod forms;
mod views;

use std::{
    borrow::Cow,
    collections::{HashMap, hash_map::Entry},
    fmt,
    ops::Range,
    sync::Arc,
};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use memchr::memmem;
use roundsman_model::secret::MASK;
use serde_json::Value;

use self::{
    forms::{Form, forms},
    views::View,
};

/// Covers secret values in text. Cheap to clone; the default covers nothing.
///
/// Found are the values themselves, each line of those with several, their base64 forms (all alignments, both alphabets,
/// wrapped anywhere), and all of these percent-encoded, with backslash escapes or entities of XML, quoted for shells, SQL
/// or CSV, broken into lines, or coloured; two of these at once too. Values shorter than four bytes, and those
/// that consist of asterisks, are left alone.
#[derive(Clone, Default)]
pub struct Redactor(Option<Arc<Matcher>>);

struct Matcher {
    automaton: AhoCorasick,
    /// By pattern of the automaton: the form, and which part of it.
    anchors: Vec<(usize, Range<usize>)>,
    forms: Vec<Form>,
}

impl Redactor {
    /// Covers these values.
    pub fn new(values: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut forms: Vec<Form> = values.into_iter().flat_map(|value| forms(value.as_ref())).collect();
        forms.sort_by(|one, other| one.order().cmp(&other.order()));
        forms.dedup();
        if forms.is_empty() {
            return Self(None);
        }
        let anchors_of = |(at, form): (usize, &Form)| form.anchors().into_iter().map(move |part| (at, part));
        let anchors: Vec<_> = forms.iter().enumerate().flat_map(anchors_of).collect();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(anchors.iter().map(|(form, part)| forms[*form].anchor(part)))
            .expect("anchors are bounded in length, and so are the values of one attempt");
        Self(Some(Arc::new(Matcher { automaton, anchors, forms })))
    }

    /// Whether there is nothing to cover.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Where the text holds secrets, in order, without overlaps; at the bounds of characters.
    pub fn find(&self, text: &str) -> Vec<Range<usize>> {
        self.0.as_ref().map_or_else(Vec::new, |matcher| matcher.find(text))
    }

    /// Whether bytes hold a secret, also in UTF-16.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        let Some(matcher) = &self.0 else { return false };
        !matcher.find(&String::from_utf8_lossy(bytes)).is_empty() || matcher.is_in_utf16(bytes)
    }

    /// The text with every secret covered; overlapping ones are covered together.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(matcher) = &self.0 else { return Cow::Borrowed(text) };
        let mut masked = Cow::Borrowed(text);
        // Again until nothing is found: a mask beside other text could complete a value that holds asterisks. It ends,
        // for every turn takes away a character that is none.
        loop {
            let ranges = matcher.find(&masked);
            if ranges.is_empty() {
                return masked;
            }
            masked = Cow::Owned(cover(&masked, &ranges));
        }
    }

    /// Covers the secrets in all strings below, those of keys included, and numbers that equal one.
    pub fn mask_json(&self, value: &mut Value) {
        if self.is_empty() {
            return;
        }
        match value {
            Value::String(text) => self.mask_string(text),
            Value::Number(number) => {
                let text = number.to_string();
                if self.mask(&text) == MASK {
                    *value = Value::String(MASK.to_owned());
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.mask_json(value)),
            Value::Object(object) => {
                for (mut key, mut value) in std::mem::take(object) {
                    self.mask_string(&mut key);
                    self.mask_json(&mut value);
                    object.insert(free_key(object, key), value);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn mask_string(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.mask(text) {
            *text = masked;
        }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let forms = self.0.as_ref().map_or(0, |matcher| matcher.forms.len());
        f.debug_struct("Redactor").field("forms", &forms).finish_non_exhaustive()
    }
}

impl Matcher {
    /// Where the text holds secrets, in order, without overlaps.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        View::each(text, |view| {
            let origin = |range| whole_characters(text, view.origin(range));
            found.extend(self.find_in(view.bytes()).into_iter().map(origin));
        });
        united(found)
    }

    fn find_in(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        // How far each form was compared already, by where it would begin: long ones have many anchors.
        let mut compared: HashMap<(usize, usize), usize> = HashMap::new();
        for hit in self.automaton.find_overlapping_iter(bytes) {
            let (form, anchor) = &self.anchors[hit.pattern().as_usize()];
            let known = compared.entry((*form, hit.start().wrapping_sub(anchor.start)));
            if matches!(&known, Entry::Occupied(end) if hit.end() <= *end.get()) {
                continue;
            }
            let extent = self.forms[*form].extent(bytes, hit.range(), anchor);
            known.insert_entry(extent.matched.end);
            found.extend(extent.covered);
        }
        found
    }

    fn is_in_utf16(&self, bytes: &[u8]) -> bool {
        let orders: [fn(u16) -> [u8; 2]; 2] = [u16::to_le_bytes, u16::to_be_bytes];
        let mut forms = self.forms.iter().flat_map(|form| orders.map(|order| form.utf16(order)));
        forms.any(|form| memmem::find(bytes, &form).is_some())
    }
}

/// The range, widened to where characters begin and end.
fn whole_characters(text: &str, range: Range<usize>) -> Range<usize> {
    text.floor_char_boundary(range.start)..text.ceil_char_boundary(range.end)
}

/// The same places as ranges that neither touch nor overlap.
fn united(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut united: Vec<Range<usize>> = Vec::with_capacity(ranges.len().min(64));
    for range in ranges {
        match united.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => united.push(range),
        }
    }
    united
}

fn cover(text: &str, ranges: &[Range<usize>]) -> String {
    let mut covered = String::with_capacity(text.len());
    let mut done = 0;
    for range in ranges {
        covered.push_str(&text[done..range.start]);
        covered.push_str(MASK);
        done = range.end;
    }
    covered.push_str(&text[done..]);
    covered
}

/// The key, or one like it that is not taken: two keys may look the same once they are covered.
fn free_key(object: &serde_json::Map<String, Value>, key: String) -> String {
    if !object.contains_key(&key) {
        return key;
    }
    let numbered = (2..).map(|number| format!("{key} ({number})"));
    let mut free = numbered.filter(|key| !object.contains_key(key));
    free.next().expect("an object has fewer keys than there are numbers")
}

#[cfg(test)]
mod tests;
