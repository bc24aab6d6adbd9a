//! Aligned columns. Where a terminal is too narrow, columns are left out or cut if they may be; in a pipe never.

#[cfg(test)]
mod tests;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::look::{Look, Tone, clean};

/// Between two columns.
const GAP: usize = 2;
/// Columns are left out before others are cut below this width.
const COMFORTABLE: usize = 24;
/// A column is not cut below this width.
const NARROWEST: usize = 10;

/// A field of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    text: String,
    tone: Option<Tone>,
}

impl Cell {
    /// Text in a tone.
    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { tone: Some(tone), ..text.into().into() }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text: clean(&text), tone: None }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Whole,
    Right,
    MayCut,
    MayGo,
}

/// Rows under headings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    heads: Vec<(String, Fit)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without columns yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a column that is always shown whole.
    pub(crate) fn column(mut self, head: impl Into<String>) -> Self {
        self.heads.push((head.into(), Fit::Whole));
        self
    }

    /// Adds a column of numbers.
    pub(crate) fn number(mut self, head: impl Into<String>) -> Self {
        self.heads.push((head.into(), Fit::Right));
        self
    }

    /// Adds a column that gives way where the terminal is too narrow.
    pub(crate) fn text(mut self, head: impl Into<String>) -> Self {
        self.heads.push((head.into(), Fit::MayCut));
        self
    }

    /// Adds a column that is left out where the terminal is too narrow, the leftmost of these first.
    pub(crate) fn optional(mut self, head: impl Into<String>) -> Self {
        self.heads.push((head.into(), Fit::MayGo));
        self
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.heads.len(), "one cell for each column");
        self.rows.push(cells);
    }

    /// The table as text, each line ended. Columns without any content are left out.
    pub(crate) fn render(&self, look: Look) -> String {
        let widths = self.widths(look);
        let heads: Vec<Cell> =
            self.heads.iter().map(|(head, _)| Cell::toned(head.as_str(), Tone::Strong)).collect();
        let mut text = String::new();
        for row in std::iter::once(&heads).chain(&self.rows) {
            text.push_str(&self.line(row, &widths, look));
            text.push('\n');
        }
        text
    }

    fn line(&self, row: &[Cell], widths: &[usize], look: Look) -> String {
        let mut line = String::new();
        let mut owed = 0;
        for ((cell, width), (_, fit)) in row.iter().zip(widths).zip(&self.heads) {
            if *width == 0 {
                continue;
            }
            let text = cut(&cell.text, *width);
            let free = width - text.width();
            let (before, after) = if *fit == Fit::Right { (free, 0) } else { (0, free) };
            if text.is_empty() {
                // Blanks are written only before something, so that no line ends in them.
                owed += width + GAP;
                continue;
            }
            line.extend(std::iter::repeat_n(' ', owed + before));
            line.push_str(&cell.tone.map_or(text.clone(), |tone| look.paint(tone, &text)));
            owed = after + GAP;
        }
        line
    }

    fn widths(&self, look: Look) -> Vec<usize> {
        let widest = |column: usize| self.rows.iter().map(|row| row[column].text.width()).max().unwrap_or(0);
        let mut widths: Vec<usize> = (0..self.heads.len())
            .map(|column| match widest(column) {
                0 if !self.rows.is_empty() => 0,
                width => width.max(self.heads[column].0.width()),
            })
            .collect();
        if let Some(limit) = look.width {
            self.fit(&mut widths, limit);
        }
        widths
    }

    /// Leaves out columns and cuts others until a line fits, as far as that is possible.
    fn fit(&self, widths: &mut [usize], limit: usize) {
        let columns = |fit: Fit| (0..self.heads.len()).filter(move |column| self.heads[*column].1 == fit);
        let at_least =
            |column: usize| if self.heads[column].1 == Fit::MayCut { COMFORTABLE } else { usize::MAX };
        for column in columns(Fit::MayGo) {
            let needed: Vec<usize> =
                (0..widths.len()).map(|column| widths[column].min(at_least(column))).collect();
            if line_width(&needed) <= limit {
                break;
            }
            widths[column] = 0;
        }
        for _ in limit..line_width(widths) {
            let cuttable = columns(Fit::MayCut).filter(|column| widths[*column] > NARROWEST);
            let Some(widest) = cuttable.max_by_key(|column| widths[*column]) else { break };
            widths[widest] -= 1;
        }
    }
}

fn line_width(widths: &[usize]) -> usize {
    let shown = widths.iter().filter(|width| **width > 0).count();
    widths.iter().sum::<usize>() + GAP * shown.saturating_sub(1)
}

/// The text in at most so many columns of a terminal, with a mark where it was cut.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let kept = text.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= width
    });
    let mut kept: String = kept.collect::<String>().trim_end().to_owned();
    kept.push('…');
    kept
}
