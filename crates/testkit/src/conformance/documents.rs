//! Documents: versions, preconditions, batches, the order of keys, and the fence of the attempt.

use anyhow::Result;
use roundsman_model::{
    Document, DocumentError, DocumentOp, DocumentReply, DocumentWrite, Transition, document::MAX_BATCH,
};
use roundsman_store::{RunLease, Store};
use serde_json::{Value, json};

use super::{Stage, Verdict, at, holder};

/// One attempt's way to one collection.
struct Notes<'s> {
    store: &'s dyn Store,
    lease: RunLease,
    space: &'static str,
    collection: &'static str,
}

impl Notes<'_> {
    async fn ask(&self, op: DocumentOp) -> Result<DocumentReply, DocumentError> {
        self.store.document(&self.lease, self.space, self.collection, op, at(0)).await
    }

    async fn write(&self, writes: Vec<DocumentWrite>) -> Result<Vec<i64>, DocumentError> {
        match self.ask(DocumentOp::Write { writes }).await? {
            DocumentReply::Written { versions } => Ok(versions),
            other => panic!("{other:?}"),
        }
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Document>, DocumentError> {
        let (prefix, after) = (prefix.to_owned(), after.map(str::to_owned));
        match self.ask(DocumentOp::List { prefix, after, limit }).await? {
            DocumentReply::Many { documents } => Ok(documents),
            other => panic!("{other:?}"),
        }
    }

    async fn keys(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, DocumentError> {
        Ok(self.list(prefix, after, limit).await?.into_iter().map(|document| document.key).collect())
    }

    async fn count(&self, prefix: &str) -> Result<u64, DocumentError> {
        match self.ask(DocumentOp::Count { prefix: prefix.to_owned() }).await? {
            DocumentReply::Count { count } => Ok(count),
            other => panic!("{other:?}"),
        }
    }
}

async fn notes(stage: &Stage) -> Result<Notes<'_>> {
    let (_, lease) = stage.running("notes").await?;
    Ok(Notes { store: stage.store.as_ref(), lease, space: "task/notes", collection: "records" })
}

fn put(key: &str, value: Value, if_version: Option<i64>) -> DocumentWrite {
    DocumentWrite::Put { key: key.to_owned(), value, if_version }
}

fn insert(key: &str) -> DocumentWrite {
    DocumentWrite::Insert { key: key.to_owned(), value: json!(key) }
}

fn delete(key: &str, if_version: Option<i64>) -> DocumentWrite {
    DocumentWrite::Delete { key: key.to_owned(), if_version }
}

fn conflict(index: usize, key: &str, found: Option<i64>) -> DocumentError {
    DocumentError::Conflict { index, key: key.to_owned(), found }
}

/// Versions rise with each write, and a precondition that does not hold says what is there.
pub async fn versions_rise_and_preconditions_hold(stage: Stage) -> Verdict {
    let notes = notes(&stage).await?;
    assert_eq!(notes.write(vec![insert("k")]).await, Ok(vec![1]));
    assert_eq!(notes.write(vec![put("k", json!(2), Some(1))]).await, Ok(vec![2]));
    assert_eq!(notes.write(vec![put("k", json!({"a": [1.5, null]}), None)]).await, Ok(vec![3]));
    assert_eq!(notes.write(vec![put("k", json!(4), Some(2))]).await, Err(conflict(0, "k", Some(3))));
    assert_eq!(notes.write(vec![put("new", json!(4), Some(1))]).await, Err(conflict(0, "new", None)));
    assert_eq!(notes.write(vec![insert("k")]).await, Err(conflict(0, "k", Some(3))));
    assert_eq!(notes.write(vec![delete("k", Some(2))]).await, Err(conflict(0, "k", Some(3))));
    assert_eq!(notes.write(vec![delete("none", Some(1))]).await, Err(conflict(0, "none", None)));
    assert_eq!(notes.write(vec![delete("none", None)]).await, Ok(vec![0]));
    let found = notes.ask(DocumentOp::Get { key: "k".to_owned() }).await?;
    let document = Document { key: "k".to_owned(), version: 3, value: json!({"a": [1.5, null]}) };
    assert_eq!(found, DocumentReply::One { document: Some(document) });
    assert_eq!(notes.write(vec![delete("k", Some(3))]).await, Ok(vec![0]));
    assert_eq!(
        notes.ask(DocumentOp::Get { key: "k".to_owned() }).await?,
        DocumentReply::One { document: None }
    );
    Ok(())
}

/// All or none, the failed operation named; later operations see earlier ones.
pub async fn a_batch_happens_whole_or_not_at_all(stage: Stage) -> Verdict {
    let notes = notes(&stage).await?;
    notes.write(vec![put("kept", json!(0), None)]).await?;
    let range = DocumentWrite::DeleteRange { from: "kept".to_owned(), until: None };
    let batch = vec![put("x", json!(1), None), range, put("y", json!(2), Some(7))];
    assert_eq!(notes.write(batch).await, Err(conflict(2, "y", None)));
    assert_eq!(notes.keys("", None, 9).await?, ["kept"]);
    let batch = vec![insert("x"), put("x", json!(2), Some(1)), delete("x", Some(2)), insert("x")];
    assert_eq!(notes.write(batch).await, Ok(vec![1, 2, 0, 1]));
    let full = (0..MAX_BATCH).map(|n| put(&format!("n/{n}"), json!(n), None)).collect();
    assert_eq!(notes.write(full).await?.len(), MAX_BATCH);
    assert_eq!(notes.count("n/").await?, MAX_BATCH as u64);
    let many = (0..=MAX_BATCH).map(|n| put(&n.to_string(), json!(n), None)).collect();
    assert!(matches!(notes.write(many).await, Err(DocumentError::Invalid { .. })));
    Ok(())
}

