//! Azure Communication Services Email: it checks signatures, remembers operations, keeps to limits, and delivers nothing.

mod mail;
mod signature;

use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Context, Result};
use base64::{Engine, prelude::BASE64_STANDARD};
use roundsman_model::Clock;
use serde_json::{Value, json};
use uuid::Uuid;

pub use self::mail::{MailStatus, SentMail};
use self::{mail::read, signature::Gate};
use crate::{
    databricks::AcsSetup,
    exchange::{Answer, Asked},
    faults::shape::acs_error,
    server::System,
    window::{Limit, Window},
};

/// The versions of the interface.
const VERSIONS: [&str; 2] = ["2023-03-31", "2025-09-01"];
/// Addresses of senders in domains that Azure manages, for which the limits are narrow.
const MANAGED: &str = ".azurecomm.net";
/// How soon a client is told to ask for a status.
const RETRY_AFTER_SECS: u64 = 30;

/// The mail service.
pub(crate) struct Acs {
    clock: Arc<dyn Clock>,
    setup: AcsSetup,
    key: Vec<u8>,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    mails: Vec<SentMail>,
    suppressed: Vec<String>,
    sends: Window,
    statuses: Window,
}

impl Acs {
    pub(crate) fn new(clock: Arc<dyn Clock>, setup: &AcsSetup) -> Result<Self> {
        let key = BASE64_STANDARD.decode(&setup.access_key).context("acs.access_key is not base64")?;
        let memory = Memory { suppressed: setup.suppressed.clone(), ..Memory::default() };
        Ok(Self { clock, setup: setup.clone(), key, memory: Mutex::new(memory) })
    }

    pub(crate) fn access_key(&self) -> String {
        self.setup.access_key.clone()
    }

    pub(crate) fn mails(&self) -> Vec<SentMail> {
        let now = self.now();
        let mut mails = self.memory().mails.clone();
        for mail in &mut mails {
            mail.settle(now, self.setup.operation_takes_secs);
        }
        mails
    }

    pub(crate) fn suppress(&self, address: &str) {
        self.memory().suppressed.push(address.to_lowercase());
    }

    fn now(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().expect("nothing panics while it holds the lock")
    }

    fn send(&self, asked: &Asked) -> Answer {
        let now = self.now();
        let mut memory = self.memory();
        let body = asked.json();
        let sender = body["senderAddress"].as_str().unwrap_or_default();
        let own = [self.setup.sends_per_minute, self.setup.sends_per_hour];
        let limits = limits(sender, own, [5, 10], [30, 100]);
        if let Some(wait) = memory.sends.note(now, &limits) {
            return too_many(wait);
        }
        let id = match operation_id(asked) {
            Ok(id) => id,
            Err(answer) => return answer,
        };
        if let Some(known) = memory.mails.iter().find(|mail| mail.id == id) {
            let mut known = known.clone();
            known.settle(now, self.setup.operation_takes_secs);
            return accepted(asked, &id, known.status);
        }
        let mail = match read(&body, asked.body.len(), &self.setup.domains) {
            Ok(mail) => mail,
            Err(answer) => return answer,
        };
        let suppressed =
            |address: &str| memory.suppressed.iter().any(|own| own.eq_ignore_ascii_case(address));
        let all_suppressed =
            mail.to.iter().chain(&mail.cc).chain(&mail.bcc).all(|address| suppressed(address));
        memory.mails.push(SentMail { id: id.clone(), at: now, all_suppressed, ..mail });
        accepted(asked, &id, MailStatus::Running)
    }

    fn status(&self, id: &str) -> Answer {
        let now = self.now();
        let mut memory = self.memory();
        let known = memory.mails.iter().find(|mail| mail.id.eq_ignore_ascii_case(id)).cloned();
        let sender = known.as_ref().or(memory.mails.last()).map_or(String::new(), |mail| mail.sender.clone());
        let own = [self.setup.statuses_per_minute, self.setup.statuses_per_hour];
        let limits = limits(&sender, own, [10, 20], [60, 200]);
        if let Some(wait) = memory.statuses.note(now, &limits) {
            return too_many(wait);
        }
        let Some(mut mail) = known else {
            return acs_error(404, "NotFound", &format!("The operation {id} was not found."));
        };
        mail.settle(now, self.setup.operation_takes_secs);
        let mut body = json!({ "id": mail.id, "status": mail.status.word() });
        match mail.status {
            MailStatus::Running => Answer::ok(&body).with("retry-after", RETRY_AFTER_SECS.to_string()),
            MailStatus::Succeeded => Answer::ok(&body),
            MailStatus::Failed => {
                let message = "Message dropped: all recipients are on the suppression list.";
                body["error"] = json!({ "code": "EmailDroppedAllRecipientsSuppressed", "message": message });
                Answer::ok(&body)
            }
        }
    }
}

impl System for Acs {
    fn answer(&self, asked: &Asked) -> Answer {
        let gate = Gate { key: &self.key, skew_secs: self.setup.skew_secs };
        if let Err(complaint) = gate.check(asked, self.clock.now()) {
            tracing::info!("acs: refused: {complaint}");
            return acs_error(401, "Denied", "Denied by the resource provider.");
        }
        if !asked.param("api-version").is_some_and(|version| VERSIONS.contains(&version.as_str())) {
            return acs_error(
                400,
                "InvalidApiVersion",
                "The api-version query parameter is missing or unknown.",
            );
        }
        match (asked.method.as_str(), asked.segments().as_slice()) {
            ("POST", ["emails:send"]) => self.send(asked),
            ("GET", ["emails", "operations", id]) => self.status(id),
            _ => acs_error(404, "NotFound", "There is no such resource."),
        }
    }
}

/// The id that the client chose, or a new one.
fn operation_id(asked: &Asked) -> Result<String, Answer> {
    match asked.header("operation-id") {
        None => Ok(Uuid::new_v4().to_string()),
        Some(text) => match Uuid::try_parse(text) {
            Ok(id) => Ok(id.to_string()),
            Err(_) => Err(acs_error(400, "InvalidOperationId", "Operation-Id must be a UUID.")),
        },
    }
}

fn accepted(asked: &Asked, id: &str, status: MailStatus) -> Answer {
    let host = asked.header("host").unwrap_or("127.0.0.1");
    let version = asked.param("api-version").unwrap_or_default();
    let body: Value = json!({ "id": id, "status": status.word() });
    // The double slash is the vendor's.
    Answer::json(202, &body)
        .with("operation-location", format!("http://{host}//emails/operations/{id}?api-version={version}"))
        .with("retry-after", RETRY_AFTER_SECS.to_string())
}

fn too_many(wait_millis: i64) -> Answer {
    let secs = (wait_millis as u64).div_ceil(1_000);
    acs_error(429, "TooManyRequests", "The request rate limit is exceeded.")
        .with("retry-after", secs.to_string())
}

/// What is allowed a sender: what the scenario says, else what is usual in managed domains or in others. Both are per minute
/// and per hour.
fn limits(sender: &str, own: [Option<usize>; 2], managed: [usize; 2], custom: [usize; 2]) -> [Limit; 2] {
    let usual = if sender.to_lowercase().ends_with(MANAGED) { managed } else { custom };
    [
        Limit { most: own[0].unwrap_or(usual[0]), millis: 60_000 },
        Limit { most: own[1].unwrap_or(usual[1]), millis: 3_600_000 },
    ]
}
