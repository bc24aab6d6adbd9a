//! Acts on what a script says, at once and in bounded memory: progress, samples and log lines go on, the last outcome is
//! kept, files go to the shelf. It never waits.

use std::collections::BTreeMap;

use roundsman_task::TaskContext;

use super::{
    artifacts::Shelf,
    message::{Level, Message},
    said::Report,
    sieve::{LINE_BYTES, TooLong},
};

/// How many lines of the channel that are not understood go to the log; the rest is counted.
const LOGGED: u64 = 100;
/// The most bytes of a line that is meant for the log.
const LOG_BYTES: usize = 16 << 10;
/// How many files that are not kept are told one by one.
const REFUSALS: u64 = 20;

/// What listens to a script.
pub(super) struct Ear<'a> {
    cx: &'a TaskContext,
    shelf: Shelf,
    said: Option<Report>,
    warned: bool,
    strange: u64,
    refused: u64,
}

impl<'a> Ear<'a> {
    pub(super) fn new(cx: &'a TaskContext, shelf: Shelf) -> Self {
        Self { cx, shelf, said: None, warned: false, strange: 0, refused: 0 }
    }

    /// A line of standard output that begins with `::`. Says whether it was understood.
    pub(super) fn marked(&mut self, line: &[u8]) -> bool {
        match Message::from_line(line) {
            Ok(message) => self.act(message, "standard output"),
            Err(why) => {
                self.warn_once("standard output", &why);
                false
            }
        }
    }

    /// A line of the channel, or what is known of one that is too long.
    pub(super) fn line(&mut self, line: Result<&[u8], TooLong>) {
        let understood = match line {
            Ok(line) if line.trim_ascii().is_empty() => return,
            Ok(line) => Message::from_json(line),
            Err(TooLong { bytes, names_outcome }) => {
                let why = format!("it has {bytes} bytes, and at most {LINE_BYTES} are read");
                if names_outcome { Ok(Message::Unread(why)) } else { Err(why) }
            }
        };
        let acted = understood.map(|message| self.act(message, "descriptor 3"));
        match acted {
            Ok(true) => return,
            Ok(false) => {}
            Err(why) => self.warn_once("descriptor 3", &why),
        }
        self.strange += 1;
        if let Ok(line) = line
            && self.strange <= LOGGED
        {
            // By itself: only so are values of credentials known again at the place where it is cut.
            tracing::info!("{}", readable(line, LOG_BYTES));
        }
    }

    /// What it said of its work in the end, if anything.
    pub(super) fn finish(self) -> Option<Report> {
        if self.strange > LOGGED {
            tracing::warn!("{} more lines of descriptor 3 were not understood", self.strange - LOGGED);
        }
        if self.refused > REFUSALS {
            tracing::warn!("{} more files were not kept", self.refused - REFUSALS);
        }
        self.said
    }

    /// Does what was said. Says whether it was understood altogether.
    fn act(&mut self, message: Message, place: &str) -> bool {
        match message {
            Message::Progress { done, total, note } => self.cx.progress(done, total, note),
            Message::Metric(sample) => {
                let labels: Vec<_> =
                    sample.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                self.cx.metric(&sample.name, &labels, sample.value);
            }
            Message::Outcome(said) => {
                self.warn_of_slips(&said.unknown);
                self.said = Some(Report::Read(said));
            }
            Message::Unread(why) => {
                if !matches!(self.said, Some(Report::Unread(_))) {
                    tracing::warn!("the outcome on {place} cannot be read: {why}");
                }
                self.said = Some(Report::Unread(why));
                return false;
            }
            Message::Artifact(wish) => {
                let path = wish.path.clone();
                if let Err(why) = self.shelf.take(wish) {
                    self.refused += 1;
                    if self.refused <= REFUSALS {
                        tracing::warn!("{path} is not kept: {why}");
                    }
                }
            }
            Message::Log { level, message } => {
                for line in message.lines() {
                    log(level, &readable(line.as_bytes(), LOG_BYTES));
                }
            }
        }
        true
    }

    /// Without the line, which is in the log by itself.
    fn warn_once(&mut self, place: &str, why: &str) {
        if !std::mem::replace(&mut self.warned, true) {
            tracing::warn!(
                "a line of {place} is not understood ({why}) and stays as it is; of others like it nothing is said"
            );
        }
    }

    fn warn_of_slips(&self, unknown: &BTreeMap<String, serde_json::Value>) {
        // The first report is enough; a flood of them must not flood the log.
        if let (Some(key), None) = (unknown.keys().next(), &self.said) {
            let key = readable(key.as_bytes(), LOG_BYTES);
            tracing::warn!("the outcome has a key that means nothing, so it is passed over: {key}");
        }
    }
}

fn log(level: Level, text: &str) {
    match level {
        Level::Error => tracing::error!("{text}"),
        Level::Warn => tracing::warn!("{text}"),
        Level::Info => tracing::info!("{text}"),
        Level::Debug => tracing::debug!("{text}"),
        Level::Trace => tracing::trace!("{text}"),
    }
}

/// A line as the log can hold it.
fn readable(line: &[u8], most: usize) -> String {
    let visible =
        |char: char| if char.is_control() && char != '\t' { char::REPLACEMENT_CHARACTER } else { char };
    let text = String::from_utf8_lossy(line);
    let cut = &text[..text.floor_char_boundary(most)];
    let mut shown: String = cut.chars().map(visible).collect();
    if cut.len() < text.len() {
        shown.push('…');
    }
    shown
}
