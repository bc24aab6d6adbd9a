//! Named values, one to a line, the names aligned. It formats no value.

use super::look::{Look, Tone, clean};

/// Named values under a heading.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    lines: Vec<(&'static str, String)>,
}

impl Fields {
    /// No values yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a value.
    pub(crate) fn add(&mut self, name: &'static str, value: impl AsRef<str>) {
        self.lines.push((name, clean(value.as_ref())));
    }

    /// Adds a value in a tone.
    pub(crate) fn add_toned(&mut self, name: &'static str, value: impl AsRef<str>, tone: Tone, look: Look) {
        self.lines.push((name, look.paint(tone, &clean(value.as_ref()))));
    }

    /// Adds a value where there is one.
    pub(crate) fn add_some(&mut self, name: &'static str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// The lines, each ended.
    pub(crate) fn render(&self, look: Look) -> String {
        let width = self.lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let line = |(name, value): &(&str, String)| {
            let padded = format!("{name:width$}");
            format!("  {}  {value}\n", look.paint(Tone::Dim, &padded))
        };
        self.lines.iter().map(line).collect()
    }
}
