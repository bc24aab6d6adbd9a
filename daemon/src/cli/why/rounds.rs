//! What became of a task that follows others: it has no slots of its own, so the rounds around the time answer. It asks
//! for rows; the sentences are below, and decide nothing.

use chrono_tz::Tz;
use roundsman_model::{Reason, Run, RunId, RunState, SlotRange, TaskName, Timestamp, Verdict, after};
use roundsman_store::{RunFilter, Store};
use serde::Serialize;

use super::account::{self, Account, Word};
use crate::cli::{
    failure::Answer,
    look::state_words,
    plan::{self, KnownTask},
    runs, times,
};

/// The most runs of one round, and the most of a root without a schedule, that are looked at.
const LOOKED_AT: u32 = 200;

/// A round around the time.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Round {
    /// The task it begins with.
    pub(super) root: TaskName,
    /// The slot it belongs to, or when its first run was queued.
    pub(super) begun: Timestamp,
    /// The run it began with, where it belongs to no slot.
    pub(super) root_run: Option<RunId>,
    /// Its runs, first to last.
    pub(super) runs: Vec<Run>,
    /// What the ledger says of the root's slot.
    pub(super) row: Option<SlotRange>,
}

/// The round at or before the time, and the next one.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Rounds {
    /// The one at or before the time.
    pub(super) current: Option<Round>,
    /// When the next one begins, where that is known.
    pub(super) next: Option<Timestamp>,
}

/// The task that the rounds of a follower begin with. `left` ends rings, which no configuration in order has.
pub(super) fn root<'a>(all: &'a [KnownTask], task: &'a KnownTask, left: usize) -> Option<&'a KnownTask> {
    let Some(upstream) = task.definition.after.first() else { return Some(task) };
    let above = all.iter().find(|other| *other.name() == upstream.task)?;
    (left > 0).then(|| root(all, above, left - 1)).flatten()
}

/// Finds the rounds of a task around a time.
pub(super) async fn find(
    store: &dyn Store,
    all: &[KnownTask],
    task: &KnownTask,
    at: Timestamp,
) -> Answer<Rounds> {
    let Some(root) = root(all, task, all.len()) else { return Ok(Rounds::default()) };
    let definition = &root.definition;
    let Some(schedule) = &definition.schedule else { return requested(store, root, at).await };
    let slot = if schedule.is_slot(at, definition.timezone) {
        Some(at)
    } else {
        account::slot_before(definition, at)
    };
    let current = match slot {
        None => None,
        Some(slot) => {
            let runs = runs_of(store, after::round_of_slot(slot)).await?;
            let row = store.slot(root.name(), slot).await?;
            Some(Round { root: root.name().clone(), begun: slot, root_run: None, runs, row })
        }
    };
    Ok(Rounds { current, next: root.next_slot(at) })
}

/// The rounds of a root that runs on request only.
async fn requested(store: &dyn Store, root: &KnownTask, at: Timestamp) -> Answer<Rounds> {
    let filter = RunFilter { task: Some(root.name().clone()), limit: LOOKED_AT, ..RunFilter::default() };
    let all = store.runs(&filter).await?;
    let Some(first) = all.into_iter().find(|run| run.queued_at <= at && run.round.is_some()) else {
        return Ok(Rounds::default());
    };
    let runs = runs_of(store, first.round.clone().unwrap_or_default()).await?;
    let (root, begun) = (root.name().clone(), first.queued_at);
    let current = Some(Round { root, begun, root_run: Some(first.id), runs, row: None });
    Ok(Rounds { current, next: None })
}

async fn runs_of(store: &dyn Store, round: String) -> Answer<Vec<Run>> {
    let filter = RunFilter { round: Some(round), limit: LOOKED_AT, ..RunFilter::default() };
    let mut runs = store.runs(&filter).await?;
    runs.reverse();
    Ok(runs)
}

