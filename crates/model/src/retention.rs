//! What is kept of the past: which ended runs of a task go, and which neighbouring ledger rows become one. It takes
//! nothing out and reads no store.

use serde::Deserialize;

use crate::{Counts, Reason, RunState, Timestamp, Verdict};

/// What is kept of a task's ended runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Runs that ended earlier go.
    pub older_than: Timestamp,
    /// The most ended runs.
    pub runs: u32,
    /// Of tasks that keep changes only: successes that ended earlier and only repeat the one before go. Absent for
    /// tasks that keep every run.
    pub repeats_older_than: Option<Timestamp>,
}

/// What bears on whether an ended run stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How it ended.
    pub state: RunState,
    /// When.
    pub ended_at: Timestamp,
    /// Whether its round is not over, so that others may still ask for it.
    pub pinned: bool,
    /// Whether nobody asked for it: a person's run is never a mere repetition.
    pub routine: bool,
    /// What it came to; see [`likeness`].
    pub likeness: Option<String>,
}

/// What becomes of an ended run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It stays.
    Stays,
    /// It goes.
    Goes,
    /// It goes into the sum of its hour.
    Repeats,
}

/// A walk over the ended runs of a task, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Walk {
    /// How many stayed.
    kept: u32,
    /// Whether the newest success was passed.
    success_passed: bool,
}

impl Walk {
    /// A walk that begins below so many runs that stay.
    pub const fn below(kept: u32, success_passed: bool) -> Self {
        Self { kept, success_passed }
    }

    /// Decides on the next run. `before` is the one that ended before it, the next of this walk.
    pub fn judge(&mut self, run: &Ended, before: Option<&Ended>, keep: &Keep) -> Fate {
        let newest = self.kept == 0;
        let newest_success = run.state == RunState::Succeeded && !self.success_passed;
        self.success_passed |= newest_success;
        let fate = if newest || newest_success || run.pinned {
            Fate::Stays
        } else if before.is_some_and(|before| repeats(run, before, keep)) {
            Fate::Repeats
        } else if run.ended_at < keep.older_than || self.kept >= keep.runs {
            Fate::Goes
        } else {
            Fate::Stays
        };
        self.kept = self.kept.saturating_add(u32::from(fate == Fate::Stays));
        fate
    }
}

fn repeats(run: &Ended, before: &Ended, keep: &Keep) -> bool {
    keep.repeats_older_than.is_some_and(|limit| run.ended_at < limit)
        && run.routine
        && (run.state, before.state) == (RunState::Succeeded, RunState::Succeeded)
        && run.likeness.is_some()
        && run.likeness == before.likeness
}

/// What two runs have in common when one only repeats the other: their definition, all counts, and the summary but for
/// lengths of time. `outcome` is what the kind reported, as JSON; without a report, or with one that says something was
/// changed, a run is like no other.
pub fn likeness(definition: &str, outcome: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Told {
        #[serde(default)]
        counts: Counts,
        #[serde(default)]
        summary: String,
    }
    let told: Told = serde_json::from_str(outcome).ok()?;
    let counts = serde_json::to_string(&told.counts).ok()?;
    (told.counts.changed == 0).then(|| format!("{definition} {counts} {}", without_durations(&told.summary)))
}

const UNITS: [&str; 16] = [
    "ns",
    "us",
    "µs",
    "μs",
    "ms",
    "s",
    "sec",
    "secs",
    "second",
    "seconds",
    "m",
    "min",
    "minutes",
    "h",
    "hours",
    "milliseconds",
];

/// A text in which every number with a unit of time became a mark.
fn without_durations(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let digits = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
        let after = &number[digits..];
        let unit_text = after.strip_prefix(' ').unwrap_or(after);
        let unit = unit_text.find(|c: char| !c.is_alphabetic()).unwrap_or(unit_text.len());
        kept.push_str(before);
        if UNITS.contains(&&unit_text[..unit]) {
            kept.push('~');
            rest = &unit_text[unit..];
        } else {
            kept.push_str(&number[..digits]);
            rest = after;
        }
    }
    kept.push_str(rest);
    kept
}

/// A ledger row that names no run, while it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Its first slot.
    pub first: Timestamp,
    /// Its last slot.
    pub last: Timestamp,
    /// How many slots it stands for.
    pub count: u64,
    /// What became of them.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<Reason>,
    /// The evidence in words.
    pub detail: Option<String>,
    /// When this was decided.
    pub decided_at: Timestamp,
}

impl LedgerRow {
    /// Takes in the row that follows it in the ledger, if both say the same. `turns` are the instants at which the
    /// task's definition changed, or the task came back: a row never reaches over one, because what lies on either side
    /// are slots of different schedules.
    pub fn absorb(&mut self, next: &Self, turns: &[Timestamp]) -> bool {
        let alike = (self.verdict, self.reason, &self.detail) == (next.verdict, next.reason, &next.detail);
        let turned = turns.iter().any(|turn| *turn > self.last && *turn <= next.first);
        if !alike || turned {
            return false;
        }
        self.last = next.last;
        self.count = self.count.saturating_add(next.count);
        self.decided_at = self.decided_at.max(next.decided_at);
        true
    }
}

#[cfg(test)]
mod tests;
