//! A workbook as the server makes it: one sheet, texts in the cells themselves, sizes behind each part because it is written
//! as a stream. It is whole before its first byte is sent.

use std::io::{Cursor, Write};

use chrono::{NaiveDate, NaiveDateTime};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::super::{Cell, Rows};

/// The most rows of a sheet besides its head.
const MOST_ROWS: u64 = 1_048_575;
/// The most characters of a cell.
const MOST_CHARACTERS: usize = 32_767;

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default ContentType="application/vnd.openxmlformats-package.relationships+xml" Extension="rels"/><Default ContentType="application/xml" Extension="xml"/><Override ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml" PartName="/xl/styles.xml"/><Override ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml" PartName="/xl/workbook.xml"/><Override ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml" PartName="/xl/worksheets/sheet1.xml"/></Types>"#;
const RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="no"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Target="xl/workbook.xml" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>"#;
const WORKBOOK: &str = r#"<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Query result" r:id="rId2" sheetId="1"/></sheets></workbook>"#;
const SHEETS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="no"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Target="styles.xml" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles"/><Relationship Id="rId2" Target="worksheets/sheet1.xml" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/></Relationships>"#;
const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8"?><styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="2"><numFmt numFmtId="165" formatCode="mmmm d, yyyy"/><numFmt numFmtId="166" formatCode="mmmm d, yyyy, h:mm am/pm"/></numFmts><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf numFmtId="0"/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0" xfId="0"/><xf numFmtId="165" xfId="0" applyNumberFormat="1"/><xf numFmtId="166" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>"#;

/// The workbook of these rows.
pub(in crate::metabase) fn workbook(rows: &Rows, formatted: bool) -> Vec<u8> {
    let mut zip = ZipWriter::new_stream(Vec::new());
    let parts = [
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", RELATIONS),
        ("xl/workbook.xml", WORKBOOK),
        ("xl/_rels/workbook.xml.rels", SHEETS),
        ("xl/styles.xml", STYLES),
    ];
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, text) in parts {
        zip.start_file(name, options).expect("memory takes everything");
        zip.write_all(text.as_bytes()).expect("memory takes everything");
    }
    zip.start_file("xl/worksheets/sheet1.xml", options).expect("memory takes everything");
    sheet(rows, formatted, &mut zip);
    zip.finish().expect("memory takes everything").into_inner()
}

fn sheet(rows: &Rows, formatted: bool, to: &mut impl Write) {
    let mut out = Cursor::new(Vec::new());
    let mut write = |text: String, last: bool| {
        out.write_all(text.as_bytes()).expect("memory takes everything");
        if last || out.get_ref().len() > 64 * 1_024 {
            to.write_all(out.get_ref()).expect("memory takes everything");
            out = Cursor::new(Vec::new());
        }
    };
    write(
        r#"<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#
            .into(),
        false,
    );
    let titles: Vec<Cell> = rows.columns().iter().map(|column| Cell::Text(column.title.clone())).collect();
    write(row(1, &titles, formatted), false);
    for at in 0..rows.count().min(MOST_ROWS) {
        write(row(at + 2, &rows.row(at), formatted), false);
    }
    write("</sheetData></worksheet>".into(), true);
}

fn row(number: u64, cells: &[Cell], formatted: bool) -> String {
    use std::fmt::Write as _;
    let mut out = format!(r#"<row r="{number}">"#);
    for (at, cell) in cells.iter().enumerate() {
        let place = format!("{}{number}", column(at));
        let written = match cell {
            Cell::Null => Ok(()),
            Cell::Integer(value) => write!(out, r#"<c r="{place}" t="n"><v>{value}</v></c>"#),
            Cell::Float(value) if formatted => write!(out, r#"<c r="{place}" t="n"><v>{value:.2}</v></c>"#),
            Cell::Float(value) => write!(out, r#"<c r="{place}" t="n"><v>{value:?}</v></c>"#),
            Cell::Boolean(truth) => {
                write!(out, r#"<c r="{place}" t="b"><v>{}</v></c>"#, i32::from(*truth))
            }
            Cell::Date(day) => {
                let serial = serial(day.and_time(chrono::NaiveTime::MIN));
                write!(out, r#"<c r="{place}" s="1" t="n"><v>{serial:?}</v></c>"#)
            }
            Cell::DateTime(instant) => {
                let serial = serial(instant.naive_utc());
                write!(out, r#"<c r="{place}" s="2" t="n"><v>{serial:?}</v></c>"#)
            }
            Cell::Text(text) => {
                let text = escaped(text);
                write!(out, r#"<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>"#)
            }
        };
        written.expect("memory takes everything");
    }
    out.push_str("</row>");
    out
}

/// `A`, `B`, … `Z`, `AA`, …
fn column(mut at: usize) -> String {
    let mut name = String::new();
    loop {
        name.insert(0, char::from(b'A' + (at % 26) as u8));
        if at < 26 {
            return name;
        }
        at = at / 26 - 1;
    }
}

/// Days since the last day of 1899, as spreadsheets count.
fn serial(at: NaiveDateTime) -> f64 {
    let first = NaiveDate::from_ymd_opt(1899, 12, 30).expect("a day of the calendar");
    (at - first.and_time(chrono::NaiveTime::MIN)).num_seconds() as f64 / 86_400.0
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars().take(MOST_CHARACTERS) {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\n' | '\t' => out.push(character),
            other if other.is_control() => out.push('?'),
            other => out.push(other),
        }
    }
    out
}