/// The answer from the rounds.
pub(super) fn account(task: &KnownTask, rounds: &Rounds, now: Timestamp) -> Account {
    let zone = task.definition.timezone;
    let follows = format!("{} follows others: it runs {}.", task.name(), plan::after_words(&task.definition));
    let next = rounds.next.map_or_else(String::new, |next| {
        let verb = if next > now { "begins" } else { "began" };
        format!(" The round after it {verb} at {}.", times::full(next, zone))
    });
    let Some(round) = &rounds.current else {
        let text = format!("{follows} No round began at or before that time.{next}");
        return Account { verdict: Word::NoSlot, text };
    };
    let (verdict, told) = in_round(task, round, now, zone);
    Account { verdict, text: format!("{follows} {told}{next}") }
}

fn in_round(task: &KnownTask, round: &Round, now: Timestamp, zone: Tz) -> (Word, String) {
    let when = match round.root_run {
        Some(run) => {
            format!("In the round of run {run} of {} ({})", round.root, times::full(round.begun, zone))
        }
        None => format!("In the round of {}'s slot {}", round.root, times::full(round.begun, zone)),
    };
    if let Some(run) = round.runs.iter().find(|run| run.task == *task.name()) {
        let (verdict, story) = story(run, round.begun, zone);
        return (Word::Ledger(verdict), format!("{when} {story}."));
    }
    if round.begun > now {
        return (
            Word::Future,
            format!("{when}, {}, it is still to come.", times::distance(round.begun, now)),
        );
    }
    let open = round.runs.iter().find(|run| run.state.is_active());
    if let Some(run) = open {
        let words = format!(
            "{when} it has not run yet: run {} of {} is {}.",
            run.id,
            run.task,
            state_words(run.state)
        );
        return (Word::Future, words);
    }
    let skipped = round.row.as_ref().filter(|row| matches!(row.verdict, Verdict::Skipped | Verdict::Missed));
    if let Some(row) = skipped {
        let because = row.reason.map_or_else(String::new, |reason: Reason| format!(" ({reason})"));
        let detail = row
            .detail
            .as_deref()
            .map_or_else(String::new, |detail| format!(": {}", crate::cli::look::clean(detail)));
        let words = format!("{when} nothing ran, because that slot was {}{because}{detail}.", row.verdict);
        return (Word::Ledger(row.verdict), words);
    }
    let ended: Vec<String> = round
        .runs
        .iter()
        .map(|run| format!("run {} of {} {}", run.id, run.task, state_words(run.state)))
        .collect();
    if ended.is_empty() {
        return (Word::Unknown, format!("{when} no run is kept."));
    }
    (Word::NoSlot, format!("{when} it has no run: {}.", crate::cli::suggest::listed(&ended, "and")))
}

fn story(run: &Run, begun: Timestamp, zone: Tz) -> (Verdict, String) {
    let summary = runs::summary(run);
    let told = match summary.trim_end_matches('.') {
        "" => String::new(),
        summary => format!(": {}", crate::cli::look::clean(summary)),
    };
    let (id, state) = (run.id, state_words(run.state));
    match (run.started_at, run.ended_at) {
        (Some(started), Some(ended)) => {
            let took = times::between(started, ended);
            let at = times::beside(started, begun, zone);
            (Verdict::Ran, format!("run {id} began at {at} and ended {state} after {took}{told}"))
        }
        (Some(started), None) => (
            Verdict::Ran,
            format!("run {id} began at {} and is {state}{told}", times::beside(started, begun, zone)),
        ),
        (None, Some(_)) if run.state == RunState::Skipped => {
            (Verdict::Skipped, format!("it was skipped{told} (run {id})"))
        }
        (None, Some(_)) => {
            (Verdict::Missed, format!("run {id} ended {state} before any attempt began{told}"))
        }
        (None, None) => (Verdict::Fired, format!("run {id} is {state}; no attempt has begun yet{told}")),
    }
}
