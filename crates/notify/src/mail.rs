//! A mail as it is written, before anybody sends it.

use std::{collections::HashSet, fmt, str::FromStr};

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

/// The most recipients a mail may have; what Azure takes, and most servers.
pub const MOST_RECIPIENTS: usize = 50;

impl Mail {
    /// How many people get it.
    pub fn recipients(&self) -> usize {
        self.to.len() + self.cc.len()
    }

    /// Makes it fit to be sent: addresses that are none and repeated ones go, and with nobody left in `to`, those in `cc` come
    /// there. Returns how many addresses were none.
    pub(crate) fn tidy(&mut self) -> usize {
        let (mut seen, mut unfit) = (HashSet::new(), 0);
        for list in [&mut self.to, &mut self.cc] {
            list.retain(|one| {
                let fit = is_address(&one.address);
                unfit += usize::from(!fit);
                fit && seen.insert(one.address.to_lowercase())
            });
        }
        self.reply_to.retain(|one| is_address(&one.address));
        if self.to.is_empty() {
            self.to = std::mem::take(&mut self.cc);
        }
        unfit
    }

    /// Why no transport would ever take it, if none would.
    pub(crate) fn flaw(&self) -> Option<String> {
        if self.to.is_empty() {
            return Some("the mail has no recipient".to_owned());
        }
        if self.recipients() > MOST_RECIPIENTS {
            let count = self.recipients();
            return Some(format!("the mail has {count} recipients; at most {MOST_RECIPIENTS} are taken"));
        }
        self.subject.trim().is_empty().then(|| "the mail has no subject".to_owned())
    }

    /// The same mail without these recipients, if anybody is left in `to`.
    pub(crate) fn without(&self, refused: &[String]) -> Option<Self> {
        let stays = |one: &&Address| !refused.iter().any(|gone| gone.eq_ignore_ascii_case(&one.address));
        let to: Vec<_> = self.to.iter().filter(stays).cloned().collect();
        let cc = self.cc.iter().filter(stays).cloned().collect();
        let fewer = Self { to, cc, ..self.clone() };
        (!fewer.to.is_empty() && fewer.recipients() < self.recipients()).then_some(fewer)
    }

    /// The recipients that a text names.
    pub(crate) fn named_in(&self, text: &str) -> Vec<String> {
        let text = text.to_lowercase();
        let words: HashSet<&str> =
            text.split(|char| !of_address(char) && char != '@').map(|word| word.trim_matches('.')).collect();
        let named = |one: &&Address| words.contains(one.address.to_lowercase().as_str());
        self.to.iter().chain(&self.cc).filter(named).map(|one| one.address.clone()).collect()
    }
}

/// What [`lettre`] and Azure both take.
fn is_address(text: &str) -> bool {
    let domain = text.rsplit_once('@').map_or("", |(_, domain)| domain);
    domain.contains('.') && text.parse::<lettre::Address>().is_ok()
}

/// Whether a character may stand on either side of the `@`, unquoted; the dot that ends a sentence may too.
fn of_address(char: char) -> bool {
    char.is_alphanumeric() || ".!#$%&*+/=?^_`{|}~-".contains(char)
}

/// A text of the other side in which the names before `@` are covered: addresses of people do not belong into logs.
pub fn without_addresses(text: &str) -> String {
    let mut covered = String::with_capacity(text.len());
    for (index, piece) in text.split('@').enumerate() {
        if index > 0 {
            let name = covered.trim_end_matches(of_address).len();
            covered.truncate(name);
            covered.push_str("…@");
        }
        covered.push_str(piece);
    }
    covered
}

#[cfg(test)]
mod tests;
