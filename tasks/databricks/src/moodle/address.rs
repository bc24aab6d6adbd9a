//! One mail address out of a cell: found, cleaned, checked, in lower case. It does not ask whether somebody reads it.

use std::fmt;

use serde::Serialize;

use super::{
    rules::Rules,
    text::{is_mark, short},
};

/// The longest address that mail allows.
const MAX_LENGTH: usize = 254;

/// A mail address in lower case: who somebody is, in course files and in workspaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Address(String);

/// Why a text is no address that counts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressFault {
    /// There is nothing where an address is needed.
    #[error("it is empty")]
    Empty,
    /// Letters of other scripts, among them those that look like Latin ones.
    #[error("{0:?} (U+{code:04X}) is not ASCII", code = u32::from(*.0))]
    NotAscii(char),
    /// No `@`.
    #[error("it has no @")]
    NoAt,
    /// More than one `@`.
    #[error("it has more than one @")]
    ManyAt,
    /// Nothing before the `@`.
    #[error("nothing stands before the @")]
    NoLocal,
    /// Something that cannot stand before the `@`.
    #[error("{0:?} cannot stand before the @")]
    Local(char),
    /// What follows the `@` is no name of a domain.
    #[error("{0:?} is no domain")]
    NotADomain(String),
    /// Longer than mail allows.
    #[error("it has {0} characters, more than {MAX_LENGTH}")]
    TooLong(usize),
    /// A domain that the rules do not name.
    #[error("addresses of {0} are not allowed")]
    DomainNotAllowed(String),
}

impl Address {
    /// Reads `a@b`, `Name <a@b>` or `mailto:a@b`, with whatever invisible marks and blanks were pasted along.
    pub fn parse(text: &str, rules: &Rules) -> Result<Self, AddressFault> {
        let visible: String = text.chars().filter(|&char| !is_mark(char) && char != '\u{A0}').collect();
        let bare = without_scheme(without_name(visible.trim()).trim()).trim();
        // Before lower case: some foreign letters have a Latin one as their small form.
        if let Some(odd) = bare.chars().find(|char| !char.is_ascii()) {
            return Err(AddressFault::NotAscii(odd));
        }
        let address = bare.to_ascii_lowercase();
        let domain = check(&address)?;
        if rules.admits(domain) {
            Ok(Self(address))
        } else {
            Err(AddressFault::DomainNotAllowed(short(domain)))
        }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `a@b` of `Name <a@b>`.
fn without_name(text: &str) -> &str {
    match (text.strip_suffix('>'), text.rfind('<')) {
        (Some(inner), Some(open)) => &inner[open + 1..],
        _ => text,
    }
}

/// `a@b` of `mailto:a@b?subject=…`.
fn without_scheme(text: &str) -> &str {
    const SCHEME: &str = "mailto:";
    match text.get(..SCHEME.len()) {
        Some(scheme) if scheme.eq_ignore_ascii_case(SCHEME) => {
            let address = &text[SCHEME.len()..];
            address.split_once('?').map_or(address, |(address, _)| address)
        }
        _ => text,
    }
}

/// Checks an ASCII text in lower case; returns its domain.
fn check(address: &str) -> Result<&str, AddressFault> {
    if address.is_empty() {
        return Err(AddressFault::Empty);
    }
    let (local, domain) = address.split_once('@').ok_or(AddressFault::NoAt)?;
    if domain.contains('@') {
        return Err(AddressFault::ManyAt);
    }
    if local.is_empty() {
        return Err(AddressFault::NoLocal);
    }
    if let Some(odd) = local.chars().find(|&char| !may_be_local(char)) {
        return Err(AddressFault::Local(odd));
    }
    if !is_domain(domain) {
        return Err(AddressFault::NotADomain(short(domain)));
    }
    if address.len() > MAX_LENGTH {
        return Err(AddressFault::TooLong(address.len()));
    }
    Ok(domain)
}

/// What mail allows before the `@` without quotes; so an address never needs quotes in a file either.
fn may_be_local(char: char) -> bool {
    char.is_ascii_graphic() && !"()<>[],;:\\\"".contains(char)
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    domain.contains('.') && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests;
