//! Which keys an element has, in a few bytes however many there are: elements with equal sums have equal keys, in any order.
//! It is meant for servers that err, not for those who look for two keys with one sum.

const BEGIN: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// A key as it is written, with its quotes, so far as it was read (FNV-1a).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(u64);

impl Default for Key {
    fn default() -> Self {
        Self(BEGIN)
    }
}

impl Key {
    /// A key that is there whole.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut key = Self::default();
        key.read(bytes);
        key
    }

    /// The next bytes of it.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(PRIME));
    }
}

/// The keys of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Keys {
    count: u64,
    sum: u64,
}

impl Keys {
    pub(super) fn add(&mut self, key: Key) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(key.0);
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        usize::try_from(self.count).unwrap_or(usize::MAX)
    }
}
