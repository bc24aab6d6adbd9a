//! How a package lies in its file: parts one behind the other from the first byte on, then the directory, then its end.
//! Nothing else has room between them. What the parts are is read elsewhere.

use super::END;
use crate::scan::Flaw;

/// The record at the end, without its comment.
const END_LENGTH: usize = 22;
const LOCATOR: &[u8] = b"PK\x06\x07";
const LOCATOR_LENGTH: u64 = 20;
const END_64: &[u8] = b"PK\x06\x06";
/// What may stand behind the bytes of a part: its check sum and lengths, with or without a mark, in 4 or 8 bytes.
const DESCRIPTORS: [u64; 5] = [0, 12, 16, 20, 24];

/// Where the record that ends the directory begins in these last bytes of a file, if they end with one.
pub(super) fn end_record(tail: &[u8]) -> Option<usize> {
    let last = tail.len().checked_sub(END_LENGTH)?;
    memchr::memmem::rfind_iter(&tail[..last + END.len()], END).find(|&at| {
        let comment = u16::from_le_bytes([tail[at + 20], tail[at + 21]]);
        at + END_LENGTH + usize::from(comment) == tail.len()
    })
}

/// The first byte of the directory, which must end where its end begins. The bytes are the last of a file of this length.
pub(super) fn directory_start(tail: &[u8], length: u64) -> Result<u64, Flaw> {
    let record = end_record(tail).ok_or_else(cut)?;
    let number = |at: usize, bytes: usize| -> Option<u64> {
        let mut number = [0; 8];
        number[..bytes].copy_from_slice(tail.get(at..at + bytes)?);
        Some(u64::from_le_bytes(number))
    };
    let base = length - tail.len() as u64;
    let mut end = base + record as u64;
    let mut size = number(record + 12, 4).ok_or_else(cut)?;
    let mut start = number(record + 16, 4).ok_or_else(cut)?;
    let locator = record.checked_sub(20).filter(|&at| tail[at..].starts_with(LOCATOR));
    if let Some(locator) = locator {
        let at = number(locator + 8, 8).and_then(|at| usize::try_from(at.checked_sub(base)?).ok());
        let at = at
            .filter(|&at| tail.get(at..).is_some_and(|record| record.starts_with(END_64)))
            .ok_or_else(cut)?;
        let rest = number(at + 4, 8).ok_or_else(cut)?;
        if (base + at as u64).checked_add(rest).and_then(|sum| sum.checked_add(12))
            != end.checked_sub(LOCATOR_LENGTH)
        {
            return Err(between());
        }
        end = base + at as u64;
        size = number(at + 40, 8).ok_or_else(cut)?;
        start = number(at + 48, 8).ok_or_else(cut)?;
    }
    if start.checked_add(size) == Some(end) { Ok(start) } else { Err(between()) }
}

/// Whether parts, each from its head to the last of its bytes, fill the file up to the directory.
pub(super) fn fill(mut parts: Vec<(u64, u64)>, directory: u64) -> Result<(), Flaw> {
    parts.sort_unstable();
    let nexts = parts.iter().skip(1).map(|part| part.0).chain([directory]);
    let filled = parts
        .iter()
        .zip(nexts)
        .all(|(part, next)| next.checked_sub(part.1).is_some_and(|gap| DESCRIPTORS.contains(&gap)));
    if filled && parts.first().is_none_or(|first| first.0 == 0) { Ok(()) } else { Err(between()) }
}

pub(super) fn cut() -> Flaw {
    Flaw::truncated("the workbook ends before its directory does")
}

fn between() -> Flaw {
    Flaw::truncated("something stands between the parts of the workbook, or some of them are missing")
}
