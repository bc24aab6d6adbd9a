//! Azure Communication Services Email: requests, signatures, answers (databricks.md A.9). It keeps no mail.

use std::time::Duration;

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use roundsman_http::{
    BaseUrl, Class, Client, HttpError, Method, Reading, Refusal, RetryPolicy, Signer, StatusCode, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use roundsman_model::{Timestamp, time::delta};
use roundsman_task::TaskContext;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Address, Fault, Limits, Mail, SendError, Status, Transport};

/// The version of the interface where nothing is said.
const API_VERSION: &str = "2023-03-31";
/// Addresses of senders that Azure itself manages, with far narrower limits.
const MANAGED_SUFFIX: &str = ".azurecomm.net";
/// How long nothing is sent after 429 without a `Retry-After`.
const THROTTLED_FOR: Duration = Duration::from_secs(60);
/// How often a mail is signed anew after a 401: false ones about time drift are known.
const SIGNATURES: u32 = 3;

/// What an [`Acs`] is made of.
#[derive(Clone)]
pub struct AcsSettings {
    /// `https://<resource>.<region>.communication.azure.com`.
    pub endpoint: BaseUrl,
    /// The access key, in base64 as Azure shows it.
    pub access_key: String,
    /// Who sends.
    pub sender: String,
    /// The version of the interface; absent for the usual one.
    pub api_version: Option<String>,
}

/// Mail through Azure Communication Services.
pub struct Acs {
    client: Client,
    settings: AcsSettings,
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
        let endpoint = BaseUrl::parse(&endpoint)?;
        Ok(Self { endpoint, access_key, sender: sender.to_owned(), api_version: None })
    }
}

impl Acs {
    /// A transport with these settings.
    pub fn new(cx: &TaskContext, settings: AcsSettings) -> Result<Self, HttpError> {
        let key = BASE64_STANDARD.decode(settings.access_key.trim()).map_err(|_| HttpError::Setup {
            told: "the access key of Azure Communication Services is not base64".to_owned(),
        })?;
        // The outbox decides when a mail is tried again: each try counts against the limits.
        let retry = RetryPolicy { tries: 1, ..RetryPolicy::default() };
        let client = Client::builder(cx, settings.endpoint.clone())
            .secret(&settings.access_key)
            .signer(KeySigner { key })
            .reading(AcsReading)
            .retry(retry)
            .build()?;
        let version = settings.api_version.clone().unwrap_or_else(|| API_VERSION.to_owned());
        Ok(Self { client, settings, version })
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
            "senderAddress": self.settings.sender,
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

    fn fault(error: HttpError, now: Timestamp) -> SendError {
        let told = error.to_string();
        let fault = match &error {
            HttpError::Failed { class, not_before, .. } => match class {
                Class::Throttled => Fault::NotBefore(not_before.unwrap_or(now + delta(THROTTLED_FOR))),
                Class::Unavailable => not_before.map_or(Fault::Later, Fault::NotBefore),
                Class::Unreachable => Fault::Later,
                Class::Broken | Class::Server => Fault::Unsure,
                Class::BadRequest => Fault::Refused,
                _ => Fault::Unusable,
            },
            HttpError::Suspended { until, .. } => Fault::NotBefore(*until),
            HttpError::Task(_) => Fault::Later,
            _ => Fault::Unusable,
        };
        SendError { fault, told }
    }
}

#[async_trait]
impl Transport for Acs {
    async fn send(&self, id: Uuid, mail: &Mail) -> Result<(), SendError> {
        let mut signatures = 1;
        loop {
            let request = self
                .client
                .post("emails:send")
                .query("api-version", &self.version)
                .header(HeaderName::from_static("operation-id"), &id.to_string())
                .json(&self.body(mail));
            match request.send().await {
                Ok(_) => return Ok(()),
                Err(error) if error.class() == Some(Class::Unauthenticated) && signatures < SIGNATURES => {
                    signatures += 1;
                }
                Err(error) => return Err(Self::fault(error, self.client.now())),
            }
        }
    }

    async fn status(&self, id: Uuid) -> Result<Option<Status>, SendError> {
        let path = format!("emails/operations/{id}");
        let asked = self.client.get(&path).query("api-version", &self.version).send().await;
        let answer = match asked {
            Ok(answer) => answer.json::<Operation>(),
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => Err(error),
        };
        let operation = answer.map_err(|error| Self::fault(error, self.client.now()))?;
        Ok(Some(match operation.status.as_str() {
            "Succeeded" => Status::Delivered,
            "Failed" | "Canceled" => Status::Failed { cause: operation.cause() },
            _ => Status::Pending,
        }))
    }

    fn tells_status(&self) -> bool {
        true
    }

    fn limits(&self) -> Limits {
        if self.settings.sender.ends_with(MANAGED_SUFFIX) {
            Limits { per_minute: 5, per_hour: 10 }
        } else {
            Limits { per_minute: 30, per_hour: 100 }
        }
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
        let code = headers.get("x-ms-error-code").and_then(|code| code.to_str().ok());
        let message = match serde_json::from_slice::<Body>(body) {
            Ok(Body { error }) => Some(format!("{}: {}", error.code, error.message)),
            Err(_) => code.map(str::to_owned),
        };
        let class = match (status.as_u16(), code.unwrap_or_default()) {
            (_, "DomainNotLinked") => Class::Denied,
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

/// Signs with the access key.
struct KeySigner {
    key: Vec<u8>,
}

impl Signer for KeySigner {
    fn sign(&self, method: &Method, url: &Url, body: &[u8], now: Timestamp) -> HeaderMap {
        let date = httpdate::fmt_http_date(now.into());
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let path =
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let hash = BASE64_STANDARD.encode(Sha256::digest(body));
        let signature = signature(&self.key, method.as_str(), &path, &date, &host, &hash);
        let authorization =
            format!("HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}");
        let signed = [("x-ms-date", date), ("x-ms-content-sha256", hash), ("authorization", authorization)];
        let mut headers = HeaderMap::new();
        for (name, value) in signed {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        headers
    }
}

/// The signature of a request, in base64. `path` is as on the wire, with its query; `body_hash` is the base64 of the
/// SHA-256 of the body.
pub fn signature(key: &[u8], method: &str, path: &str, date: &str, host: &str, body_hash: &str) -> String {
    let text = format!("{method}\n{path}\n{date};{host};{body_hash}");
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests;
