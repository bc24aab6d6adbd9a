//! Workbooks made of a proved CSV and the types of its columns, in constant memory. A cell that its type cannot hold
//! without loss stays text; nothing is ever cut. The same CSV gives the same bytes.

mod space;
mod value;

use std::{
    cell::Cell,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Worksheet, XlsxError};
use zip::result::ZipError;

use self::{
    space::Space,
    value::{Value, has_fraction},
};
use super::{ColumnType, Finished, LocalError, Target, Watch, cells::Cells, pass, publish::Part};

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
    /// How many rows it is to have without the header.
    pub rows: u64,
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
    /// The first of them: its row, counted from 1 without the header, and its column, counted from 1.
    pub first_kept: Option<(u64, usize)>,
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
pub fn workbook(
    from: &Path,
    target: Target<'_>,
    sheet: &Sheet,
    watch: Watch<'_>,
) -> Result<Workbook, LocalError> {
    let was_full = Cell::new(false);
    // The writer panics where its own temporary file cannot be written, say on a full disk.
    let made = catch_unwind(AssertUnwindSafe(|| make(from, target, sheet, watch, &was_full)));
    made.unwrap_or_else(|_| {
        let path = target.path.to_owned();
        if was_full.get() {
            return Err(LocalError::Write { path, source: io::ErrorKind::StorageFull.into() });
        }
        let what = "its temporary file could not be written".to_owned();
        Err(LocalError::Workbook { path, what })
    })
}

fn make(
    from: &Path,
    target: Target<'_>,
    sheet: &Sheet,
    watch: Watch<'_>,
    was_full: &Cell<bool>,
) -> Result<Workbook, LocalError> {
    let unwritten = |source| LocalError::Write { path: target.path.to_owned(), source };
    let failed = |failure: Failure| failure.told(target.path);
    let writer = |error| failed(Failure::Writer(error));
    let mut part = Part::create(target, watch).map_err(unwritten)?;
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
    let _space = Space { folder: target.path.parent().unwrap_or(target.path), was_full };
    let mut rows = Rows::new(page, &sheet.types);
    pass(from, &mut rows, failed, watch)?;
    let (written, kept) = (u64::from(rows.row.saturating_sub(1)), (rows.kept_as_text, rows.first_kept));
    if written != sheet.rows {
        return Err(LocalError::Rows { expected: sheet.rows, written });
    }
    book.save_to_writer(&mut part).map_err(writer)?;
    let finished = part.publish().map_err(unwritten)?;
    Ok(Workbook { finished, rows: written, kept_as_text: kept.0, first_kept: kept.1 })
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

impl Failure {
    /// What disks refuse is told as theirs, wherever it was met.
    fn told(self, path: &Path) -> LocalError {
        let unwritten = |path: &Path, source| LocalError::Write { path: path.to_owned(), source };
        match self {
            Self::Limit(limit) => LocalError::Limit(limit),
            Self::Writer(XlsxError::IoError(source) | XlsxError::ZipError(ZipError::Io(source))) => {
                unwritten(path, source)
            }
            Self::Writer(XlsxError::TempFileError(folder, source)) => unwritten(&folder, source),
            Self::Writer(error) => LocalError::Workbook { path: path.to_owned(), what: error.to_string() },
        }
    }
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
    first_kept: Option<(u64, usize)>,
}

/// How cells of a type are shown.
struct Styles {
    header: Format,
    integer: Format,
    date: Format,
    datetime: Format,
    datetime_fraction: Format,
    time: Format,
    time_fraction: Format,
    text: Format,
}

impl<'a> Rows<'a> {
    fn new(page: &'a mut Worksheet, types: &'a [ColumnType]) -> Self {
        let styles = Styles {
            header: Format::new().set_bold(),
            integer: Format::new().set_num_format("0"),
            date: Format::new().set_num_format("yyyy-mm-dd"),
            datetime: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            datetime_fraction: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss.000"),
            time: Format::new().set_num_format("hh:mm:ss"),
            time_fraction: Format::new().set_num_format("hh:mm:ss.000"),
            text: Format::new().set_num_format("@"),
        };
        let (cell, row, column, visible) = (Vec::new(), 0, 0, false);
        Self { page, types, styles, cell, row, column, visible, kept_as_text: 0, first_kept: None }
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
                if !matches!(kind, ColumnType::Text | ColumnType::Unknown) {
                    self.kept_as_text += 1;
                    self.first_kept.get_or_insert((u64::from(row), usize::from(column) + 1));
                }
                self.page.write_string(row, column, text)?
            }
            Value::Number(number) if kind == ColumnType::Integer => {
                self.page.write_number_with_format(row, column, number, &styles.integer)?
            }
            Value::Number(number) => self.page.write_number(row, column, number)?,
            Value::Boolean(value) => self.page.write_boolean(row, column, value)?,
            Value::Date(serial) => self.page.write_number_with_format(row, column, serial, &styles.date)?,
            Value::DateTime(serial) => {
                let style = if has_fraction(serial) { &styles.datetime_fraction } else { &styles.datetime };
                self.page.write_number_with_format(row, column, serial, style)?
            }
            Value::Time(serial) => {
                let style = if has_fraction(serial) { &styles.time_fraction } else { &styles.time };
                self.page.write_number_with_format(row, column, serial, style)?
            }
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
