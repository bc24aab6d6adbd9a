//! How rows look in files: CSV, JSON and workbooks as the server writes them; and how requests to run queries are read.
//! Where a body is broken is not decided here.

mod cells;
mod fields;
mod rows;
mod workbook;

use serde_json::Value;

pub(super) use self::{
    cells::json_cell,
    fields::{Encoding, encoding, fields, fields_of},
    rows::RowWriter,
    workbook::workbook,
};
use super::{Rows, stream::Format};

/// A whole file.
pub(super) fn whole(format: Format, rows: &Rows) -> Vec<u8> {
    if format == Format::Xlsx {
        return workbook(rows, false);
    }
    let writer = RowWriter::new(format, rows.columns(), false, false);
    let mut out = Vec::new();
    writer.head(&mut out);
    for at in 0..rows.count() {
        writer.row(at, &rows.row(at), &mut out);
    }
    writer.tail(&mut out);
    out
}

/// Columns as answers describe them.
pub(super) fn described(rows: &Rows) -> Value {
    let columns = rows.columns().iter().map(|column| {
        serde_json::json!({
            "name": column.name,
            "display_name": column.title,
            "base_type": column.stored.unwrap_or(column.kind).base_type(),
            "effective_type": column.kind.base_type(),
            "semantic_type": if column.name == "id" { Value::from("type/PK") } else { Value::Null },
            "field_ref": ["field", column.name, { "base-type": column.stored.unwrap_or(column.kind).base_type() }],
            "fingerprint": null,
        })
    });
    columns.collect()
}
