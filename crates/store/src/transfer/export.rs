//! Writes everything from one snapshot, row by row, so that memory does not grow with the store. It changes nothing.

use std::io::Write;

use futures::TryStreamExt as _;
use roundsman_model::{StoreId, Timestamp};
use serde::Serialize;

use super::{
    Closing, FORMAT, Header, Opening, Totals,
    line::{self, Tally},
    tables::{TABLES, Table},
};
use crate::{
    StoreError, StoreResult,
    access::Lone,
    migration,
    sql::{Outcome, Statement},
};

/// What the calls in here are for, in messages.
const WHAT: &str = "export the store";

/// Writes everything. Returns the number of rows.
pub(crate) async fn export(
    lone: &mut Lone,
    id: StoreId,
    now: Timestamp,
    out: &mut (dyn Write + Send),
) -> StoreResult<u64> {
    let begun = lone.begin_snapshot().await;
    begun.map_err(|fault| lone.explain(WHAT, fault))?;
    let header = Header {
        roundsman_export: FORMAT,
        id: uuid::Uuid::new_v4().to_string(),
        schema: migration::NEWEST,
        store_id: id.as_str().to_owned(),
        written_by: env!("CARGO_PKG_VERSION").to_owned(),
        created: now,
        sha256: String::new(),
    };
    let header = header.sealed();
    put(out, &header)?;
    let mut closings = Vec::new();
    for table in TABLES.iter() {
        let columns = table.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        put(out, &Opening { table: table.name.to_owned(), columns })?;
        let closing = rows(lone, table, |line| out.write_all(line)).await?;
        put(out, &closing)?;
        closings.push(closing);
    }
    let totals = Totals::of(&closings);
    put(out, &totals)?;
    out.flush().map_err(unwritten)?;
    Ok(totals.rows_in_all)
}

/// What a table comes to that was read again from the store.
pub(super) async fn reread(lone: &mut Lone, table: &Table) -> StoreResult<Closing> {
    rows(lone, table, |_| Ok(())).await
}

async fn rows(
    lone: &mut Lone,
    table: &Table,
    mut sink: impl FnMut(&[u8]) -> std::io::Result<()> + Send,
) -> StoreResult<Closing> {
    let (mut tally, mut line, mut unheard) = (Tally::new(), Vec::new(), None);
    let read: Outcome<()> = async {
        let mut session = lone.session();
        let mut rows = session.stream(Statement::new(table.select));
        while let Some(row) = rows.try_next().await? {
            line::write(&row, table, &mut line)?;
            tally.add(&line);
            if let Err(error) = sink(&line) {
                unheard = Some(error);
                break;
            }
        }
        Ok(())
    }
    .await;
    if let Some(error) = unheard {
        return Err(unwritten(error));
    }
    read.map_err(|fault| lone.explain(WHAT, fault))?;
    Ok(tally.close(table))
}

fn put<T: Serialize>(out: &mut (dyn Write + Send), line: &T) -> StoreResult<()> {
    let mut text = serde_json::to_vec(line).expect("a line is always representable as JSON");
    text.push(b'\n');
    out.write_all(&text).map_err(unwritten)
}

fn unwritten(source: std::io::Error) -> StoreError {
    StoreError::Stream { what: "write the export", source }
}
