//! A collection of documents, as a kind uses it. Fencing, limits and durability are the daemon's side.

use roundsman_model::{Document, DocumentError, DocumentOp, DocumentPlace, DocumentReply, DocumentWrite};
use serde::Serialize;

use crate::TaskContext;

/// One named collection, of the task's own or of a space that it shares.
#[derive(Clone)]
pub struct Documents {
    cx: TaskContext,
    place: DocumentPlace,
}

impl Documents {
    pub(crate) fn new(cx: TaskContext, place: DocumentPlace) -> Self {
        Self { cx, place }
    }

    async fn ask(&self, op: DocumentOp) -> Result<DocumentReply, DocumentError> {
        self.cx.ask_documents(&self.place, op).await
    }

    /// The document under a key.
    pub async fn get(&self, key: &str) -> Result<Option<Document>, DocumentError> {
        match self.ask(DocumentOp::Get { key: key.to_owned() }).await? {
            DocumentReply::One { document } => Ok(document),
            other => Err(unexpected(&other)),
        }
    }

    /// Creates or replaces a document; with `if_version`, only if it still has that version. Returns the new version.
    pub async fn put(
        &self,
        key: &str,
        value: impl Serialize,
        if_version: Option<i64>,
    ) -> Result<i64, DocumentError> {
        let value = to_value(value)?;
        self.write_one(DocumentWrite::Put { key: key.to_owned(), value, if_version }).await
    }

    /// Creates a document; fails if the key is taken. Returns its version.
    pub async fn insert(&self, key: &str, value: impl Serialize) -> Result<i64, DocumentError> {
        self.write_one(DocumentWrite::Insert { key: key.to_owned(), value: to_value(value)? }).await
    }

    /// As [`put`](Self::put), for a value that is a secret, such as a session: the daemon encrypts it before it is stored,
    /// and it is in no export. It is read with [`get_secret`](Self::get_secret).
    pub async fn put_secret(
        &self,
        key: &str,
        value: impl Serialize,
        if_version: Option<i64>,
    ) -> Result<i64, DocumentError> {
        self.put(key, roundsman_model::document::secret(to_value(value)?), if_version).await
    }

    /// A document that [`put_secret`](Self::put_secret) wrote. Nothing if it cannot be decrypted any more, as when the key
    /// was replaced: whoever keeps secrets here must be able to get new ones.
    pub async fn get_secret(&self, key: &str) -> Result<Option<Document>, DocumentError> {
        let Some(document) = self.get(key).await? else { return Ok(None) };
        let Document { key, version, value } = document;
        Ok(roundsman_model::document::of_secret(value).map(|value| Document { key, version, value }))
    }

    /// Removes a document; with `if_version`, only if it still has that version.
    pub async fn delete(&self, key: &str, if_version: Option<i64>) -> Result<(), DocumentError> {
        self.write_one(DocumentWrite::Delete { key: key.to_owned(), if_version }).await.map(drop)
    }

    /// Up to `limit` documents (at most 1,000) whose keys begin with `prefix`, after the key `after`.
    pub async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Document>, DocumentError> {
        let op = DocumentOp::List { prefix: prefix.to_owned(), after: after.map(str::to_owned), limit };
        match self.ask(op).await? {
            DocumentReply::Many { documents } => Ok(documents),
            other => Err(unexpected(&other)),
        }
    }

    /// How many documents have keys that begin with `prefix`.
    pub async fn count(&self, prefix: &str) -> Result<u64, DocumentError> {
        match self.ask(DocumentOp::Count { prefix: prefix.to_owned() }).await? {
            DocumentReply::Count { count } => Ok(count),
            other => Err(unexpected(&other)),
        }
    }

    /// Removes all documents with `from <= key < until`.
    pub async fn delete_range(&self, from: &str, until: Option<&str>) -> Result<(), DocumentError> {
        let write = DocumentWrite::DeleteRange { from: from.to_owned(), until: until.map(str::to_owned) };
        self.write_one(write).await.map(drop)
    }

    /// At most 1,000 writes, all or none. Returns the new version for each, 0 for deletions.
    pub async fn batch(&self, writes: Vec<DocumentWrite>) -> Result<Vec<i64>, DocumentError> {
        match self.ask(DocumentOp::Write { writes }).await? {
            DocumentReply::Written { versions } => Ok(versions),
            other => Err(unexpected(&other)),
        }
    }

    async fn write_one(&self, write: DocumentWrite) -> Result<i64, DocumentError> {
        Ok(self.batch(vec![write]).await?.first().copied().unwrap_or(0))
    }
}

fn to_value(value: impl Serialize) -> Result<serde_json::Value, DocumentError> {
    serde_json::to_value(value).map_err(|error| DocumentError::Invalid {
        cause: format!("a document must be representable as JSON: {error}"),
    })
}

fn unexpected(reply: &DocumentReply) -> DocumentError {
    DocumentError::Unavailable { cause: format!("the daemon gave an answer to another question: {reply:?}") }
}
