//! Heads of files that can be loaded here, and of files that cannot.

use std::io::Write;

use super::*;

/// The beginning of an ELF file with one segment of `segment` bytes from the start.
fn library(class: u8, order: u8, sort: u16, machine: u16, segment: u64) -> Vec<u8> {
    let mut bytes = b"\x7fELF".to_vec();
    bytes.extend([class, order, 1]);
    bytes.resize(16, 0);
    let half = |half: u16| if order == 2 { half.to_be_bytes() } else { half.to_le_bytes() };
    bytes.extend(half(sort));
    bytes.extend(half(machine));
    bytes.resize(32, 0);
    bytes.extend(64_u64.to_ne_bytes());
    bytes.resize(56, 0);
    bytes.extend(1_u16.to_ne_bytes());
    bytes.resize(64, 0);
    bytes.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    bytes.resize(64 + 32, 0);
    bytes.extend(segment.to_ne_bytes());
    bytes.resize(64 + 56, 0);
    bytes
}

fn verdict(bytes: &[u8]) -> Result<(), String> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    check(&file, bytes.len() as u64)
}

fn refused(bytes: &[u8], expected: &str) {
    let complaint = verdict(bytes).unwrap_err();
    assert!(complaint.contains(expected), "{complaint}");
}

#[test]
fn heads_are_told_apart() {
    assert_eq!(verdict(&library(2, 1, 3, OUR_MACHINE, 120)), Ok(()));
    refused(b"", "no ELF file");
    refused(b"#!/bin/sh\nexec something else\n", "no ELF file");
    refused(b"\x7fELF", "no ELF file");
    refused(&library(2, 1, 1, OUR_MACHINE, 120), "-shared -fPIC");
    refused(&library(2, 2, 3, 22, 120), "another machine: s390x (64 bits)");
    refused(&library(1, 1, 3, 40, 120), "another machine: arm (32 bits)");
}

#[test]
fn what_was_broken_off_is_told() {
    let whole = library(2, 1, 3, OUR_MACHINE, 120);
    for length in [20, 63, 64, 119] {
        refused(&whole[..length], "is not whole");
    }
    refused(&library(2, 1, 3, OUR_MACHINE, 121), "is not whole: 120 bytes are there");
    refused(&library(2, 1, 3, OUR_MACHINE, u64::MAX), "is not whole");
}
