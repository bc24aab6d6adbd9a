//! A letter: paragraphs, lists and tables, of which the plain text and the HTML of a mail are made alike. Every text that is
//! put into it is escaped here, and nowhere else.

use super::words::{escape, width};

/// What a letter consists of, from top to bottom.
#[derive(Debug, Clone, Default)]
pub(super) struct Letter {
    blocks: Vec<Block>,
}

#[derive(Debug, Clone)]
enum Block {
    Heading(String),
    Paragraph(String),
    List(Vec<String>),
    Quote(String),
    Table { head: Vec<String>, rows: Vec<Vec<String>> },
    Footer(String),
}

impl Letter {
    pub(super) fn heading(mut self, text: impl Into<String>) -> Self {
        self.blocks.push(Block::Heading(text.into()));
        self
    }

    pub(super) fn paragraph(mut self, text: impl Into<String>) -> Self {
        self.blocks.push(Block::Paragraph(text.into()));
        self
    }

    pub(super) fn list(mut self, entries: Vec<String>) -> Self {
        self.blocks.push(Block::List(entries));
        self
    }

    /// What somebody else said, in its own words.
    pub(super) fn quote(mut self, text: impl Into<String>) -> Self {
        self.blocks.push(Block::Quote(text.into()));
        self
    }

    pub(super) fn table(mut self, head: &[&str], rows: Vec<Vec<String>>) -> Self {
        let head = head.iter().map(|&text| text.to_owned()).collect();
        self.blocks.push(Block::Table { head, rows });
        self
    }

    pub(super) fn footer(mut self, text: impl Into<String>) -> Self {
        self.blocks.push(Block::Footer(text.into()));
        self
    }

    /// As plain text.
    pub(super) fn text(&self) -> String {
        let blocks: Vec<String> = self.blocks.iter().map(Block::text).collect();
        blocks.join("\n\n") + "\n"
    }

    /// As HTML.
    pub(super) fn html(&self) -> String {
        let blocks: Vec<String> = self.blocks.iter().map(Block::html).collect();
        format!("<html><body>\n{}\n</body></html>\n", blocks.join("\n"))
    }
}

impl Block {
    fn text(&self) -> String {
        match self {
            Self::Heading(text) => format!("{text}\n{}", "=".repeat(width(text))),
            Self::Paragraph(text) => text.clone(),
            Self::List(entries) => lines(entries.iter().map(|entry| format!("- {entry}"))),
            Self::Quote(text) => lines(text.lines().map(|line| format!("> {line}"))),
            Self::Table { head, rows } => columns(head, rows),
            Self::Footer(text) => format!("-- \n{text}"),
        }
    }

    fn html(&self) -> String {
        match self {
            Self::Heading(text) => format!("<h2 dir=\"auto\">{}</h2>", escape(text)),
            Self::Paragraph(text) => format!("<p dir=\"auto\">{}</p>", escape(text)),
            Self::List(entries) => {
                let entries = entries.iter().map(|entry| format!("<li dir=\"auto\">{}</li>", escape(entry)));
                format!("<ul>\n{}\n</ul>", lines(entries))
            }
            Self::Quote(text) => format!("<pre>{}</pre>", escape(text)),
            Self::Table { head, rows } => html_table(head, rows),
            Self::Footer(text) => format!("<hr>\n<p dir=\"auto\"><small>{}</small></p>", escape(text)),
        }
    }
}

fn lines(of: impl Iterator<Item = String>) -> String {
    of.collect::<Vec<_>>().join("\n")
}

/// A table whose columns are as wide as what is in them.
fn columns(head: &[String], rows: &[Vec<String>]) -> String {
    let all = || std::iter::once(head).chain(rows.iter().map(Vec::as_slice));
    let widths: Vec<usize> = (0..head.len())
        .map(|column| all().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0))
        .collect();
    let line = |row: &[String]| {
        let cells = row.iter().zip(&widths).map(|(cell, wide)| {
            let fill = " ".repeat(wide.saturating_sub(width(cell)));
            format!("{cell}{fill}")
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines(all().map(line))
}

fn html_table(head: &[String], rows: &[Vec<String>]) -> String {
    let row = |cells: &[String], tag: &str| {
        let cells = cells.iter().map(|cell| format!("<{tag} dir=\"auto\">{}</{tag}>", escape(cell)));
        format!("<tr>{}</tr>", cells.collect::<String>())
    };
    let body = rows.iter().map(|cells| row(cells, "td"));
    let table = "<table border=\"1\" cellpadding=\"4\" cellspacing=\"0\">";
    format!("{table}\n{}\n{}\n</table>", row(head, "th"), lines(body))
}
