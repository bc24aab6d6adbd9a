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
/// Values up to here are also looked for line by line in all forms, and in wrapped base64.
const LONGEST_IN_ALL_FORMS: usize = 64 * 1024;
/// Where encoders wrap base64.
const WRAPS: [usize; 2] = [64, 76];

/// One form of a value.
#[derive(PartialEq, Eq)]
pub(super) struct Form {
    bytes: Zeroizing<Vec<u8>>,
    /// Whether the base64 character before holds bits of the value.
    leads: bool,
    /// Whether what follows in base64, padding included, may hold bits of the value.
    trails: bool,
}

impl Form {
    fn plain(text: &str) -> Self {
        Self { bytes: Zeroizing::new(text.as_bytes().to_vec()), leads: false, trails: false }
    }

    /// Where it stands in a sorted list: equal ones stand beside each other.
    pub(super) fn order(&self) -> impl Ord {
        (self.bytes.as_slice(), self.leads, self.trails)
    }

    /// What the automaton looks for.
    pub(super) fn anchor(&self) -> &[u8] {
        &self.bytes[..self.bytes.len().min(ANCHOR)]
    }

    /// How far the form reaches in a text that holds its anchor there. A cut value is covered as far as it goes.
    pub(super) fn extent(&self, text: &[u8], anchor: Range<usize>) -> Range<usize> {
        let Range { mut start, mut end } = anchor;
        let rest = self.bytes[end - start..].iter().zip(&text[end..]);
        end += rest.take_while(|(expected, found)| expected == found).count();
        if self.leads && start > 0 && is_base64(text[start - 1]) {
            start -= 1;
        }
        if self.trails {
            end += usize::from(text.get(end).is_some_and(|byte| is_base64(*byte)));
            end += text[end..].iter().take(2).take_while(|byte| **byte == b'=').count();
        }
        start..end
    }
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
        if text.len() <= LONGEST_IN_ALL_FORMS {
            forms.extend(WRAPS.iter().flat_map(|wrap| wrapped(engine, text, *wrap)));
        }
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
        leads: before > 0,
        trails: !bits.is_multiple_of(6),
    }
}

/// The lines of the base64 form, wrapped at so many characters.
fn wrapped(engine: &impl Engine, text: &str, wrap: usize) -> Vec<Form> {
    let encoded = Zeroizing::new(engine.encode(text));
    if encoded.len() <= wrap {
        return Vec::new();
    }
    let lines = encoded.as_bytes().chunks(wrap);
    let form =
        |line: &[u8]| Form { bytes: Zeroizing::new(line.to_vec()), leads: false, trails: line.len() < wrap };
    lines.map(form).collect()
}
