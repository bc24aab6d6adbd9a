//! What is kept between runs, as documents of the space that all tasks on one workspace share (B.8). It decides nothing;
//! in a dry run it keeps nothing.
//!
//! | collection | key | what |
//! | --- | --- | --- |
//! | `workspace` | `state` | the last poll, the last closed day, failures |
//! | `clusters` | cluster | the cluster and its intervals since the day before the last closed one |
//! | `intervals` | cluster/start | its older intervals |
//! | `events` | cluster/instant/type | its events |
//! | `usage` | day/cluster | what it used that day: live for today, final for closed days |
//! | `measures` | day/cluster/kind/seq | what was decided about it and what became of that |
//! | `blocks` | cluster | the grants from before a block that is not released |
//! | `closing` | day/step | steps of the end of that day |
//! | `numbers` | course | numbers of the course's groups |
//! | `provisioning` | | the journal of changes to the workspace |
//! | `mail` | | the outbox |

mod clusters;
mod days;
mod rows;

use roundsman_task::{Document, DocumentError, DocumentWrite, Documents, TaskContext, TaskError};
use serde::{Serialize, de::DeserializeOwned};

pub use self::{
    days::{Step, StepRow, StepState},
    rows::{Before, BlockRow, ClusterRow, MeasureRow, MeasureState, UsageRow, WorkspaceRow},
};

/// The space that all tasks on one workspace share.
pub const SPACE: &str = "databricks";

/// How many documents are read or written at a time.
const PAGE: u32 = 1_000;
/// The same where they are large. What is read at a time travels as one message of at most 24 MiB, and a document may have one.
const SMALL_PAGE: u32 = 20;
/// How many bytes of values are written at a time.
const MOST_BYTES: usize = 8 << 20;

/// What is kept between runs.
#[derive(Clone)]
pub struct State {
    cx: TaskContext,
    is_dry: bool,
}

impl State {
    /// The documents of the workspace whose tasks this one belongs to. With `is_dry` nothing is written.
    pub fn new(cx: &TaskContext, is_dry: bool) -> Self {
        Self { cx: cx.clone(), is_dry }
    }

    /// The collection of the outbox.
    pub fn mail(&self) -> Documents {
        self.collection("mail")
    }

    /// The collection of the journal of changes to the workspace.
    pub fn provisioning(&self) -> Documents {
        self.collection("provisioning")
    }

    /// What is known of the workspace; of a new one nothing.
    pub async fn workspace(&self) -> Result<WorkspaceRow, TaskError> {
        self.one("workspace", "state").await.map(Option::unwrap_or_default)
    }

    /// Keeps what is known of the workspace.
    pub async fn put_workspace(&self, row: &WorkspaceRow) -> Result<(), TaskError> {
        self.put("workspace", [("state".to_owned(), row)]).await
    }

    fn collection(&self, name: &str) -> Documents {
        self.cx.documents_in(SPACE, name)
    }

    /// One document; one that cannot be read any more counts as absent, and says so.
    async fn one<T: DeserializeOwned>(&self, collection: &str, key: &str) -> Result<Option<T>, TaskError> {
        let document = self.collection(collection).get(key).await?;
        Ok(document.and_then(|document| read(collection, document)).map(|(_, row)| row))
    }

    /// All documents whose keys begin with `prefix` and come after `after`, in the order of their keys.
    async fn all<T: DeserializeOwned>(
        &self,
        collection: &str,
        prefix: &str,
        after: Option<String>,
    ) -> Result<Vec<(String, T)>, TaskError> {
        let (documents, mut rows, mut after) = (self.collection(collection), Vec::new(), after);
        let mut most = PAGE;
        loop {
            let page = match documents.list(prefix, after.as_deref(), most).await {
                // After a long outage even so many may be too much for one message.
                Err(DocumentError::Invalid { .. }) if most > SMALL_PAGE => {
                    most = SMALL_PAGE;
                    continue;
                }
                page => page?,
            };
            let is_last = page.len() < most as usize;
            after = page.last().map(|document| document.key.clone());
            rows.extend(page.into_iter().filter_map(|document| read(collection, document)));
            if is_last {
                return Ok(rows);
            }
        }
    }

    /// Creates or replaces documents: as many at once as travel together, and then the next.
    async fn put<T: Serialize>(
        &self,
        collection: &str,
        rows: impl IntoIterator<Item = (String, T)>,
    ) -> Result<(), TaskError> {
        let mut writes = Vec::new();
        for (key, row) in rows {
            let value = serde_json::to_value(row).map_err(TaskError::permanent)?;
            writes.push(DocumentWrite::Put { key, value, if_version: None });
        }
        self.write(collection, writes).await
    }

    async fn write(&self, collection: &str, writes: Vec<DocumentWrite>) -> Result<(), TaskError> {
        if self.is_dry {
            return Ok(());
        }
        let documents = self.collection(collection);
        for batch in batches(writes) {
            documents.batch(batch).await?;
        }
        Ok(())
    }
}

/// Writes as they travel: so many at a time, and no more bytes than one message holds.
fn batches(writes: Vec<DocumentWrite>) -> Vec<Vec<DocumentWrite>> {
    let (mut batches, mut bytes) = (Vec::<Vec<_>>::new(), 0);
    for write in writes {
        let own = match &write {
            DocumentWrite::Put { value, .. } | DocumentWrite::Insert { value, .. } => value.to_string().len(),
            _ => 0,
        };
        bytes += own;
        match batches.last_mut() {
            Some(last) if last.len() < PAGE as usize && bytes <= MOST_BYTES => last.push(write),
            _ => {
                bytes = own;
                batches.push(vec![write]);
            }
        }
    }
    batches
}

/// A document as what it was written from.
fn read<T: DeserializeOwned>(collection: &str, document: Document) -> Option<(String, T)> {
    let Document { key, value, .. } = document;
    match serde_json::from_value(value) {
        Ok(row) => Some((key, row)),
        Err(error) => {
            tracing::error!("document {key} of {collection} cannot be read and is passed over: {error}");
            None
        }
    }
}

/// An instant as a part of a key: keys compare byte by byte, so it has a fixed width.
fn instant_key(at_ms: i64) -> String {
    format!("{:015}", at_ms.max(0))
}

#[cfg(test)]
mod tests;
