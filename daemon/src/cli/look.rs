//! How text looks where it goes: width and colour. It knows no words but those of states.

#[cfg(test)]
mod tests;

use std::{iter::Peekable, str::Chars};

use roundsman_model::{RunState, Verdict};

/// How text is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns of the terminal; nothing where there is none and lines may be long.
    pub width: Option<usize>,
    /// Whether colours are understood and wanted.
    pub color: bool,
}

/// The meaning of a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Not as it should be.
    Bad,
    /// Under way.
    Busy,
    /// Less important.
    Dim,
    /// A heading.
    Strong,
}

impl Look {
    /// Plain text of any width, as in a pipe or a file.
    pub const PLAIN: Self = Self { width: None, color: false };

    /// The terminal this process has.
    pub fn terminal() -> Self {
        let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { width: Some(width.max(40)), color: !set("NO_COLOR") && !dumb }
    }

    /// The text in a tone, where colour is wanted.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "31",
            Tone::Busy => "36",
            Tone::Dim => "2",
            Tone::Strong => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// A heading.
    pub fn strong(self, text: &str) -> String {
        self.paint(Tone::Strong, text)
    }
}

/// The tone of a run's state.
pub const fn state_tone(state: RunState) -> Tone {
    match state {
        RunState::Succeeded => Tone::Good,
        RunState::Failed | RunState::TimedOut | RunState::Lost => Tone::Bad,
        RunState::Partial | RunState::Cancelled | RunState::Waiting => Tone::Warn,
        RunState::Queued | RunState::Running => Tone::Busy,
        RunState::Skipped => Tone::Dim,
    }
}

/// The tone of a slot's verdict.
pub const fn verdict_tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Fired => Tone::Busy,
        Verdict::Ran => Tone::Good,
        Verdict::Skipped => Tone::Warn,
        Verdict::Missed => Tone::Bad,
    }
}

/// A state as people read it.
pub fn state_words(state: RunState) -> &'static str {
    match state {
        RunState::TimedOut => "timed out",
        state => state.as_str(),
    }
}

/// Text from outside on one line and without anything that could steer a terminal: control characters, escape sequences,
/// marks that turn the direction of writing.
pub fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => skip_sequence(&mut chars),
            '\n' | '\t' => cleaned.push(' '),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => {}
            c => cleaned.push(c),
        }
    }
    cleaned
}

/// The same for text of several lines, which it stays.
pub fn clean_lines(text: &str) -> String {
    text.split('\n').map(clean).collect::<Vec<_>>().join("\n")
}

/// Passes over what follows an escape character: `[…m` and its like up to the final letter, `]…` up to its end mark.
fn skip_sequence(chars: &mut Peekable<Chars<'_>>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            while chars.next_if(|c| (' '..='?').contains(c)).is_some() {}
            chars.next_if(|c| ('@'..='~').contains(c));
        }
        Some(']') => while chars.next().is_some_and(|c| c != '\x07' && c != '\x1b') {},
        _ => {}
    }
}
