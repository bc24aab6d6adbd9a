//! What became of a task at an instant, from the ledger, the schedule and the clock. It asks no store.

#[cfg(test)]
mod tests;

use chrono::TimeDelta;
use roundsman_model::{Run, SlotRange, TaskDefinition, Timestamp, Verdict};
use serde::Serialize;

use super::{
    rounds::{self, Rounds},
    words,
};
use crate::cli::{
    look::Tone,
    plan::{KnownTask, Standing},
    times,
};

/// Everything that bears on the question.
pub(super) struct Facts {
    pub(super) task: KnownTask,
    pub(super) at: Timestamp,
    pub(super) now: Timestamp,
    /// The ledger's row over the instant.
    pub(super) row: Option<SlotRange>,
    /// The run it led to.
    pub(super) run: Option<Run>,
    /// The slot before the instant, and the ledger's row over it.
    pub(super) before: Option<(Timestamp, Option<SlotRange>)>,
    /// The slot after the instant, and the ledger's row over it.
    pub(super) after: Option<(Timestamp, Option<SlotRange>)>,
    pub(super) daemon_alive: bool,
    /// The rounds around the instant, for a task that follows others.
    pub(super) rounds: Option<Rounds>,
}

/// The answer in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    /// Still to come.
    Future,
    /// Nothing was to happen then.
    NoSlot,
    /// It is past and not in the ledger yet.
    Unaccounted,
    /// Before a daemon knew the task.
    BeforeFirstStart,
    /// After the task left the configuration.
    Removed,
    /// The task has no schedule.
    Unscheduled,
    /// The ledger does not tell.
    Unknown,
    /// The ledger's verdict.
    #[serde(untagged)]
    Ledger(Verdict),
}

impl Word {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Ledger(verdict) => verdict.as_str(),
            Self::Future => "still to come",
            Self::NoSlot => "no slot",
            Self::Unaccounted => "not accounted for yet",
            Self::BeforeFirstStart => "before the first start",
            Self::Removed => "removed",
            Self::Unscheduled => "no schedule",
            Self::Unknown => "not known",
        }
    }

    pub(super) const fn tone(self) -> Tone {
        match self {
            Self::Ledger(verdict) => crate::cli::look::verdict_tone(verdict),
            Self::Unaccounted => Tone::Bad,
            Self::Future => Tone::Busy,
            _ => Tone::Warn,
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) verdict: Word,
    /// One or two sentences with the evidence.
    pub(super) text: String,
}

/// Finds the answer. The ledger comes first: it was written by the definition then in force, which may be another now.
pub(super) fn account(facts: &Facts) -> Account {
    let definition = &facts.task.definition;
    let is_slot =
        definition.schedule.as_ref().is_some_and(|schedule| schedule.is_slot(facts.at, definition.timezone));
    match &facts.row {
        Some(row) if is_slot || row.first == facts.at || row.last == facts.at => {
            return Account { verdict: Word::Ledger(row.verdict), text: words::ledger(facts, row) };
        }
        _ => {}
    }
    let is_near =
        |wake: &roundsman_store::Wake| !is_slot && (wake.at - facts.at).abs() < TimeDelta::minutes(1);
    if let Some(wake) = facts.task.wake().filter(is_near) {
        return Account { verdict: Word::Future, text: words::wake(facts, wake) };
    }
    if let Some(rounds) = &facts.rounds {
        return rounds::account(&facts.task, rounds, facts.now);
    }
    if definition.schedule.is_none() {
        let name = &definition.name;
        let text = format!(
            "{name} has no schedule: it runs on request only. `roundsman runs {name}` lists its runs."
        );
        return Account { verdict: Word::Unscheduled, text };
    }
    if is_slot {
        slot_without_row(facts)
    } else {
        Account { verdict: Word::NoSlot, text: words::no_slot(facts) }
    }
}

fn slot_without_row(facts: &Facts) -> Account {
    let stored = facts.task.row.as_ref();
    let zone = facts.task.definition.timezone;
    let full = |at| times::full(at, zone);
    let removed_at =
        stored.and_then(|row| row.removed_at).filter(|_| facts.task.standing == Standing::Removed);
    if let Some(removed) = removed_at.filter(|removed| *removed <= facts.at) {
        let text = format!(
            "The task was removed from the configuration at {}; it has had no slots since.",
            full(removed)
        );
        return Account { verdict: Word::Removed, text };
    }
    if facts.at > facts.now {
        return Account { verdict: Word::Future, text: words::future(facts) };
    }
    let Some(first_seen) = stored.and_then(|row| row.first_seen) else {
        let text = "No daemon has known this task yet: its ledger begins when `roundsman daemon` first starts with it.";
        return Account { verdict: Word::BeforeFirstStart, text: text.to_owned() };
    };
    if facts.at <= first_seen {
        let text =
            format!("A daemon first knew the task at {}; before that nothing was to run.", full(first_seen));
        return Account { verdict: Word::BeforeFirstStart, text };
    }
    if stored.and_then(|row| row.ledger_until).is_none_or(|until| until < facts.at) {
        if !facts.task.definition.enabled && stored.is_some_and(|row| row.valid_from <= facts.at) {
            let text = "It is skipped because the task is switched off. The ledger has no row for it yet.";
            return Account { verdict: Word::Ledger(Verdict::Skipped), text: text.to_owned() };
        }
        return Account { verdict: Word::Unaccounted, text: words::unaccounted(facts) };
    }
    let valid_from = stored.map(|row| row.valid_from).filter(|from| *from > facts.at);
    let text = match valid_from {
        Some(from) => format!(
            "The ledger has no such slot: the schedule in force now ({}) is so since {}, and the one before it had none then.",
            facts.task.reading(),
            full(from)
        ),
        None => "The ledger has no row for this slot any more: it is older than `[retention] ledger` keeps."
            .to_owned(),
    };
    Account { verdict: Word::Unknown, text }
}

/// The last slot before an instant, looked for in ever longer stretches.
pub(super) fn slot_before(definition: &TaskDefinition, at: Timestamp) -> Option<Timestamp> {
    const STRETCHES_MINUTES: [i64; 6] = [2, 70, 1500, 11_000, 60_000, 6_000_000];
    let schedule = definition.schedule.as_ref()?;
    let until = at - TimeDelta::microseconds(1);
    STRETCHES_MINUTES.into_iter().find_map(|minutes| {
        schedule.slots(at - TimeDelta::minutes(minutes), until, definition.timezone).last()
    })
}
