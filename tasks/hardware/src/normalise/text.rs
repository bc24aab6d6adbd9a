//! Text as such: control characters, white space, Unicode form, lengths. What a text means is not known here.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

/// The most characters of a name.
pub const MAX_NAME: usize = 64;
/// The most characters of a description.
pub const MAX_DESCRIPTION: usize = 200;

/// Characters of a long name that stay in front of its fingerprint.
const NAME_HEAD: usize = 55;

/// Drops control characters, trims, makes each run of white space one space, and composes characters (NFC).
///
/// ```
/// assert_eq!(roundsman_hardware::normalise::text::clean(" ProLiant \t DL380\0 "), "ProLiant DL380");
/// ```
pub fn clean(text: &str) -> String {
    let printable: String = text.chars().filter(|c| c.is_whitespace() || !c.is_control()).collect();
    let words: Vec<&str> = printable.split_whitespace().collect();
    words.join(" ").nfc().collect()
}

/// A name of at most 64 characters. A longer one keeps its first 55, then `~` and the first 8 hex digits of its SHA-256:
/// the same for the same name, and different for names that only differ at the end.
pub fn short_name(name: &str) -> String {
    if name.chars().count() <= MAX_NAME {
        return name.to_owned();
    }
    let mut short: String = name.chars().take(NAME_HEAD).collect();
    short.push('~');
    for byte in Sha256::digest(name).iter().take(4) {
        let _ = write!(short, "{byte:02x}");
    }
    short
}

/// A description of at most 200 characters, the last of them `…` if it was cut.
pub fn short_description(text: &str) -> String {
    if text.chars().count() <= MAX_DESCRIPTION {
        return text.to_owned();
    }
    text.chars().take(MAX_DESCRIPTION - 1).chain(['…']).collect()
}
