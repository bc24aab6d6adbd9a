//! Response codes by number and by the names people know. It keeps unknown ones as numbers and judges none.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

const NAMES: &[(u16, &str)] = &[
    (0, "NOERROR"),
    (1, "FORMERR"),
    (2, "SERVFAIL"),
    (3, "NXDOMAIN"),
    (4, "NOTIMP"),
    (5, "REFUSED"),
    (6, "YXDOMAIN"),
    (7, "YXRRSET"),
    (8, "NXRRSET"),
    (9, "NOTAUTH"),
    (10, "NOTZONE"),
    (16, "BADVERS"),
    (23, "BADCOOKIE"),
];

/// A response code. A number rather than the wire library's enum, which takes 16 for a signature problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Rcode(pub(super) u16);

impl Rcode {
    pub(super) const NOERROR: Self = Self(0);
    pub(super) const FORMERR: Self = Self(1);
    pub(super) const SERVFAIL: Self = Self(2);
    pub(super) const NXDOMAIN: Self = Self(3);
    pub(super) const NOTIMP: Self = Self(4);
    pub(super) const REFUSED: Self = Self(5);
    pub(super) const BADVERS: Self = Self(16);
}

impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(code, _)| *code == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "RCODE{}", self.0),
        }
    }
}

/// Why a text is no response code.
#[derive(Debug, thiserror::Error)]
#[error(
    "{text:?} is no response code: write NOERROR, NXDOMAIN, SERVFAIL, REFUSED, NOTAUTH, NOTIMP or FORMERR"
)]
pub(super) struct UnknownRcode {
    text: String,
}

impl FromStr for Rcode {
    type Err = UnknownRcode;
    fn from_str(text: &str) -> Result<Self, UnknownRcode> {
        let upper = text.to_ascii_uppercase();
        let named = NAMES.iter().find(|(_, name)| *name == upper).map(|(code, _)| *code);
        let numbered = || upper.strip_prefix("RCODE")?.parse().ok().filter(|code| *code < 4096);
        named.or_else(numbered).map(Self).ok_or_else(|| UnknownRcode { text: text.to_owned() })
    }
}

impl TryFrom<String> for Rcode {
    type Error = UnknownRcode;
    fn try_from(text: String) -> Result<Self, UnknownRcode> {
        text.parse()
    }
}

impl From<Rcode> for String {
    fn from(rcode: Rcode) -> Self {
        rcode.to_string()
    }
}
