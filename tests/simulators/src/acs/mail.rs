//! A mail as it was sent, and how its operation goes. Limits and memory are the service's.

use serde_json::Value;

use crate::{exchange::Answer, faults::shape::acs_error};

/// The most recipients, and the largest request.
const MOST_RECIPIENTS: usize = 50;
const LARGEST: usize = 10 * 1024 * 1024;

/// A mail that the service accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct SentMail {
    /// The id of the operation.
    pub id: String,
    /// When it was accepted, in milliseconds.
    pub at: i64,
    /// `senderAddress`.
    pub sender: String,
    /// Addresses.
    pub to: Vec<String>,
    /// Addresses.
    pub cc: Vec<String>,
    /// Addresses.
    pub bcc: Vec<String>,
    /// The subject.
    pub subject: String,
    /// `plainText`.
    pub text: String,
    /// `html`.
    pub html: String,
    /// Names and contents (in base64) of attachments.
    pub attachments: Vec<(String, String)>,
    /// The request as a whole.
    pub body: Value,
    /// How its operation stands.
    pub status: MailStatus,
    pub(super) all_suppressed: bool,
}

/// How an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailStatus {
    /// On its way.
    Running,
    /// Handed over for delivery.
    Succeeded,
    /// Dropped.
    Failed,
}

impl MailStatus {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}

impl SentMail {
    /// Brings the status up to date.
    pub(super) fn settle(&mut self, now: i64, takes_secs: u64) {
        if now - self.at >= takes_secs as i64 * 1_000 {
            self.status = if self.all_suppressed { MailStatus::Failed } else { MailStatus::Succeeded };
        }
    }
}

/// The mail of a body, or why there is none.
pub(super) fn read(body: &Value, size: usize, domains: &[String]) -> Result<SentMail, Answer> {
    let bad = |text: &str| acs_error(400, "BadRequest", text);
    if size > LARGEST {
        return Err(acs_error(413, "RequestTooLarge", "The request is larger than 10 MB."));
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let sender = text(&body["senderAddress"]);
    let domain = sender.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
    let Some(domain) = domain else {
        return Err(bad("senderAddress is required"));
    };
    if domains.iter().all(|own| !own.eq_ignore_ascii_case(&domain)) {
        let text = "The specified sender domain has not been linked.";
        return Err(acs_error(404, "DomainNotLinked", text));
    }
    let recipients = &body["recipients"];
    let (to, cc, bcc) =
        (addresses(recipients, "to")?, addresses(recipients, "cc")?, addresses(recipients, "bcc")?);
    if to.is_empty() {
        return Err(bad("recipients.to must not be empty"));
    }
    if to.len() + cc.len() + bcc.len() > MOST_RECIPIENTS {
        return Err(bad("There are more than 50 recipients"));
    }
    let content = &body["content"];
    let (subject, plain, html) =
        (text(&content["subject"]), text(&content["plainText"]), text(&content["html"]));
    if subject.is_empty() || (plain.is_empty() && html.is_empty()) {
        return Err(bad("content needs a subject, and plainText or html"));
    }
    let attachments = body["attachments"].as_array().map(Vec::as_slice).unwrap_or_default();
    let attachments = attachments.iter().map(|own| (text(&own["name"]), text(&own["contentInBase64"])));
    Ok(SentMail {
        id: String::new(),
        at: 0,
        sender,
        to,
        cc,
        bcc,
        subject,
        text: plain,
        html,
        attachments: attachments.collect(),
        body: body.clone(),
        status: MailStatus::Running,
        all_suppressed: false,
    })
}

fn addresses(recipients: &Value, key: &str) -> Result<Vec<String>, Answer> {
    let listed = recipients[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let address = |one: &Value| {
        let address = one["address"].as_str().unwrap_or_default();
        if is_address(address) {
            return Ok(address.to_owned());
        }
        Err(acs_error(400, "BadRequest", &format!("Invalid format for email address {address:?}")))
    };
    listed.iter().map(address).collect()
}

fn is_address(text: &str) -> bool {
    let parts: Vec<&str> = text.split('@').collect();
    match parts.as_slice() {
        [local, domain] => {
            let blank =
                text.chars().any(|char| char.is_whitespace() || matches!(char, ',' | ';' | '<' | '>'));
            !local.is_empty()
                && !blank
                && domain.contains('.')
                && !domain.starts_with('.')
                && !domain.ends_with('.')
                && !domain.contains("..")
        }
        _ => false,
    }
}