/// Bytes, not a language's idea of order; pages join without gap or repetition.
pub async fn keys_are_ordered_by_bytes(stage: Stage) -> Verdict {
    let notes = notes(&stage).await?;
    let mut keys =
        ["b", "a/é", "a/z", "B", "a/10", "a/9", "_", "Z", "é", "zebra", "ß", "日本", "a", "\u{10ffff}", "~"];
    notes.write(keys.iter().map(|key| insert(key)).collect()).await?;
    keys.sort_unstable();
    assert_eq!(notes.keys("", None, 99).await?, keys);
    let mut paged: Vec<String> = Vec::new();
    loop {
        let page = notes.keys("", paged.last().map(String::as_str), 4).await?;
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert_eq!(paged, keys);
    Ok(())
}

/// Prefixes and ranges take exactly what they say.
pub async fn bounds_are_exact(stage: Stage) -> Verdict {
    let notes = notes(&stage).await?;
    let keys = ["a", "a%", "a/1", "a/2", "a/é", "a0", "a_", "ab", "\u{10ffff}", "\u{10ffff}x"];
    notes.write(keys.iter().map(|key| insert(key)).collect()).await?;
    assert_eq!(notes.keys("a/", None, 9).await?, ["a/1", "a/2", "a/é"]);
    assert_eq!(notes.keys("a/", Some("a/1"), 9).await?, ["a/2", "a/é"]);
    assert_eq!(notes.keys("a%", None, 9).await?, ["a%"]);
    assert_eq!(notes.keys("a_", None, 9).await?, ["a_"]);
    assert_eq!(notes.keys("\u{10ffff}", None, 9).await?, ["\u{10ffff}", "\u{10ffff}x"]);
    assert_eq!((notes.count("a").await?, notes.count("").await?), (8, 10));
    let range = |from: &str, until: Option<&str>| {
        vec![DocumentWrite::DeleteRange { from: from.to_owned(), until: until.map(str::to_owned) }]
    };
    notes.write(range("a/1", Some("a/é"))).await?;
    assert_eq!(notes.keys("a", None, 9).await?, ["a", "a%", "a/é", "a0", "a_", "ab"]);
    notes.write(range("a", Some("a\0"))).await?;
    assert_eq!(notes.keys("a", None, 2).await?, ["a%", "a/é"]);
    notes.write(range("a_", None)).await?;
    assert_eq!(notes.keys("", None, 9).await?, ["a%", "a/é", "a0"]);
    Ok(())
}

/// An attempt that lost its run reads, and writes nothing any more.
pub async fn writes_are_fenced_by_the_attempt(stage: Stage) -> Verdict {
    let mut notes = notes(&stage).await?;
    notes.write(vec![insert("k")]).await?;
    let wait = Transition::Wait { due_at: at(80), cause: "node vanished".to_owned(), counted: true };
    stage.settle(&notes.lease, wait, 70).await?;
    assert_eq!(notes.write(vec![delete("k", None)]).await, Err(DocumentError::NotOurs));
    let (_, second) = stage.claim_one("b", 80).await?;
    assert_eq!(notes.write(vec![delete("k", None)]).await, Err(DocumentError::NotOurs));
    assert_eq!(notes.keys("", None, 9).await?, ["k"]);
    notes.lease = RunLease { holder: holder("c"), ..second.clone() };
    assert_eq!(notes.write(vec![delete("k", None)]).await, Err(DocumentError::NotOurs));
    notes.lease = second;
    assert_eq!(notes.write(vec![delete("k", None)]).await, Ok(vec![0]));
    Ok(())
}

/// Twenty writers add one each, with the version they read as precondition and another try on conflict.
pub async fn concurrent_writers_lose_no_update(stage: Stage) -> Verdict {
    let notes = notes(&stage).await?;
    notes.write(vec![put("sum", json!(0), None)]).await?;
    let add_one = async || -> Result<(), DocumentError> {
        loop {
            let found = notes.list("sum", None, 1).await?.remove(0);
            let sum = found.value.as_i64().unwrap_or_default() + 1;
            match notes.write(vec![put("sum", json!(sum), Some(found.version))]).await {
                Err(DocumentError::Conflict { .. }) => {}
                other => return other.map(drop),
            }
        }
    };
    for added in futures::future::join_all((0..20).map(|_| add_one())).await {
        added?;
    }
    let found = notes.list("sum", None, 1).await?.remove(0);
    assert_eq!((found.value, found.version), (json!(20), 21));
    Ok(())
}

/// The same key elsewhere is another document.
pub async fn spaces_and_collections_are_apart(stage: Stage) -> Verdict {
    let notes = notes(&stage).await?;
    notes.write(vec![insert("k")]).await?;
    let elsewhere = Notes { collection: "other", lease: notes.lease.clone(), ..notes };
    assert_eq!(elsewhere.keys("", None, 9).await?, [""; 0]);
    let elsewhere = Notes { space: "family/other", collection: "records", ..elsewhere };
    assert_eq!(elsewhere.write(vec![insert("k")]).await, Ok(vec![1]));
    Ok(())
}
