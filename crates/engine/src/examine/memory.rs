//! What was looked at, when, and when it is worth another look. It asks nobody.

use std::{collections::HashMap, time::Duration};

use roundsman_model::{Finding, FindingLevel, TaskDefinition, TaskName, Timestamp, time::delta};
use roundsman_store::CheckRow;

/// How long a look counts that found no failure.
const COUNTS_FOR: Duration = Duration::from_hours(24);
/// How long one counts that found one: somebody may be mending it. Twice as long each time it is still there.
const FAILURE_COUNTS_FOR: Duration = Duration::from_mins(5);
/// And so long at most.
const LONGEST_FOR_FAILURE: Duration = Duration::from_hours(1);
/// How soon to look again where this host could not, or nobody would take what was found.
const UNABLE_FOR: Duration = Duration::from_mins(1);

/// How soon a task is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// Nobody here has looked at this definition.
    Unseen,
    /// The last look was long ago, or what it found may be mended.
    Again,
}

/// What is known of a task.
struct Seen {
    /// The hash of the definition that was looked at.
    definition: String,
    /// When its findings were made.
    at: Timestamp,
    /// From when the next look is due, and for how long the last one counts.
    since: Timestamp,
    counts_for: Duration,
    /// How many looks one after the other found a failure.
    failed: u32,
    /// The credentials are not those of the last look.
    is_stale: bool,
}

/// What is known of all tasks.
#[derive(Default)]
pub(super) struct Memory {
    seen: HashMap<TaskName, Seen>,
    /// Of the credentials.
    revision: Option<String>,
}

/// What a look found that does not work.
pub(super) fn failures(row: &CheckRow) -> impl Iterator<Item = &Finding> {
    row.findings.iter().filter(|finding| finding.level == FindingLevel::Failure)
}

impl Memory {
    /// A look and what it found.
    pub(super) fn note(&mut self, row: &CheckRow) {
        let before = self.seen.get(&row.task).filter(|seen| seen.definition == row.definition);
        let failed = match failures(row).next() {
            None => 0,
            Some(_) => before.map_or(0, |seen| seen.failed) + 1,
        };
        let counts_for = match failed {
            0 => COUNTS_FOR,
            _ => (FAILURE_COUNTS_FOR * 2_u32.pow((failed - 1).min(8))).min(LONGEST_FOR_FAILURE),
        };
        let definition = row.definition.clone();
        let seen = Seen { definition, at: row.at, since: row.at, counts_for, failed, is_stale: false };
        self.seen.insert(row.task.clone(), seen);
    }

    /// A look that came to nothing. What was known stays.
    pub(super) fn note_unable(&mut self, row: &CheckRow) {
        let seen = self.seen.entry(row.task.clone()).or_insert_with(|| Seen {
            definition: row.definition.clone(),
            at: row.at,
            since: row.at,
            counts_for: UNABLE_FOR,
            failed: 0,
            is_stale: false,
        });
        seen.definition.clone_from(&row.definition);
        (seen.since, seen.counts_for, seen.is_stale) = (row.at, UNABLE_FOR, false);
    }

    /// What is known of the credentials now. Tasks that were given others are worth another look.
    pub(super) fn found_revision(&mut self, revision: Option<String>) {
        // What they were before this boot is not known.
        if self.revision.is_some() && self.revision != revision {
            self.seen.values_mut().for_each(|seen| seen.is_stale = true);
        }
        self.revision = revision;
    }

    /// Whether it is a task's turn, and how soon.
    pub(super) fn turn(&self, definition: &TaskDefinition, hash: &str, now: Timestamp) -> Option<Turn> {
        let Some(seen) = self.seen.get(&definition.name).filter(|seen| seen.definition == hash) else {
            return Some(Turn::Unseen);
        };
        // A look in the future was taken under a clock that was wrong.
        let is_over = seen.since > now || now - seen.since >= delta(seen.counts_for);
        let others = seen.is_stale && !definition.credentials.is_empty();
        (is_over || others).then_some(Turn::Again)
    }

    /// The tasks whose last look found a failure, and when.
    pub(super) fn failing(&self) -> impl Iterator<Item = (&TaskName, Timestamp)> {
        self.seen.iter().filter(|(_, seen)| seen.failed > 0).map(|(task, seen)| (task, seen.at))
    }
}

#[cfg(test)]
mod tests {
    use roundsman_model::time::from_micros;

    use super::*;

    #[test]
    fn other_credentials_are_worth_another_look_of_tasks_that_have_some() {
        let mut with = TaskDefinition::new("with".parse().unwrap(), "command".parse().unwrap());
        let without = TaskDefinition { name: "without".parse().unwrap(), ..with.clone() };
        with.credentials.insert("api".to_owned(), "netbox".to_owned());
        let now = from_micros(1_000_000_000_000_000);
        let row = |task: &TaskDefinition| CheckRow {
            task: task.name.clone(),
            definition: "hash".to_owned(),
            node: "host-a".to_owned(),
            at: now,
            findings: Vec::new(),
        };
        let mut memory = Memory::default();
        memory.note(&row(&with));
        memory.note(&row(&without));
        let turns = |memory: &Memory| [&with, &without].map(|task| memory.turn(task, "hash", now));
        memory.found_revision(Some("1".to_owned()));
        assert_eq!(turns(&memory), [None, None], "it was not known before");
        memory.found_revision(Some("2".to_owned()));
        assert_eq!(turns(&memory), [Some(Turn::Again), None]);
        memory.found_revision(Some("2".to_owned()));
        assert_eq!(turns(&memory), [Some(Turn::Again), None]);
        memory.note(&row(&with));
        assert_eq!(turns(&memory), [None, None]);
    }
}
