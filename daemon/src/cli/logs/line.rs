//! One line of a log as people or programs read it. It reads no store.

#[cfg(test)]
mod tests;

use chrono::{FixedOffset, NaiveDate, Offset as _};
use chrono_tz::Tz;
use roundsman_wire::{LogLine, LogStream};

use crate::cli::{
    look::{Look, Tone, clean},
    times,
};

/// Prints lines one after the other; the date and the zone are said where they change.
pub(super) struct Printer {
    zone: Tz,
    json: bool,
    said: Option<(u32, NaiveDate, FixedOffset)>,
}

impl Printer {
    pub(super) fn new(zone: Tz, json: bool) -> Self {
        Self { zone, json, said: None }
    }

    /// The line, ended, with a heading before it where one is due.
    pub(super) fn print(&mut self, attempt: u32, raw: &str, look: Look) -> String {
        if self.json {
            return as_json(attempt, raw);
        }
        let Ok(line) = serde_json::from_str::<LogLine>(raw) else {
            return format!("{}\n", clean(raw));
        };
        format!("{}{}\n", self.heading(attempt, &line, look), self.text(&line, look))
    }

    fn heading(&mut self, attempt: u32, line: &LogLine, look: Look) -> String {
        let local = line.at.with_timezone(&self.zone);
        let now = (attempt, local.date_naive(), local.offset().fix());
        if self.said == Some(now) {
            return String::new();
        }
        let new_attempt = self.said.is_none_or(|(said, ..)| said != attempt);
        self.said = Some(now);
        let what = if new_attempt { format!("attempt {attempt}, ") } else { String::new() };
        let heading = format!("--- {what}{} ---", times::full(line.at, self.zone));
        format!("{}\n", look.paint(Tone::Dim, &heading))
    }

    fn text(&self, line: &LogLine, look: Look) -> String {
        let at = line.at.with_timezone(&self.zone).format("%H:%M:%S%.3f").to_string();
        let (label, tone) = match (line.stream, line.level.as_str()) {
            (LogStream::Stdout, _) => ("out", None),
            (LogStream::Stderr, _) => ("err", None),
            (_, "error") => ("ERROR", Some(Tone::Bad)),
            (_, "warn") => ("WARN", Some(Tone::Warn)),
            (LogStream::Roundsman, _) => ("·", Some(Tone::Dim)),
            (LogStream::Log, "debug") => ("DEBUG", Some(Tone::Dim)),
            (LogStream::Log, "trace") => ("TRACE", Some(Tone::Dim)),
            (LogStream::Log, _) => ("INFO", Some(Tone::Good)),
        };
        let label = format!("{label:5}");
        let label = tone.map_or(label.clone(), |tone| look.paint(tone, &label));
        format!("{} {label} {}", look.paint(Tone::Dim, &at), clean(&line.text)).trim_end().to_owned()
    }
}

/// The line as it is stored, with the attempt it belongs to.
fn as_json(attempt: u32, raw: &str) -> String {
    let mut line = serde_json::from_str(raw).unwrap_or_else(|_| serde_json::json!({ "text": raw }));
    line["attempt"] = attempt.into();
    format!("{line}\n")
}
