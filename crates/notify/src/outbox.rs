//! The outbox: mails as documents, each entered once, sent in the order of their importance within what the transport allows.
//! What a mail says, and whom it is for, is the kind's matter.

mod drain;
mod outlook;
mod record;
mod room;

use std::time::Duration;

use roundsman_model::{DocumentError, DocumentWrite, Timestamp, time::delta};
use roundsman_task::{Documents, TaskContext, TaskError};
use serde::Serialize;
use uuid::Uuid;

use crate::{Limits, Mail};

pub use drain::Drained;
pub use outlook::Outlook;
pub use record::{Draft, Holder, Priority, Record, State};

/// How mails are sent.
#[derive(Debug, Clone)]
pub struct Policy {
    /// How many mails are sent; absent for what the transport says itself. Each try counts.
    pub limits: Option<Limits>,
    /// How many questions for the fate of mails are asked; absent for what the transport says itself.
    pub questions: Option<Limits>,
    /// This many of an hour's mails are kept for the most important ones, those of priority 0.
    pub reserved: u32,
    /// How long after it was handed over the fate of a mail is asked for, once.
    pub confirm_after: Duration,
    /// How long ended mails are kept, and their ids remembered.
    pub keep: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            limits: None,
            questions: None,
            reserved: 1,
            confirm_after: Duration::from_mins(2),
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
    until: Option<Timestamp>,
}

/// Mails that something is still to be done about.
const OPEN: &str = "open/";
/// Mails that nothing is to be done about, by the second of their end.
const ENDED: &str = "ended/";
/// The ids that were entered.
const ONCE: &str = "once/";
impl Outbox {
    /// An outbox in this collection.
    pub fn new(cx: &TaskContext, documents: Documents, policy: Policy) -> Self {
        Self { cx: cx.clone(), documents, policy, until: None }
    }

    /// The same outbox, for which nothing is begun outside after this instant, or the attempt's end.
    #[must_use]
    pub fn until(self, end: Timestamp) -> Self {
        Self { until: Some(end), ..self }
    }

    /// Enters a mail. Says whether it is new: an id is entered once, whatever became of it. One that can never be sent, such as
    /// one without any recipient, is entered as failed. A dry run enters nothing.
    pub async fn enter(&self, draft: Draft) -> Result<bool, TaskError> {
        let (id, now) = (draft.id, self.cx.now());
        if self.cx.dry_run() {
            let new = !self.knows(id).await?;
            if new {
                tracing::info!("would mail ({}): {}", draft.kind, draft.mail.subject);
            }
            return Ok(new);
        }
        let mut record = Record::new(draft, now);
        let mut key = format!("{OPEN}{id}");
        if let Some(flaw) = record.flaw() {
            tracing::warn!("a mail ({}) cannot be sent: {flaw}", record.kind);
            (record.state, record.ended_at, record.error) = (State::Failed, Some(now), Some(flaw));
            key = ended_key(now, id);
        }
        let writes = vec![
            DocumentWrite::Insert { key: format!("{ONCE}{id}"), value: to_value(&now) },
            DocumentWrite::Insert { key, value: to_value(&record) },
        ];
        match self.documents.batch(writes).await {
            Ok(_) => Ok(true),
            Err(DocumentError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes a mail that waits, or when it makes no sense any more. Says whether there was one; what is being handed over stays
    /// as it is.
    pub async fn amend(
        &self,
        id: Uuid,
        change: impl Fn(&mut Mail, &mut Timestamp),
    ) -> Result<bool, TaskError> {
        let key = format!("{OPEN}{id}");
        while let Some(document) = self.documents.get(&key).await? {
            let Ok(mut record) = serde_json::from_value::<Record>(document.value) else { return Ok(false) };
            if record.state != State::Queued || self.cx.dry_run() {
                return Ok(record.state == State::Queued);
            }
            change(&mut record.mail, &mut record.expires_at);
            record.mail.tidy();
            match self.documents.put(&key, &record, Some(document.version)).await {
                Ok(_) => return Ok(true),
                Err(DocumentError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }

    /// Whether an id was entered.
    pub async fn knows(&self, id: Uuid) -> Result<bool, TaskError> {
        Ok(self.documents.get(&format!("{ONCE}{id}")).await?.is_some())
    }

    /// The mails that something is still to be done about.
    pub async fn open(&self) -> Result<Vec<(Uuid, Record)>, TaskError> {
        let found = self.all(OPEN, None).await?;
        Ok(found.records.into_iter().map(|(id, record, _)| (id, record)).collect())
    }

    /// The mails that ended at this instant or later, oldest first.
    pub async fn ended_since(&self, since: Timestamp) -> Result<Vec<(Uuid, Record)>, TaskError> {
        let found = self.all(ENDED, Some(format!("{ENDED}{}", second(since)))).await?;
        Ok(found.records.into_iter().map(|(id, record, _)| (id, record)).collect())
    }

    /// Forgets mails that ended long ago, and that their ids were entered. Returns how many.
    pub async fn purge(&self) -> Result<u64, TaskError> {
        let until = format!("{ENDED}{}", second(self.cx.now() - delta(self.policy.keep)));
        let mut gone = 0;
        while !self.cx.dry_run() {
            let page = self.documents.list(ENDED, None, PAGE).await?;
            let old: Vec<_> =
                page.iter().map(|document| &document.key).take_while(|key| **key < until).collect();
            let ids = old.iter().filter_map(|key| key.rsplit_once('/')).map(|(_, id)| format!("{ONCE}{id}"));
            let keys = ids.chain(old.iter().map(|key| (*key).clone()));
            let writes: Vec<_> = keys.map(|key| DocumentWrite::Delete { key, if_version: None }).collect();
            gone += old.len() as u64;
            let whole = old.len() == PAGE as usize;
            if !writes.is_empty() {
                self.documents.batch(writes).await?;
            }
            if !whole {
                break;
            }
        }
        Ok(gone)
    }

    /// The records under a prefix with their versions, in the order of their keys.
    async fn all(&self, prefix: &str, after: Option<String>) -> Result<Found, TaskError> {
        let (mut found, mut after) = (Found::default(), after);
        loop {
            let page = self.documents.list(prefix, after.as_deref(), PAGE).await?;
            let whole = page.len() == PAGE as usize;
            after = page.last().map(|document| document.key.clone());
            for document in page {
                let id = document.key.rsplit('/').next().and_then(|id| id.parse().ok());
                let record = serde_json::from_value(document.value);
                if let (Some(id), Ok(record)) = (id, record) {
                    found.records.push((id, record, document.version));
                } else {
                    found.unreadable += 1;
                    tracing::error!(
                        "document {} of the outbox cannot be read; it is passed over",
                        document.key
                    );
                }
            }
            if !whole {
                return Ok(found);
            }
        }
    }
}

/// How many documents are read at a time. Each may have a megabyte, and what is read at a time travels as one message, which
/// may have 24 of them.
const PAGE: u32 = 20;

/// Records that were read.
#[derive(Default)]
struct Found {
    records: Vec<(Uuid, Record, i64)>,
    unreadable: usize,
}

/// Where a mail is kept whose end was at this instant.
fn ended_key(at: Timestamp, id: Uuid) -> String {
    format!("{ENDED}{}/{id}", second(at))
}

/// An instant as a part of a key: seconds sort as texts do.
fn second(at: Timestamp) -> String {
    format!("{:012}", at.timestamp().max(0))
}

fn to_value(value: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).expect("a record is always representable as JSON")
}
