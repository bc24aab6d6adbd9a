//! Rows as CSV or as JSON, one after the other, as the server flushes them. Workbooks are made elsewhere.

use super::{
    super::{Cell, Column, stream::Format},
    cells::{json_cell, text},
};

/// Writes the rows of one export.
pub(in crate::metabase) struct RowWriter {
    json: bool,
    titles: Vec<String>,
    formatted: bool,
    bom: bool,
}

impl RowWriter {
    pub(in crate::metabase) fn new(format: Format, columns: &[Column], formatted: bool, bom: bool) -> Self {
        let titles = columns.iter().map(|column| column.title.clone()).collect();
        Self { json: format == Format::Json, titles, formatted, bom }
    }

    /// What stands before all rows.
    pub(in crate::metabase) fn head(&self, out: &mut Vec<u8>) {
        if self.json {
            out.extend(b"[\n");
            return;
        }
        if self.bom {
            out.extend("\u{feff}".as_bytes());
        }
        line(self.titles.iter().map(String::as_str), out);
    }

    /// The row of this number, the first one being 0.
    pub(in crate::metabase) fn row(&self, at: u64, cells: &[Cell], out: &mut Vec<u8>) {
        if !self.json {
            let texts: Vec<String> = cells.iter().map(|cell| text(cell, self.formatted)).collect();
            line(texts.iter().map(String::as_str), out);
            return;
        }
        if at > 0 {
            out.extend(b",\n");
        }
        // A map, as there: of columns with equal titles the last one stays.
        let mut object: Vec<(&str, &Cell)> = Vec::with_capacity(cells.len());
        for (title, cell) in self.titles.iter().zip(cells) {
            match object.iter_mut().find(|(own, _)| own == title) {
                Some(field) => field.1 = cell,
                None => object.push((title, cell)),
            }
        }
        for (at, (title, cell)) in object.into_iter().enumerate() {
            out.push(if at == 0 { b'{' } else { b',' });
            out.extend(serde_json::Value::from(title).to_string().bytes());
            out.push(b':');
            out.extend(json_cell(cell, self.formatted).to_string().bytes());
        }
        out.push(b'}');
    }

    /// What stands behind all rows.
    pub(in crate::metabase) fn tail(&self, out: &mut Vec<u8>) {
        if self.json {
            out.extend(b"\n]");
        }
    }
}

fn line<'a>(fields: impl Iterator<Item = &'a str>, out: &mut Vec<u8>) {
    for (at, field) in fields.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        if field.contains(['"', ',', '\n', '\r']) {
            out.push(b'"');
            out.extend(field.replace('"', "\"\"").bytes());
            out.push(b'"');
        } else {
            out.extend(field.bytes());
        }
    }
    out.push(b'\n');
}
