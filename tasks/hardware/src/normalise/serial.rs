//! Serial numbers: text with its leading zeros, never shortened. Who else has the same one is not known here.

use super::sentinel::Sentinels;

/// The most characters a serial number may have.
pub const MAX_SERIAL: usize = 50;

/// What a reported serial number amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serial {
    /// No information.
    Absent,
    /// A serial number.
    Known(String),
    /// Too long to be kept: a conflict, since a shortened one would be another machine's.
    TooLong(String),
}

/// Judges a reported serial number.
pub fn serial(text: &str, sentinels: &Sentinels) -> Serial {
    match sentinels.identifier(text) {
        None => Serial::Absent,
        Some(serial) if serial.chars().count() > MAX_SERIAL => Serial::TooLong(serial),
        Some(serial) => Serial::Known(serial),
    }
}

/// Whether two serial numbers mean the same: case does not matter.
pub fn same_serial(one: &str, other: &str) -> bool {
    one.to_uppercase() == other.to_uppercase()
}
