//! Workbooks made of a proved CSV and the types of its columns, in constant memory. A cell that its type cannot hold
//! without loss stays text; nothing is ever cut. The same CSV gives the same bytes.

mod value;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Worksheet, XlsxError};

use self::value::Value;
use super::{ColumnType, Finished, LocalError, Target, cells::Cells, pass, publish::Part};

/// The most rows of a sheet, with the header.
pub const ROWS: u32 = 1_048_576;
/// The most columns of a sheet.
pub const COLUMNS: u16 = 16_384;
/// The most characters of a cell, counted as UTF-16.
pub const CELL: usize = 32_767;

/// What a workbook is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The name of its sheet; what is not allowed in one is replaced.
    pub name: String,
    /// The types of columns; those behind the last are unknown.
    pub types: Vec<ColumnType>,
}

/// A workbook that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workbook {
    /// The file.
    pub finished: Finished,
    /// Its rows without the header.
    pub rows: u64,
    /// Cells that stayed text because their column's type could not hold them.
    pub kept_as_text: u64,
}

/// What a workbook cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// Too many rows.
    Rows,
    /// Too many columns.
    Columns,
    /// A cell that is too long: its row, counted from 1 without the header, and its column, counted from 1.
    Cell {
        /// The row; 0 for the header.
        row: u64,
        /// The column.
        column: usize,
    },
    /// A cell that is no UTF-8.
    Encoding {
        /// The row; 0 for the header.
        row: u64,
        /// The column.
        column: usize,
    },
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows => write!(f, "it has more than {} rows", ROWS - 1),
            Self::Columns => write!(f, "it has more than {COLUMNS} columns"),
            Self::Cell { row, column } => {
                write!(f, "the cell in row {row}, column {column} is longer than {CELL} characters")
            }
            Self::Encoding { row, column } => write!(f, "the cell in row {row}, column {column} is no UTF-8"),
        }
    }
}

/// Whether so many rows, without the header, and columns fit; to be asked before anything is written.
pub fn fits(rows: u64, columns: usize) -> Result<(), Limit> {
    if rows >= u64::from(ROWS) {
        return Err(Limit::Rows);
    }
    if columns > usize::from(COLUMNS) { Err(Limit::Columns) } else { Ok(()) }
}

/// Makes a workbook of a proved CSV.
pub fn workbook(from: &Path, target: Target<'_>, sheet: &Sheet) -> Result<Workbook, LocalError> {
    // The writer panics where its own temporary file cannot be written, say on a full disk.
    let made = catch_unwind(AssertUnwindSafe(|| make(from, target, sheet)));
    made.unwrap_or_else(|_| {
        let what = "its temporary file could not be written; is the disk full?".to_owned();
        Err(LocalError::Workbook { path: target.path.to_owned(), what })
    })
}

fn make(from: &Path, target: Target<'_>, sheet: &Sheet) -> Result<Workbook, LocalError> {
    let unwritten = |source| LocalError::Write { path: target.path.to_owned(), source };
    let failed = |failure| match failure {
        Failure::Limit(limit) => LocalError::Limit(limit),
        Failure::Writer(XlsxError::IoError(source)) => unwritten(source),
        Failure::Writer(error) => {
            LocalError::Workbook { path: target.path.to_owned(), what: error.to_string() }
        }
    };
    let writer = |error| failed(Failure::Writer(error));
    let mut part = Part::create(target).map_err(unwritten)?;
    let mut book = rust_xlsxwriter::Workbook::new();
    if let Some(folder) = target.part.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        book.set_tempdir(folder).map_err(writer)?;
    }
    let created = ExcelDateTime::from_ymd(2000, 1, 1).map_err(writer)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&created));
    let page = book.add_worksheet_with_constant_memory().map_err(writer)?;
    let page = page
        .set_name(sheet_name(&sheet.name))
        .and_then(|page| page.set_freeze_panes(1, 0))
        .map_err(writer)?;
    let mut rows = Rows::new(page, &sheet.types);
    pass(from, &mut rows, failed)?;
    let (count, kept_as_text) = (rows.row.saturating_sub(1), rows.kept_as_text);
    book.save_to_writer(&mut part).map_err(writer)?;
    let finished = part.publish().map_err(unwritten)?;
    Ok(Workbook { finished, rows: u64::from(count), kept_as_text })
}

/// A name that a sheet may have: up to 31 characters without some of them, not `History`, not empty.
pub fn sheet_name(name: &str) -> String {
    let allowed = |c: char| if "[]:*?/\\".contains(c) || c.is_control() { '_' } else { c };
    let mut room = 31;
    let fits = |c: &char| {
        room -= i32::try_from(c.len_utf16()).unwrap_or(2);
        room >= 0
    };
    let cut: String = name.trim().chars().map(allowed).take_while(fits).collect();
    let name = cut.trim_matches(|c: char| c == '\'' || c.is_whitespace());
    match name {
        "" => "Sheet1".to_owned(),
        name if name.eq_ignore_ascii_case("history") => format!("{name}_"),
        name => name.to_owned(),
    }
}

