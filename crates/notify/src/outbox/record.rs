//! A mail in the outbox: what is known of it from when it is entered to its end. It moves nowhere by itself.

use roundsman_model::{RunId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::to_value;
use crate::Mail;

/// A record has to stay below what a document may hold, also with what is noted in it later.
const LARGEST: usize = 1_000_000;

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

/// An attempt that hands a mail over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its run.
    pub run: RunId,
    /// Its number.
    pub attempt: u32,
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
    /// Who tried it last.
    #[serde(default)]
    pub by: Option<Holder>,
    /// When it was entered.
    pub queued_at: Timestamp,
    /// When it makes no sense any more.
    pub expires_at: Timestamp,
    /// Nothing is done about it before.
    #[serde(default)]
    pub next_at: Option<Timestamp>,
    /// When it was tried last.
    #[serde(default)]
    pub tried_at: Option<Timestamp>,
    /// When it was handed over.
    #[serde(default)]
    pub handed_at: Option<Timestamp>,
    /// Its fate was asked for after it was handed over.
    #[serde(default)]
    pub asked: bool,
    /// It goes to those whom this mail was not refused because of.
    #[serde(default)]
    pub instead_of: Option<Uuid>,
    /// When nothing more was to be done.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// What went wrong last.
    #[serde(default)]
    pub error: Option<String>,
}

impl Record {
    pub(super) fn new(draft: Draft, now: Timestamp) -> Self {
        Self {
            kind: draft.kind,
            priority: draft.priority,
            mail: draft.mail,
            state: State::Queued,
            attempts: 0,
            by: None,
            queued_at: now,
            expires_at: draft.expires_at,
            next_at: None,
            tried_at: None,
            handed_at: None,
            asked: false,
            instead_of: None,
            ended_at: None,
            error: None,
        }
    }

    /// Why it can never be sent, if it cannot. What is too large to be kept is cut.
    pub(super) fn flaw(&mut self) -> Option<String> {
        let unfit = self.mail.tidy();
        if unfit > 0 {
            self.error = Some(format!("{unfit} of its addresses are none and were left out"));
        }
        let bytes = to_value(self).to_string().len();
        if bytes > LARGEST {
            self.mail.attachments.clear();
            self.mail.html = None;
            self.mail.text = self.mail.text.chars().take(1_000).collect();
            self.mail.subject = self.mail.subject.chars().take(1_000).collect();
            return Some(format!("the mail has {bytes} bytes; at most {LARGEST} can be kept"));
        }
        self.mail.flaw()
    }
}
