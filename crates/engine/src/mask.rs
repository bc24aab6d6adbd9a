//! Keeps the secrets of an attempt out of everything it says: log lines, reports, errors, labels. Documents are not
//! changed; an artifact that holds a secret is refused where it arrives, unless it is text of our own kinds.

use std::{borrow::Cow, sync::Arc};

use roundsman_credentials::Redactor;
use roundsman_model::{
    AttemptEnd, Credentials, Finding, MetricValue, Outcome, TaskError,
    secret::{MASK, sounds_secret},
};
use serde_json::Value;
use zeroize::Zeroizing;

/// The least bytes of a secret that are covered where a text begins or ends in the middle of it.
const EDGE_BYTES: usize = 8;
/// The least for short secrets, if it is at least half of them.
const SHORT_EDGE_BYTES: usize = 4;

/// Of what a crashed worker said, so much is kept whole wherever it runs.
const SURELY_WHOLE: usize = 4_000;

/// Fields of credentials that say who and where, and are no secrets as long as they look like it.
const OPEN_FIELDS: [&str; 12] = [
    "user", "username", "login", "url", "host", "hostname", "address", "server", "port", "domain", "realm",
    "region",
];

/// Where a text was cut, so that a secret may have been too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) head: bool,
    pub(crate) tail: bool,
}

impl Cut {
    /// It is whole.
    pub(crate) const NONE: Self = Self { head: false, tail: false };
}

/// The longest name of a host or a person.
const LONGEST_NAME: usize = 128;
/// The longest word in the path of an address that is no secret.
const LONGEST_WORD: usize = 16;

/// What of an attempt must not be shown. Cheap to clone; the default covers nothing.
#[derive(Clone, Default)]
pub(crate) struct Mask {
    redactor: Redactor,
    /// Each line of each value, for texts that are cut in the middle of one.
    values: Arc<[Zeroizing<String>]>,
    /// The bytes of the longest value.
    longest: usize,
}

impl Mask {
    /// Covers the values of credentials, what references in `with` stand for, and variables whose name sounds secret.
    pub(crate) fn of(credentials: &Credentials, references: &[String], env: &[(String, String)]) -> Self {
        let of_credentials = credentials
            .values()
            .flatten()
            .flat_map(|(name, field)| field.candidates().filter(move |value| !is_open(name, value)));
        let of_env = env.iter().filter(|(name, _)| sounds_secret(name)).map(|(_, value)| value.as_str());
        let all = of_credentials.chain(references.iter().map(String::as_str)).chain(of_env);
        Self::covering(all)
    }

