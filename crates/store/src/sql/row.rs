//! A row of either database, and the words stored in it as values of the model. It knows no table.

use roundsman_model::{
    BootId, NodeId, Origin, Reason, RunId, RunState, Timestamp, Verdict, end::Ended, time::from_micros,
};
use serde::de::DeserializeOwned;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type, postgres::PgRow, sqlite::SqliteRow};

use super::{Fault, Outcome};

/// A row.
pub(crate) enum Row {
    /// From a file.
    Sqlite(SqliteRow),
    /// From a server.
    Postgres(PgRow),
}

impl Row {
    /// The value in a column.
    pub(crate) fn get<T>(&self, column: &str) -> Outcome<T>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    /// A whole number.
    pub(crate) fn int(&self, column: &str) -> Outcome<i64> {
        self.get(column)
    }

    /// A whole number that is never negative and small.
    pub(crate) fn small(&self, column: &str) -> Outcome<u32> {
        Ok(u32::try_from(self.int(column)?).unwrap_or_default())
    }

    /// A whole number that is never negative.
    pub(crate) fn count(&self, column: &str) -> Outcome<u64> {
        Ok(u64::try_from(self.int(column)?).unwrap_or_default())
    }

    /// A whole number that is never negative, or nothing.
    pub(crate) fn count_or_none(&self, column: &str) -> Outcome<Option<u64>> {
        Ok(self.get::<Option<i64>>(column)?.and_then(|count| u64::try_from(count).ok()))
    }

    /// A flag.
    pub(crate) fn flag(&self, column: &str) -> Outcome<bool> {
        Ok(self.int(column)? != 0)
    }

    /// A text.
    pub(crate) fn text(&self, column: &str) -> Outcome<String> {
        self.get(column)
    }

    /// An instant.
    pub(crate) fn at(&self, column: &str) -> Outcome<Timestamp> {
        Ok(from_micros(self.int(column)?))
    }

    /// An instant, or nothing.
    pub(crate) fn at_or_none(&self, column: &str) -> Outcome<Option<Timestamp>> {
        Ok(self.get::<Option<i64>>(column)?.map(from_micros))
    }

    /// A run's number.
    pub(crate) fn run(&self, column: &str) -> Outcome<RunId> {
        self.int(column).map(RunId)
    }

    /// A node.
    pub(crate) fn node(&self) -> Outcome<NodeId> {
        self.text("node").map(NodeId::new)
    }

    /// A boot.
    pub(crate) fn boot(&self) -> Outcome<BootId> {
        self.text("boot").map(BootId::new)
    }

    /// A name of the model.
    pub(crate) fn name<T: TryFrom<String>>(&self, column: &str) -> Outcome<T> {
        let text = self.text(column)?;
        T::try_from(text.clone()).map_err(|_| unreadable(column, &text))
    }

    /// A name of the model, or nothing.
    pub(crate) fn name_or_none<T: TryFrom<String>>(&self, column: &str) -> Outcome<Option<T>> {
        let Some(text) = self.get::<Option<String>>(column)? else { return Ok(None) };
        T::try_from(text.clone()).map(Some).map_err(|_| unreadable(column, &text))
    }

    /// A word of the model.
    pub(crate) fn word<T: Word>(&self, column: &str) -> Outcome<T> {
        let text = self.text(column)?;
        T::read(&text).ok_or_else(|| unreadable(column, &text))
    }

    /// A word of the model, or nothing.
    pub(crate) fn word_or_none<T: Word>(&self, column: &str) -> Outcome<Option<T>> {
        let Some(text) = self.get::<Option<String>>(column)? else { return Ok(None) };
        T::read(&text).map(Some).ok_or_else(|| unreadable(column, &text))
    }

    /// A structured value.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str) -> Outcome<T> {
        parse(column, &self.text(column)?)
    }

    /// A structured value, or nothing.
    pub(crate) fn json_or_none<T: DeserializeOwned>(&self, column: &str) -> Outcome<Option<T>> {
        self.get::<Option<String>>(column)?.map(|text| parse(column, &text)).transpose()
    }
}

fn parse<T: DeserializeOwned>(column: &str, text: &str) -> Outcome<T> {
    serde_json::from_str(text)
        .map_err(|error| Fault::Unreadable(format!("column {column} holds {text:.80?}: {error}")))
}

fn unreadable(column: &str, text: &str) -> Fault {
    Fault::Unreadable(format!("column {column} holds {text:.80?}, which this version does not know"))
}

/// A word that stands in a column.
pub(crate) trait Word: Sized {
    /// What the word means.
    fn read(word: &str) -> Option<Self>;
}

macro_rules! word_of_the_model {
    ($($word:ty),+) => {
        $(impl Word for $word {
            fn read(word: &str) -> Option<Self> {
                Self::from_word(word)
            }
        })+
    };
}
word_of_the_model!(RunState, Origin, Verdict, Reason, Ended);
