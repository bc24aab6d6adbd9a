//! Azure Communication Services Email: requests, signatures, answers. It keeps no mail.

mod signature;

use std::time::Duration;

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use roundsman_http::{
    Answer, BaseUrl, Class, Client, HttpError, Reading, Refusal, Request, RetryPolicy, StatusCode,
    header::{HeaderMap, HeaderName},
};
use roundsman_model::Secret;
use roundsman_task::TaskContext;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use self::signature::KeySigner;
pub use self::signature::signature;
use crate::{Address, Fault, Handed, Limits, Mail, SendError, Status, Transport, mail::without_addresses};

/// The version of the interface where nothing is said.
const API_VERSION: &str = "2023-03-31";
/// Addresses of senders that Azure itself manages, with far narrower limits.
const MANAGED_SUFFIX: &str = ".azurecomm.net";
/// How long nothing is sent after 429 without a `Retry-After`.
const THROTTLED_FOR: Duration = Duration::from_secs(60);
/// How often a request is signed anew after a 401: false ones about time drift are known.
const SIGNED_ANEW: u32 = 3;
/// The pause before: the date that is signed has whole seconds.
const BEFORE_SIGNING: Duration = Duration::from_secs(2);
/// Clocks that are further apart than this are worth telling of.
const SKEW_SECS: i64 = 60;

/// What an [`Acs`] is made of.
#[derive(Clone)]
pub struct AcsSettings {
    /// `https://<resource>.<region>.communication.azure.com`.
    pub endpoint: BaseUrl,
    /// The access key, in base64 as Azure shows it.
    pub access_key: Secret<String>,
    /// Who sends.
    pub sender: String,
    /// The version of the interface; absent for the usual one.
    pub api_version: Option<String>,
}

/// Mail through Azure Communication Services.
pub struct Acs {
    cx: TaskContext,
    client: Client,
    sender: String,
    version: String,
}

impl AcsSettings {
    /// Reads a connection string: `endpoint=https://…/;accesskey=…`.
    pub fn of_connection_string(text: &str, sender: &str) -> Result<Self, HttpError> {
        let setup = |told: &str| HttpError::Setup { told: told.to_owned() };
        let part = |wanted: &str| {
            text.split(';').find_map(|part| {
                let (key, value) = part.trim().split_once('=')?;
                key.eq_ignore_ascii_case(wanted).then(|| value.to_owned())
            })
        };
        let endpoint = part("endpoint").ok_or_else(|| setup("the connection string has no endpoint=…"))?;
        let access_key =
            part("accesskey").ok_or_else(|| setup("the connection string has no accesskey=…"))?;
        // A text that was cut at the wrong place may have the key in it: it is not quoted.
        let endpoint = BaseUrl::parse(&endpoint)
            .map_err(|_| setup("the endpoint=… of the connection string is no https address"))?;
        let access_key = Secret::new(access_key);
        Ok(Self { endpoint, access_key, sender: sender.to_owned(), api_version: None })
    }
}

impl Acs {
    /// A transport with these settings.
    pub fn new(cx: &TaskContext, settings: AcsSettings) -> Result<Self, HttpError> {
        let access_key = settings.access_key.expose().trim();
        let key = BASE64_STANDARD.decode(access_key).ok().filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| HttpError::Setup {
            told: "the access key of Azure Communication Services is not base64".to_owned(),
        })?;
        // The outbox decides when a mail is tried again: each try counts against the limits.
        let retry =
            RetryPolicy { tries: 1, unsaid: THROTTLED_FOR, most: THROTTLED_FOR, ..RetryPolicy::default() };
        let client = Client::builder(cx, settings.endpoint)
            .secret(access_key)
            .signer(KeySigner { key })
            .reading(AcsReading)
            .retry(retry)
            .build()?;
        let version = settings.api_version.unwrap_or_else(|| API_VERSION.to_owned());
        Ok(Self { cx: cx.clone(), client, sender: settings.sender, version })
    }

    fn body(&self, mail: &Mail) -> Value {
        let addresses = |all: &[Address]| -> Vec<Value> {
            all.iter()
                .map(|one| match one.name.as_str() {
                    "" => json!({ "address": one.address }),
                    name => json!({ "address": one.address, "displayName": name }),
                })
                .collect()
        };
        let mut recipients = json!({ "to": addresses(&mail.to) });
        if !mail.cc.is_empty() {
            recipients["cc"] = addresses(&mail.cc).into();
        }
        let mut content = json!({ "subject": mail.subject, "plainText": mail.text });
        if let Some(html) = &mail.html {
            content["html"] = html.as_str().into();
        }
        let mut body = json!({
            "senderAddress": self.sender,
            "recipients": recipients,
            "content": content,
            "userEngagementTrackingDisabled": true,
        });
        if !mail.reply_to.is_empty() {
            body["replyTo"] = addresses(&mail.reply_to).into();
        }
        let attachments = mail.attachments.iter().map(|one| {
            let content = BASE64_STANDARD.encode(&one.text);
            json!({ "name": one.name, "contentType": one.media_type, "contentInBase64": content })
        });
        let attachments: Vec<Value> = attachments.collect();
        if !attachments.is_empty() {
            body["attachments"] = attachments.into();
        }
        body
    }

    /// Sends a request, signed anew as long as the signature is not accepted.
    async fn ask(&self, request: impl Fn() -> Request) -> Result<Answer, HttpError> {
        let mut anew = 0;
        loop {
            let answer = request().send().await;
            let refused = |error: &HttpError| error.class() == Some(Class::Unauthenticated);
            if anew == SIGNED_ANEW || !answer.as_ref().is_err_and(refused) {
                return answer;
            }
            anew += 1;
            self.cx.sleep(BEFORE_SIGNING).await?;
        }
    }

    fn fault(&self, error: &HttpError) -> SendError {
        let fault = match error.class() {
            Some(Class::Throttled) => Fault::Throttled,
            Some(Class::Unreachable) => Fault::Away,
            Some(Class::BadRequest) => Fault::Refused,
            Some(
                Class::Broken | Class::Server | Class::Transient | Class::Unavailable | Class::Unexpected,
            ) => Fault::Unsure,
            // The attempt is to stop, perhaps while the request was under way.
            None if matches!(error, HttpError::Task(_)) => Fault::Unsure,
            // A login page, a foreign certificate, a key that is not accepted.
            _ => Fault::Unusable,
        };
        let mut told = error.to_string();
        let skew = self.client.skew().map_or(0, |skew| skew.num_seconds());
        if error.class() == Some(Class::Unauthenticated) && skew.abs() > SKEW_SECS {
            told = format!("{told} (its clock is {skew} s ahead of ours, by which signatures are judged)");
        }
        SendError { not_before: error.not_before(), ..SendError::new(fault, &told) }
    }
}

