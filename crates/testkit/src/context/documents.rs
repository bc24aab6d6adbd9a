//! Documents in memory, with the semantics of the stores: versions, preconditions, batches that happen whole or not at
//! all, keys in the order of their bytes. Fencing by attempt is not modelled.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard},
};

use roundsman_model::{
    Document, DocumentError, DocumentOp, DocumentPlace, DocumentReply, DocumentWrite, document::MAX_LIST,
};
use serde_json::Value;

/// Version and value by key; `String` compares byte by byte.
type Collection = BTreeMap<String, (i64, Value)>;

#[derive(Default)]
struct Inner {
    collections: HashMap<DocumentPlace, Collection>,
    failure: Option<DocumentError>,
}

/// What an attempt asked of documents, of all spaces and collections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DocumentTally {
    /// How often it asked. With a real store each time is a way to the daemon and back.
    pub asked: u64,
    /// How many documents it was given.
    pub read: u64,
    /// How many writes there were, those of batches counted one by one.
    pub written: u64,
}

impl DocumentTally {
    pub(super) fn note(&mut self, reply: &DocumentReply) {
        self.asked += 1;
        match reply {
            DocumentReply::One { document } => self.read += u64::from(document.is_some()),
            DocumentReply::Many { documents } => self.read += documents.len() as u64,
            DocumentReply::Written { versions } => self.written += versions.len() as u64,
            DocumentReply::Count { .. } => {}
        }
    }
}

/// The documents of one task, and of the spaces it shares.
#[derive(Default)]
pub(super) struct MemoryDocuments(Mutex<Inner>);

impl MemoryDocuments {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nothing panics while it holds the lock")
    }

    pub(super) fn seed(&self, place: DocumentPlace, key: &str, value: Value) {
        self.inner().collections.entry(place).or_default().insert(key.to_owned(), (1, value));
    }

    pub(super) fn fail_with(&self, error: Option<DocumentError>) {
        self.inner().failure = error;
    }

    pub(super) fn all(&self, place: &DocumentPlace) -> Vec<Document> {
        self.inner().collections.get(place).into_iter().flatten().map(document).collect()
    }

    pub(super) fn answer(
        &self,
        place: &DocumentPlace,
        op: DocumentOp,
    ) -> Result<DocumentReply, DocumentError> {
        op.check()?;
        let mut inner = self.inner();
        if let Some(error) = &inner.failure {
            return Err(error.clone());
        }
        let documents = inner.collections.entry(place.clone()).or_default();
        Ok(match op {
            DocumentOp::Get { key } => {
                DocumentReply::One { document: documents.get_key_value(&key).map(document) }
            }
            DocumentOp::List { prefix, after, limit } => {
                DocumentReply::Many { documents: list(documents, &prefix, after.as_deref(), limit) }
            }
            DocumentOp::Count { prefix } => DocumentReply::Count {
                count: documents.keys().filter(|key| key.starts_with(&prefix)).count() as u64,
            },
            DocumentOp::Write { writes } => {
                DocumentReply::Written { versions: write_all(documents, writes)? }
            }
        })
    }
}

fn document((key, (version, value)): (&String, &(i64, Value))) -> Document {
    Document { key: key.clone(), version: *version, value: value.clone() }
}

fn list(documents: &Collection, prefix: &str, after: Option<&str>, limit: u32) -> Vec<Document> {
    documents
        .iter()
        .filter(|(key, _)| key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after))
        .take(limit.min(MAX_LIST) as usize)
        .map(document)
        .collect()
}

/// Writes to a copy, and only then replaces the original: all or none.
fn write_all(documents: &mut Collection, writes: Vec<DocumentWrite>) -> Result<Vec<i64>, DocumentError> {
    let mut draft = documents.clone();
    let versions = writes
        .into_iter()
        .enumerate()
        .map(|(index, write)| apply(&mut draft, index, write))
        .collect::<Result<_, _>>()?;
    *documents = draft;
    Ok(versions)
}

fn apply(documents: &mut Collection, index: usize, write: DocumentWrite) -> Result<i64, DocumentError> {
    let found = |documents: &Collection, key: &str| documents.get(key).map(|(version, _)| *version);
    match write {
        DocumentWrite::Put { key, value, if_version } => {
            let old = found(documents, &key);
            expect_version(index, &key, if_version, old)?;
            let version = old.unwrap_or(0) + 1;
            documents.insert(key, (version, value));
            Ok(version)
        }
        DocumentWrite::Insert { key, value } => {
            if let Some(version) = found(documents, &key) {
                return Err(DocumentError::Conflict { index, key, found: Some(version) });
            }
            documents.insert(key, (1, value));
            Ok(1)
        }
        DocumentWrite::Delete { key, if_version } => {
            expect_version(index, &key, if_version, found(documents, &key))?;
            documents.remove(&key);
            Ok(0)
        }
        DocumentWrite::DeleteRange { from, until } => {
            let goes = |key: &str| key >= from.as_str() && until.as_deref().is_none_or(|until| key < until);
            documents.retain(|key, _| !goes(key));
            Ok(0)
        }
    }
}

fn expect_version(
    index: usize,
    key: &str,
    wanted: Option<i64>,
    found: Option<i64>,
) -> Result<(), DocumentError> {
    if wanted.is_some() && wanted != found {
        return Err(DocumentError::Conflict { index, key: key.to_owned(), found });
    }
    Ok(())
}
