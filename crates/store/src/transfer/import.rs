//! Reads an export into an empty store. A mark in the store says that it is not whole until all is there and was read
//! again and compared; whoever finds the mark can only begin anew. It merges nothing.

mod claim;

use std::io::BufRead;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::{
    Closing, FORMAT, Header, Opening, Totals,
    export::reread,
    line::{self, Tally},
    tables::{TABLES, Table},
};
use crate::{
    StoreError, StoreResult,
    access::Lone,
    migration,
    sql::{Outcome, Rows, Session, Statement},
};

/// What the calls in here are for, in messages.
const WHAT: &str = "import into the store";
/// The most rows and bytes written in one transaction.
const BATCH_ROWS: usize = 2000;
const BATCH_BYTES: usize = 4 << 20;
/// The longest line that is read: what no store ever held is no row.
const LONGEST_LINE: u64 = 256 << 20;

/// Reads everything. Returns the number of rows.
pub(crate) async fn import(lone: &mut Lone, from: &mut (dyn BufRead + Send)) -> StoreResult<u64> {
    let mut lines = Lines { from, number: 0, line: Vec::new() };
    let header: Header = lines.parsed()?;
    check(&header, lone)?;
    if !header.is_sound() {
        return Err(lines.bad("its first line does not have the hash it names"));
    }
    let silent = claim::claim(lone).await?;
    if !mark(lone, &header.id).await.map_err(|fault| lone.explain(WHAT, fault))? {
        return Err(StoreError::NotEmpty { store: lone.place().shown() });
    }
    // Again, now that nobody else can open the store any more.
    claim::check(lone, &silent).await?;
    for table in TABLES.iter().rev() {
        let cleared = write(lone, vec![Statement::new(table.clear)]).await;
        cleared.map_err(|fault| lone.explain(WHAT, fault))?;
    }
    let mut closings = Vec::new();
    for table in TABLES.iter() {
        closings.push(fill(lone, table, &mut lines).await?);
    }
    let totals: Totals = lines.parsed()?;
    if totals != Totals::of(&closings) {
        return Err(lines.bad("the hashes of the tables are not those of its last line"));
    }
    lines.end()?;
    compare(lone, &closings).await?;
    claim::check(lone, &silent).await?;
    unmark(lone, &header.store_id).await.map_err(|fault| lone.explain(WHAT, fault))?;
    Ok(totals.rows_in_all)
}

/// Reads again what was written.
async fn compare(lone: &mut Lone, closings: &[Closing]) -> StoreResult<()> {
    for (table, closing) in TABLES.iter().zip(closings) {
        if reread(lone, table).await? != *closing {
            let what = format!("table {} does not hold what was written to it", table.name);
            return Err(lone.explain(WHAT, crate::sql::Fault::Unreadable(what)));
        }
    }
    Ok(())
}

/// Runs statements in one transaction.
async fn write(lone: &mut Lone, statements: Vec<Statement>) -> Outcome<()> {
    lone.begin().await?;
    let mut written = Ok(());
    for statement in statements {
        written = lone.session().execute(statement).await.map(drop);
        if written.is_err() {
            break;
        }
    }
    lone.end(written).await
}

fn check(header: &Header, lone: &Lone) -> StoreResult<()> {
    if header.roundsman_export == FORMAT && header.schema == migration::NEWEST {
        return Ok(());
    }
    Err(StoreError::ForeignExport {
        version: header.written_by.clone(),
        found: header.schema,
        store: lone.place().shown(),
        ours: migration::NEWEST,
    })
}

/// Marks the store as not whole, unless it holds what was not imported.
async fn mark(lone: &mut Lone, id: &str) -> Outcome<bool> {
    lone.begin().await?;
    let session = &mut lone.session();
    let marked = async {
        let empty =
            migration::meta(session, migration::IMPORTING).await?.is_some() || is_empty(session).await?;
        if empty {
            migration::note(session, migration::IMPORTING, id).await?;
        }
        Ok(empty)
    };
    let marked = marked.await;
    lone.end(marked).await
}

