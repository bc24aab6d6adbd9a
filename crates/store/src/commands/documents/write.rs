//! One write to a document with its precondition. Whether writing is allowed at all was settled before.

use roundsman_model::{DocumentError, DocumentWrite};
use serde_json::Value as Json;

use super::{Documents, bound, end};
use crate::sql::{Fault, Outcome, Session, Statement};

/// One write and its number in the batch.
pub(super) struct Write<'d> {
    pub(super) documents: &'d Documents,
    pub(super) index: usize,
}

impl Write<'_> {
    /// Writes and returns the new version; 0 for deletions.
    pub(super) async fn carry_out(&self, session: &mut Session<'_>, write: &DocumentWrite) -> Outcome<i64> {
        match write {
            DocumentWrite::Put { key, value, if_version: None } => self.put(session, key, value).await,
            DocumentWrite::Put { key, value, if_version: Some(version) } => {
                self.replace(session, key, value, *version).await
            }
            DocumentWrite::Insert { key, value } => self.insert(session, key, value).await,
            DocumentWrite::Delete { key, if_version } => self.delete(session, key, *if_version).await,
            DocumentWrite::DeleteRange { from, until } => {
                let until = until.as_deref().map_or_else(end, bound);
                let statement = self.documents.within(
                    "DELETE FROM documents WHERE space = $1 AND collection = $2 AND key >= $3 AND key < $4",
                );
                session.execute(statement.bind(bound(from)).bind(until)).await?;
                Ok(0)
            }
        }
    }

    async fn put(&self, session: &mut Session<'_>, key: &str, value: &Json) -> Outcome<i64> {
        let statement = self.with_value(
            "INSERT INTO documents (space, collection, key, version, value, run, written_at)
             VALUES ($1, $2, $3, 1, $4, $5, $6)
             ON CONFLICT (space, collection, key) DO UPDATE SET version = documents.version + 1,
                value = excluded.value, run = excluded.run, written_at = excluded.written_at
             RETURNING version",
            key,
            value,
        );
        self.version(session, key, statement).await
    }

    async fn replace(
        &self,
        session: &mut Session<'_>,
        key: &str,
        value: &Json,
        version: i64,
    ) -> Outcome<i64> {
        let statement = self.with_value(
            "UPDATE documents SET version = version + 1, value = $4, run = $5, written_at = $6
             WHERE space = $1 AND collection = $2 AND key = $3 AND version = $7 RETURNING version",
            key,
            value,
        );
        self.version(session, key, statement.bind(version)).await
    }

    async fn insert(&self, session: &mut Session<'_>, key: &str, value: &Json) -> Outcome<i64> {
        let statement = self.with_value(
            "INSERT INTO documents (space, collection, key, version, value, run, written_at)
             VALUES ($1, $2, $3, 1, $4, $5, $6)
             ON CONFLICT (space, collection, key) DO NOTHING RETURNING version",
            key,
            value,
        );
        self.version(session, key, statement).await
    }

    async fn delete(&self, session: &mut Session<'_>, key: &str, version: Option<i64>) -> Outcome<i64> {
        let statement = self.documents.within(
            "DELETE FROM documents WHERE space = $1 AND collection = $2 AND key = $3
                AND ($4 IS NULL OR version = $4) RETURNING version",
        );
        let deleted = session.row(statement.bind(key).bind(version)).await?;
        match (deleted, version) {
            (None, Some(_)) => Err(self.conflict(session, key).await?),
            _ => Ok(0),
        }
    }

    fn with_value(&self, text: &'static str, key: &str, value: &Json) -> Statement {
        let statement = self.documents.within(text).bind(key).bind(value);
        statement.bind(self.documents.lease.run.0).bind(self.documents.now)
    }

    /// Runs a statement that returns the new version, or nothing if the precondition does not hold.
    async fn version(&self, session: &mut Session<'_>, key: &str, statement: Statement) -> Outcome<i64> {
        match session.row(statement).await? {
            Some(row) => row.int("version"),
            None => Err(self.conflict(session, key).await?),
        }
    }

    async fn conflict(&self, session: &mut Session<'_>, key: &str) -> Outcome<Fault> {
        let statement = self
            .documents
            .within("SELECT version FROM documents WHERE space = $1 AND collection = $2 AND key = $3");
        let found = session.row(statement.bind(key)).await?.map(|row| row.int("version")).transpose()?;
        let (index, key) = (self.index, key.to_owned());
        Ok(Fault::Document(DocumentError::Conflict { index, key, found }))
    }
}
