//! What the database says of itself: its clock, its version and settings, and whether a file is whole. It writes nothing
//! and judges nothing.

use roundsman_model::Timestamp;

use super::Command;
use crate::{
    StoreFacts, migration,
    sql::{Outcome, Row, Session, Statement, Text},
};

/// So many faults of a file are told; the first is what matters.
const MOST_FAULTS: usize = 10;

/// Reads the database's clock.
pub(crate) struct ReadClock;

impl Command for ReadClock {
    type Reply = Timestamp;
    const WHAT: &'static str = "read the clock of the database";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Timestamp> {
        let statement = Statement::new(Text {
            sqlite: "SELECT CAST(ROUND(unixepoch('now', 'subsec') * 1000) AS INTEGER) * 1000 AS now",
            postgres: "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS now",
        });
        only(session, statement).await?.at("now")
    }
}

/// Reads version and settings.
pub(crate) struct ReadFacts;

impl Command for ReadFacts {
    type Reply = StoreFacts;
    const WHAT: &'static str = "read the settings of the database";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<StoreFacts> {
        let schema = migration::meta(session, "schema").await?;
        let mut facts = StoreFacts {
            schema: schema.and_then(|number| number.parse().ok()).unwrap_or_default(),
            newest_schema: migration::NEWEST,
            ..StoreFacts::default()
        };
        match session {
            Session::Sqlite(_) => of_file(session, &mut facts).await?,
            Session::Postgres(_) => of_server(session, &mut facts).await?,
        }
        Ok(facts)
    }
}

async fn of_file(session: &mut Session<'_>, facts: &mut StoreFacts) -> Outcome<()> {
    facts.version =
        only(session, Statement::new("SELECT sqlite_version() AS version")).await?.text("version")?;
    let journal = only(session, Statement::new("PRAGMA journal_mode")).await?.text("journal_mode")?;
    facts.settings.insert("journal_mode".to_owned(), journal);
    Ok(())
}

async fn of_server(session: &mut Session<'_>, facts: &mut StoreFacts) -> Outcome<()> {
    // Numbers of time-outs are in milliseconds there, whatever unit they were written in.
    let settings = Statement::new(
        "SELECT name, setting FROM pg_settings WHERE name IN ('server_version', 'max_connections', \
         'superuser_reserved_connections', 'synchronous_commit', 'fsync', 'full_page_writes', \
         'transaction_timeout', 'idle_session_timeout', 'default_transaction_read_only', 'in_hot_standby')",
    );
    for row in session.rows(settings).await? {
        facts.settings.insert(row.text("name")?, row.text("setting")?);
    }
    facts.version = facts.settings.remove("server_version").unwrap_or_default();
    let connections = Statement::new(
        "SELECT COUNT(*) AS connections FROM pg_stat_activity WHERE backend_type = 'client backend'",
    );
    facts.connections = only(session, connections).await?.count("connections")?;
    Ok(())
}

/// Looks whether a file is whole. A server looks after that itself.
pub(crate) struct FindFaults;

impl Command for FindFaults {
    type Reply = Vec<String>;
    const WHAT: &'static str = "look whether the store is whole";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<Vec<String>> {
        if matches!(session, Session::Postgres(_)) {
            return Ok(Vec::new());
        }
        let rows = session.rows(Statement::new("PRAGMA quick_check(10)")).await?;
        let told = rows.iter().map(|row| row.text("quick_check")).collect::<Outcome<Vec<String>>>()?;
        Ok(told.into_iter().filter(|line| line != "ok").take(MOST_FAULTS).collect())
    }
}

async fn only(session: &mut Session<'_>, statement: Statement) -> Outcome<Row> {
    session.row(statement).await?.ok_or_else(|| crate::sql::Fault::Unreadable("no answer".to_owned()))
}
