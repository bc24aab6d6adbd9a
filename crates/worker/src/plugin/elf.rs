//! What the head of a shared library says, checked before the dynamic linker sees it: the linker's words are less clear, and a
//! file that was broken off would crash it. It loads nothing.

use std::{fs::File, os::unix::fs::FileExt};

/// The machine in the head of a shared library for this machine; 0 where it is not known.
pub(super) const OUR_MACHINE: u16 = match std::env::consts::ARCH.as_bytes() {
    b"x86_64" => 62,
    b"aarch64" => 183,
    b"riscv64" => 243,
    b"powerpc64" => 21,
    b"s390x" => 22,
    _ => 0,
};
const SHARED: u16 = 3;
const LOADED: u32 = 1;
/// Bytes of the head and of an entry of the table of segments, of a file with 64 bits.
const HEAD_BYTES: usize = 64;
const SEGMENT_BYTES: u64 = 56;

/// Whether this can be loaded here, as far as the head tells.
pub(super) fn check(file: &File, bytes: u64) -> Result<(), String> {
    let mut head = [0; HEAD_BYTES];
    let length = bytes.min(HEAD_BYTES as u64) as usize;
    file.read_exact_at(&mut head[..length], 0).map_err(|error| error.to_string())?;
    if length < 20 || !head.starts_with(b"\x7fELF") {
        return Err("it is no shared library (no ELF file)".to_owned());
    }
    let (wide, swapped) = (head[4] == 2, head[5] == if cfg!(target_endian = "big") { 1 } else { 2 });
    let half = |at: usize| {
        let half = u16::from_ne_bytes([head[at], head[at + 1]]);
        if swapped { half.swap_bytes() } else { half }
    };
    let (sort, machine) = (half(16), half(18));
    if sort != SHARED {
        return Err("it is an ELF file but no shared library: build it with -shared -fPIC".to_owned());
    }
    let bits = if wide { 64 } else { 32 };
    if bits != usize::BITS || swapped || (OUR_MACHINE != 0 && machine != OUR_MACHINE) {
        let (ours, theirs) = (std::env::consts::ARCH, machine_name(machine));
        return Err(format!("it was built for another machine: {theirs} ({bits} bits); this is {ours}"));
    }
    if wide && !is_whole(file, &head, bytes, length) {
        return Err(format!("it is not whole: {bytes} bytes are there, its head promises more"));
    }
    Ok(())
}

/// Whether all that is to be mapped is there.
fn is_whole(file: &File, head: &[u8; HEAD_BYTES], bytes: u64, length: usize) -> bool {
    let (first, count) = (word(head, 32), u64::from(u16::from_ne_bytes([head[56], head[57]])));
    length == HEAD_BYTES
        && (0..count).all(|index| {
            let mut segment = [0; SEGMENT_BYTES as usize];
            let Some(at) = first.checked_add(index * SEGMENT_BYTES) else { return false };
            if file.read_exact_at(&mut segment, at).is_err() {
                return false;
            }
            let loaded = u32::from_ne_bytes([segment[0], segment[1], segment[2], segment[3]]) == LOADED;
            let end = word(&segment, 8).checked_add(word(&segment, 32));
            !loaded || end.is_some_and(|end| end <= bytes)
        })
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_ne_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn machine_name(machine: u16) -> String {
    let known = [
        (3, "x86"),
        (8, "mips"),
        (21, "powerpc64"),
        (22, "s390x"),
        (40, "arm"),
        (62, "x86_64"),
        (183, "aarch64"),
        (243, "riscv"),
    ];
    let name = known.into_iter().find(|(number, _)| *number == machine);
    name.map_or_else(|| format!("machine {machine}"), |(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests;
