//! The rules of workbooks one by one. Random workbooks and damages are in `tests/scan`.

use std::io::{Cursor, Write as _};

use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;

const TYPES: (&str, &str) = ("[Content_Types].xml", "<Types/>");
const BOOK: (&str, &str) = (
    "xl/workbook.xml",
    r#"<workbook><sheets><sheet name="a" r:id="rId7"/><sheet name="b" r:id="rId8"/></sheets></workbook>"#,
);
const RELATIONS: (&str, &str) = (
    "xl/_rels/workbook.xml.rels",
    r#"<Relationships><Relationship Id="rId8" Target="worksheets/b.xml"/><Relationship Id="rId7" Target="/xl/worksheets/a.xml"/></Relationships>"#,
);

fn package(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn examined(bytes: &[u8]) -> Result<Scanned, Flaw> {
    let mut scanner = XlsxScanner::default();
    scanner.feed(bytes)?;
    assert_eq!(scanner.finish()?.rows, None, "only the file tells");
    examine(&mut Cursor::new(bytes)).map_err(|error| match error {
        ExamineError::Flaw(flaw) => flaw,
        ExamineError::Io(error) => panic!("{error}"),
    })
}

fn with_sheet(sheet: &str) -> Result<Scanned, Flaw> {
    examined(&package(&[TYPES, BOOK, RELATIONS, ("xl/worksheets/a.xml", sheet)]))
}

#[test]
fn the_first_sheet_is_found_and_counted() {
    let sheet = r#"<x:worksheet><x:sheetData><x:row><x:c t="inlineStr"><x:is><x:t>a &amp; &#252;</x:t></x:is></x:c><x:c/>
        <x:c><x:v>3</x:v></x:c></x:row><x:row/><x:row><x:c><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>"#;
    let scanned = with_sheet(sheet).unwrap();
    assert_eq!(scanned.rows, Some(2));
    assert_eq!(scanned.columns, Some(vec!["a & ü".to_owned(), String::new(), "3".to_owned()]));
    assert_eq!(with_sheet("<worksheet><sheetData/></worksheet>").unwrap().rows, Some(0));
}

#[test]
fn shared_texts_are_looked_up() {
    let shared =
        "<sst><si><t>first</t></si><si><r><t>se</t></r><r><t>cond</t></r><rPh><t>x</t></rPh></si><si/></sst>";
    let sheet = r#"<worksheet><sheetData><row><c t="s"><v>1</v></c><c t="s"><v>0</v></c><c t="s"><v>2</v></c></row></sheetData></worksheet>"#;
    let parts = [TYPES, BOOK, RELATIONS, ("xl/worksheets/a.xml", sheet), ("xl/sharedStrings.xml", shared)];
    let columns = examined(&package(&parts)).unwrap().columns.unwrap();
    assert_eq!(columns, ["second", "first", ""]);
    assert!(examined(&package(&parts[..4])).is_err(), "a part is missing");
}

#[test]
fn what_is_missing_or_broken_is_a_flaw() {
    let sheet = ("xl/worksheets/a.xml", "<worksheet><sheetData><row/></sheetData></worksheet>");
    for parts in [
        &[BOOK, RELATIONS, sheet][..],
        &[TYPES, RELATIONS, sheet],
        &[TYPES, BOOK, sheet],
        &[TYPES, BOOK, RELATIONS],
        &[TYPES, ("xl/workbook.xml", "<workbook/>"), RELATIONS, sheet],
    ] {
        assert!(examined(&package(parts)).is_err(), "{parts:?}");
    }
    for sheet in
        ["", "<worksheet>", "<worksheet><sheetData></worksheet>", "<other/>", "text", "<worksheet/><"]
    {
        assert!(with_sheet(sheet).is_err(), "{sheet}");
    }
}

#[test]
fn a_tag_without_end_takes_no_memory_without_end() {
    let verdict = with_sheet(&format!("<worksheet><c a=\"{}\"/></worksheet>", "x".repeat(20 << 20)));
    let Err(Flaw::Truncated(what)) = verdict else { panic!("{verdict:?}") };
    assert!(what.contains("longer than any cell"), "{what}");
}

#[test]
fn other_answers_are_told_apart() {
    let scan = |bytes: &[u8]| {
        let mut scanner = XlsxScanner::default();
        bytes.chunks(1).try_for_each(|piece| scanner.feed(piece)).and_then(|()| scanner.finish())
    };
    assert!(matches!(scan(b""), Err(Flaw::Truncated(_))));
    assert!(matches!(scan(b"PK"), Err(Flaw::Truncated(_))));
    assert!(matches!(scan(b"<html></html>"), Err(Flaw::NotThisFormat(_))));
    let Err(Flaw::ErrorDocument(error)) = scan(br#"{"error":"no memory"}"#) else { panic!() };
    assert_eq!(error.message, "no memory");
}

#[test]
fn nothing_has_room_between_parts() {
    let whole = package(&[TYPES, BOOK, RELATIONS, ("xl/worksheets/a.xml", "<worksheet/>")]);
    assert!(examined(&whole).is_ok());
    let directory = memchr::memmem::find(&whole, b"PK\x01\x02").unwrap();
    let second = memchr::memmem::find_iter(&whole, MAGIC).nth(1).unwrap();
    for at in [second, directory, whole.len()] {
        for stuff in [&b"x"[..], b"{\"_status\":500}", &[0; 100]] {
            let stuffed = [&whole[..at], stuff, &whole[at..]].concat();
            assert!(examined(&stuffed).is_err(), "{} bytes at {at}", stuff.len());
        }
    }
}

#[test]
fn a_disk_that_fails_is_not_the_fault_of_the_file() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("bad sector"))
        }
    }
    impl Seek for Broken {
        fn seek(&mut self, _: io::SeekFrom) -> io::Result<u64> {
            Ok(1_000)
        }
    }
    assert!(matches!(examine(&mut Broken), Err(ExamineError::Io(_))));
}
