//! MAC addresses in any of their spellings. Whose address it is, is not known here.

use std::{fmt, str::FromStr};

/// A MAC address. Compared as a number of 48 bits, written `00:00:5E:00:53:01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(u64);

/// Why a text is no MAC address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no MAC address: write 12 hex digits, bare or in groups such as 00:00:5e:00:53:01")]
pub struct InvalidMac(String);

/// Groups of hex digits and the mark between them, for each spelling.
const SPELLINGS: [(usize, char); 4] = [(2, ':'), (2, '-'), (4, '.'), (4, ':')];

impl Mac {
    const ALL_ONES: u64 = (1 << 48) - 1;

    /// The 48 bits.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether it is some device's address at all: neither all zeros nor all ones.
    pub const fn is_meaningful(self) -> bool {
        self.0 != 0 && self.0 != Self::ALL_ONES
    }
}

impl FromStr for Mac {
    type Err = InvalidMac;
    fn from_str(text: &str) -> Result<Self, InvalidMac> {
        let invalid = || InvalidMac(text.chars().take(40).collect());
        let text = text.trim();
        let digits = SPELLINGS.iter().find_map(|(width, mark)| grouped(text, *width, *mark));
        let digits = digits.unwrap_or_else(|| text.to_owned());
        if digits.len() != 12 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        u64::from_str_radix(&digits, 16).map(Self).map_err(|_| invalid())
    }
}

fn grouped(text: &str, width: usize, mark: char) -> Option<String> {
    let groups: Vec<&str> = text.split(mark).collect();
    let fits = groups.len() * width == 12 && groups.iter().all(|group| group.len() == width);
    fits.then(|| groups.concat())
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.to_be_bytes();
        for (index, byte) in bytes[2..].iter().enumerate() {
            let mark = if index == 0 { "" } else { ":" };
            write!(f, "{mark}{byte:02X}")?;
        }
        Ok(())
    }
}

/// The upper-case colon form of a MAC address; absent if it is none, or all zeros or ones.
pub fn mac(text: &str) -> Option<String> {
    text.parse::<Mac>().ok().filter(|mac| mac.is_meaningful()).map(|mac| mac.to_string())
}
