//! What queries give: columns with types, and rows made from their number alone, so that tests know them without keeping
//! them. How rows look in a file stands in `body`.

mod made;

use std::{fmt, sync::Arc};

use chrono::{DateTime, NaiveDate, Utc};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// `type/Integer`
    Integer,
    /// `type/Float`
    Float,
    /// `type/Text`
    Text,
    /// `type/Boolean`
    Boolean,
    /// `type/Date`
    Date,
    /// `type/DateTimeWithLocalTZ`
    DateTime,
}

impl ColumnType {
    /// The word for it in `base_type`.
    pub fn base_type(self) -> &'static str {
        match self {
            Self::Integer => "type/Integer",
            Self::Float => "type/Float",
            Self::Text => "type/Text",
            Self::Boolean => "type/Boolean",
            Self::Date => "type/Date",
            Self::DateTime => "type/DateTimeWithLocalTZ",
        }
    }
}

/// A column: its name in the database, its title in exports, its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in the database.
    pub name: String,
    /// What exports call it; two columns may have the same title.
    pub title: String,
    /// What its cells are.
    pub kind: ColumnType,
    /// What they are in the database, where the server reads them as something else.
    pub stored: Option<ColumnType>,
}

impl Column {
    /// A column whose title is its name.
    pub fn new(name: &str, kind: ColumnType) -> Self {
        Self { name: name.to_owned(), title: name.to_owned(), kind, stored: None }
    }

    /// Of another type in the database.
    pub fn stored_as(mut self, kind: ColumnType) -> Self {
        self.stored = Some(kind);
        self
    }

    /// With another title.
    pub fn titled(mut self, title: &str) -> Self {
        title.clone_into(&mut self.title);
        self
    }
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// None.
    Null,
    /// Text, of any characters.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Any number.
    Float(f64),
    /// Yes or no.
    Boolean(bool),
    /// A day.
    Date(NaiveDate),
    /// An instant.
    DateTime(DateTime<Utc>),
}

type Make = Arc<dyn Fn(u64) -> Vec<Cell> + Send + Sync>;

/// So many rows of some columns.
#[derive(Clone)]
pub struct Rows {
    columns: Vec<Column>,
    count: u64,
    growth: i64,
    period: u64,
    make: Make,
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows of {} columns", self.count, self.columns.len())
    }
}

impl Rows {
    /// Rows of all types whose texts have quotes, commas, line ends, `{"`, and characters of any width.
    pub fn awkward(count: u64) -> Self {
        Self::of(made::columns(), count, made::awkward)
    }

    /// Rows of all types as most tables have them.
    pub fn plain(count: u64) -> Self {
        Self::of(made::columns(), count, made::plain)
    }

    /// A few plain rows again and again: made for gigabytes, about 90 bytes each in CSV.
    pub fn repeated(count: u64) -> Self {
        Self { period: made::PERIOD, ..Self::plain(count) }
    }

    /// Rows that a function makes from their number, which begins with 0.
    pub fn of(
        columns: Vec<Column>,
        count: u64,
        make: impl Fn(u64) -> Vec<Cell> + Send + Sync + 'static,
    ) -> Self {
        Self { columns, count, growth: 0, period: u64::MAX, make: Arc::new(make) }
    }

    /// Exactly these rows.
    pub fn table(columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Self {
        let count = rows.len() as u64;
        Self::of(columns, count, move |at| rows.get(at as usize).cloned().unwrap_or_default())
    }

    /// A live table: each query that is run finds so many rows more than the one before, or fewer.
    pub fn growing(mut self, by: i64) -> Self {
        self.growth = by;
        self
    }

    /// With these titles, column by column.
    pub fn titled(mut self, titles: &[&str]) -> Self {
        for (column, title) in self.columns.iter_mut().zip(titles) {
            (*title).clone_into(&mut column.title);
        }
        self
    }

    /// How many there are for the query that is run as the n-th, the first one being 0.
    pub fn count_at(&self, query: u64) -> u64 {
        let grown = self.growth.saturating_mul(i64::try_from(query).unwrap_or(i64::MAX));
        self.count.saturating_add_signed(grown)
    }

    /// How many there are for the first query.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The row of this number, the first one being 0.
    pub fn row(&self, at: u64) -> Vec<Cell> {
        (self.make)(at % self.period)
    }

    /// The same rows, at most so many.
    pub(super) fn fixed(mut self, count: u64) -> Self {
        (self.count, self.growth) = (count, 0);
        self
    }

    /// After how many rows the same ones come again, if they do.
    pub(super) fn period(&self) -> Option<u64> {
        (self.period != u64::MAX).then_some(self.period)
    }
}
