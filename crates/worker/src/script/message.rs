//! What a script can say, in its two forms: `::` lines of its standard output, and JSON objects on its own channel. It acts
//! on none of it.

use std::collections::BTreeMap;

use roundsman_model::{MetricValue, Timestamp};
use roundsman_task::Counts;
use serde::Deserialize;
use serde_json::Value;

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
    Outcome(Box<Said>),
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

/// How it went, in a script's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    // In the order of severity.
    Success,
    Skipped,
    Partial,
    Failed,
}

/// A script's own report.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    /// How it went; absent for what the exit code says.
    pub(super) status: Option<Status>,
    /// One line for people.
    pub(super) summary: String,
    /// How many targets met which fate.
    pub(super) counts: Option<Counts>,
    /// Whatever is worth keeping.
    pub(super) detail: Value,
    /// What an action wants printed.
    pub(super) print: Value,
    /// Whether another attempt is wanted for what is missing.
    pub(super) again: bool,
    /// When one extra run is wanted.
    pub(super) wake_at: Option<Timestamp>,
    /// Whether a failure is worth another attempt.
    pub(super) retry: Option<bool>,
    /// When that attempt may begin.
    pub(super) not_before: Option<Timestamp>,
    /// Keys that mean nothing here, most likely misspelt.
    #[serde(flatten)]
    pub(super) unknown: BTreeMap<String, Value>,
}

impl Message {
    /// Understands a line of the channel.
    pub(super) fn from_json(line: &[u8]) -> Result<Self, String> {
        let message = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        checked(message)
    }

    /// Understands a line of standard output that begins with `::`.
    pub(super) fn from_line(line: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(line).map_err(|_| "it is no UTF-8 text".to_owned())?;
        let text = text.strip_prefix("::").unwrap_or(text);
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        let message = match word {
            "progress" => progress(rest),
            "metric" => metric(rest),
            "outcome" => serde_json::from_str(rest).map(Self::Outcome).map_err(|error| error.to_string()),
            "artifact" => artifact(rest),
            _ => return Err("it begins with none of ::progress, ::metric, ::outcome and ::artifact".into()),
        };
        checked(message?)
    }
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
            .map_err(|_| format!("{text:?} is no number of steps: expected `3/10 note` or `3 note`"))
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
    if let Some(other) = media_type.filter(|text| text.contains(char::is_whitespace) || !text.contains('/')) {
        return Err(format!(
            "{other:?} behind the path is no media type such as text/plain; a path with spaces stands in double quotes"
        ));
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
    let value = value.parse().map_err(|_| format!("{value:?} is no value: {EXPECTED}"))?;
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