enum Failure {
    Limit(Limit),
    Writer(XlsxError),
}

impl From<XlsxError> for Failure {
    fn from(error: XlsxError) -> Self {
        Self::Writer(error)
    }
}

/// Puts cells into rows of a sheet.
struct Rows<'a> {
    page: &'a mut Worksheet,
    types: &'a [ColumnType],
    styles: Styles,
    cell: Vec<u8>,
    row: u32,
    column: usize,
    /// A cell of this row was written.
    visible: bool,
    kept_as_text: u64,
}

/// How cells of a type are shown.
struct Styles {
    header: Format,
    integer: Format,
    date: Format,
    datetime: Format,
    time: Format,
    text: Format,
}

impl<'a> Rows<'a> {
    fn new(page: &'a mut Worksheet, types: &'a [ColumnType]) -> Self {
        let styles = Styles {
            header: Format::new().set_bold(),
            integer: Format::new().set_num_format("0"),
            date: Format::new().set_num_format("yyyy-mm-dd"),
            datetime: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            time: Format::new().set_num_format("hh:mm:ss"),
            text: Format::new().set_num_format("@"),
        };
        Self { page, types, styles, cell: Vec::new(), row: 0, column: 0, visible: false, kept_as_text: 0 }
    }

    fn place(&self) -> (u64, usize) {
        (u64::from(self.row), self.column + 1)
    }

    fn write(&mut self, column: u16, text: &str) -> Result<(), Failure> {
        let (row, styles) = (self.row, &self.styles);
        if row == 0 {
            self.page.set_column_width(column, width(text, self.types.get(usize::from(column))))?;
            self.page.write_string_with_format(row, column, text, &styles.header)?;
            return Ok(());
        }
        let kind = self.types.get(usize::from(column)).copied().unwrap_or_default();
        match Value::of(text, kind) {
            Value::Text => {
                self.kept_as_text += u64::from(!matches!(kind, ColumnType::Text | ColumnType::Unknown));
                self.page.write_string(row, column, text)?
            }
            Value::Number(number) if kind == ColumnType::Integer => {
                self.page.write_number_with_format(row, column, number, &styles.integer)?
            }
            Value::Number(number) => self.page.write_number(row, column, number)?,
            Value::Boolean(value) => self.page.write_boolean(row, column, value)?,
            Value::Date(serial) => self.page.write_number_with_format(row, column, serial, &styles.date)?,
            Value::DateTime(serial) => {
                self.page.write_number_with_format(row, column, serial, &styles.datetime)?
            }
            Value::Time(serial) => self.page.write_number_with_format(row, column, serial, &styles.time)?,
        };
        Ok(())
    }
}

impl Cells for Rows<'_> {
    type Error = Failure;

    fn mark(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    fn begin_cell(&mut self, _quoted: bool) {
        self.cell.clear();
    }

    fn text(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        // No character takes more than three bytes for each of its units in UTF-16.
        if self.cell.len() + bytes.len() > 3 * CELL {
            let (row, column) = self.place();
            return Err(Failure::Limit(Limit::Cell { row, column }));
        }
        self.cell.extend_from_slice(bytes);
        Ok(())
    }

    fn end_cell(&mut self) -> Result<(), Failure> {
        let (row, place) = self.place();
        if self.row >= ROWS {
            return Err(Failure::Limit(Limit::Rows));
        }
        let column = u16::try_from(self.column).ok().filter(|column| *column < COLUMNS);
        let column = column.ok_or(Failure::Limit(Limit::Columns))?;
        if !self.cell.is_empty() {
            let cell = std::mem::take(&mut self.cell);
            let text = std::str::from_utf8(&cell)
                .map_err(|_| Failure::Limit(Limit::Encoding { row, column: place }))?;
            if cell.len() > CELL && text.encode_utf16().count() > CELL {
                return Err(Failure::Limit(Limit::Cell { row, column: place }));
            }
            self.write(column, text)?;
            self.cell = cell;
            self.visible = true;
        }
        self.column += 1;
        Ok(())
    }

    fn end_record(&mut self) -> Result<(), Failure> {
        if !self.visible {
            // A row without cells would not be there, and rows would not be as many as in the CSV.
            self.page.write_blank(self.row, 0, &self.styles.text)?;
        }
        self.row += 1;
        self.column = 0;
        self.visible = false;
        Ok(())
    }
}

/// A width in which the title and usual cells can be read.
fn width(title: &str, kind: Option<&ColumnType>) -> f64 {
    let least = match kind {
        Some(ColumnType::DateTime) => 19,
        Some(ColumnType::Date) => 11,
        _ => 9,
    };
    let longest = title.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    f64::from(u8::try_from(longest.saturating_add(2).clamp(least, 60)).unwrap_or(60))
}
