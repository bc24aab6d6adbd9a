//! The seam between the outbox and whoever carries mails. It carries none.

use async_trait::async_trait;
use roundsman_model::Timestamp;
use uuid::Uuid;

use crate::Mail;

/// How often a transport may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Mails within any minute.
    pub per_minute: u32,
    /// Mails within any hour.
    pub per_hour: u32,
}

/// What became of a mail that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It is under way.
    Pending,
    /// It was handed on for delivery.
    Delivered,
    /// It was given up.
    Failed {
        /// Why.
        cause: String,
    },
}

/// What a failure means for the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It was not taken; it may be at this instant.
    NotBefore(Timestamp),
    /// It was not taken; it may be later.
    Later,
    /// Nobody knows whether it was taken.
    Unsure,
    /// This mail will never be taken.
    Refused,
    /// No mail will be taken until a person has mended something.
    Unusable,
}

/// Why a mail was not sent.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{told}")]
pub struct SendError {
    /// What it means.
    pub fault: Fault,
    /// What the other side said, without addresses of people and without secrets.
    pub told: String,
}

/// Carries mails.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Hands a mail over. Handing it over again under the same id does not send it twice, as far as the other side can tell.
    async fn send(&self, id: Uuid, mail: &Mail) -> Result<(), SendError>;
    /// What became of a mail. Nothing if the other side does not know it, or cannot be asked.
    async fn status(&self, id: Uuid) -> Result<Option<Status>, SendError>;
    /// Whether [`status`](Self::status) can tell anything.
    fn tells_status(&self) -> bool;
    /// How often it may be used where the configuration says nothing.
    fn limits(&self) -> Limits;
}
