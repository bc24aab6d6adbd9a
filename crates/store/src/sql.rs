//! What the commands see of a database: statements with values, and rows. Both databases understand the same SQL but for
//! the few words of [`sql!`]. It opens no connection and knows no table.

mod row;
mod statement;

pub(crate) use self::{
    row::Row,
    statement::{Rows, Statement, Text, Value},
};

use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use sqlx::{PgConnection, SqliteConnection};

/// Why a command did not do.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The database, or the way to it.
    Database(sqlx::Error),
    /// What is stored makes no sense to this version.
    Unreadable(String),
    /// Another transaction came between; the same command may succeed if it is run again.
    Raced,
    /// Documents were not as expected; nothing may be written.
    Document(roundsman_model::DocumentError),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// What a command comes to.
pub(crate) type Outcome<T> = Result<T, Fault>;

/// A connection, usually inside a transaction.
pub(crate) enum Session<'c> {
    /// To a file.
    Sqlite(&'c mut SqliteConnection),
    /// To a server.
    Postgres(&'c mut PgConnection),
}

impl Session<'_> {
    /// Runs a statement and tells how many rows it changed.
    pub(crate) async fn execute(&mut self, statement: Statement) -> Outcome<u64> {
        Ok(match self {
            Self::Sqlite(connection) => statement.sqlite().execute(&mut **connection).await?.rows_affected(),
            Self::Postgres(connection) => {
                statement.postgres().execute(&mut **connection).await?.rows_affected()
            }
        })
    }

    /// Runs a statement and returns its rows.
    pub(crate) async fn rows(&mut self, statement: Statement) -> Outcome<Vec<Row>> {
        Ok(match self {
            Self::Sqlite(connection) => {
                let rows = statement.sqlite().fetch_all(&mut **connection).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(connection) => {
                let rows = statement.postgres().fetch_all(&mut **connection).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// Runs a statement and returns its rows as they come.
    pub(crate) fn stream(&mut self, statement: Statement) -> BoxStream<'_, Outcome<Row>> {
        match self {
            Self::Sqlite(connection) => {
                let rows = statement.sqlite().fetch(&mut **connection);
                rows.map_ok(Row::Sqlite).map_err(Fault::from).boxed()
            }
            Self::Postgres(connection) => {
                let rows = statement.postgres().fetch(&mut **connection);
                rows.map_ok(Row::Postgres).map_err(Fault::from).boxed()
            }
        }
    }

    /// Runs a statement and returns its first row, if there is one.
    pub(crate) async fn row(&mut self, statement: Statement) -> Outcome<Option<Row>> {
        Ok(self.rows(statement).await?.into_iter().next())
    }

    /// Runs several statements without values.
    pub(crate) async fn script(&mut self, text: &'static str) -> Outcome<()> {
        match self {
            Self::Sqlite(connection) => sqlx::raw_sql(text).execute(&mut **connection).await.map(drop)?,
            Self::Postgres(connection) => sqlx::raw_sql(text).execute(&mut **connection).await.map(drop)?,
        }
        Ok(())
    }
}

/// A statement's text for both databases, written once from literals and a few words:
///
/// | word | stands for |
/// | --- | --- |
/// | `ROWS` | the table `e` made from the JSON array of arrays in `$1`; its columns are `e.value->>0` and so on |
/// | `LOCKED` | lock the rows read until the transaction ends (SQLite has one writer anyway) |
/// | `LOCKED_FREE` | the same, passing over rows that another transaction holds |
/// | `SHARED` | keep the rows read from being changed until the transaction ends |
/// | `READY` | the condition of a run that may start once it is due: queued or waiting, and not behind an active one |
/// | `IN_TIME` | the condition of a run whose first attempt may still begin at the instant in `$1` |
/// | `SUITS` | the condition of a run for a node with the kinds in `$2` (nothing for all) and the labels in `$3`, both JSON arrays |
/// | `UNLEASED` | the condition of a run whose leases are all free, and none of them is in the JSON array in `$4` |
/// | `RUN` | the columns that make a `Run`; never `*`, which breaks prepared statements when a newer version adds one |
macro_rules! sql {
    ($($part:tt)+) => {
        $crate::sql::Text {
            sqlite: concat!($($crate::sql::word!(sqlite $part)),+),
            postgres: concat!($($crate::sql::word!(postgres $part)),+),
        }
    };
}
pub(crate) use sql;

macro_rules! word {
    ($database:ident $text:literal) => {
        $text
    };
    (sqlite ROWS) => {
        " json_each($1) AS e "
    };
    (postgres ROWS) => {
        " jsonb_array_elements($1::jsonb) AS e(value) "
    };
    ($database:ident RUN) => {
        " id, task, kind, definition, slot, origin, requested_by, action, params, dry_run, state, attempt, uncounted, \
          queued_at, due_at, started_at, ended_at, cause, outcome, round, rerun_of, pool, leases, labels, alone, \
          start_by, stop "
    };
    ($database:ident READY) => {
        // A count instead of EXISTS: Postgres might answer that by reading all active runs.
        " ended_at IS NULL AND state <> 'running' AND (behind IS NULL OR 0 = \
          (SELECT COUNT(*) FROM runs AS front WHERE front.id = runs.behind AND front.ended_at IS NULL)) "
    };
    ($database:ident IN_TIME) => {
        " (attempt > 0 OR start_by IS NULL OR start_by >= $1) "
    };
    (sqlite SUITS) => {
        " ($2 IS NULL OR kind IN (SELECT value FROM json_each($2))) AND (labels IS NULL OR NOT EXISTS \
          (SELECT 1 FROM json_each(labels) AS label WHERE label.value NOT IN (SELECT value FROM json_each($3)))) "
    };
    (postgres SUITS) => {
        " ($2 IS NULL OR kind IN (SELECT jsonb_array_elements_text($2::jsonb))) \
          AND (labels IS NULL OR labels::jsonb <@ $3::jsonb) "
    };
    (sqlite UNLEASED) => {
        " (leases IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(runs.leases) AS wish WHERE wish.value IN \
          (SELECT name FROM leases) OR wish.value IN (SELECT value FROM json_each($4)))) "
    };
    (postgres UNLEASED) => {
        " (leases IS NULL OR NOT EXISTS (SELECT 1 FROM jsonb_array_elements_text(runs.leases::jsonb) AS wish(name) \
          WHERE wish.name IN (SELECT taken.name FROM leases AS taken) \
          OR wish.name IN (SELECT jsonb_array_elements_text($4::jsonb)))) "
    };
    (sqlite $lock:ident) => {
        ""
    };
    (postgres LOCKED) => {
        " FOR NO KEY UPDATE"
    };
    (postgres LOCKED_FREE) => {
        " FOR NO KEY UPDATE SKIP LOCKED"
    };
    (postgres SHARED) => {
        " FOR SHARE"
    };
}
pub(crate) use word;