async fn is_empty(session: &mut Session<'_>) -> Outcome<bool> {
    let statement = Statement::new(
        "SELECT CAST(CASE WHEN EXISTS (SELECT 1 FROM tasks) OR EXISTS (SELECT 1 FROM runs)
            OR EXISTS (SELECT 1 FROM slots) OR EXISTS (SELECT 1 FROM documents) THEN 0 ELSE 1 END AS BIGINT) AS empty",
    );
    session.row(statement).await?.map_or(Ok(false), |row| row.flag("empty"))
}

/// The store is whole, and the one that was exported.
async fn unmark(lone: &mut Lone, store_id: &str) -> Outcome<()> {
    lone.begin().await?;
    let session = &mut lone.session();
    let whole = async {
        migration::note(session, migration::STORE_ID, store_id).await?;
        let mark = Statement::new("DELETE FROM meta WHERE key = $1").bind(migration::IMPORTING);
        session.execute(mark).await.map(drop)
    };
    let whole = whole.await;
    lone.end(whole).await
}

/// Fills a table with the rows that come next.
async fn fill(lone: &mut Lone, table: &Table, lines: &mut Lines<'_>) -> StoreResult<Closing> {
    let opening: Opening = lines.parsed()?;
    if opening.table != table.name || !opening.columns.iter().eq(table.columns.iter().map(|(name, _)| name)) {
        return Err(lines.bad(&format!("table {} was to come next, with its columns", table.name)));
    }
    let (mut tally, mut batch, mut bytes) = (Tally::new(), Vec::new(), 0);
    loop {
        lines.next()?;
        if lines.line.first() != Some(&b'[') {
            break;
        }
        let row = line::read(&lines.line, table).map_err(|what| lines.bad(&what))?;
        tally.add(&lines.line);
        bytes += lines.line.len();
        batch.push(row);
        if batch.len() >= BATCH_ROWS || bytes >= BATCH_BYTES {
            store(lone, table, std::mem::take(&mut batch), lines.number).await?;
            bytes = 0;
        }
    }
    store(lone, table, batch, lines.number).await?;
    let (closing, written) = (tally.close(table), lines.parse::<Closing>()?);
    if closing == written {
        return Ok(closing);
    }
    let (name, rows, announced) = (table.name, closing.rows, written.rows);
    Err(lines
        .bad(&format!("{rows} rows of {name} do not have the hash of the {announced} that were written")))
}

async fn store(lone: &mut Lone, table: &Table, batch: Vec<Vec<Json>>, at_line: u64) -> StoreResult<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let mut statements = Vec::new();
    if table.has_bytes() {
        for row in batch {
            let values =
                line::bound(row, table).map_err(|what| StoreError::BadExport { line: at_line, what })?;
            statements.push(values.into_iter().fold(Statement::new(table.insert), Statement::bind));
        }
    } else {
        statements.push(Statement::new(table.insert).bind(Rows::of_json(batch)));
    }
    write(lone, statements).await.map_err(|fault| lone.explain(WHAT, fault))
}

/// The lines of an export, one after the other.
struct Lines<'f> {
    from: &'f mut (dyn BufRead + Send),
    number: u64,
    line: Vec<u8>,
}

impl Lines<'_> {
    /// Reads the next line; there must be one, and a whole one.
    fn next(&mut self) -> StoreResult<()> {
        self.line.clear();
        self.number += 1;
        let read = std::io::Read::take(&mut *self.from, LONGEST_LINE).read_until(b'\n', &mut self.line);
        match read {
            Ok(_) if self.line.last() == Some(&b'\n') => Ok(()),
            Ok(_) => Err(self.bad("it ends in the middle")),
            Err(source) => Err(StoreError::Stream { what: "read the export", source }),
        }
    }

    fn parsed<T: DeserializeOwned>(&mut self) -> StoreResult<T> {
        self.next()?;
        self.parse()
    }

    fn parse<T: DeserializeOwned>(&self) -> StoreResult<T> {
        serde_json::from_slice(&self.line).map_err(|error| self.bad(&error.to_string()))
    }

    /// Nothing may follow the last line.
    fn end(&mut self) -> StoreResult<()> {
        let rest =
            self.from.fill_buf().map_err(|source| StoreError::Stream { what: "read the export", source })?;
        if rest.is_empty() { Ok(()) } else { Err(self.bad("something follows its last line")) }
    }

    fn bad(&self, what: &str) -> StoreError {
        StoreError::BadExport { line: self.number, what: what.to_owned() }
    }
}
