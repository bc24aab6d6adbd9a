//! Texts that mean "no information": what firmware says when nobody told it. An absent value is never invented.

use std::collections::BTreeSet;

use super::text::clean;

/// They mean nothing in any field.
const EVERYWHERE: [&str; 23] = [
    "",
    "-",
    "--",
    "n/a",
    "na",
    "none",
    "null",
    "nil",
    "unknown",
    "not present",
    "not available",
    "not specified",
    "not applicable",
    "unspecified",
    "default string",
    "to be filled by o.e.m.",
    "system serial number",
    "system product name",
    "chassis serial number",
    "xxxxxxxx",
    "empty",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
];

/// They mean nothing as a serial number, asset tag or UUID, but are fine as counts, slots and versions.
const AS_IDENTIFIER: [&str; 4] = ["0", "-1", "0123456789", "123456789"];

/// Which texts mean "no information". Case does not matter.
#[derive(Debug, Clone, Default)]
pub struct Sentinels {
    extra: BTreeSet<String>,
}

impl Sentinels {
    /// The built-in ones and these, which count in every field.
    pub fn with_extra(extra: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self { extra: extra.into_iter().map(|text| fold(text.as_ref())).collect() }
    }

    /// The cleaned text of any field, if it says something.
    pub fn text(&self, text: &str) -> Option<String> {
        let cleaned = clean(text);
        let folded = fold(&cleaned);
        let nothing = EVERYWHERE.contains(&folded.as_str()) || self.extra.contains(&folded);
        (!nothing).then_some(cleaned)
    }

    /// The cleaned text of a serial number, asset tag or UUID, if it says something.
    pub fn identifier(&self, text: &str) -> Option<String> {
        self.text(text).filter(|cleaned| !AS_IDENTIFIER.contains(&cleaned.as_str()))
    }
}

fn fold(text: &str) -> String {
    clean(text).to_lowercase()
}
