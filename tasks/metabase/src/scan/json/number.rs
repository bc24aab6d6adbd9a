//! Numbers by RFC 8259, byte by byte. Their values are of no interest.

/// Where within a number we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    Minus,
    /// A zero at the front: no digit may follow.
    Zero,
    Digits,
    Point,
    Fraction,
    Exponent,
    Sign,
    Power,
}

impl Number {
    /// The number that begins with this byte.
    pub(super) fn begin(byte: u8) -> Option<Self> {
        match byte {
            b'-' => Some(Self::Minus),
            b'0' => Some(Self::Zero),
            b'1'..=b'9' => Some(Self::Digits),
            _ => None,
        }
    }

    /// What another byte makes of it; `None` if the byte does not belong to it.
    pub(super) fn then(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::Minus, b'0') => Some(Self::Zero),
            (Self::Minus, b'1'..=b'9') | (Self::Digits, b'0'..=b'9') => Some(Self::Digits),
            (Self::Zero | Self::Digits, b'.') => Some(Self::Point),
            (Self::Point | Self::Fraction, b'0'..=b'9') => Some(Self::Fraction),
            (Self::Zero | Self::Digits | Self::Fraction, b'e' | b'E') => Some(Self::Exponent),
            (Self::Exponent, b'+' | b'-') => Some(Self::Sign),
            (Self::Exponent | Self::Sign | Self::Power, b'0'..=b'9') => Some(Self::Power),
            _ => None,
        }
    }

    /// The length of the number that begins with the first of these bytes, and is this so far; 0 if it is none or they end
    /// within it.
    pub(super) fn length(mut self, bytes: &[u8]) -> usize {
        for (at, &byte) in bytes.iter().enumerate().skip(1) {
            match self.then(byte) {
                Some(next) => self = next,
                None => return if self.may_end() { at } else { 0 },
            }
        }
        0
    }

    /// Digits change nothing here.
    pub(super) fn takes_digits(self) -> bool {
        matches!(self, Self::Digits | Self::Fraction | Self::Power)
    }

    /// It may end here.
    pub(super) fn may_end(self) -> bool {
        matches!(self, Self::Zero | Self::Digits | Self::Fraction | Self::Power)
    }
}
