//! What Metabase's answers without success mean (2.1, 2.7). It only reads them.

use std::time::Duration;

use roundsman_http::{
    Class, Reading, Refusal, StatusCode,
    header::{CONTENT_TYPE, HeaderMap},
};
use serde_json::Value;

use super::failure::QUERY;

/// The code of a server that is starting.
pub(super) const INITIALIZING: &str = "initializing";
/// The code of a login that came too soon after others.
pub(super) const LOGIN_THROTTLED: &str = "login-throttled";
/// The code of a login with a wrong password or an unknown user.
pub(super) const LOGIN_REFUSED: &str = "login-refused";
/// The code of an answer that is no word of Metabase's, such as a page.
pub(super) const STRANGE: &str = "unexpected_content_type";
/// The code of a request with a key that the server does not know.
pub(super) const UNKNOWN_BOM: &str = "unknown-key-csv_include_bom";

/// Reads the answers of a Metabase.
#[derive(Debug, Clone, Copy)]
pub(super) struct Metabase;

impl Reading for Metabase {
    fn read(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Refusal {
        let json = serde_json::from_slice::<Value>(body).ok().filter(Value::is_object);
        let refusal = of_status(status);
        if status.is_client_error() && refusal.class != Class::Throttled && is_page(headers, body) {
            let told = "a web page, not an answer of Metabase; a login page may stand before it";
            return refusal.code(Some(STRANGE.to_owned())).message(Some(told.to_owned()));
        }
        let Some(json) = json else {
            let text = String::from_utf8_lossy(body);
            let unknown = text.contains("csv_include_bom").then(|| UNKNOWN_BOM.to_owned());
            let code = unknown.or_else(|| refusal.code.clone());
            return refusal.code(code);
        };
        if let Some(refusal) = of_login(status, &json) {
            return refusal;
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return of_start(refusal, &json);
        }
        // Whatever the status, a query that failed says so in its own way.
        if json.get("status").and_then(Value::as_str) == Some("failed") || json.get("error_type").is_some() {
            let error_type = text_at(&json, "/error_type").unwrap_or_default();
            return refusal.code(Some(format!("{QUERY}{error_type}"))).message(message_of(&json));
        }
        let code = text_at(&json, "/error_code").or_else(|| {
            let unknown = json.to_string().contains("csv_include_bom");
            unknown.then(|| UNKNOWN_BOM.to_owned()).or_else(|| refusal.code.clone())
        });
        refusal.code(code).message(message_of(&json))
    }
}

fn is_page(headers: &HeaderMap, body: &[u8]) -> bool {
    let says = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    says.trim_start().to_ascii_lowercase().starts_with("text/html")
        || body.trim_ascii_start().starts_with(b"<")
}

fn of_status(status: StatusCode) -> Refusal {
    let class = match status.as_u16() {
        400 | 402 | 413 | 414 | 415 | 422 => Class::BadRequest,
        502 | 504 | 520..=527 => Class::Unavailable,
        _ => return Refusal::of_status(status),
    };
    let paid = (status == StatusCode::PAYMENT_REQUIRED).then(|| "paid-feature".to_owned());
    Refusal::of(class).code(paid)
}

fn of_start(refusal: Refusal, json: &Value) -> Refusal {
    let says = text_at(json, "/status");
    let starting = says.as_deref() == Some("initializing");
    let code = starting.then(|| INITIALIZING.to_owned());
    refusal.code(code).message(says.or_else(|| message_of(json)))
}

/// What the answer to a login says: `{"errors": {"username": "Too many attempts! You must wait 15 seconds …"}}`.
fn of_login(status: StatusCode, json: &Value) -> Option<Refusal> {
    let errors = json.get("errors")?.as_object()?;
    if ![StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED].contains(&status) {
        return None;
    }
    let text = |field: &str| errors.get(field).and_then(Value::as_str);
    for (field, text) in errors.iter().filter_map(|(field, text)| Some((field, text.as_str()?))) {
        if let Some(pause) = wait_of(field, text) {
            let refusal = Refusal::of(Class::Unauthenticated).code(Some(LOGIN_THROTTLED.to_owned()));
            return Some(Refusal { pause: Some(pause), ..refusal.message(Some(text.to_owned())) });
        }
    }
    let told = text("password").or_else(|| text("_error"))?;
    let is_login = status == StatusCode::UNAUTHORIZED || told.contains("did not match");
    let refused = Refusal::of(Class::Unauthenticated).code(Some(LOGIN_REFUSED.to_owned()));
    is_login.then(|| refused.message(Some(told.to_owned())))
}

/// How long a login must wait by the text of a field; in other languages the first number of the text for the user.
fn wait_of(field: &str, text: &str) -> Option<Duration> {
    let known = text.split_once("wait ").and_then(|(_, rest)| {
        let (number, rest) = rest.split_once(' ')?;
        rest.starts_with("second").then(|| number.parse().ok())?
    });
    let any = || {
        let begins = text.find(|char: char| char.is_ascii_digit())?;
        let digits = &text[begins..];
        let ends = digits.find(|char: char| !char.is_ascii_digit()).unwrap_or(digits.len());
        digits[..ends].parse().ok()
    };
    let seconds: Option<u64> = known.or_else(|| (field == "username").then(any).flatten());
    seconds.map(Duration::from_secs)
}

/// What an answer says for people: its message, or the fields that are wrong.
pub(super) fn message_of(json: &Value) -> Option<String> {
    let single = ["/error", "/message", "/cause"].into_iter().find_map(|at| text_at(json, at));
    single.or_else(|| {
        let fields =
            ["specific-errors", "errors"].into_iter().find_map(|name| json.get(name)?.as_object())?;
        let said = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let fields: Vec<_> =
            fields.iter().map(|(field, value)| format!("{field}: {}", said(value))).collect();
        Some(fields.join("; "))
    })
}

fn text_at(json: &Value, at: &str) -> Option<String> {
    json.pointer(at).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests;
