//! Workbooks made here, read again as packages.

use std::{
    fs::{self, File},
    io::{Cursor, Read as _},
};

use roundsman_metabase::{
    local::{
        ColumnType, LocalError, Sheet, Workbook, workbook,
        workbook::{Limit, fits, sheet_name},
    },
    scan::{CsvScanner, Scanner as _, xlsx},
};
use zip::ZipArchive;

use crate::{Folder, target};

fn made(folder: &Folder, types: &[ColumnType]) -> Result<Workbook, LocalError> {
    let mut scanner = CsvScanner::default();
    let scanned = scanner.feed(&fs::read(folder.export()).unwrap()).and_then(|()| scanner.finish());
    let rows = scanned.map_or(0, |scanned| scanned.rows.unwrap());
    of_rows(folder, types, rows)
}

fn of_rows(folder: &Folder, types: &[ColumnType], rows: u64) -> Result<Workbook, LocalError> {
    let sheet = Sheet { name: "Orders: 2026/11".to_owned(), types: types.to_vec(), rows };
    workbook(&folder.export(), target(&folder.part(), &folder.made()), &sheet, &|| Ok(()))
}

fn part(bytes: &[u8], name: &str) -> String {
    let mut text = String::new();
    ZipArchive::new(Cursor::new(bytes)).unwrap().by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn cells_have_the_types_of_their_columns() {
    use ColumnType::{Boolean, Date, DateTime, Decimal, Integer, Text, Time};
    let export = "\u{feff}id,big,total,ok,day,at,hour,\"te\"\"xt\"\n\
        7,12345678901234567,12.50,true,2026-11-20,2026-11-20T12:00:00Z,18:00:00,=1+1\n\
        ,,,,,,,\n\
        x,1,2,3,1850-01-01,,,\" <&> \n_x0041_\"\n";
    let folder = Folder::with(export.as_bytes());
    let made = made(&folder, &[Integer, Integer, Decimal, Boolean, Date, DateTime, Time, Text]).unwrap();
    assert_eq!((made.rows, made.kept_as_text, made.first_kept), (3, 4, Some((1, 2))));
    let bytes = folder.bytes(&made.finished);
    let sheet = part(&bytes, "xl/worksheets/sheet1.xml");
    for cell in [
        "<v>7</v>",
        "<t>12345678901234567</t>",
        "<v>12.5</v>",
        "t=\"b\"><v>1</v>",
        "<v>46346</v>",
        "<v>46346.5</v>",
        "<v>0.75</v>",
        "<t>=1+1</t>",
        "<t>1850-01-01</t>",
        "<t xml:space=\"preserve\"> &lt;&amp;&gt; \n_x005F_x0041_</t>",
    ] {
        assert!(sheet.contains(cell), "{cell} is not in {sheet}");
    }
    assert!(!sheet.contains("<f>"), "nothing is a formula");
    assert!(part(&bytes, "xl/workbook.xml").contains("name=\"Orders_ 2026_11\""));
    let scanned = xlsx::examine(&mut File::open(folder.made()).unwrap()).unwrap();
    assert_eq!(scanned.rows, Some(3), "rows without cells are rows");
    assert_eq!(scanned.columns.unwrap(), ["id", "big", "total", "ok", "day", "at", "hour", "te\"xt"]);
}

#[test]
fn the_same_export_is_the_same_workbook() {
    let export = "a,b\n".to_owned() + &"1,text\n".repeat(5_000);
    let (one, two) = (Folder::with(export.as_bytes()), Folder::with(export.as_bytes()));
    let first = made(&one, &[ColumnType::Integer]).unwrap();
    assert_eq!(first, made(&two, &[ColumnType::Integer]).unwrap());
    assert_eq!(first.rows, 5_000);
    assert_eq!(fs::read_dir(one.export().parent().unwrap()).unwrap().count(), 2, "nothing is left behind");
}

#[test]
fn what_a_workbook_cannot_hold_is_said_and_not_cut() {
    let fitting = format!("a\n{}\n", "🦀".repeat(16_383));
    assert!(made(&Folder::with(fitting.as_bytes()), &[]).is_ok());
    let wide = format!("{}\n", "x,".repeat(16_384));
    for (export, limit) in [
        (format!("a,b\n1,{}\n", "🦀".repeat(16_384)).into_bytes(), Limit::Cell { row: 1, column: 2 }),
        (format!("a\n{}\n", "x".repeat(32_768)).into_bytes(), Limit::Cell { row: 1, column: 1 }),
        (format!("a\n\"{}\"\n", "x".repeat(5 << 20)).into_bytes(), Limit::Cell { row: 1, column: 1 }),
        (wide.into_bytes(), Limit::Columns),
        (b"a\n1\n\xFF\n".to_vec(), Limit::Encoding { row: 2, column: 1 }),
    ] {
        let folder = Folder::with(&export);
        let refused = made(&folder, &[]);
        assert!(matches!(&refused, Err(LocalError::Limit(found)) if *found == limit), "{limit}: {refused:?}");
        assert!(!folder.part().exists() && !folder.made().exists());
    }
    assert_eq!(fits(1_048_575, 16_384), Ok(()));
    assert_eq!(fits(1_048_576, 1), Err(Limit::Rows));
    assert_eq!(fits(1, 16_385), Err(Limit::Columns));
}

#[test]
fn a_row_too_many_is_refused() {
    let folder = Folder::with(("a\n".to_owned() + &"\n".repeat(1_048_576)).as_bytes());
    let refused = made(&folder, &[]);
    assert!(matches!(refused, Err(LocalError::Limit(Limit::Rows))), "{refused:?}");
    assert!(!folder.made().exists());
}

/// Rows that are not those of the export are not published, whatever the reason.
#[test]
fn rows_written_are_rows_proved() {
    for rows in [1, 3] {
        let folder = Folder::with(b"a\n1\n2\n");
        fs::write(folder.made(), "old").unwrap();
        let refused = of_rows(&folder, &[], rows).unwrap_err();
        assert!(
            matches!(refused, LocalError::Rows { expected, written: 2 } if expected == rows),
            "{refused}"
        );
        assert_eq!(fs::read(folder.made()).unwrap(), b"old");
        assert!(!folder.part().exists());
    }
}

/// Spreadsheets round to the next second where they show no part of one.
#[test]
fn parts_of_seconds_are_shown() {
    let export = "at,hour\n2026-11-20T12:00:00.75Z,06:00:00.5\n2026-11-20T12:00:00Z,06:00:00\n2026-11-20T12:00:00.000000001Z,\n";
    let folder = Folder::with(export.as_bytes());
    let made = made(&folder, &[ColumnType::DateTime, ColumnType::Time]).unwrap();
    let bytes = folder.bytes(&made.finished);
    let styles = part(&bytes, "xl/styles.xml");
    assert!(styles.contains("hh:mm:ss.000\"") && styles.contains("yyyy-mm-dd hh:mm:ss.000\""), "{styles}");
    let sheet = part(&bytes, "xl/worksheets/sheet1.xml");
    let style_of = |cell: &str| sheet.split(&format!("r=\"{cell}\" s=\"")).nth(1).unwrap()[..1].to_owned();
    assert_ne!(style_of("A2"), style_of("A3"));
    assert_ne!(style_of("B2"), style_of("B3"));
    assert!(
        sheet.contains("<t>2026-11-20T12:00:00.000000001Z</t>"),
        "less than a microsecond stays text: {sheet}"
    );
    assert_eq!(made.kept_as_text, 1);
}

#[test]
fn names_of_sheets_are_allowed_ones() {
    for (name, allowed) in [
        ("Orders", "Orders"),
        ("", "Sheet1"),
        ("  ''  ", "Sheet1"),
        ("a[b]:c*d?e/f\\g", "a_b__c_d_e_f_g"),
        ("History", "History_"),
        ("'quoted'", "quoted"),
        (&"ü".repeat(40), &"ü".repeat(31)),
        (&"🦀".repeat(40), &"🦀".repeat(15)),
        ("line\nbreak", "line_break"),
    ] {
        assert_eq!(sheet_name(name), allowed, "{name:?}");
    }
}
