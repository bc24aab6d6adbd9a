//! Documents. Reads ask anybody's space; writes are fenced by the attempt's lease in the same transaction.

mod write;

use roundsman_model::{
    Document, DocumentError, DocumentOp, DocumentReply, Timestamp,
    document::{MAX_KEY_BYTES, MAX_LIST},
};

use self::write::Write;
use super::{Command, in_force};
use crate::{
    RunLease,
    sql::{Fault, Outcome, Row, Session, Statement},
};

/// A question to a collection, or writes to it.
pub(crate) struct Documents {
    pub(crate) lease: RunLease,
    pub(crate) space: String,
    pub(crate) collection: String,
    pub(crate) op: DocumentOp,
    pub(crate) now: Timestamp,
}

impl Command for Documents {
    type Reply = DocumentReply;
    const WHAT: &'static str = "reach the documents";

    async fn run(&self, session: &mut Session<'_>) -> Outcome<DocumentReply> {
        match &self.op {
            DocumentOp::Get { key } => self.get(session, key).await,
            DocumentOp::List { prefix, after, limit } => {
                self.list(session, prefix, after.as_deref(), *limit).await
            }
            DocumentOp::Count { prefix } => self.count(session, prefix).await,
            DocumentOp::Write { writes } => {
                if !in_force(session, &self.lease).await? {
                    return Err(Fault::Document(DocumentError::NotOurs));
                }
                let mut versions = Vec::with_capacity(writes.len());
                for (index, write) in writes.iter().enumerate() {
                    let step = Write { documents: self, index };
                    versions.push(step.carry_out(session, write).await?);
                }
                Ok(DocumentReply::Written { versions })
            }
        }
    }
}

impl Documents {
    async fn get(&self, session: &mut Session<'_>, key: &str) -> Outcome<DocumentReply> {
        let statement = self.within(
            "SELECT key, version, value FROM documents WHERE space = $1 AND collection = $2 AND key = $3",
        );
        let row = session.row(statement.bind(key)).await?;
        Ok(DocumentReply::One { document: row.map(|row| document(&row)).transpose()? })
    }

    async fn list(
        &self,
        session: &mut Session<'_>,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Outcome<DocumentReply> {
        let statement = self.within(
            "SELECT key, version, value FROM documents
             WHERE space = $1 AND collection = $2 AND key >= $3 AND key < $4 AND key > $5
             ORDER BY key LIMIT $6",
        );
        // No key contains NUL, so what follows one in a bound makes no difference.
        let after = after.and_then(|after| after.split('\0').next()).unwrap_or_default();
        let statement =
            statement.bind(bound(prefix)).bind(beyond(prefix)).bind(after).bind(limit.min(MAX_LIST));
        let documents = session.rows(statement).await?.iter().map(document).collect::<Outcome<_>>()?;
        Ok(DocumentReply::Many { documents })
    }

    async fn count(&self, session: &mut Session<'_>, prefix: &str) -> Outcome<DocumentReply> {
        let statement = self.within(
            "SELECT COUNT(*) AS count FROM documents
             WHERE space = $1 AND collection = $2 AND key >= $3 AND key < $4",
        );
        let row = session.row(statement.bind(bound(prefix)).bind(beyond(prefix))).await?;
        Ok(DocumentReply::Count { count: row.map_or(Ok(0), |row| row.count("count"))? })
    }

    /// A statement whose first two values are space and collection.
    fn within(&self, text: &'static str) -> Statement {
        Statement::new(text).bind(self.space.as_str()).bind(self.collection.as_str())
    }
}

/// The first key behind all that begin with `prefix`. Bytes of UTF-8 compare as code points do, so it is the prefix with
/// its last character that has a successor replaced by that.
fn beyond(prefix: &str) -> String {
    if prefix.contains('\0') {
        return bound(prefix);
    }
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(last as u32 + 1) };
        if let Some(next) = next {
            chars.push(next);
            return chars.into_iter().collect();
        }
    }
    end()
}

/// Greater than every key: the greatest character, more often than it fits into one.
fn end() -> String {
    "\u{10ffff}".repeat(MAX_KEY_BYTES / 4 + 1)
}

/// A bound that Postgres can take: no key contains NUL, so the least key at or after `a NUL …` is `a` and the character
/// after NUL.
fn bound(text: &str) -> String {
    match text.split_once('\0') {
        Some((begin, _)) => format!("{begin}\u{1}"),
        None => text.to_owned(),
    }
}

fn document(row: &Row) -> Outcome<Document> {
    Ok(Document { key: row.text("key")?, version: row.int("version")?, value: row.json("value")? })
}

#[cfg(test)]
mod tests;
