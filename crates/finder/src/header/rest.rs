//! What is left of a header without the script's own keys: keys of a task, each on its line. It does not judge them.

use std::{collections::BTreeSet, ops::Range, path::PathBuf};

use toml::de::{DeTable, DeValue};

use super::{OWN_KEYS, reading::Written};

/// Keys that give a task slots of its own.
const WHEN: [&str; 3] = ["schedule", "every", "at"];

/// What the file of a script says of tasks that use it: keys of `[tasks.NAME]` that count where a task does not write them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskKeys {
    /// The file they are written in, for messages: the script, or NAME.toml beside it.
    pub path: PathBuf,
    /// TOML with nothing in it but keys of a task, each on its line and in its column of the file.
    pub text: String,
    /// Whether it has `schedule`, `every` or `at`, and so stands for a task of its own.
    pub scheduled: bool,
}

impl TaskKeys {
    /// The keys of a tree that are not the script's own, if there are any.
    pub(crate) fn of(path: PathBuf, text: &str, tree: &DeTable<'_>) -> Option<Self> {
        let has = |key: &str| tree.keys().any(|own| own.get_ref() == key);
        let any = tree.keys().any(|key| !OWN_KEYS.contains(&key.get_ref().as_ref()));
        any.then(|| Self { path, text: without_own(text, tree), scheduled: WHEN.into_iter().any(has) })
    }
}

/// The text with the lines of the script's own keys blank.
fn without_own(text: &str, tree: &DeTable<'_>) -> String {
    let continuing = continuing_lines(text, tree, |_| true);
    let mut rest = String::with_capacity(text.len());
    // Keys before the first `[table]` stand for themselves, later ones for the table.
    let mut table: Option<bool> = None;
    let mut own = false;
    for (at, line) in text.split_inclusive('\n').enumerate() {
        if !continuing.contains(&at) {
            let statement = line.trim();
            if let Some(header) = statement.strip_prefix('[') {
                own = is_own(header.strip_prefix('[').unwrap_or(header));
                table = Some(own);
            } else {
                own = table.unwrap_or_else(|| is_own(statement));
            }
        }
        rest.push_str(if own { "\n" } else { line });
    }
    rest
}

/// Whether a statement begins with a key of the script.
fn is_own(statement: &str) -> bool {
    let statement = statement.trim_start();
    let end = match statement.chars().next() {
        Some(quote @ ('"' | '\'')) => quoted_end(statement, quote),
        _ => statement.find(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c))),
    };
    let written = &statement[..end.unwrap_or(statement.len())];
    // A quoted key may be written with escapes: the parser knows how it reads.
    let probe = format!("{written} = 0");
    let read = DeTable::parse(&probe);
    read.is_ok_and(|tree| tree.get_ref().keys().any(|key| OWN_KEYS.contains(&key.get_ref().as_ref())))
}

fn quoted_end(statement: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    statement.char_indices().skip(1).find_map(|(at, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && quote == '"' && !escaped;
        ends.then_some(at + 1)
    })
}

/// The lines, counted from zero, that begin inside a value of this sort.
pub(crate) fn continuing_lines(
    text: &str,
    tree: &DeTable<'_>,
    wanted: fn(&DeValue<'_>) -> bool,
) -> BTreeSet<usize> {
    let mut spans = Vec::new();
    tree.values().for_each(|value| collect(value, wanted, &mut spans));
    let mut lines = BTreeSet::new();
    for span in spans {
        let first = text[..span.start].matches('\n').count();
        let more = text[span].matches('\n').count();
        lines.extend(first + 1..=first + more);
    }
    lines
}

fn collect(value: &Written<'_>, wanted: fn(&DeValue<'_>) -> bool, spans: &mut Vec<Range<usize>>) {
    if wanted(value.get_ref()) {
        spans.push(value.span());
    }
    match value.get_ref() {
        DeValue::Array(values) => values.iter().for_each(|value| collect(value, wanted, spans)),
        DeValue::Table(table) => table.values().for_each(|value| collect(value, wanted, spans)),
        _ => {}
    }
}
