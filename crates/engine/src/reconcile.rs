//! Puts definitions in force. Tasks that leave, and those whose slots change, get their verdicts up to now by the definition
//! then in force; then the new ones begin. What is due of all other tasks is left to the firer.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use roundsman_model::{TaskDefinition, TaskName, Timestamp};
use roundsman_store::{Extra, Fired, Firing, SlotToRun, StoreResult, TaskRow};

use crate::{
    Engine,
    fire::{Ahead, gap::Gap, watched::Watched},
};

/// How often a firing is decided anew because somebody changed its task meanwhile.
const TRIES: usize = 3;

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
    engine: &'a Engine,
    epoch: Option<i64>,
    gap: Option<Gap>,
    wanted: &'a Definitions<'a>,
    ahead: &'a Ahead,
    now: Timestamp,
}

/// Puts definitions in force and queues first-start runs. `rows` are the tasks as the store knows them; they come back as
/// it knows them afterwards. Nothing if another node leads.
pub(crate) async fn reconcile(
    engine: &Engine,
    epoch: Option<i64>,
    gap: Option<Gap>,
    rows: Vec<TaskRow>,
    wanted: &Definitions<'_>,
    ahead: &Ahead,
) -> StoreResult<Option<Vec<TaskRow>>> {
    let change = Change { engine, epoch, gap, wanted, ahead, now: engine.now() };
    let Some((rows, put_off)) = change.close(rows).await? else { return Ok(None) };
    let definitions: Vec<TaskDefinition> =
        wanted.all.iter().map(|definition| (**definition).clone()).collect();
    match epoch {
        Some(epoch) if !engine.store().install_under(epoch, &definitions, change.now).await? => {
            return Ok(None);
        }
        Some(_) => {}
        None => engine.store().install(&definitions, change.now).await?,
    }
    let after = engine.store().tasks().await?;
    change.begin(&rows, after, put_off).await
}

impl Change<'_> {
    /// Closes the ledgers of tasks that leave or change, as far as no run comes of it. The others' firings come back:
    /// their runs are made from the new definition.
    async fn close(&self, mut rows: Vec<TaskRow>) -> StoreResult<Option<(Vec<TaskRow>, Vec<Firing>)>> {
        for _ in 0..TRIES {
            let closing = rows.iter().filter_map(|row| self.closing(row)).collect::<Vec<_>>();
            let (last, put_off): (Vec<_>, Vec<_>) =
                closing.into_iter().partition(|firing: &Firing| firing.run.is_empty());
            let fired = self.engine.store().fire(last, self.epoch, self.now).await?;
            if fired.contains(&Fired::Deposed) {
                return Ok(None);
            }
            if !fired.contains(&Fired::Moved) {
                return Ok(Some((rows, put_off)));
            }
            rows = self.engine.store().tasks().await?;
        }
        Ok(Some((rows, Vec::new())))
    }

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
            Some(_) => return Some(firing),
        };
        let unwanted = std::mem::take(&mut firing.run);
        firing.passed.extend(old.unwanted(&unwanted, self.gap, why, self.now));
        firing.passed.sort_by_key(|range| range.first);
        Some(firing)
    }

    /// Queues what the new definitions begin with.
    async fn begin(
        &self,
        before: &[TaskRow],
        after: Vec<TaskRow>,
        put_off: Vec<Firing>,
    ) -> StoreResult<Option<Vec<TaskRow>>> {
        let before: HashMap<_, _> = before.iter().map(|row| (&row.definition.name, row)).collect();
        let mut put_off: HashMap<_, _> =
            put_off.into_iter().map(|firing| (firing.task.clone(), firing)).collect();
        let mut rows = after;
        let mut open: Vec<Firing> = Vec::new();
        for row in &rows {
            let Some(blank) = self.blank(row) else { continue };
            let is_new = before.get(&row.definition.name).is_none_or(|old| old.first_seen.is_none());
            match put_off.remove(&row.definition.name) {
                Some(decided) => open.push(made_from(blank, decided)),
                None if is_new => open.extend(self.first_start(blank)),
                None => {}
            }
        }
        for _ in 0..TRIES {
            let fired = self.engine.store().fire(open.clone(), self.epoch, self.now).await?;
            if fired.contains(&Fired::Deposed) {
                return Ok(None);
            }
            let moved: HashSet<_> = open
                .iter()
                .zip(&fired)
                .filter(|(_, fired)| **fired == Fired::Moved)
                .map(|(firing, _)| firing.task.clone())
                .collect();
            if !open.is_empty() {
                self.engine.wake_dispatcher.notify_one();
                rows = self.engine.store().tasks().await?;
            }
            // Somebody paused the task just now, say: what was decided before holds.
            open.retain(|firing| moved.contains(&firing.task));
            for firing in &mut open {
                let row = rows.iter().find(|row| row.definition.name == firing.task);
                firing.revision = row.map_or(firing.revision, |row| row.revision);
            }
            if open.is_empty() {
                break;
            }
        }
        Ok(Some(rows))
    }

    fn blank(&self, row: &TaskRow) -> Option<Firing> {
        let definition = self.wanted.by_name.get(&row.definition.name)?;
        let followed = self.wanted.is_followed(&definition.name);
        let watched = Watched::new((*definition).clone(), followed, row, Vec::new())?;
        Some(watched.blank(watched.ledger_until))
    }

    fn first_start(&self, mut blank: Firing) -> Option<Firing> {
        let definition = self.wanted.by_name.get(&blank.task)?;
        if !definition.run_at_first_start || !definition.enabled {
            return None;
        }
        blank.run = vec![SlotToRun { slot: None, due_at: self.now, extra: Extra::FirstStart }];
        Some(blank)
    }
}

/// What was decided by the old definition, with runs made from the new one.
fn made_from(new: Firing, decided: Firing) -> Firing {
    Firing {
        ledger_was: decided.ledger_was,
        ledger_until: decided.ledger_until,
        passed: decided.passed,
        run: decided.run,
        ..new
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
