//! Workbooks: accepted whole, refused damaged, also where a byte changed.

use std::io::{Cursor, Read as _, Seek, Write};

use rand::{Rng as _, rngs::StdRng, seq::SliceRandom as _};
use rust_xlsxwriter::Workbook;
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::{
    damage::{Damage, document},
    scan_workbook,
    tables::{Table, sized, small},
    until_refused,
};

/// A table as a workbook: with its texts in the sheet, as the server does, or apart from it.
fn written(table: &Table, rng: &mut StdRng) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = if rng.random() {
        workbook.add_worksheet_with_constant_memory().unwrap()
    } else {
        workbook.add_worksheet()
    };
    for (row, cells) in std::iter::once(&table.titles).chain(&table.rows).enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let (row, column) = (u32::try_from(row).unwrap(), u16::try_from(column).unwrap());
            match cell.parse::<f64>() {
                Ok(number) if row > 0 => sheet.write_number(row, column, number).unwrap(),
                _ => sheet.write_string(row, column, cell).unwrap(),
            };
        }
    }
    for other in 0..rng.random_range(0..3) {
        // Only the first sheet is the export.
        workbook.add_worksheet().write_string(other, 3, "another").unwrap();
    }
    let bytes = workbook.save_to_buffer().unwrap();
    if rng.random() { repacked(&bytes, rng) } else { bytes }
}

/// The same parts in another order and another way: as a stream, with their lengths behind them, as the server does; not
/// packed; with lengths for parts of any size.
fn repacked(bytes: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let mut parts: Vec<_> = names(bytes).into_iter().zip(parts(bytes)).collect();
    parts.shuffle(rng);
    if rng.random() {
        let mut zip = ZipWriter::new_stream(Vec::new());
        write_parts(&mut zip, &parts, rng);
        zip.finish().unwrap().into_inner()
    } else {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        write_parts(&mut zip, &parts, rng);
        zip.finish().unwrap().into_inner()
    }
}

fn write_parts<W: Write + Seek>(zip: &mut ZipWriter<W>, parts: &[(String, Vec<u8>)], rng: &mut StdRng) {
    for (name, content) in parts {
        let method =
            if rng.random_ratio(1, 4) { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let options = SimpleFileOptions::default().compression_method(method).large_file(rng.random());
        zip.start_file(name, options).unwrap();
        zip.write_all(content).unwrap();
    }
}

/// A table in which every row has a cell, so that it is written, and titles that XML leaves as they are.
fn visible(mut table: Table) -> Table {
    for row in &mut table.rows {
        row[0].push('.');
    }
    for title in &mut table.titles {
        *title =
            format!("t{}", title.replace(['\0', '\r', '\u{1}', '\u{3}', '\u{4}'], "").replace("_x", "_"));
    }
    table
}

fn accepted(table: &Table, bytes: &[u8], rng: &mut StdRng) {
    let scanned = scan_workbook(bytes, rng).unwrap_or_else(|flaw| panic!("{flaw}: {table:?}"));
    assert_eq!(scanned.rows, Some(table.rows.len() as u64), "{table:?}");
    assert_eq!(scanned.columns, Some(table.titles.clone()));
    assert_eq!(scanned.bytes, bytes.len() as u64);
}

fn damaged(bytes: &[u8], times: usize, rng: &mut StdRng) -> usize {
    let document = document(rng);
    for _ in 0..times {
        let damage = Damage::any(bytes.len(), document.len(), rng);
        let damaged = damage.of(bytes, &document);
        damage.must_be_refused(scan_workbook(&damaged, rng), &damaged);
    }
    times
}

/// Changes single bytes; how many changes were refused. Others may change nothing that a workbook says.
fn changed(bytes: &[u8], times: usize, rng: &mut StdRng) -> usize {
    let whole = parts(bytes);
    let mut refused = 0;
    for _ in 0..times {
        let mut changed = bytes.to_vec();
        let at = rng.random_range(0..bytes.len());
        changed[at] ^= rng.random_range(1..=255_u8);
        match scan_workbook(&changed, rng) {
            Ok(_) => assert_eq!(parts(&changed), whole, "byte {at} changed what the workbook says"),
            Err(_) => refused += 1,
        }
    }
    refused
}

/// The names of the parts of a package.
fn names(bytes: &[u8]) -> Vec<String> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..zip.len()).map(|index| zip.by_index(index).unwrap().name().unwrap().into_owned()).collect()
}

/// What the parts of a package hold, in the order of the directory; their names are in the directory only.
fn parts(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let read = |index| {
        let mut content = Vec::new();
        zip.by_index(index).unwrap().read_to_end(&mut content).unwrap();
        content
    };
    (0..ZipArchive::new(Cursor::new(bytes)).unwrap().len()).map(read).collect()
}

#[test]
fn no_damage_of_workbooks_is_accepted_and_no_export_is_refused() {
    until_refused("xlsx", |rng| {
        let table = visible(small(rng));
        let bytes = written(&table, rng);
        accepted(&table, &bytes, rng);
        damaged(&bytes, 500, rng) + changed(&bytes, 20, rng)
    });
}

#[test]
fn long_workbooks_are_like_short_ones() {
    let mut left = 2;
    until_refused("long xlsx", |rng| {
        left -= 1;
        let mut table = sized(rng, 500);
        table.rows[17][0] = "\u{1F980}\"]},{\"".repeat(2_000);
        let table = visible(table);
        let bytes = written(&table, rng);
        accepted(&table, &bytes, rng);
        damaged(&bytes, 50, rng) + if left == 0 { usize::MAX / 2 } else { 0 }
    });
}
