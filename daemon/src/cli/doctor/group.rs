//! What was found about one subject, and the page that tells it. It looks at nothing itself.

use std::{fmt::Write as _, time::Duration};

use roundsman_model::{Finding, FindingLevel};
use serde::Serialize;

use crate::cli::{
    look::{Look, Tone, clean},
    paragraph::wrap,
    times,
};

/// Before a finding: two blanks, the word for its level, and two more.
const INDENT: usize = 11;

/// What was found about one subject.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    /// The subject: "host", "store", or a task's name.
    #[serde(rename = "group")]
    pub(super) subject: String,
    /// Whether it is a task.
    pub(super) task: bool,
    /// The worst of the levels.
    pub(super) level: FindingLevel,
    /// One after the other.
    pub(super) findings: Vec<Finding>,
}

impl Group {
    fn new(subject: String, task: bool, findings: Vec<Finding>) -> Self {
        let level = findings.iter().map(|finding| finding.level).max().unwrap_or(FindingLevel::Ok);
        Self { subject, task, level, findings }
    }

    /// What was found about a task.
    pub(super) fn of_task(name: impl Into<String>, findings: Vec<Finding>) -> Self {
        Self::new(name.into(), true, findings)
    }

    fn render(&self, look: Look) -> String {
        let subject = if self.task { format!("task {}", self.subject) } else { self.subject.clone() };
        let mut text = format!("{}\n", look.strong(&clean(&subject)));
        for finding in &self.findings {
            text.push_str(&line(finding, look));
        }
        text
    }
}

/// Looks at a subject for as long as there is time. What was found by then counts in any case.
pub(super) async fn look(group: &str, limit: Duration, look: impl AsyncFnOnce(&mut Vec<Finding>)) -> Group {
    let mut findings = Vec::new();
    if tokio::time::timeout(limit, look(&mut findings)).await.is_err() {
        findings.push(Finding::failure(
            "look further",
            format!("the look was not over after {}", times::length(limit)),
            "something that was asked does not answer: a network file system or a server, most of the time",
        ));
    }
    Group::new(group.to_owned(), false, findings)
}

/// Runs what may block, such as the look at a file system, beside everything else.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(told) => told,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => std::future::pending().await,
        },
    }
}

/// How many findings of each level.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) failures: usize,
    pub(super) warnings: usize,
    pub(super) fine: usize,
}

impl Tally {
    /// Over all groups.
    pub(super) fn of(groups: &[Group]) -> Self {
        let mut tally = Self::default();
        for finding in groups.iter().flat_map(|group| &group.findings) {
            match finding.level {
                FindingLevel::Ok => tally.fine += 1,
                FindingLevel::Warning => tally.warnings += 1,
                FindingLevel::Failure => tally.failures += 1,
            }
        }
        tally
    }
}

/// All groups, and what they come to.
pub(super) fn page(groups: &[Group], look: Look) -> String {
    let mut page: String = groups.iter().map(|group| group.render(look) + "\n").collect();
    let Tally { failures, warnings, fine } = Tally::of(groups);
    let count = |many: usize, one: &str| format!("{many} {one}{}", if many == 1 { "" } else { "s" });
    let _ = writeln!(
        page,
        "{}, {}, {fine} in order",
        toned(look, Tone::Bad, failures, &count(failures, "failure")),
        toned(look, Tone::Warn, warnings, &count(warnings, "warning")),
    );
    page
}

fn toned(look: Look, tone: Tone, many: usize, text: &str) -> String {
    if many == 0 { text.to_owned() } else { look.paint(tone, text) }
}

const fn word(level: FindingLevel) -> (&'static str, Tone) {
    match level {
        FindingLevel::Ok => ("ok", Tone::Good),
        FindingLevel::Warning => ("warning", Tone::Warn),
        FindingLevel::Failure => ("failure", Tone::Bad),
    }
}

fn line(finding: &Finding, look: Look) -> String {
    let (word, tone) = word(finding.level);
    let credential =
        finding.credential.as_ref().map(|role| format!(" (credential {role})")).unwrap_or_default();
    let told = wrap(&clean(&format!("{}{credential}: {}", finding.what, finding.found)), INDENT, look);
    let painted = look.paint(tone, word);
    let mut text = format!("  {painted}{:pad$}{}", "", told.trim_start(), pad = INDENT - 2 - word.len());
    if let Some(advice) = &finding.advice {
        let lines = wrap(&clean(&format!("-> {advice}")), INDENT, look);
        text.extend(lines.lines().map(|line| look.paint(Tone::Dim, line) + "\n"));
    }
    text
}

#[cfg(test)]
mod tests;
