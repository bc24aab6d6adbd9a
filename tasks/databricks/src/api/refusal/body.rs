//! The layouts of error bodies: the code and the words in them. What they mean is not asked here.

use std::time::Duration;

use roundsman_http::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;

/// The longest body of text that is looked at for a code.
const LONGEST_TEXT: usize = 4_096;

/// What a body says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    pub(super) pause: Option<Duration>,
}

/// Reads a body in whichever layout it is.
pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Told {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() {
        return Told::default();
    }
    if let Ok(Value::Object(fields)) = serde_json::from_str(text) {
        return of_json(&Value::Object(fields));
    }
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type.starts_with("text/html") || text.starts_with('<') {
        return Told { message: of_page(text), ..Told::default() };
    }
    of_text(text)
}

fn of_json(body: &Value) -> Told {
    let code = body.get("error_code").or_else(|| body.get("errorCode")).and_then(word);
    if code.is_none() && (body.get("detail").is_some() || body.get("scimType").is_some()) {
        return of_scim(body);
    }
    let words = ["message", "error_description", "errorSummary", "error", "detail"];
    let mut words = words.iter().filter_map(|key| body.get(key).and_then(word));
    // OAuth names its errors under `error`, version 1.2 told them there.
    let oauth = body.get("error_description").and_then(|_| body.get("error")).and_then(word);
    Told { code: code.or(oauth), message: words.next(), pause: pause(body) }
}

fn of_scim(body: &Value) -> Told {
    let status = body.get("status").and_then(word).unwrap_or_default();
    let detail = match body.get("detail").and_then(word) {
        Some(detail) if detail != "null" => detail,
        _ => "internal error of SCIM".to_owned(),
    };
    let kind = body.get("scimType").and_then(word).filter(|kind| kind != "null");
    let message = kind.map_or_else(|| detail.clone(), |kind| format!("{kind} {detail}"));
    let code = (!status.is_empty()).then(|| format!("SCIM_{status}"));
    Told { code, message: Some(message), pause: None }
}

/// The pause that the details of an error ask for.
fn pause(body: &Value) -> Option<Duration> {
    let is_retry = |detail: &&Value| {
        detail.get("@type").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("google.rpc.RetryInfo"))
    };
    let delay = body.get("details")?.as_array()?.iter().find(is_retry)?.get("retry_delay")?;
    // As an object, or as JSON writes durations: "3s", "3.5s".
    if let Some(text) = delay.as_str() {
        let secs: f64 = text.strip_suffix('s')?.parse().ok()?;
        return Duration::try_from_secs_f64(secs).ok();
    }
    let part = |key: &str| delay.get(key).and_then(word).and_then(|number| number.parse::<u64>().ok());
    let (secs, nanos) = (part("seconds"), part("nanos"));
    secs.or(nanos)?;
    Some(Duration::from_secs(secs.unwrap_or_default()) + Duration::from_nanos(nanos.unwrap_or_default()))
}

/// `CODE: message`, or words.
fn of_text(text: &str) -> Told {
    let is_code = |code: &str| {
        code.len() > 2
            && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let text: String = text.chars().take(LONGEST_TEXT).collect();
    match text.split_once(": ") {
        Some((code, message)) if is_code(code) => {
            Told { code: Some(code.to_owned()), message: Some(message.to_owned()), pause: None }
        }
        _ => Told { message: Some(text), ..Told::default() },
    }
}

/// The words of a page: what is preformatted in it, else its title.
fn of_page(page: &str) -> Option<String> {
    let within = |tag: &str| {
        let lower = page.to_ascii_lowercase();
        let opened = lower.find(&format!("<{tag}"))?;
        let begin = opened + lower[opened..].find('>')? + 1;
        let end = begin + lower[begin..].find(&format!("</{tag}"))?;
        let words = page[begin..end].split_whitespace().collect::<Vec<_>>().join(" ");
        (!words.is_empty()).then_some(words)
    };
    within("pre").or_else(|| within("title"))
}

/// A text, or a number as text.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
