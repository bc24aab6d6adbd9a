//! What nodes found when they looked at tasks before their runs, as `status` and `show` tell it. It looks at nothing.

use std::{collections::HashMap, fmt::Write as _};

use roundsman_model::{Finding, FindingLevel, TaskName, Timestamp};
use roundsman_store::{CheckRow, NodeRow};
use serde_json::{Value, json};

use super::{
    look::{Look, Tone, clean},
    paragraph, suggest, times,
};

/// So many tasks with the same trouble are named.
const NAMED_TASKS: usize = 3;

/// One thing that was found of one or more tasks on a node.
struct Trouble<'a> {
    finding: &'a Finding,
    node: &'a str,
    tasks: Vec<&'a TaskName>,
    /// When it was seen last.
    at: Timestamp,
    /// Whether a run has succeeded since.
    overtaken: bool,
}

/// When the newest run of each task began that succeeded.
pub(super) type Successes = HashMap<TaskName, Timestamp>;

/// Whether a run that began after a look succeeded, so that the failures of that look are probably mended.
pub(super) fn is_overtaken(row: &CheckRow, successes: &Successes) -> bool {
    successes.get(&row.task).is_some_and(|began| *began > row.at)
}

/// Whether something did not work.
pub(super) fn has_failure(row: &CheckRow) -> bool {
    row.findings.iter().any(|finding| finding.level == FindingLevel::Failure)
}

/// The rows that still count: of the definition a task has now, from nodes that are there.
pub(super) fn that_count<'a>(
    rows: &'a [CheckRow],
    nodes: &'a [NodeRow],
    hash: impl Fn(&TaskName) -> Option<String>,
) -> Vec<&'a CheckRow> {
    let there =
        |row: &&CheckRow| nodes.iter().any(|node| !node.entry.one_shot && node.entry.name == row.node);
    rows.iter().filter(there).filter(|row| hash(&row.task).as_ref() == Some(&row.definition)).collect()
}

/// Whether a row tells of something that a person should know.
pub(super) fn is_troubled(row: &CheckRow) -> bool {
    row.findings.iter().any(|finding| finding.level != FindingLevel::Ok)
}

/// What is wrong, the worst first, and what is probably mended last; what is the same for several tasks of a node is told
/// once.
pub(super) fn trouble_lines(rows: &[&CheckRow], successes: &Successes, now: Timestamp, look: Look) -> String {
    let mut troubles: Vec<Trouble<'_>> = Vec::new();
    for row in rows {
        for finding in row.findings.iter().filter(|finding| finding.level != FindingLevel::Ok) {
            let overtaken = finding.level == FindingLevel::Failure && is_overtaken(row, successes);
            let same = |trouble: &&mut Trouble<'_>| {
                trouble.node == row.node && trouble.finding == finding && trouble.overtaken == overtaken
            };
            if let Some(trouble) = troubles.iter_mut().find(same) {
                trouble.tasks.push(&row.task);
                trouble.at = trouble.at.max(row.at);
            } else {
                let (node, tasks, at) = (row.node.as_str(), vec![&row.task], row.at);
                troubles.push(Trouble { finding, node, tasks, at, overtaken });
            }
        }
    }
    troubles.sort_by_key(|trouble| (trouble.overtaken, std::cmp::Reverse(trouble.finding.level)));
    troubles.iter().map(|trouble| trouble.render(now, look)).collect()
}

impl Trouble<'_> {
    fn render(&self, now: Timestamp, look: Look) -> String {
        let (word, tone) = word(self.finding.level);
        let mut names: Vec<String> = self.tasks.iter().map(ToString::to_string).collect();
        if names.len() > NAMED_TASKS + 1 {
            let others = names.len() - NAMED_TASKS;
            names.truncate(NAMED_TASKS);
            names.push(format!("{others} other tasks"));
        }
        let names = suggest::listed(&names, "and");
        let (tone, since) = if self.overtaken { (Tone::Dim, "; a run succeeded since") } else { (tone, "") };
        let seen = format!("(on {}, {}{since})", clean(self.node), times::ago(self.at, now));
        format!("{}  {word}: {}", look.paint(tone, &names), told(self.finding, &seen, 4, look))
    }
}

/// What was found of one task, each node by itself, with what is in order.
pub(super) fn task_lines(rows: &[&CheckRow], now: Timestamp, look: Look) -> String {
    let mut lines = String::new();
    for row in rows {
        let seen = format!("on {}, {}", clean(&row.node), times::ago(row.at, now));
        if row.findings.is_empty() {
            let _ = writeln!(lines, "  {seen}: its kind has nothing to look at");
            continue;
        }
        let _ = writeln!(lines, "  {seen}:");
        for finding in &row.findings {
            let (word, tone) = word(finding.level);
            let _ = write!(lines, "    {}  {}", look.paint(tone, word), told(finding, "", 6, look));
        }
    }
    lines
}

fn told(finding: &Finding, seen: &str, indent: usize, look: Look) -> String {
    let seen = if seen.is_empty() { String::new() } else { format!(" {seen}") };
    let line = format!("{}: {}{seen}\n", clean(&finding.what), clean(&finding.found));
    match &finding.advice {
        Some(advice) => format!("{line}{}", paragraph::wrap(&clean(advice), indent, look)),
        None => line,
    }
}

const fn word(level: FindingLevel) -> (&'static str, Tone) {
    match level {
        FindingLevel::Ok => ("ok", Tone::Good),
        FindingLevel::Warning => ("warning", Tone::Warn),
        FindingLevel::Failure => ("failure", Tone::Bad),
    }
}

/// For programs.
pub(super) fn as_json(rows: &[&CheckRow]) -> Vec<Value> {
    rows.iter()
        .map(|row| {
            let level = row.findings.iter().map(|finding| finding.level).max().unwrap_or(FindingLevel::Ok);
            json!({
                "task": row.task,
                "node": row.node,
                "at": row.at,
                "definition": row.definition,
                "level": level,
                "findings": row.findings,
            })
        })
        .collect()
}
