//! The seam between the outbox and whoever carries mails. It carries none.

use std::time::Duration;

use async_trait::async_trait;
use roundsman_model::Timestamp;
use uuid::Uuid;

use crate::{Mail, mail::without_addresses};

/// How often something may be asked of a transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Within any minute.
    pub per_minute: u32,
    /// Within any hour.
    pub per_hour: u32,
}

/// A mail was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Handed {
    /// The other side wants to be asked for its fate no sooner.
    pub ask_after: Option<Duration>,
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

/// What a failure means for the mail, and for those behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// There were too many: none is taken for a while.
    Throttled,
    /// Nobody is there: none was taken, none is to be had at present.
    Away,
    /// This mail was not taken; it may be later.
    Later,
    /// Nobody knows whether it was taken.
    Unsure,
    /// This mail will never be taken.
    Refused,
    /// No mail will be taken until a person has mended something.
    Unusable,
}

/// The most characters that are told of a failure.
const LONGEST_TOLD: usize = 600;

/// Why a mail was not sent.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{told}")]
pub struct SendError {
    /// What it means.
    pub fault: Fault,
    /// Nothing is to be asked before, says the other side.
    pub not_before: Option<Timestamp>,
    /// What the other side said, without addresses of people and without secrets.
    pub told: String,
    /// The recipients because of whom the mail was refused, where the other side names them. Not for logs.
    pub refused: Vec<String>,
}

impl SendError {
    /// A failure that means this. Addresses in the text are covered, and what is endless is cut.
    pub fn new(fault: Fault, told: &str) -> Self {
        let told: String = without_addresses(told).chars().take(LONGEST_TOLD).collect();
        Self { fault, not_before: None, told, refused: Vec::new() }
    }
}

/// Carries mails.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Hands a mail over. Handing it over again under the same id does not send it twice, as far as the other side can tell.
    async fn send(&self, id: Uuid, mail: &Mail) -> Result<Handed, SendError>;
    /// What became of a mail. Nothing if the other side does not know it, or cannot be asked.
    async fn status(&self, id: Uuid) -> Result<Option<Status>, SendError>;
    /// How many mails it takes where the configuration says nothing.
    fn limits(&self) -> Limits;
    /// How often it may be asked for a [`status`](Self::status); absent if it can tell nothing.
    fn questions(&self) -> Option<Limits>;
}
