//! What is kept between runs: one document for each check on each server. It decides nothing about states.

use std::collections::{BTreeMap, BTreeSet};

use roundsman_task::{Document, DocumentError, DocumentWrite, Documents, TaskContext, Timestamp};
use serde::{Deserialize, Serialize};

use super::{look::Target, state::History};

/// The collection that holds the documents.
const COLLECTION: &str = "states";
/// The most documents read or written at once.
const PAGE: usize = 1_000;

/// What is remembered of a check on a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remembered {
    /// Where the server was; another address is another server.
    pub(super) at: String,
    /// The run that was the last to write; an attempt that is repeated must not count twice.
    pub(super) run: i64,
    /// For serials: since when this server has been behind.
    #[serde(default)]
    pub(super) lagging_since: Option<Timestamp>,
    /// How it looked.
    #[serde(flatten)]
    pub(super) history: History,
}

/// All documents of the task.
pub(super) struct Memory {
    documents: Documents,
    found: BTreeMap<String, Document>,
}

impl Memory {
    /// Reads everything that is kept.
    pub(super) async fn load(cx: &TaskContext) -> Result<Self, DocumentError> {
        let documents = cx.documents(COLLECTION);
        let mut found = BTreeMap::new();
        let mut after: Option<String> = None;
        loop {
            let page = documents.list("", after.as_deref(), PAGE as u32).await?;
            let full = page.len() == PAGE;
            after = page.last().map(|document| document.key.clone());
            found.extend(page.into_iter().map(|document| (document.key.clone(), document)));
            if !full {
                return Ok(Self { documents, found });
            }
        }
    }

    /// What is remembered of a target; nothing, if it is new, has moved, or was written by another version.
    pub(super) fn of(&self, target: &Target<'_>, now: Timestamp) -> Remembered {
        let at = target.server.at.to_string();
        let kept = self.found.get(&target.key()).and_then(|document| {
            serde_json::from_value::<Remembered>(document.value.clone())
                .inspect_err(
                    |error| tracing::warn!(key = document.key, %error, "a kept state cannot be read"),
                )
                .ok()
        });
        kept.filter(|kept| kept.at == at).unwrap_or_else(|| Remembered {
            at,
            run: 0,
            lagging_since: None,
            history: History::new(now),
        })
    }

    /// Keeps what changed and forgets what is no longer looked at.
    pub(super) async fn store(&self, now_known: &[(String, Remembered)]) -> Result<(), DocumentError> {
        let keys: BTreeSet<&String> = now_known.iter().map(|(key, _)| key).collect();
        let gone = self.found.keys().filter(|key| !keys.contains(key));
        let mut writes: Vec<_> =
            gone.map(|key| DocumentWrite::Delete { key: key.clone(), if_version: None }).collect();
        for (key, remembered) in now_known {
            let value = serde_json::to_value(remembered)
                .map_err(|error| DocumentError::Invalid { cause: format!("a state is no JSON: {error}") })?;
            writes.push(DocumentWrite::Put { key: key.clone(), value, if_version: None });
        }
        for batch in writes.chunks(PAGE) {
            self.documents.batch(batch.to_vec()).await?;
        }
        Ok(())
    }
}