#[async_trait]
impl Transport for Acs {
    async fn send(&self, id: Uuid, mail: &Mail) -> Result<Handed, SendError> {
        if let Some(flaw) = mail.flaw() {
            return Err(SendError::new(Fault::Refused, &flaw));
        }
        let (body, id) = (self.body(mail), id.to_string());
        let request = || {
            self.client
                .post("emails:send")
                .query("api-version", &self.version)
                .header(HeaderName::from_static("operation-id"), &id)
                .json(&body)
        };
        let answer = self.ask(request).await.map_err(|error| {
            let refused = mail.named_in(&error.to_string());
            SendError { refused, ..self.fault(&error) }
        })?;
        if answer.status() != StatusCode::ACCEPTED {
            let told = format!("{} instead of 202 Accepted: something else answered", answer.status());
            return Err(SendError::new(Fault::Unsure, &told));
        }
        let secs = answer.header("retry-after").and_then(|secs| secs.trim().parse().ok());
        Ok(Handed { ask_after: secs.map(Duration::from_secs) })
    }

    async fn status(&self, id: Uuid) -> Result<Option<Status>, SendError> {
        let path = format!("emails/operations/{id}");
        let asked = self.ask(|| self.client.get(&path).query("api-version", &self.version)).await;
        let operation = match asked.and_then(|answer| answer.json::<Operation>()) {
            Ok(operation) => operation,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(self.fault(&error)),
        };
        Ok(Some(match operation.status.as_str() {
            "Succeeded" => Status::Delivered,
            "Failed" | "Canceled" => Status::Failed { cause: without_addresses(&operation.cause()) },
            _ => Status::Pending,
        }))
    }

    fn limits(&self) -> Limits {
        if self.is_managed() {
            Limits { per_minute: 5, per_hour: 10 }
        } else {
            Limits { per_minute: 30, per_hour: 100 }
        }
    }

    fn questions(&self) -> Option<Limits> {
        Some(if self.is_managed() {
            Limits { per_minute: 10, per_hour: 20 }
        } else {
            Limits { per_minute: 60, per_hour: 200 }
        })
    }
}

impl Acs {
    /// Whether Azure itself manages the sender's domain.
    fn is_managed(&self) -> bool {
        self.sender.to_lowercase().ends_with(MANAGED_SUFFIX)
    }
}

#[derive(Deserialize)]
struct Operation {
    #[serde(default)]
    status: String,
    #[serde(default)]
    error: Option<OperationError>,
}

#[derive(Deserialize)]
struct OperationError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Operation {
    fn cause(self) -> String {
        match self.error {
            Some(error) if error.message.is_empty() => error.code,
            Some(error) => format!("{}: {}", error.code, error.message),
            None => self.status,
        }
    }
}

/// What its answers mean.
struct AcsReading;

impl Reading for AcsReading {
    fn read(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Refusal {
        #[derive(Deserialize)]
        struct Body {
            error: OperationError,
        }
        let said = serde_json::from_slice::<Body>(body).ok().map(|Body { error }| error);
        let code = headers.get("x-ms-error-code").and_then(|code| code.to_str().ok());
        let code = code.or(said.as_ref().map(|error| error.code.as_str()).filter(|code| !code.is_empty()));
        let message = match &said {
            Some(error) => Some(format!("{}: {}", error.code, error.message)),
            None => code.map(str::to_owned),
        };
        let class = match (status.as_u16(), code.unwrap_or_default()) {
            // A sender that may not send: the next mail would fare no better.
            (400..=499, code) if code.contains("Domain") || code.contains("Sender") => Class::Denied,
            (429, _) | (_, "TooManyRequests") => Class::Throttled,
            (401, _) => Class::Unauthenticated,
            (403, _) => Class::Denied,
            (404, _) => Class::NotFound,
            (408, _) => Class::Broken,
            (400..=499, _) => Class::BadRequest,
            (503, _) => Class::Unavailable,
            _ => Class::Server,
        };
        Refusal::of(class).code(code.map(str::to_owned)).message(message)
    }
}

#[cfg(test)]
mod tests;
