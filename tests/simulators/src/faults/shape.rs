//! How bodies of errors are laid out: all those that the simulated systems are known to send. It chooses none.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::exchange::Answer;

/// The layout of an error's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// `{"error_code": …, "message": …}`; a number stays a number.
    #[default]
    Standard,
    /// The same with `details` that say when to come again.
    Detailed,
    /// `{"error": …}`, as version 1.2 did.
    Old,
    /// SCIM's own.
    Scim,
    /// `CODE: message` as plain text.
    Text,
    /// A page with the message in `<pre>`.
    Html,
    /// A page with the message as its title.
    TitledHtml,
    /// The message is the whole page.
    RawHtml,
    /// The message is the whole body, sent as plain text.
    RawText,
    /// The message is the whole body, sent as JSON.
    RawJson,
    /// Nothing.
    Empty,
    /// Azure Communication Services: `{"error": {…}}` and `x-ms-error-code`.
    Acs,
}

impl Shape {
    pub(crate) fn answer(self, status: u16, code: Option<&str>, message: Option<&str>) -> Answer {
        let usual = if self == Self::Acs { usual_acs_code(status) } else { usual_code(status) };
        let code = code.filter(|code| !code.is_empty()).unwrap_or(usual);
        let message = message.unwrap_or("the simulator was told to fail here");
        match self {
            Self::Standard => error(status, code, message),
            Self::Detailed => detailed(status, code, message),
            Self::Old => Answer::json(status, &json!({ "error": message })),
            Self::Scim => scim_error(status, Some(code).filter(|code| !code.contains('_')), message),
            Self::Text => Answer::text(status, "text/plain", format!("{code}: {message}")),
            Self::Html => page(status, &format!("<html><body><pre>{message}</pre></body></html>")),
            Self::TitledHtml => {
                page(status, &format!("<html><head><title>{message}</title></head><body></body></html>"))
            }
            Self::RawHtml => page(status, message),
            Self::RawText => Answer::text(status, "text/plain", message.to_owned()),
            Self::RawJson => Answer::text(status, "application/json", message.to_owned()),
            Self::Empty => Answer::empty(status),
            Self::Acs => acs_error(status, code, message),
        }
    }
}

/// The standard error of Databricks.
pub(crate) fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "error_code": code_value(code), "message": message }))
}

fn detailed(status: u16, code: &str, message: &str) -> Answer {
    let retry =
        json!({ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retry_delay": { "seconds": 3 } });
    let body = json!({ "error_code": code_value(code), "message": message, "details": [retry] });
    Answer::json(status, &body)
}

/// SCIM's error; the status in its body is text.
pub(crate) fn scim_error(status: u16, scim_type: Option<&str>, detail: &str) -> Answer {
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "detail": detail,
        "status": status.to_string(),
    });
    if let Some(scim_type) = scim_type {
        body["scimType"] = scim_type.into();
    }
    Answer::text(status, "application/scim+json", body.to_string())
}

/// The error of Azure Communication Services.
pub(crate) fn acs_error(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "error": { "code": code, "message": message } }))
        .with("x-ms-error-code", code)
}

fn page(status: u16, html: &str) -> Answer {
    Answer::text(status, "text/html; charset=utf-8", html.to_owned())
}

fn code_value(code: &str) -> Value {
    code.parse::<u32>().map_or_else(|_| Value::from(code), Value::from)
}

fn usual_code(status: u16) -> &'static str {
    match status {
        400 => "INVALID_PARAMETER_VALUE",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "RESOURCE_DOES_NOT_EXIST",
        409 => "RESOURCE_ALREADY_EXISTS",
        429 => "RESOURCE_EXHAUSTED",
        503 => "TEMPORARILY_UNAVAILABLE",
        _ => "INTERNAL_ERROR",
    }
}

fn usual_acs_code(status: u16) -> &'static str {
    match status {
        400 => "BadRequest",
        401 => "Denied",
        404 => "NotFound",
        429 => "TooManyRequests",
        _ => "InternalServerError",
    }
}