    /// Covers these values.
    pub(crate) fn covering<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let values: Vec<&str> = values.collect();
        let lines = values.iter().flat_map(|value| value.lines()).map(str::trim);
        let lines = lines.filter(|line| line.len() > SHORT_EDGE_BYTES);
        Self {
            redactor: Redactor::new(&values),
            longest: values.iter().map(|value| value.len()).max().unwrap_or_default(),
            values: lines.map(|line| Zeroizing::new(line.to_owned())).collect(),
        }
    }

    /// Whether there is nothing to cover.
    pub(crate) fn is_empty(&self) -> bool {
        self.redactor.is_empty()
    }

    /// The longest value, in bytes.
    pub(crate) const fn longest(&self) -> usize {
        self.longest
    }

    /// The first place at or after `at` in a text at which no secret is cut.
    pub(crate) fn outside(&self, text: &str, at: usize) -> usize {
        let at = text.floor_char_boundary(at);
        let around = self.redactor.find(text).into_iter().find(|secret| secret.start < at && at < secret.end);
        around.map_or(at, |secret| secret.end)
    }

    /// The text without secrets. Where it was cut and `…` says so, also without the piece of one that it begins or ends
    /// with.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.piece(text, Cut { head: text.starts_with('…'), tail: text.ends_with('…') })
    }

    /// The same, of a text that is known to be cut.
    fn piece<'a>(&self, text: &'a str, cut: Cut) -> Cow<'a, str> {
        if self.is_empty() {
            return Cow::Borrowed(text);
        }
        let masked = self.redactor.mask(text);
        if cut == Cut::NONE {
            return masked;
        }
        match self.edges(&masked, cut) {
            (0, end) if end == masked.len() => masked,
            (start, end) => {
                let (head, tail) = (&masked[..start], &masked[end..]);
                let piece = |cut: &str| if cut.is_empty() { "" } else { MASK };
                // What marks the cut stays.
                let before = if head.starts_with('…') { "…" } else { "" };
                let after = if tail.ends_with('…') { "…" } else { "" };
                let middle = &masked[start..end.max(start)];
                Cow::Owned(format!("{before}{}{middle}{}{after}", piece(head), piece(tail)))
            }
        }
    }

    /// Where the text begins that is no end of a secret, and where it ends before the beginning of one.
    fn edges(&self, text: &str, cut: Cut) -> (usize, usize) {
        let begins = if text.starts_with('…') { '…'.len_utf8() } else { 0 };
        let ends = if text.ends_with('…') { text.len() - '…'.len_utf8() } else { text.len() };
        if begins >= ends {
            return (0, text.len());
        }
        let inner = &text[begins..ends];
        let longest = |is_cut: bool, found: fn(&str, &str) -> usize| {
            let values = self.values.iter().filter(|_| is_cut);
            values.map(|value| found(inner, value)).max().unwrap_or_default()
        };
        let (head, tail) = (longest(cut.head, head_of), longest(cut.tail, tail_of));
        let start = if head == 0 { 0 } else { begins + head };
        let end = if tail == 0 { text.len() } else { ends - tail };
        (start, end)
    }

    /// Covers what is secret in a piece of a text, in place.
    pub(crate) fn cut_string(&self, text: &mut String, cut: Cut) {
        if let Cow::Owned(masked) = self.piece(text, cut) {
            *text = masked;
        }
    }

    /// Covers what is secret in a text, in place.
    pub(crate) fn string(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.text(text) {
            *text = masked;
        }
    }

    /// Covers what is secret in a structured value.
    pub(crate) fn json(&self, value: &mut Value) {
        if self.is_empty() {
            return;
        }
        self.redactor.mask_json(value);
        self.strings(value);
    }

    /// The same JSON with what is secret covered; nothing where the bytes are none.
    pub(crate) fn json_bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut value = serde_json::from_slice(bytes).ok()?;
        self.json(&mut value);
        serde_json::to_vec_pretty(&value).ok()
    }

    fn strings(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.string(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.strings(value)),
            Value::Object(map) => map.values_mut().for_each(|value| self.strings(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether bytes hold a secret, in UTF-8 or UTF-16.
    pub(crate) fn is_in(&self, bytes: &[u8]) -> bool {
        self.redactor.is_in(bytes)
    }

    /// Covers what is secret in a sample's labels.
    pub(crate) fn metric(&self, metric: &mut MetricValue) {
        metric.labels.values_mut().for_each(|value| self.string(value));
    }

    /// Covers what is secret in a finding.
    pub(crate) fn finding(&self, finding: &mut Finding) {
        self.string(&mut finding.what);
        self.string(&mut finding.found);
        finding.advice.iter_mut().for_each(|advice| self.string(advice));
    }

    /// Covers what is secret in what is known of an attempt's end.
    pub(crate) fn end(&self, end: &mut AttemptEnd) {
        match end {
            AttemptEnd::Finished { outcome } => self.outcome(outcome),
            AttemptEnd::Erred { error } => self.error(error),
            AttemptEnd::Crashed { message, stderr, .. } => {
                self.string(message);
                // The last of it is kept, from wherever that begins.
                self.cut_string(stderr, Cut { head: stderr.len() >= SURELY_WHOLE, tail: false });
            }
            AttemptEnd::Lost { cause } => self.string(cause),
            AttemptEnd::TimedOut { .. } => {}
        }
    }

    fn outcome(&self, outcome: &mut Outcome) {
        self.string(&mut outcome.summary);
        self.json(&mut outcome.detail);
        self.json(&mut outcome.print);
    }

    fn error(&self, error: &mut TaskError) {
        match error {
            TaskError::Retry { cause, .. }
            | TaskError::Snooze { cause, .. }
            | TaskError::Permanent { cause }
            | TaskError::Config { cause } => self.string(cause),
            TaskError::Cancelled | TaskError::Interrupted => {}
        }
    }
}

/// Whether a field of credentials may be shown.
fn is_open(name: &str, value: &str) -> bool {
    OPEN_FIELDS.contains(&name.to_ascii_lowercase().as_str()) && looks_open(value)
}

/// Whether a value is a name, a host, a port, or an address that holds no more than these and a short path. Others may
/// hold what lets one in: a password, a token as parameter, the path of a web hook.
fn looks_open(value: &str) -> bool {
    let place = value.split_once("://").map_or(value, |(_, rest)| rest);
    let mut parts = place.trim_end_matches('/').split('/');
    let host = parts.next().unwrap_or_default();
    let path: Vec<&str> = parts.collect();
    let is_name = |char: char| char.is_alphanumeric() || "._-\\ :[]".contains(char);
    host.len() <= LONGEST_NAME
        && host.chars().all(is_name)
        && path.len() <= 2
        && path.into_iter().all(is_word)
}

/// Whether a part of a path is a word of a person, such as `api`, `v2` or `rest-api`, and not one that a machine made.
fn is_word(part: &str) -> bool {
    let digits = part.chars().filter(char::is_ascii_digit).count();
    let rest = part.get(1..).unwrap_or_default();
    let one_case = !rest.contains(|char: char| char.is_ascii_uppercase())
        || !part.contains(|char: char| char.is_ascii_lowercase());
    !part.is_empty()
        && part.len() <= LONGEST_WORD
        && part.chars().all(|char| char.is_ascii_alphanumeric() || "._-".contains(char))
        && digits <= 3
        && one_case
}

/// How many bytes of a piece of a value are worth covering.
fn least(value: &str) -> usize {
    if value.len() >= 2 * EDGE_BYTES { EDGE_BYTES } else { SHORT_EDGE_BYTES.max(value.len() / 2) }
}

/// How long the beginning of the text is that is the end of a value.
fn head_of(text: &str, value: &str) -> usize {
    let least = least(value);
    let head = &text[..text.floor_char_boundary(value.len())];
    let Some(last) = value.get(value.len().saturating_sub(least)..).filter(|last| last.len() >= least) else {
        return 0;
    };
    let ends = head.match_indices(last).map(|(at, last)| at + last.len());
    ends.filter(|end| value.ends_with(&head[..*end])).max().unwrap_or_default()
}

/// How long the end of the text is that is the beginning of a value.
fn tail_of(text: &str, value: &str) -> usize {
    let least = least(value);
    let tail = &text[text.ceil_char_boundary(text.len().saturating_sub(value.len()))..];
    let Some(first) = value.get(..least) else { return 0 };
    let begins = tail.match_indices(first).map(|(at, _)| at);
    begins.filter(|at| value.starts_with(&tail[*at..])).map(|at| tail.len() - at).max().unwrap_or_default()
}

#[cfg(test)]
mod tests;
