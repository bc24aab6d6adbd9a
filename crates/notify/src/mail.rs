//! A mail as it is written, before anybody sends it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A mail. It has at least one recipient in `to`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mail {
    /// Whom it is for.
    pub to: Vec<Address>,
    /// Who gets a copy.
    #[serde(default)]
    pub cc: Vec<Address>,
    /// Where answers go, if not to the sender.
    #[serde(default)]
    pub reply_to: Vec<Address>,
    /// The subject, one line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as HTML.
    #[serde(default)]
    pub html: Option<String>,
    /// What comes with it.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
}

/// A file that comes with a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its text; UTF-8.
    pub text: String,
}

/// An address, with the name of who has it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// `user@example.com`.
    pub address: String,
    /// The name; may be empty.
    #[serde(default)]
    pub name: String,
}

/// A text that is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no mail address; write it as \"user@example.com\" or \"Name <user@example.com>\"")]
pub struct InvalidAddress {
    text: String,
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let mailbox: lettre::message::Mailbox =
            text.trim().parse().map_err(|_| InvalidAddress { text: text.to_owned() })?;
        Ok(Self { address: mailbox.email.to_string(), name: mailbox.name.unwrap_or_default() })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() {
            f.write_str(&self.address)
        } else {
            write!(f, "{} <{}>", self.name, self.address)
        }
    }
}

/// Addresses of people do not belong into logs.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let domain = self.address.rsplit_once('@').map_or("", |(_, domain)| domain);
        write!(f, "…@{domain}")
    }
}

impl Mail {
    /// How many people get it.
    pub fn recipients(&self) -> usize {
        self.to.len() + self.cc.len()
    }
}
