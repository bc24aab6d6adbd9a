//! Tables made by hand, whole, cut off and random. No table of a real machine.

use proptest::prelude::*;

use super::{MemoryModule, memory_modules};

/// A structure of a type: its formatted part after the header, then its strings.
fn structure(kind: u8, body: &[u8], strings: &[&str]) -> Vec<u8> {
    let mut bytes = vec![kind, body.len() as u8 + 4, 0x10, 0x00];
    bytes.extend(body);
    for text in strings {
        bytes.extend(text.bytes());
        bytes.push(0);
    }
    if strings.is_empty() {
        bytes.push(0);
    }
    bytes.push(0);
    bytes
}

/// The body of a memory device whose strings are locator, bank, manufacturer, serial, tag and part number.
fn module(size: u16, extended: u32) -> Vec<u8> {
    let mut body = vec![0; 0x22 - 4];
    body[0x0C - 4..0x0E - 4].copy_from_slice(&size.to_le_bytes());
    for (offset, number) in [(0x10, 1), (0x11, 2), (0x17, 3), (0x18, 4), (0x19, 5), (0x1A, 6)] {
        body[offset - 4] = number;
    }
    body[0x1C - 4..0x20 - 4].copy_from_slice(&extended.to_le_bytes());
    body
}

const STRINGS: [&str; 6] = ["DIMM_A1", "BANK 0", "Example Memory", "SYN00A1", "", "SYN-16G "];

fn table(modules: &[(u16, u32)]) -> Vec<u8> {
    let mut bytes = structure(0, &[1, 2, 3], &["BIOS vendor"]);
    for (size, extended) in modules {
        // An empty string cannot be stored; firmware writes a space.
        let strings = STRINGS.map(|text| if text.is_empty() { " " } else { text });
        bytes.extend(structure(17, &module(*size, *extended), &strings));
    }
    bytes.extend(structure(127, &[], &[]));
    bytes
}

#[test]
fn modules_are_read_with_their_strings() {
    let expected = MemoryModule {
        locator: Some("DIMM_A1".into()),
        manufacturer: Some("Example Memory".into()),
        serial: Some("SYN00A1".into()),
        part_number: Some("SYN-16G".into()),
        capacity_mib: Some(16_384),
    };
    assert_eq!(memory_modules(&table(&[(16_384, 0)])), [expected]);
}

#[test]
fn capacities_have_three_encodings_and_sockets_may_be_empty() {
    let modules = memory_modules(&table(&[(0, 0), (0x7FFF, 65_536), (0x8000 | 2048, 0), (0xFFFF, 0)]));
    let capacities: Vec<Option<u64>> = modules.iter().map(|module| module.capacity_mib).collect();
    assert_eq!(capacities, [Some(65_536), Some(2), None]);
}

#[test]
fn what_follows_the_end_is_not_read() {
    let mut bytes = table(&[]);
    bytes.extend(table(&[(1024, 0)]));
    assert_eq!(memory_modules(&bytes), []);
}

#[test]
fn a_table_that_is_cut_off_gives_what_was_whole() {
    let bytes = table(&[(1024, 0), (2048, 0)]);
    for length in 0..bytes.len() {
        assert!(memory_modules(&bytes[..length]).len() <= 2);
    }
    assert_eq!(memory_modules(&[17, 4, 0, 0, 0, 0]), []);
    assert_eq!(memory_modules(&[17, 3, 0, 0, 0, 0]), []);
}

proptest! {
    #[test]
    fn no_table_can_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        let _ = memory_modules(&bytes);
    }
}
