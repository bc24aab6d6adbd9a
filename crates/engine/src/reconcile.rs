//! Puts definitions in force, in one transaction with all that goes with them: tasks that leave, and those whose slots
//! change, get their verdicts up to now by the definition then in force, and new ones their first run. What is due of all
//! other tasks is left to the firer.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use roundsman_model::{TaskDefinition, TaskName, Timestamp};
use roundsman_store::{
    Extra, Firing, Installation, Installed, PoolsAndBudgets, SlotToRun, StoreResult, TaskRow,
};

use crate::{
    Engine,
    fire::{Ahead, gap::Gap, watched::Watched},
};

/// How often closings are decided anew because somebody changed a task meanwhile.
const TRIES: usize = 5;

/// Definitions that are to be in force, and what follows from all of them together.
pub(crate) struct Definitions<'a> {
    all: &'a [Arc<TaskDefinition>],
    by_name: HashMap<&'a TaskName, &'a Arc<TaskDefinition>>,
    followed: HashSet<&'a TaskName>,
}

impl<'a> Definitions<'a> {
    /// These definitions.
    pub(crate) fn new(all: &'a [Arc<TaskDefinition>]) -> Self {
        let by_name = all.iter().map(|definition| (&definition.name, definition)).collect();
        let upstreams = all.iter().flat_map(|definition| &definition.after);
        Self { all, by_name, followed: upstreams.map(|upstream| &upstream.task).collect() }
    }

    /// Whether other tasks follow this one.
    pub(crate) fn is_followed(&self, task: &TaskName) -> bool {
        self.followed.contains(task)
    }
}

/// What is the same for all tasks while definitions are put in force.
struct Change<'a> {
    gap: Option<Gap>,
    wanted: &'a Definitions<'a>,
    ahead: &'a Ahead,
    now: Timestamp,
}

/// Puts definitions in force, with these pools and budgets, and queues first-start runs. `rows` are the tasks as the store
/// knows them; they come back as it knows them afterwards. Nothing if another node leads.
pub(crate) async fn reconcile(
    engine: &Engine,
    epoch: Option<i64>,
    gap: Option<Gap>,
    mut rows: Vec<TaskRow>,
    wanted: &Definitions<'_>,
    limits: PoolsAndBudgets,
    ahead: &Ahead,
) -> StoreResult<Option<Vec<TaskRow>>> {
    let change = Change { gap, wanted, ahead, now: engine.now() };
    let definitions = wanted.all.iter().map(|definition| (**definition).clone()).collect();
    let mut whole =
        Installation { definitions, limits: Some(limits), closing: Vec::new(), first: change.first_starts() };
    let mut tries = 0;
    let mut left_out: Vec<TaskName> = Vec::new();
    loop {
        let closing = rows.iter().filter(|row| !left_out.contains(&row.definition.name));
        whole.closing = closing.filter_map(|row| change.closing(row)).collect();
        tries += 1;
        match engine.store().install(whole.clone(), epoch, change.now).await? {
            Installed::Done => break,
            Installed::Deposed => return Ok(None),
            Installed::Moved(tasks) if tries >= TRIES => {
                // Its slots up to now are decided under its new definition, then: better than never to start.
                tracing::error!(?tasks, "cannot close ledgers: they changed again and again");
                left_out.extend(tasks);
            }
            Installed::Moved(_) => {}
        }
        rows = engine.store().tasks().await?;
    }
    engine.wake_dispatcher.notify_one();
    Ok(Some(engine.store().tasks().await?))
}

impl Change<'_> {
    /// The firing that closes a ledger, if it has to be closed.
    fn closing(&self, row: &TaskRow) -> Option<Firing> {
        let then = &row.definition;
        let stays = self.wanted.by_name.get(&then.name);
        if !is_in_force(row) || stays.is_some_and(|new| has_same_slots(then, new)) {
            return None;
        }
        let ahead = self.ahead.get(&then.name).cloned().unwrap_or_default();
        let old = Watched::new(Arc::new(then.clone()), false, row, ahead)?;
        if old.ledger_until >= self.now {
            return None;
        }
        let mut firing = old.closing(self.gap, self.now);
        let why = match stays {
            None => "the task left the configuration",
            Some(new) if !new.enabled => "the task was switched off",
            // What it still runs, it runs as it is from now on.
            Some(new) => return Some(self.made_from(new, row, firing)),
        };
        let unwanted = std::mem::take(&mut firing.run);
        firing.passed.extend(old.unwanted(&unwanted, self.gap, why, self.now));
        firing.passed.sort_by_key(|range| range.first);
        Some(firing)
    }

    /// What was decided by the old definition, with runs made from the new one.
    fn made_from(&self, new: &Arc<TaskDefinition>, row: &TaskRow, decided: Firing) -> Firing {
        if decided.run.is_empty() {
            return decided;
        }
        let followed = self.wanted.is_followed(&new.name);
        let Some(new) = Watched::new(new.clone(), followed, row, Vec::new()) else { return decided };
        Firing { passed: decided.passed, run: decided.run, ..new.blank(decided.ledger_until) }
    }

    /// Runs of tasks that were never in force before: which these are is for the store to tell.
    fn first_starts(&self) -> Vec<Firing> {
        let begins = |definition: &&Arc<TaskDefinition>| definition.run_at_first_start && definition.enabled;
        let first = self.wanted.all.iter().filter(begins).map(|definition| Firing {
            task: definition.name.clone(),
            kind: definition.kind.clone(),
            definition: definition.hash(),
            overlap: definition.overlap,
            terms: definition.terms(),
            followed: self.wanted.is_followed(&definition.name),
            revision: 0,
            ledger_was: None,
            ledger_until: self.now,
            passed: Vec::new(),
            run: vec![SlotToRun { slot: None, due_at: self.now, extra: Extra::FirstStart }],
        });
        first.collect()
    }
}

fn is_in_force(row: &TaskRow) -> bool {
    row.first_seen.is_some() && row.removed_at.is_none()
}

/// Whether slots come to the same under both.
fn has_same_slots(one: &TaskDefinition, other: &TaskDefinition) -> bool {
    let deciding = |definition: &TaskDefinition| {
        let TaskDefinition {
            schedule, timezone, enabled, blackouts, after_blackout, misfire, window, ..
        } = definition.clone();
        (schedule, timezone, enabled, blackouts, after_blackout, misfire, window)
    };
    deciding(one) == deciding(other)
}
