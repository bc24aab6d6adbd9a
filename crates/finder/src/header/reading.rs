//! Values of a header, each with its place, read one after the other so that all that is wrong is said at once. It does
//! not know which keys there are.

use std::{ops::Range, path::Path};

use serde_json::{Number, Value};
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::HeaderProblem;
use crate::nearest::{either, nearest};

/// No sentence of a listing is as long as this.
const MAX_SENTENCE_BYTES: usize = 500;

/// A value and where it is written.
pub(crate) type Written<'i> = Spanned<DeValue<'i>>;

/// Reads values and collects what is wrong with them.
pub(crate) struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    pub(crate) problems: Vec<HeaderProblem>,
}

impl<'a> Reader<'a> {
    /// A reader of this text, which has every line where the file has it.
    pub(crate) fn new(path: &'a Path, text: &'a str) -> Self {
        Self { path, text, problems: Vec::new() }
    }

    /// The tree of the text, or nothing and everything that is wrong with its syntax.
    pub(crate) fn tree(&mut self) -> Option<DeTable<'a>> {
        let (tree, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let end = self.text.len();
            let span = error.span().unwrap_or(end..end);
            let what = match (error.message(), self.text.get(span.clone())) {
                ("duplicate key", Some(key)) => format!("the key `{}` is written twice", key.trim()),
                (message, _) => format!("this is not TOML: {message}"),
            };
            self.say(span, "", what);
        }
        errors.is_empty().then(|| tree.into_inner())
    }

    /// Notes something wrong at a place.
    pub(crate) fn say(
        &mut self,
        span: Range<usize>,
        key: &str,
        what: impl Into<String>,
    ) -> &mut HeaderProblem {
        let before = &self.text[..self.text.floor_char_boundary(span.start)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        self.problems.push(HeaderProblem {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            key: key.to_owned(),
            what: what.into(),
            expected: None,
            nearest: None,
        });
        self.problems.last_mut().expect("one was just noted")
    }

    /// Notes a value of the wrong sort.
    pub(crate) fn mismatch(&mut self, key: &str, value: &Written<'_>, expected: &str) {
        let found = sort(value.get_ref());
        self.say(value.span(), key, format!("found {found}")).expected(expected);
    }

    /// A string.
    pub(crate) fn text(&mut self, key: &str, value: &Written<'_>) -> Option<String> {
        if let DeValue::String(text) = value.get_ref() {
            return Some(text.as_ref().to_owned());
        }
        self.mismatch(key, value, "a string");
        None
    }

    /// One line that says something.
    pub(crate) fn sentence(&mut self, key: &str, value: &Written<'_>) -> Option<String> {
        let text = self.text(key, value)?.trim().to_owned();
        let what = match text.len() {
            0 => "this is empty",
            MAX_SENTENCE_BYTES.. => "this is too long for a listing",
            _ if text.contains(char::is_control) => {
                "this goes over more than one line, or holds control characters"
            }
            _ => return Some(text),
        };
        self.say(value.span(), key, what).expected("one sentence on one line");
        None
    }

    /// True or false.
    pub(crate) fn boolean(&mut self, key: &str, value: &Written<'_>) -> Option<bool> {
        if let DeValue::Boolean(value) = value.get_ref() {
            return Some(*value);
        }
        self.mismatch(key, value, "true or false");
        None
    }

    /// A list of strings.
    pub(crate) fn texts(&mut self, key: &str, value: &Written<'_>) -> Option<Vec<String>> {
        let DeValue::Array(values) = value.get_ref() else {
            self.mismatch(key, value, "a list of strings");
            return None;
        };
        let texts: Vec<_> = values.iter().map(|value| self.text(key, value)).collect();
        texts.into_iter().collect()
    }

    /// A table.
    pub(crate) fn table<'t, 'i>(
        &mut self,
        key: &str,
        value: &'t Written<'i>,
        expected: &str,
    ) -> Option<&'t DeTable<'i>> {
        if let DeValue::Table(table) = value.get_ref() {
            return Some(table);
        }
        self.mismatch(key, value, expected);
        None
    }

    /// Any value, as JSON.
    pub(crate) fn json(&mut self, key: &str, value: &Written<'_>) -> Option<Value> {
        match value.get_ref() {
            DeValue::String(text) => Some(Value::from(text.as_ref())),
            DeValue::Boolean(value) => Some(Value::from(*value)),
            DeValue::Integer(_) | DeValue::Float(_) => self.number(key, value).map(Value::Number),
            DeValue::Array(values) => {
                values.iter().map(|value| self.json(key, value)).collect::<Option<Vec<_>>>().map(Value::from)
            }
            DeValue::Datetime(at) => Some(Value::from(at.to_string())),
            DeValue::Table(_) => {
                self.mismatch(key, value, "a single value or a list");
                None
            }
        }
    }

    /// A number that JSON can hold.
    pub(crate) fn number(&mut self, key: &str, value: &Written<'_>) -> Option<Number> {
        let number = match value.get_ref() {
            DeValue::Integer(digits) => {
                i64::from_str_radix(digits.as_str(), digits.radix()).ok().map(Number::from)
            }
            DeValue::Float(digits) => digits.as_str().parse().ok().and_then(Number::from_f64),
            _ => {
                self.mismatch(key, value, "a number");
                return None;
            }
        };
        if number.is_none() {
            self.say(value.span(), key, "this number cannot be used").expected("a finite number of 64 bits");
        }
        number
    }

    /// Notes keys that nobody knows.
    pub(crate) fn only(&mut self, path: &str, table: &DeTable<'_>, known: &[&str]) {
        for key in table.keys().filter(|key| !known.contains(&key.as_ref().as_ref())) {
            self.unknown(path, key, known);
        }
    }

    fn unknown(&mut self, path: &str, key: &Spanned<DeString<'_>>, known: &[&str]) {
        let name = key.get_ref().as_ref();
        let near = nearest(name, known.iter().copied());
        let words: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
        let problem = self.say(key.span(), path, format!("unknown key `{name}`"));
        if near.is_none() {
            problem.expected(either(&words));
        }
        problem.nearest(near);
    }
}

/// What sort of value this is, in words.
fn sort(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
