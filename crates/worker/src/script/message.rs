//! What a script can say, in its two forms: `::` lines of its standard output, and JSON objects on its own channel. It acts
//! on none of it.

mod outcome;

use std::collections::BTreeMap;

use memchr::memmem;
use roundsman_model::MetricValue;
use serde::Deserialize;
use serde_json::{Map, Value};

pub(super) use outcome::{Said, Status};

/// How a line of standard output begins that is an outcome.
pub(super) const OUTCOME: &[u8] = b"::outcome";

/// Something that a script says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Message {
    /// How far it is.
    Progress {
        done: u64,
        #[serde(default)]
        total: Option<u64>,
        #[serde(default)]
        note: String,
    },
    /// A sample of a metric that its header declares.
    Metric(MetricValue),
    /// How it went.
    #[serde(skip)]
    Outcome(Box<Said>),
    /// How it went, in a form that cannot be read, and why it cannot. No value is quoted: it may hold a part of a secret, which
    /// nobody would know again.
    #[serde(skip)]
    Unread(String),
    /// A file to keep.
    Artifact(Wish),
    /// A line for the log.
    Log {
        #[serde(default)]
        level: Level,
        message: String,
    },
}

/// A file to keep.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(super) struct Wish {
    /// Where it is, seen from the work directory.
    pub(super) path: String,
    /// What it is to be called; absent for the file's own name.
    #[serde(default)]
    pub(super) name: Option<String>,
    /// Its media type; absent for what its name suggests.
    #[serde(default)]
    pub(super) media_type: Option<String>,
}

/// How loud a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Error,
    #[serde(alias = "warning")]
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl Message {
    /// Understands a line of the channel. What is wrong is told without quoting it.
    pub(super) fn from_json(line: &[u8]) -> Result<Self, String> {
        let mut keys: Map<String, Value> = match serde_json::from_slice(line) {
            Ok(Value::Object(keys)) => keys,
            Ok(_) => return Err("it is no JSON object".into()),
            // Whatever it says, it must not be taken for nothing.
            Err(error) if names_outcome(line) => return Ok(Self::Unread(no_json(&error))),
            Err(error) => return Err(no_json(&error)),
        };
        let sort = keys.get("type").and_then(Value::as_str).unwrap_or_default();
        let expected = match sort {
            "outcome" => {
                keys.remove("type");
                return Ok(
                    outcome::read(keys).map_or_else(Self::Unread, |said| Self::Outcome(Box::new(said)))
                );
            }
            "progress" => "`done`, and if there are any `total` and `note`",
            "metric" => "`name` and `value`, and if there are any `labels`",
            "artifact" => "`path`, and if there are any `name` and `media_type`",
            "log" => "`message`, and if there is any `level`: error, warn, info, debug or trace",
            _ => return Err("its `type` is none of progress, metric, outcome, artifact and log".into()),
        };
        let message = serde_json::from_value(Value::Object(keys));
        checked(message.map_err(|_| format!("a key is missing or has no such value; expected {expected}"))?)
    }

    /// Understands a line of standard output that begins with `::`. What is wrong is told without quoting it.
    pub(super) fn from_line(line: &[u8]) -> Result<Self, String> {
        if let Some(rest) = line.strip_prefix(OUTCOME)
            && rest.first().is_none_or(u8::is_ascii_whitespace)
        {
            return Ok(outcome::of_text(rest).map_or_else(Self::Unread, |said| Self::Outcome(Box::new(said))));
        }
        let text = std::str::from_utf8(line).map_err(|_| "it is no UTF-8 text".to_owned())?;
        let text = text.strip_prefix("::").unwrap_or(text);
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        let message = match word {
            "progress" => progress(rest),
            "metric" => metric(rest),
            "artifact" => artifact(rest),
            _ => return Err("it begins with none of ::progress, ::metric, ::outcome and ::artifact".into()),
        };
        checked(message?)
    }
}

/// Whether bytes that are no JSON may be meant for an outcome.
pub(super) fn names_outcome(bytes: &[u8]) -> bool {
    memmem::find(bytes, b"\"outcome\"").is_some()
}

fn no_json(error: &serde_json::Error) -> String {
    // A syntax error tells what was expected and where, and quotes nothing.
    format!("it is no JSON: {error}")
}

fn checked(message: Message) -> Result<Message, String> {
    match &message {
        Message::Artifact(wish) if wish.path.is_empty() => Err("it names no file".into()),
        Message::Metric(metric) if !metric.value.is_finite() => Err("its value is no number".into()),
        _ => Ok(message),
    }
}

/// `DONE`, `DONE/TOTAL`, and a note behind either.
fn progress(text: &str) -> Result<Message, String> {
    let (steps, note) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (done, total) = steps.split_once('/').map_or((steps, None), |(done, total)| (done, Some(total)));
    let number = |text: &str| {
        text.parse::<u64>()
            .map_err(|_| "that is no number of steps: expected `3/10 note` or `3 note`".to_owned())
    };
    Ok(Message::Progress {
        done: number(done)?,
        total: total.map(number).transpose()?,
        note: note.trim().to_owned(),
    })
}

/// `PATH` or `PATH MEDIA-TYPE`; a path with spaces stands in double quotes.
fn artifact(text: &str) -> Result<Message, String> {
    let (path, rest) = if text.starts_with('"') {
        quoted(text).ok_or("its path has an opening quote but no closing one")?
    } else {
        let (path, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        (path.to_owned(), rest)
    };
    let media_type = Some(rest.trim()).filter(|rest| !rest.is_empty());
    if media_type.is_some_and(|text| text.contains(char::is_whitespace) || !text.contains('/')) {
        return Err(
            "what is behind the path is no media type such as text/plain; a path with spaces stands in double quotes"
                .into(),
        );
    }
    Ok(Message::Artifact(Wish { path, name: None, media_type: media_type.map(str::to_owned) }))
}

/// `NAME VALUE` or `NAME{label="x",other="y"} VALUE`, as Prometheus writes samples.
fn metric(text: &str) -> Result<Message, String> {
    const EXPECTED: &str = "expected `name 1.5` or `name{label=\"x\"} 1.5`";
    let end = text.find(|char: char| char == '{' || char.is_whitespace()).ok_or(EXPECTED)?;
    let (name, rest) = text.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => labels(inside).ok_or(EXPECTED)?,
        None => (BTreeMap::new(), rest),
    };
    let value = rest.trim();
    let value = value.parse().map_err(|_| format!("that is no value: {EXPECTED}"))?;
    if name.is_empty() {
        return Err(EXPECTED.into());
    }
    Ok(Message::Metric(MetricValue { name: name.to_owned(), labels, value }))
}

/// The labels up to the closing brace, and what comes behind it.
fn labels(text: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut found = BTreeMap::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(behind) = rest.strip_prefix('}') {
            return Some((found, behind));
        }
        let (name, behind) = rest.split_once('=')?;
        let (value, behind) = quoted(behind.trim_start())?;
        found.insert(name.trim().to_owned(), value);
        let behind = behind.trim_start();
        rest = behind.strip_prefix(',').map_or(behind, str::trim_start);
        if !rest.starts_with('}') && rest.len() == behind.len() {
            return None;
        }
    }
}

/// A text in double quotes, in which `\\`, `\"` and `\n` are escapes, and what comes behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut chars = inside.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, &inside[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests;
