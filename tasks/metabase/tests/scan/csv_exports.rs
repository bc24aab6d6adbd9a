//! CSV: accepted whole, refused damaged. Cuts behind whole records belong to the packed streams.

use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};
use roundsman_metabase::scan::CsvScanner;

use crate::{
    damage::{Damage, document},
    pieces, scan,
    tables::{Table, sized, small},
    until_refused,
};

/// A table as the server writes it, and the lengths at which it is whole records.
pub(crate) fn written(table: &Table, rng: &mut StdRng) -> (Vec<u8>, Vec<usize>) {
    let style = *[Style::Server, Style::Crate, Style::Everything, Style::Less].choose(rng).unwrap();
    // A proxy's doing.
    let line_end = if rng.random_ratio(1, 6) { "\r\n" } else { "\n" };
    let mut bytes = if rng.random_ratio(1, 8) { b"\xEF\xBB\xBF".to_vec() } else { Vec::new() };
    let mut ends = Vec::new();
    for record in std::iter::once(&table.titles).chain(&table.rows) {
        if style == Style::Crate {
            let mut writer = csv::WriterBuilder::new();
            if line_end == "\r\n" {
                writer.terminator(csv::Terminator::CRLF);
            }
            let mut writer = writer.from_writer(&mut bytes);
            writer.write_record(record).unwrap();
            writer.flush().unwrap();
        } else {
            // In a header a bare line end of a Macintosh cannot be told from one of Windows.
            let style = if ends.is_empty() && style == Style::Less { Style::Server } else { style };
            let cells: Vec<_> = record.iter().map(|cell| style.written(cell)).collect();
            bytes.extend(cells.join(",").into_bytes());
            bytes.extend(line_end.as_bytes());
        }
        ends.push(bytes.len());
    }
    (bytes, ends)
}

/// Which cells stand in quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Those that need it. An only cell that is empty makes an empty line.
    Server,
    /// The same, save that one.
    Crate,
    /// All.
    Everything,
    /// Those that cannot do without: not those with a bare `\r`.
    Less,
}

impl Style {
    fn written(self, cell: &str) -> String {
        let needs: &[char] = if self == Self::Less { &[',', '"', '\n'] } else { &[',', '"', '\n', '\r'] };
        if self == Self::Everything || cell.contains(needs) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.to_owned()
        }
    }
}

fn accepted(table: &Table, bytes: &[u8], rng: &mut StdRng) {
    let scanned = scan(CsvScanner::default(), bytes, rng);
    let scanned = scanned.unwrap_or_else(|flaw| panic!("{flaw}: {}", String::from_utf8_lossy(bytes)));
    // A mark at the front that is part of the title cannot be told from a mark.
    let mut titles = table.titles.clone();
    if scanned.bom && !bytes.starts_with(b"\xEF\xBB\xBF\xEF\xBB\xBF") {
        let first = titles[0].trim_start_matches('\u{feff}').to_owned();
        titles[0] = first;
    }
    let columns = scanned.columns.unwrap();
    assert_eq!(columns[1..], titles[1..]);
    assert_eq!(columns[0].trim_start_matches('\u{feff}'), titles[0].trim_start_matches('\u{feff}'));
    assert_eq!((scanned.rows, scanned.uneven), (Some(table.rows.len() as u64), 0));
    assert_eq!(scanned.bytes, bytes.len() as u64);
    assert!(scanned.weak, "no CSV proves its end");
}

/// Damages an export so many times; how many were refused.
fn damaged(bytes: &[u8], ends: &[usize], times: usize, rng: &mut StdRng) -> usize {
    let document = document(rng);
    let mut refused = 0;
    for _ in 0..times {
        let damage = Damage::any(bytes.len(), document.len(), rng);
        if let Damage::Cut(at) = damage
            && ends.contains(&at)
        {
            let scanned = scan(CsvScanner::default(), &bytes[..at], rng).unwrap();
            assert!(scanned.weak, "what only gzip can tell must be marked");
            continue;
        }
        // All of it twice is one legal CSV, and so is one with empty lines at its end: nothing in the bytes can tell.
        if matches!(damage, Damage::Twice | Damage::Garbage(b'\n', _)) {
            continue;
        }
        let damaged = damage.of(bytes, &document);
        damage.must_be_refused(scan(CsvScanner::default(), &damaged, rng), &damaged);
        refused += 1;
    }
    refused
}

#[test]
fn no_damage_of_csv_is_accepted_and_no_export_is_refused() {
    until_refused("csv", |rng| {
        let table = small(rng);
        let (bytes, ends) = written(&table, rng);
        for _ in 0..4 {
            accepted(&table, &bytes, rng);
        }
        damaged(&bytes, &ends, 50, rng)
    });
}

#[test]
fn long_exports_are_like_short_ones() {
    let mut left = 3;
    until_refused("long csv", |rng| {
        left -= 1;
        let mut table = sized(rng, 2_000);
        table.rows[17][0] = "a \"quoted\" line,\n".repeat(10_000);
        table.rows[1_800][0] = "x".repeat(200_000);
        let (bytes, ends) = written(&table, rng);
        accepted(&table, &bytes, rng);
        damaged(&bytes, &ends, 30, rng) + if left == 0 { usize::MAX / 2 } else { 0 }
    });
}

#[test]
fn pieces_are_the_bytes() {
    until_refused("pieces", |rng| {
        let bytes: Vec<u8> = (0..rng.random_range(0..1_000)).map(|_| rng.random()).collect();
        assert_eq!(pieces(&bytes, rng).concat(), bytes);
        1_000
    });
}
