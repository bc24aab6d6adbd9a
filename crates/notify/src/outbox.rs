//! The outbox: mails as documents, each entered once, sent in the order of their importance within what the transport allows.
//! What a mail says, and whom it is for, is the kind's matter.

mod drain;
mod room;

use std::time::Duration;

use roundsman_model::{DocumentError, DocumentWrite, Timestamp};
use roundsman_task::{Documents, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Limits, Mail};

pub use drain::Drained;

/// How important a mail is: 0 goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Priority(pub u8);

/// Where a mail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It waits for its turn.
    Queued,
    /// It is being handed over; after a crash nobody knows whether it was.
    Sending,
    /// It was handed over.
    Accepted,
    /// It was handed on for delivery.
    Succeeded,
    /// It was given up.
    Failed,
    /// Its time was over before its turn came.
    Expired,
    /// It was handed over, and nothing more was to be learnt.
    Unconfirmed,
}

impl State {
    /// Whether nothing more is done about it.
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Expired | Self::Unconfirmed)
    }
}

/// A mail to be entered.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its id: the same for the same mail, however often it is entered.
    pub id: Uuid,
    /// One word for what it is, for reports and metrics.
    pub kind: String,
    /// How important it is.
    pub priority: Priority,
    /// The mail.
    pub mail: Mail,
    /// When it makes no sense any more.
    pub expires_at: Timestamp,
}

/// A mail in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// One word for what it is.
    pub kind: String,
    /// How important it is.
    pub priority: Priority,
    /// The mail.
    pub mail: Mail,
    /// Where it stands.
    pub state: State,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was entered.
    pub queued_at: Timestamp,
    /// When it makes no sense any more.
    pub expires_at: Timestamp,
    /// It is not tried before.
    #[serde(default)]
    pub next_at: Option<Timestamp>,
    /// When it was handed over.
    #[serde(default)]
    pub handed_at: Option<Timestamp>,
    /// When nothing more was to be done.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// What went wrong last.
    #[serde(default)]
    pub error: Option<String>,
}

/// How mails are sent.
#[derive(Debug, Clone)]
pub struct Policy {
    /// How often the transport may be used; absent for what the transport says itself.
    pub limits: Option<Limits>,
    /// This many of an hour's mails are kept for the most important ones.
    pub reserved: u32,
    /// How long after it was handed over the fate of a mail is asked for, once.
    pub confirm_after: Duration,
    /// How many questions for the fate of mails there may be in an hour.
    pub confirm_per_hour: u32,
    /// How long ended mails are kept.
    pub keep: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            limits: None,
            reserved: 1,
            confirm_after: Duration::from_secs(120),
            confirm_per_hour: 20,
            keep: Duration::from_hours(24 * 365),
        }
    }
}

/// Mails that wait, in a collection of documents.
#[derive(Clone)]
pub struct Outbox {
    cx: TaskContext,
    documents: Documents,
    policy: Policy,
}

/// Mails that something is still to be done about.
const OPEN: &str = "open/";
/// Mails that nothing is to be done about, by the second of their end.
const ENDED: &str = "ended/";
/// The ids that were entered.
const ONCE: &str = "once/";

impl Outbox {
    /// An outbox in this collection.
    pub fn new(cx: &TaskContext, collection: &str, policy: Policy) -> Self {
        Self { cx: cx.clone(), documents: cx.documents(collection), policy }
    }

    /// Enters a mail. Says whether it is new: an id is entered once, whatever became of it. A dry run enters nothing.
    pub async fn enter(&self, draft: Draft) -> Result<bool, TaskError> {
        if self.cx.dry_run() {
            tracing::info!("would mail ({}): {}", draft.kind, draft.mail.subject);
            return Ok(true);
        }
        let (id, now) = (draft.id, self.cx.now());
        let record = Record {
            kind: draft.kind,
            priority: draft.priority,
            mail: draft.mail,
            state: State::Queued,
            attempts: 0,
            queued_at: now,
            expires_at: draft.expires_at,
            next_at: None,
            handed_at: None,
            ended_at: None,
            error: None,
        };
        let writes = vec![
            DocumentWrite::Insert { key: format!("{ONCE}{id}"), value: to_value(&now) },
            DocumentWrite::Insert { key: format!("{OPEN}{id}"), value: to_value(&record) },
        ];
        match self.documents.batch(writes).await {
            Ok(_) => Ok(true),
            Err(DocumentError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether an id was entered.
    pub async fn knows(&self, id: Uuid) -> Result<bool, TaskError> {
        Ok(self.documents.get(&format!("{ONCE}{id}")).await?.is_some())
    }

    /// The mails that something is still to be done about.
    pub async fn open(&self) -> Result<Vec<(Uuid, Record)>, TaskError> {
        let found = self.all(OPEN, None).await?;
        Ok(found.into_iter().map(|(id, record, _)| (id, record)).collect())
    }

    /// The mails that ended at this instant or later, oldest first.
    pub async fn ended_since(&self, since: Timestamp) -> Result<Vec<(Uuid, Record)>, TaskError> {
        let found = self.all(ENDED, Some(format!("{ENDED}{}", second(since)))).await?;
        Ok(found.into_iter().map(|(id, record, _)| (id, record)).collect())
    }

    /// Forgets mails that ended long ago.
    pub async fn purge(&self) -> Result<(), TaskError> {
        let before = self.cx.now() - roundsman_model::time::delta(self.policy.keep);
        let until = format!("{ENDED}{}", second(before));
        Ok(self.documents.delete_range(ENDED, Some(&until)).await?)
    }

    /// The records under a prefix with their versions, in the order of their keys.
    async fn all(&self, prefix: &str, after: Option<String>) -> Result<Vec<(Uuid, Record, i64)>, TaskError> {
        const PAGE: u32 = 500;
        let (mut all, mut after) = (Vec::new(), after);
        loop {
            let page = self.documents.list(prefix, after.as_deref(), PAGE).await?;
            let whole = page.len() == PAGE as usize;
            after = page.last().map(|document| document.key.clone());
            for document in page {
                let id = document.key.rsplit('/').next().and_then(|id| id.parse().ok());
                let record = serde_json::from_value(document.value);
                if let (Some(id), Ok(record)) = (id, record) {
                    all.push((id, record, document.version));
                } else {
                    tracing::error!(
                        "document {} of the outbox cannot be read; it is passed over",
                        document.key
                    );
                }
            }
            if !whole {
                return Ok(all);
            }
        }
    }
}

/// An instant as a part of a key: seconds sort as texts do.
fn second(at: Timestamp) -> String {
    format!("{:012}", at.timestamp().max(0))
}

fn to_value(value: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).expect("a record is always representable as JSON")
}
