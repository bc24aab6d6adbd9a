//! What a daemon does before its first tick: slots of the time when it was down get their verdicts by the definitions then
//! in force, then the new definitions begin. It fires nothing that is due from now on.

use std::sync::Arc;

use roundsman_model::{Reason, SlotRange, TaskDefinition, Timestamp, Verdict, misfire, misfire::Passed};
use roundsman_store::{Extra, Firing, SlotToRun, StoreResult, TaskRow};

use crate::{Engine, fire::missed_while_down};

/// Installs the engine's definitions, accounts for the time since `down_since`, queues first-start runs, and returns
/// the tasks as the store now knows them.
pub async fn reconcile(engine: &Arc<Engine>, down_since: Option<Timestamp>) -> StoreResult<Vec<TaskRow>> {
    let now = engine.now();
    let before = engine.store().tasks().await?;
    let definitions: Vec<TaskDefinition> = engine.definitions().iter().map(|d| (**d).clone()).collect();
    let is_wanted = |row: &&TaskRow| definitions.iter().any(|d| d.name == row.definition.name);
    // Tasks that leave get their last verdicts while they are still in force.
    let leaving =
        before.iter().filter(|row| !is_wanted(row) && row.first_seen.is_some() && row.removed_at.is_none());
    let last = leaving.filter_map(|row| account(row, row, None, down_since, now)).collect();
    engine.store().fire(last, None, now).await?;
    engine.store().install(&definitions, now).await?;
    let after = engine.store().tasks().await?;
    let mut firings = Vec::new();
    for row in after.iter().filter(is_wanted) {
        let earlier = before.iter().find(|old| old.definition.name == row.definition.name);
        let definition = definitions.iter().find(|d| d.name == row.definition.name);
        firings.extend(match earlier.filter(|old| old.first_seen.is_some() && old.removed_at.is_none()) {
            Some(old) => account(old, row, definition, down_since, now),
            None => definition.and_then(|definition| first_start(row, definition, now)),
        });
    }
    engine.store().fire(firings, None, now).await?;
    engine.store().tasks().await
}

/// The firing that closes the ledger of a task up to now.
fn account(
    old: &TaskRow,
    row: &TaskRow,
    new: Option<&TaskDefinition>,
    down_since: Option<Timestamp>,
    now: Timestamp,
) -> Option<Firing> {
    let ledger_until = old.ledger_until?;
    let then = &old.definition;
    let since = down_since.unwrap_or(ledger_until).max(ledger_until);
    let (run, passed) = match &then.schedule {
        None => (Vec::new(), None),
        Some(schedule) => {
            let slots = schedule.slots(ledger_until, now, then.timezone);
            match new.filter(|new| new.enabled && then.enabled) {
                Some(new) => {
                    let plan = misfire::decide(new.misfire, new.window.get(), slots, now);
                    (plan.run, plan.missed.map(|passed| missed_while_down(then, passed, since, now)))
                }
                None => (Vec::new(), all_of(slots).map(|passed| not_wanted(old, passed, since, now))),
            }
        }
    };
    let ledger_until = now.max(ledger_until);
    Some(Firing {
        task: then.name.clone(),
        kind: row.definition.kind.clone(),
        definition: row.hash.clone(),
        overlap: row.definition.overlap,
        terms: row.definition.terms(),
        followed: false,
        revision: row.revision,
        ledger_was: old.ledger_until,
        ledger_until,
        passed: passed.into_iter().collect(),
        run: run
            .into_iter()
            .map(|slot| SlotToRun { slot: Some(slot), due_at: now, extra: Extra::default() })
            .collect(),
    })
}

fn all_of(slots: impl Iterator<Item = Timestamp>) -> Option<Passed> {
    slots.fold(None, |range: Option<Passed>, slot| {
        Some(match range {
            Some(range) => Passed { last: slot, count: range.count + 1, ..range },
            None => Passed { first: slot, last: slot, count: 1 },
        })
    })
}

fn not_wanted(old: &TaskRow, passed: Passed, since: Timestamp, now: Timestamp) -> SlotRange {
    let row = missed_while_down(&old.definition, passed, since, now);
    if old.definition.enabled {
        return row;
    }
    SlotRange {
        verdict: Verdict::Skipped,
        reason: Some(Reason::Disabled),
        detail: Some("the task was switched off".to_owned()),
        ..row
    }
}

fn first_start(row: &TaskRow, definition: &TaskDefinition, now: Timestamp) -> Option<Firing> {
    let wanted = definition.run_at_first_start && definition.enabled;
    wanted.then(|| Firing {
        task: definition.name.clone(),
        kind: definition.kind.clone(),
        definition: row.hash.clone(),
        overlap: definition.overlap,
        terms: definition.terms(),
        followed: false,
        revision: row.revision,
        ledger_was: row.ledger_until,
        ledger_until: row.ledger_until.unwrap_or(now),
        passed: Vec::new(),
        run: vec![SlotToRun { slot: None, due_at: now, extra: Extra::FirstStart }],
    })
}
