//! The proof of the scanners: random exports with every legal cell are accepted, random damages of them are not. What the
//! single rules are is tested beside the code.
//!
//! A failure names its seed; `METABASE_SCAN_SEED=<seed>` runs it again, `METABASE_SCAN_DAMAGES=<number>` runs longer.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod csv_exports;
mod damage;
mod gzip_streams;
mod json_exports;
mod tables;
mod xlsx_exports;

use std::io::Cursor;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use roundsman_metabase::scan::{Flaw, Inflate, Scanned, Scanner, xlsx};

/// Runs a test for one export after the other until so many damages were refused.
fn until_refused(name: &str, mut one: impl FnMut(&mut StdRng) -> usize) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let wanted = number("METABASE_SCAN_DAMAGES").unwrap_or(100_000);
    let first = number("METABASE_SCAN_SEED").unwrap_or(0x5EED);
    let mut refused = 0;
    for seed in first.. {
        let watch = Watch { name, seed };
        refused += one(&mut StdRng::seed_from_u64(seed)) as u64;
        drop(watch);
        if refused >= wanted {
            return;
        }
    }
}

/// Tells the seed of what panics.
struct Watch<'a> {
    name: &'a str,
    seed: u64,
}

impl Drop for Watch<'_> {
    #[expect(clippy::print_stderr, reason = "a failed test tells how it is seen again")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: METABASE_SCAN_SEED={} shows it again", self.name, self.seed);
        }
    }
}

/// Cuts bytes into pieces: one, pieces of one byte, or pieces of any length.
fn pieces<'a>(bytes: &'a [u8], rng: &mut StdRng) -> Vec<&'a [u8]> {
    let longest = match rng.random_range(0..6) {
        0 if bytes.len() < 2_000 => 1,
        0..3 => bytes.len().max(1),
        3 => 7,
        _ => 300,
    };
    let mut rest = bytes;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let length = if longest == bytes.len() { longest } else { rng.random_range(1..=longest) };
        let (piece, behind) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// What a scanner says of bytes that come in pieces.
fn scan(mut scanner: impl Scanner, bytes: &[u8], rng: &mut StdRng) -> Result<Scanned, Flaw> {
    for piece in pieces(bytes, rng) {
        scanner.feed(piece)?;
    }
    scanner.finish()
}

/// The same of packed bytes.
fn scan_packed(mut scanner: impl Scanner, bytes: &[u8], rng: &mut StdRng) -> Result<Scanned, Flaw> {
    let mut inflate = Inflate::default();
    for piece in pieces(bytes, rng) {
        inflate.feed(piece, |unpacked| scanner.feed(unpacked))?;
    }
    inflate.finish()?;
    scanner.finish()
}

/// What is said of a workbook: while it passes, then of the file.
fn scan_workbook(bytes: &[u8], rng: &mut StdRng) -> Result<Scanned, Flaw> {
    scan(xlsx::XlsxScanner::default(), bytes, rng)?;
    xlsx::examine(&mut Cursor::new(bytes)).map_err(|error| match error {
        xlsx::ExamineError::Flaw(flaw) => flaw,
        xlsx::ExamineError::Io(error) => panic!("memory cannot fail to be read: {error}"),
    })
}
