//! A connection for one long piece of work, an export or an import: without the time limits of calls, and in nobody's
//! way. It does not know what the work is.

use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::{
    StoreError,
    access::CallError,
    sql::{Outcome, Session},
    trouble::{Failure, Kind, Place},
};

/// A connection of its own.
pub(crate) struct Lone {
    connection: Connection,
    place: Place,
    of_code: fn(&str) -> Kind,
}

enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Lone {
    /// To a file.
    pub(crate) fn sqlite(connection: SqliteConnection, place: Place, of_code: fn(&str) -> Kind) -> Self {
        Self { connection: Connection::Sqlite(connection), place, of_code }
    }

    /// To a server.
    pub(crate) fn postgres(connection: PgConnection, place: Place, of_code: fn(&str) -> Kind) -> Self {
        Self { connection: Connection::Postgres(connection), place, of_code }
    }

    /// Which store it leads to.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Whether it leads to a server, which others may use at the same time.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.connection, Connection::Postgres(_))
    }

    /// What commands see of it.
    pub(crate) fn session(&mut self) -> Session<'_> {
        match &mut self.connection {
            Connection::Sqlite(connection) => Session::Sqlite(connection),
            Connection::Postgres(connection) => Session::Postgres(connection),
        }
    }

    /// Begins to read everything as it is at one instant.
    pub(crate) async fn begin_snapshot(&mut self) -> Outcome<()> {
        let script = match self.connection {
            // The first statement that reads takes the snapshot.
            Connection::Sqlite(_) => "BEGIN",
            Connection::Postgres(_) => {
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0; \
                 SET LOCAL idle_in_transaction_session_timeout = 0"
            }
        };
        self.session().script(script).await
    }

    /// Begins to write.
    pub(crate) async fn begin(&mut self) -> Outcome<()> {
        let script = match self.connection {
            Connection::Sqlite(_) => "BEGIN IMMEDIATE",
            Connection::Postgres(_) => "BEGIN; SET LOCAL statement_timeout = 0",
        };
        self.session().script(script).await
    }

    /// Makes what was begun durable, or undoes it where it failed.
    pub(crate) async fn end<T>(&mut self, outcome: Outcome<T>) -> Outcome<T> {
        match outcome {
            Ok(reply) => self.session().script("COMMIT").await.map(|()| reply),
            Err(fault) => {
                // Should this fail too, the connection is broken, and with it the transaction.
                let _ = self.session().script("ROLLBACK").await;
                Err(fault)
            }
        }
    }

    /// A fault in words for people.
    pub(crate) fn explain(&self, what: &'static str, fault: crate::sql::Fault) -> StoreError {
        match CallError::new(&self.place, what, Failure::from(fault, self.of_code)) {
            CallError::Store(error) => error,
            CallError::Document(_) => unreachable!("this asks no documents"),
        }
    }

    /// Says goodbye.
    pub(crate) async fn close(self) {
        // A goodbye that does not arrive is no loss.
        let _ = match self.connection {
            Connection::Sqlite(connection) => connection.close().await,
            Connection::Postgres(connection) => connection.close().await,
        };
    }
}
