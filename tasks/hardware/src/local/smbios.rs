//! Memory modules in a raw SMBIOS table (structures of type 17). Every length in it is doubted: firmware gets them wrong.
//! All other types are passed over.

/// A memory module that is plugged in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct MemoryModule {
    pub(super) locator: Option<String>,
    pub(super) manufacturer: Option<String>,
    pub(super) serial: Option<String>,
    pub(super) part_number: Option<String>,
    pub(super) capacity_mib: Option<u64>,
}

const MEMORY_DEVICE: u8 = 17;
const END_OF_TABLE: u8 = 127;
/// More structures than any machine has.
const MAX_STRUCTURES: usize = 65_536;

/// The modules of a table, in its order; empty sockets are left out.
pub(super) fn memory_modules(table: &[u8]) -> Vec<MemoryModule> {
    let mut modules = Vec::new();
    let mut rest = table;
    for _ in 0..MAX_STRUCTURES {
        let Some((structure, after)) = next_structure(rest) else { break };
        match structure.kind() {
            END_OF_TABLE => break,
            MEMORY_DEVICE => modules.extend(structure.memory_module()),
            _ => {}
        }
        rest = after;
    }
    modules
}

struct Structure<'a> {
    formatted: &'a [u8],
    strings: &'a [u8],
}

/// A structure is its formatted part, whose length is in its second byte, then strings up to a double NUL.
fn next_structure(table: &[u8]) -> Option<(Structure<'_>, &[u8])> {
    let length = usize::from(*table.get(1)?);
    if length < 4 || length > table.len() {
        return None;
    }
    let (formatted, rest) = table.split_at(length);
    let end = rest.windows(2).position(|pair| pair == [0, 0])?;
    Some((Structure { formatted, strings: &rest[..end] }, &rest[end + 2..]))
}

impl Structure<'_> {
    fn kind(&self) -> u8 {
        self.formatted[0]
    }

    fn word(&self, offset: usize) -> Option<u16> {
        let bytes = self.formatted.get(offset..offset + 2)?;
        Some(u16::from_le_bytes(bytes.try_into().ok()?))
    }

    fn double_word(&self, offset: usize) -> Option<u32> {
        let bytes = self.formatted.get(offset..offset + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    }

    /// Strings are numbered from 1; 0 means none.
    fn string(&self, offset: usize) -> Option<String> {
        let number = usize::from(*self.formatted.get(offset)?).checked_sub(1)?;
        let text = self.strings.split(|byte| *byte == 0).nth(number)?;
        let text = std::str::from_utf8(text).ok()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn memory_module(&self) -> Option<MemoryModule> {
        let size = self.word(0x0C)?;
        if size == 0 {
            return None;
        }
        Some(MemoryModule {
            locator: self.string(0x10),
            manufacturer: self.string(0x17),
            serial: self.string(0x18),
            part_number: self.string(0x1A),
            capacity_mib: self.capacity_mib(size),
        })
    }

    /// MiB, or KiB if the highest bit is set; the two largest values mean "see the extended size" and "not known".
    fn capacity_mib(&self, size: u16) -> Option<u64> {
        match size {
            0xFFFF => None,
            0x7FFF => self.double_word(0x1C).map(|mib| u64::from(mib & 0x7FFF_FFFF)),
            kib if kib & 0x8000 != 0 => Some(u64::from(kib & 0x7FFF) / 1024),
            mib => Some(u64::from(mib)),
        }
    }
}

#[cfg(test)]
mod tests;
